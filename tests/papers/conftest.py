"""The examples are commands, not a package: their folder is put where they find each other."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("skorch")
pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parents[2] / "examples" / "3_papers"
sys.path.insert(0, str(FOLDER))


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """Nets this small wait for threads more than they gain by them; sums by one thread are the same every time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
