"""The package as a whole: what importing it loads, and what it shows."""

import importlib.util
import pkgutil
import subprocess
import sys

import pytest

import skcb

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


def heavy_modules_after(code):
    report = f"{code}\nimport sys; print(*sorted({HEAVY!r} & set(sys.modules)))"
    return subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    ).stdout.split()


def test_import_loads_numpy_and_nothing_heavier():
    assert heavy_modules_after("import skcb; skcb.class_weight([5, 2])") == []


def test_the_test_above_can_fail():
    assert "sklearn" in heavy_modules_after("import skcb; skcb.ClassBalancedWeighter")


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


def test_lazy_names_stand_in_the_module_that_is_named():
    for name in set(available()) & set(skcb._MODULE_OF):
        module = importlib.import_module(f"skcb.{skcb._MODULE_OF[name]}")
        assert getattr(skcb, name) is getattr(module, name)
    assert set(skcb._MODULE_OF) <= set(skcb.__all__)


def test_submodules_need_no_import_of_their_own():
    code = "import skcb; print(skcb.weighting.ClassBalancedWeighter.__name__)"
    assert "ClassBalancedWeighter" in heavy_modules_after(code)
    assert {info.name for info in pkgutil.iter_modules(skcb.__path__)} >= set(skcb._NAMES)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'skcb' has no attribute 'ClassBalancer'"):
        skcb.ClassBalancer  # noqa: B018


def test_without_torch_the_losses_say_what_to_install():
    code = "import sys; sys.modules['torch'] = None\nimport skcb"
    for line in ("skcb.nn", "skcb.LDAMLoss", "from skcb.nn import LDAMLoss"):
        result = subprocess.run(
            [sys.executable, "-c", f"{code}\n{line}"], capture_output=True, text=True, check=False
        )
        assert "ImportError" in result.stderr
        assert "pip install 'skcb[torch]'" in result.stderr


def test_without_skorch_the_nets_say_what_to_install():
    code = "import sys; sys.modules['skorch'] = None\nimport skcb\nskcb.CBNeuralNetClassifier"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError" in result.stderr
    assert "pip install 'skcb[torch]'" in result.stderr
