"""The code on the pages of the documentation runs, page by page, and so do the examples on scale."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md") if "```python" in path.read_text())
NEEDED = ["imblearn", "skorch", "polars", "pyarrow", "duckdb", "distributed", "xgboost", "lightgbm"]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "training_loop.md"])
def test_every_snippet_of_a_page_runs(page):
    for module in NEEDED:
        pytest.importorskip(module)
    run_snippets(page)


# Trainers warn of what is missing here (a GPU, workers, a logger) and of their own futures.
@pytest.mark.filterwarnings("ignore", "error::skcb.DoubleBalancingWarning", "error::skcb.EmptyClassWarning")
def test_every_recipe_for_a_training_loop_runs(tmp_path, monkeypatch):
    for module in ("accelerate", "lightning", "transformers"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    run_snippets("training_loop.md")


def run_snippets(page):
    namespace = {}
    for snippet in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), flags=re.DOTALL):
        exec(snippet, namespace)  # noqa: S102


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dask_cluster", "out_of_core", "spark_ml", "two_processes"])
def test_example(name):
    for module in (*NEEDED, "accelerate", "pyspark"):
        pytest.importorskip(module)
    path = ROOT / "examples" / "4_scale" / f"{name}.py"
    result = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "counts" in result.stdout
