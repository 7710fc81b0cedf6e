"""The code of the page on clusters runs, and so do its examples."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_every_snippet_of_the_page_on_clusters_runs(tmp_path):
    for module in ("dask.dataframe", "distributed", "pyarrow", "skorch"):
        pytest.importorskip(module)
    page = (ROOT / "docs" / "scale_clusters.md").read_text()
    snippets = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(snippets) >= 5
    namespace = {"path": tmp_path / "digits.parquet"}
    for snippet in snippets:
        exec(snippet, namespace)  # noqa: S102
    assert len(namespace["search"].cv_results_["params"]) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dask_cluster", "out_of_core", "two_processes"])
def test_example(name):
    for module in ("distributed", "accelerate", "xgboost", "skorch"):
        pytest.importorskip(module)
    path = ROOT / "examples" / "4_scale" / f"{name}.py"
    result = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "counts" in result.stdout
