"""``show_versions`` says what is installed, and imports none of it."""

from importlib import metadata

import numpy as np

import skcb
from tests.fresh import loaded_after, run

HEAVY = ["sklearn", "scipy", "torch", "pandas", "polars", "matplotlib", "xgboost", "dask", "pyspark", "narwhals"]


def test_it_prints_the_versions(capsys):
    skcb.show_versions()
    said = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith("  "))
    assert said["skcb"] == skcb.__version__
    assert said["numpy"] == np.__version__
    assert said["scikit-learn"] == metadata.version("scikit-learn")
    assert said["python"][0] == "3"


def test_it_imports_nothing_of_what_it_names():
    code = "import io, contextlib, skcb\nwith contextlib.redirect_stdout(io.StringIO()): skcb.show_versions()"
    assert loaded_after(code, HEAVY) == []


def test_what_is_not_installed_is_said():
    code = """
from importlib import metadata
def missing(name): raise metadata.PackageNotFoundError(name)
metadata.version = missing
import skcb
skcb.show_versions()
"""
    result = run(code)
    assert result.returncode == 0, result.stderr
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert ["catboost", "not installed"] in lines
    assert ["skcb", skcb.__version__] in lines


def test_threads_are_told_of_what_is_loaded():
    result = run("import sklearn, skcb; skcb.show_versions()")
    assert "threads" in result.stdout
    assert "openmp" in result.stdout
