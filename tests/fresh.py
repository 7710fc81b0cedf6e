"""A fresh process: what a line of code loads there, and what it says where a module is missing."""

import subprocess
import sys


def run(code, *, without=()):
    """Run code in a fresh process in which some modules cannot be imported."""
    missing = "".join(f"sys.modules[{name!r}] = None\n" for name in without)
    return subprocess.run(
        [sys.executable, "-c", f"import sys\n{missing}{code}"], capture_output=True, text=True, check=False
    )


def loaded_after(code, modules):
    """Return which of some modules a fresh process has loaded after running code."""
    result = run(f"{code}\nprint(*sorted({set(modules)!r} & set(sys.modules)))")
    assert result.returncode == 0, result.stderr
    return result.stdout.split()
