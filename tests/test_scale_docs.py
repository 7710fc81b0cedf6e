"""The code of the pages on scale runs, and so do their examples."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("page", ["scale.md", "scale_clusters.md"])
def test_every_snippet_of_the_pages_on_scale_runs(page):
    for module in (
        "dask.dataframe",
        "distributed",
        "duckdb",
        "polars",
        "pyarrow",
        "skorch",
        "xgboost",
        "lightgbm",
    ):
        pytest.importorskip(module)
    snippets = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), flags=re.DOTALL)
    assert len(snippets) >= 3
    namespace = {}
    for snippet in snippets:
        exec(snippet, namespace)  # noqa: S102


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dask_cluster", "out_of_core", "spark_ml", "two_processes"])
def test_example(name):
    for module in ("distributed", "accelerate", "xgboost", "skorch", "pyspark"):
        pytest.importorskip(module)
    path = ROOT / "examples" / "4_scale" / f"{name}.py"
    result = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "counts" in result.stdout
