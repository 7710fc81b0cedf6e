"""The examples are commands, not a package: their folder is put where they find each other."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("skorch")
pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parents[2] / "examples" / "3_papers"
sys.path.insert(0, str(FOLDER))
