"""The package as a whole: what importing it loads, and what it shows."""

import importlib.util
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


def available():
    """The public names; without torch, those that need none."""
    without_torch = importlib.util.find_spec("torch") is None
    return [name for name in skcb.__all__ if not (without_torch and skcb._MODULE_OF.get(name) in {"nn", "net"})]


def test_every_public_name_is_there_and_documented():
    assert skcb.__all__ == sorted(skcb.__all__)
    for name in available():
        public = getattr(skcb, name)
        assert public.__doc__, name
        assert name in dir(skcb)
        assert public.__module__.startswith("skcb.")


def test_a_name_is_one_thing_wherever_it_is_imported_from():
    for name in available():
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
