"""The examples on scale run; what stands on the pages of the documentation runs while they are built."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEEDED = [
    "imblearn",
    "skorch",
    "polars",
    "pyarrow",
    "duckdb",
    "distributed",
    "xgboost",
    "lightgbm",
    "accelerate",
    "pyspark",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dask_cluster", "out_of_core", "spark_ml", "two_processes"])
def test_example(name):
    for module in NEEDED:
        pytest.importorskip(module)
    path = ROOT / "examples" / "4_scale" / f"{name}.py"
    result = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "counts" in result.stdout
