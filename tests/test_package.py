"""The package as a whole: what importing it loads, and what it shows."""

import importlib
import pkgutil

import pytest

import skcb

from . import fresh

HEAVY = {
    "sklearn",
    "scipy",
    "torch",
    "skorch",
    "pandas",
    "polars",
    "pyarrow",
    "matplotlib",
    "narwhals",
    "joblib",
    "dask",
}


def test_import_loads_numpy_and_nothing_heavier():
    assert fresh.loaded_after("import skcb; skcb.class_weight([5, 2])", HEAVY) == []


def test_the_test_above_can_fail():
    assert "sklearn" in fresh.loaded_after("import skcb; skcb.ClassBalancedWeighter", HEAVY)


def test_every_public_name_is_there_and_documented():
    assert skcb.__all__ == sorted(skcb.__all__)
    for name in skcb.__all__:
        public = getattr(skcb, name)
        assert public.__doc__, name
        assert name in dir(skcb)
        assert public.__module__.startswith("skcb.")


def test_a_name_is_one_thing_wherever_it_is_imported_from():
    for name in skcb.__all__:
        module = importlib.import_module(getattr(skcb, name).__module__)
        assert getattr(module, name) is getattr(skcb, name)


def test_what_a_public_module_offers_is_offered_by_the_package():
    """So that no name is forgotten in ``skcb/__init__.py``; parts of nets and comparisons have longer names."""
    for info in pkgutil.iter_modules(skcb.__path__):
        if info.name.startswith("_") or info.name in {"nn", "net", "comparison"}:
            continue
        offered = importlib.import_module(f"skcb.{info.name}").__all__
        assert set(offered) <= set(skcb.__all__), info.name


def test_submodules_need_no_import_of_their_own():
    assert fresh.run("import skcb; skcb.weighting.ClassBalancedWeighter").returncode == 0
    modules = {info.name for info in pkgutil.iter_modules(skcb.__path__) if not info.name.startswith("_")}
    assert modules <= set(dir(skcb))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'skcb' has no attribute 'ClassBalancer'"):
        skcb.ClassBalancer  # noqa: B018


def test_the_star_import_gives_everything_that_can_be_imported():
    said = fresh.run("from skcb import *\nprint(*sorted(name for name in dir() if name != 'sys'))")
    names = [name for name in said.stdout.split() if not name.startswith("__")]
    assert names == skcb.__all__, said.stderr


def test_the_star_import_leaves_out_what_is_not_installed_which_still_says_how_to_install_it():
    missing = ["imblearn", "skorch"]
    said = fresh.run("from skcb import *\nprint(*dir())", without=missing)
    assert said.returncode == 0, said.stderr
    assert "ClassBalancedClassifier" in said.stdout
    assert not {"CBNeuralNetClassifier", "compare_strategies"} & set(said.stdout.split())
    said = fresh.run(
        "import skcb\nassert 'compare_strategies' in dir(skcb)\nskcb.compare_strategies", without=missing
    )
    assert "pip install 'skcb[compare]'" in said.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("torch", "skcb.nn"),
        ("torch", "skcb.LDAMLoss"),
        ("torch", "from skcb.nn import LDAMLoss"),
        ("skorch", "skcb.CBNeuralNetClassifier"),
    ],
)
def test_what_is_not_installed_is_named(module, line):
    said = fresh.run(f"import skcb\n{line}", without=[module]).stderr
    assert "ImportError" in said
    assert "pip install 'skcb[torch]'" in said
