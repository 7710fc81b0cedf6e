"""Leaves out the doctests of those parts whose extra is not installed."""

import importlib.util

_NEEDS = {
    "skcb/comparison": ["imblearn", "pandas"],
    "skcb/frames.py": ["pandas"],
    "skcb/net": ["torch", "skorch"],
    "skcb/nn": ["torch"],
    "skcb/plotting": ["matplotlib"],
}

collect_ignore = [
    part for part, modules in _NEEDS.items() if not all(importlib.util.find_spec(module) for module in modules)
]
