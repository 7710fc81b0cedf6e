"""Leaves the tests of the comparison out where its extra is not installed."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("imblearn") else ["test_*"]
