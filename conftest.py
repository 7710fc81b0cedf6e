"""One thread for each test process, and no doctests of those parts whose extra is not installed."""

import importlib.util
import os

# Before NumPy and torch are imported: the processes share the cores, and more threads than cores only wait.
for _library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

_NEEDS = {
    "skcb/_xgboost.py": ["xgboost"],
    "skcb/comparison": ["imblearn", "pandas"],
    "skcb/frames.py": ["pandas"],
    "skcb/net": ["torch", "skorch"],
    "skcb/nn": ["torch"],
    "skcb/plotting": ["matplotlib"],
    "tests/description_links.py": ["readme_renderer"],
}

# what type checkers read, and nobody runs
collect_ignore = ["tests/typed"]
collect_ignore += [
    part for part, modules in _NEEDS.items() if not all(importlib.util.find_spec(module) for module in modules)
]
