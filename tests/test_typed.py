"""What type checkers tell a user: nothing of a script that is right, and each slip of one that is not."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import skcb

HERE = Path(__file__).parent
FOLDER = HERE / "typed"
RIGHT, WRONG = FOLDER / "right.py", FOLDER / "wrong.py"
EXPECTED = [
    (WRONG.name, number)
    for number, line in enumerate(WRONG.read_text().splitlines(), start=1)
    if line.endswith("  # found")
]
WHERE_SKCB_IS = Path(skcb.__file__).parents[1]


def found_by_mypy():
    """The errors of mypy; a name that the user's script does not know is one, whatever skcb's own modules say."""
    command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--ignore-missing-imports"]
    command += ["--follow-imports=silent", f"--cache-dir={HERE.parent / '.mypy_cache' / 'typed'}"]
    # mypy finds what is installed by itself, and refuses to be told where.
    told = {} if "site-packages" in WHERE_SKCB_IS.parts else {"MYPYPATH": str(WHERE_SKCB_IS)}
    result = subprocess.run(
        [*command, RIGHT.name, WRONG.name],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER,
        env={**os.environ, **told},
    )
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    return [
        (name, int(line), said)
        for name, line, said in re.findall(r"^(\S+?):(\d+): error: (.*)$", result.stdout, flags=re.MULTILINE)
    ]


def found_by_pyright(tmp_path):
    """The errors of pyright, whose wheel holds all of it but Node."""
    config = {"include": ["user"], "extraPaths": [str(WHERE_SKCB_IS)], "reportUnusedExpression": False}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    (tmp_path / "user").mkdir()
    for script in (RIGHT, WRONG):
        (tmp_path / "user" / script.name).write_text(script.read_text())
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    result = subprocess.run(
        [*command, "--project", str(tmp_path)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    if not result.stdout.startswith("{"):
        pytest.skip(f"pyright does not run here: {(result.stderr or result.stdout).strip()[-200:]}")
    return [
        (Path(said["file"]).name, said["range"]["start"]["line"] + 1, said["message"])
        for said in json.loads(result.stdout)["generalDiagnostics"]
        if said["severity"] == "error"
    ]


def found_by(checker, tmp_path):
    pytest.importorskip(checker)
    return found_by_mypy() if checker == "mypy" else found_by_pyright(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_type_checker_finds_the_slips_and_nothing_else(checker, tmp_path):
    for module in ("torch", "skorch", "imblearn", "pandas"):
        pytest.importorskip(module)
    found = found_by(checker, tmp_path)
    assert sorted({place[:2] for place in found}) == EXPECTED, "\n".join(map(str, found))


def test_type_checkers_see_every_module_whose_names_the_package_offers():
    """The names are listed for Python, and imported for type checkers: neither forgets what the other has."""
    source = Path(skcb.__file__).read_text("utf-8")
    for module in skcb._NAMES:
        assert f"from skcb import {module} as {module}\n" in source, module
        assert f"from skcb.{module} import *" in source, module


def test_the_names_of_losses_that_type_checkers_know_are_all_there_are():
    losses = pytest.importorskip("skcb.nn.losses", exc_type=ImportError)
    assert get_args(losses.LossName) == tuple(losses.LOSSES)


def test_the_methods_that_type_checkers_know_are_all_there_are():
    from skcb._decisions import tuning

    assert get_args(tuning.Method) == tuning.METHODS
