"""Leaves the doctests of the torch side out where there is no torch."""

import importlib.util

collect_ignore = [] if importlib.util.find_spec("torch") else ["skcb/nn"]
