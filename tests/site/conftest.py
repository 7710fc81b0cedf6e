"""A browser for the tests of the pages, where there is one."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))


@pytest.fixture(scope="session")
def chromium():
    """Path of Chromium; without it, or without Playwright, the test is skipped."""
    pytest.importorskip("playwright")
    from check.browser import find_chromium

    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed")
    return path
