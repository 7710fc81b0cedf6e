"""Leaves the doctests of the torch side out where there is no torch, of the comparison without its extra."""

import importlib.util

_NEEDS = {"skcb/nn": "torch", "skcb/comparison": "imblearn", "skcb/plotting": "matplotlib"}
collect_ignore = [folder for folder, module in _NEEDS.items() if not importlib.util.find_spec(module)]
