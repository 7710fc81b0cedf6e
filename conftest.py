"""Leaves the doctests of the torch side out where there is no torch, or no skorch."""

import importlib.util

_NEEDS = {"skcb/nn": ["torch"], "skcb/net": ["torch", "skorch"]}

collect_ignore = [
    part for part, modules in _NEEDS.items() if not all(importlib.util.find_spec(module) for module in modules)
]
