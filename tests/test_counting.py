"""Labels of every kind: what is counted, and what is refused."""

import itertools
import math
import sys
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skcb import ClassBalancedWeighter, compute_sample_weight, count_classes
from skcb._classes.labels import encode_labels
from skcb._classes.vector import ClassVector

from . import fresh

NAMES = ["dog", "cat", "dog", "elk", "dog", "cat"]
NUMBERS = [7, -3, 7, 2, 7, -3]


def module(name):
    return pytest.importorskip(name)


def pandas_series(values, dtype=None):
    return module("pandas").Series(values, dtype=dtype)


def polars_series(values, dtype=None):
    polars = module("polars")
    return polars.Series(values, dtype=dtype and getattr(polars, dtype))


STRINGS = {
    "list": lambda: NAMES,
    "tuple": lambda: tuple(NAMES),
    "fixed width": lambda: np.array(NAMES),
    "object": lambda: np.array(NAMES, dtype=object),
    "numpy strings in a list": lambda: list(np.array(NAMES)),
    "pandas": lambda: pandas_series(NAMES),
    "pandas object": lambda: pandas_series(NAMES, "object"),
    "pandas string": lambda: pandas_series(NAMES, "string"),
    "pandas category": lambda: pandas_series(NAMES, "category"),
    "pandas Categorical": lambda: module("pandas").Categorical(NAMES, categories=["yak", "elk", "dog", "cat"]),
    "pandas index": lambda: module("pandas").Index(NAMES),
    "polars": lambda: polars_series(NAMES),
    "polars categorical": lambda: polars_series(NAMES, "Categorical"),
    "polars enum": lambda: module("polars").Series(
        NAMES, dtype=module("polars").Enum(["yak", "elk", "dog", "cat"])
    ),
    "pyarrow": lambda: module("pyarrow").array(NAMES),
    "pyarrow chunked": lambda: module("pyarrow").chunked_array([NAMES[:2], NAMES[2:]]),
    "pyarrow dictionary": lambda: module("pyarrow").array(NAMES).dictionary_encode(),
    "narwhals": lambda: module("narwhals").from_native(polars_series(NAMES), series_only=True),
}
INTEGERS = {
    "list": lambda: NUMBERS,
    **{dtype: lambda dtype=dtype: np.array(NUMBERS, dtype) for dtype in ("int8", "int16", "int32", "int64")},
    "float32": lambda: np.array(NUMBERS, np.float32),
    "float64": lambda: np.array(NUMBERS, float),
    "object": lambda: np.array(NUMBERS, object),
    "strided": lambda: np.repeat(NUMBERS, 2)[::2],
    "big endian": lambda: np.array(NUMBERS, ">i4"),
    "masked": lambda: np.ma.array(NUMBERS, mask=False),
    "pandas": lambda: pandas_series(NUMBERS),
    "pandas nullable": lambda: pandas_series(NUMBERS, "Int64"),
    "pandas nullable float": lambda: pandas_series(NUMBERS, "Float64"),
    "pandas category": lambda: pandas_series(NUMBERS, "category"),
    "polars": lambda: polars_series(NUMBERS),
    "pyarrow": lambda: module("pyarrow").array(NUMBERS),
    "torch": lambda: module("torch").tensor(NUMBERS),
    "torch int32": lambda: module("torch").tensor(NUMBERS, dtype=module("torch").int32),
}
FLAGS = {
    "list": lambda: [True, False, True],
    "numpy": lambda: np.array([True, False, True]),
    "pandas nullable": lambda: pandas_series([True, False, True], "boolean"),
    "polars": lambda: polars_series([True, False, True]),
    "pyarrow": lambda: module("pyarrow").array([True, False, True]),
    "torch": lambda: module("torch").tensor([True, False, True]),
}


@pytest.mark.parametrize("kind", STRINGS)
def test_strings_of_every_kind(kind):
    classes, counts = count_classes(STRINGS[kind]())
    assert classes.tolist() == ["cat", "dog", "elk"]  # sorted, without the unused category
    assert counts.tolist() == [2, 3, 1]


@pytest.mark.parametrize("kind", INTEGERS)
def test_integers_of_every_kind(kind):
    classes, counts = count_classes(INTEGERS[kind]())
    assert classes.tolist() == [-3, 2, 7]
    assert counts.tolist() == [2, 1, 3]


@pytest.mark.parametrize("kind", FLAGS)
def test_booleans_of_every_kind(kind):
    classes, counts = count_classes(FLAGS[kind]())
    assert (classes.tolist(), counts.tolist()) == ([False, True], [1, 2])


@pytest.mark.parametrize("kind", [*(("s", k) for k in STRINGS), *(("i", k) for k in INTEGERS)], ids=str)
def test_every_kind_weighs_the_same(kind):
    table, name = (STRINGS, kind[1]) if kind[0] == "s" else (INTEGERS, kind[1])
    expected = compute_sample_weight(NAMES if table is STRINGS else NUMBERS, beta=0.9)
    weight = compute_sample_weight(table[name](), beta=0.9)
    assert type(weight) is np.ndarray
    assert weight.dtype == np.float64
    np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("without_pandas", [False, True])
@pytest.mark.parametrize(
    "y",
    [
        np.array([b"x", b"yy", b"x"]),
        np.array([2**63 + 5, 2**63, 2**63], np.uint64),
        np.array([10**15, -(10**15), 0]),
        np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).min]),
        np.array([255, 0, 255], np.uint8),
        np.array(["é", "日本", "é"]),
        np.array(["é", b"x".decode(), "é"], dtype=object),
        np.array([b"x", b"y", b"x"], dtype=object),
    ],
    ids=str,
)
def test_unusual_labels(y, without_pandas, monkeypatch):
    if without_pandas:
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
    else:
        module("pandas")
    classes, counts = count_classes(y)
    assert dict(zip(classes.tolist(), counts.tolist(), strict=True)) == Counter(y.tolist())
    assert classes.tolist() == sorted(set(y.tolist()))
    assert classes.dtype == y.dtype


@given(st.one_of(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.lists(st.text(), min_size=1)))
def test_counts_are_those_of_a_counter(y):
    classes, counts = count_classes(y)
    # NumPy's fixed-width strings drop trailing NULs, as they do in np.unique.
    assert counts.sum() == len(y)
    if not any(isinstance(label, str) and label.endswith("\0") for label in y):
        assert dict(zip(classes.tolist(), counts.tolist(), strict=True)) == Counter(y)


def test_blocks_join(monkeypatch):
    y = np.random.default_rng(0).integers(-50, 50, 300_000)  # several blocks
    classes, counts = np.unique(y, return_counts=True)
    np.testing.assert_array_equal(count_classes(y), (classes, counts))
    weight = np.random.default_rng(1).random(len(y))
    np.testing.assert_allclose(count_classes(y, weight).counts, np.bincount(y + 50, weight))


def test_weighted_counts():
    classes, counts = count_classes(["b", "a", "b", "c"], sample_weight=[0.5, 2, 1, 0])
    assert classes.tolist() == ["a", "b", "c"]  # a class whose samples all weigh 0 is still a class
    assert counts.tolist() == [2, 1.5, 0]


def test_counts_of_parts_add():
    first, second = count_classes(["b", "a", "b"]), count_classes(["c", "b", "dd"])
    classes, counts = first + second
    assert (classes.tolist(), counts.tolist()) == (["a", "b", "c", "dd"], [1, 3, 1, 1])
    with pytest.raises(TypeError, match="labels of dtype int64 cannot join classes of dtype <U1"):
        first + count_classes([1, 2])


def test_integer_labels_are_not_copied():
    y = np.random.default_rng(0).integers(0, 1000, 2_000_000)
    assert encode_labels(y).codes is y
    tracemalloc.start()
    weight = compute_sample_weight(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2 * weight.nbytes


def test_an_unseen_label_is_named():
    with pytest.raises(ValueError, match="label 'yak' is not among the classes of y: 'cat', 'dog'"):
        ClassVector(np.array(["cat", "dog"]), np.ones(2)).of(
            encode_labels(["cat", "yak"]), out_of="the classes of y"
        )
    many = ClassVector(np.arange(50), np.ones(50))
    with pytest.raises(ValueError, match=r"label 99 is not among.*8, 9, \.\.\. \(50 in all\)"):
        many.of(encode_labels([3, 99]))


MISSING = {
    "None in a list": lambda: ["a", None, "b", None],
    "NaN among strings": lambda: ["a", math.nan, "b", math.nan],
    "NaN among numbers": lambda: [1, math.nan, 2, math.nan],
    "None among numbers": lambda: [1, None, 2, None],
    "object": lambda: np.array(["a", None, "b", math.nan], dtype=object),
    "masked": lambda: np.ma.array([1, 2, 1, 2], mask=[0, 1, 0, 1]),
    "pandas": lambda: pandas_series(["a", None, "b", None]),
    "pandas nullable": lambda: pandas_series([1, None, 2, None], "Int64"),
    "pandas NA": lambda: np.array(["a", module("pandas").NA, "b", module("pandas").NaT], dtype=object),
    "pandas category": lambda: pandas_series(["a", None, "b", None], "category"),
    "polars": lambda: polars_series(["a", None, "b", None]),
    "polars categorical": lambda: polars_series(["a", None, "b", None], "Categorical"),
    "polars NaN": lambda: polars_series([1.0, math.nan, 2.0, math.nan]),
    "pyarrow": lambda: module("pyarrow").array(["a", None, "b", None]),
    "torch NaN": lambda: module("torch").tensor([1.0, math.nan, 2.0, math.nan]),
}


@pytest.mark.parametrize("without_pandas", [False, True])
@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_counted_and_located(kind, without_pandas, monkeypatch):
    y = MISSING[kind]()
    if without_pandas and "pandas" not in kind:
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
    with pytest.raises(ValueError, match="y has 2 missing labels, the first at position 1; drop these samples"):
        count_classes(y)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([], ValueError, "y is empty"),
        (np.array([]), ValueError, "y is empty"),
        ("cat", ValueError, r"y must be 1-D, one label per sample, got str of shape \(\)"),
        (None, ValueError, r"y must be 1-D, one label per sample, got NoneType of shape \(\)"),
        ([[1, 2], [3, 4]], ValueError, r"y must be 1-D.*shape \(2, 2\)"),
        (np.ones((3, 1)), ValueError, r"y must be 1-D.*shape \(3, 1\)"),
        ([[1], [2, 3]], ValueError, "y must be 1-D.*unlike lengths"),
        (
            np.array([[1], [2, 3]], dtype=object),
            TypeError,
            "one label per sample, a number or a string.*unhashable",
        ),
        ([1, "a"], TypeError, "labels of type int and str; convert"),
        (["a", b"a"], TypeError, "labels of type bytes and str; convert"),
        ([0.5, 1.0], ValueError, r"Unknown label type: continuous.*0\.5"),
        ([1.0, math.inf], ValueError, "Unknown label type: continuous.*inf"),
        (np.array([0.5, 1.0], dtype=object), ValueError, r"Unknown label type: continuous.*0\.5"),
        (np.array([1j]), ValueError, "Complex data not supported"),
        (np.array(["2020-01-01"], "datetime64[D]"), TypeError, r"dtype datetime64\[D\]"),
    ],
    ids=str,
)
def test_what_is_no_vector_of_labels_is_refused(y, error, message):
    with pytest.raises(error, match=message):
        count_classes(y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 2], r"shape \(3,\), got shape \(2,\)"),
        (1.0, r"shape \(3,\), got shape \(\)"),
        ([1, -1, 1], r"sample_weight\[1\] = -1\.0.*not negative"),
        ([1, 1, math.nan], r"sample_weight\[2\] = nan.*finite"),
        ([math.inf, 1, 1], r"sample_weight\[0\] = inf.*finite"),
        ([0, 0, 0], "sample_weight is zero for all 3 samples"),
        (["1", "1", "1"], "one number per sample"),
    ],
)
def test_wrong_sample_weights_are_named(weight, message):
    with pytest.raises(ValueError, match=message):
        count_classes(["a", "b", "a"], sample_weight=weight)


def test_no_backend_is_imported_that_the_user_lacks():
    backends = ["pandas", "polars", "pyarrow", "torch", "sklearn", "scipy"]
    assert fresh.loaded_after("import skcb; skcb.count_classes(['a', 'b'])", [*backends, "narwhals"]) == [
        "narwhals"
    ]


def test_counts_of_parts_add_by_sum_and_have_a_table():
    parts = [["b", "a", "b"], ["c", "b"], ["a"]]
    total = sum(count_classes(part) for part in parts)
    assert total == count_classes([label for part in parts for label in part])
    assert repr(total) == "class  count\n'a'        2\n'b'        3\n'c'        1"
    assert repr(count_classes(np.arange(1000))).endswith("(1000 classes)")
    with pytest.raises(TypeError, match="unsupported operand"):
        total + 1


LARGE = [2**60 + 1, 2**60 + 2, 5]
TWO_TYPES = {
    "list of scalars": lambda: count_classes([np.uint64(LARGE[0]), np.uint64(LARGE[1]), np.int64(5)]),
    "parts": lambda: count_classes(np.array(LARGE[:2], np.uint64)) + count_classes(np.array(LARGE[2:])),
    "objects": lambda: count_classes(np.array(LARGE, dtype=object)),
    "a float among them": lambda: count_classes([2**60 + 1, 2**60 + 2, 5.0]),
    "weighter": lambda: (
        ClassBalancedWeighter()
        .partial_fit(np.array(LARGE[:2], np.uint64))
        .partial_fit(np.array(LARGE[2:], np.int64))
    ),
}


@pytest.mark.parametrize("kind", TWO_TYPES)
@pytest.mark.parametrize("without_pandas", [False, True])
def test_hash_ids_of_two_integer_types_stay_apart(kind, without_pandas, monkeypatch):
    if without_pandas:
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
    counted = TWO_TYPES[kind]()
    classes = getattr(counted, "classes_", None)
    assert (counted.classes if classes is None else classes).tolist() == sorted(LARGE)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([2**70, 2**71], f"the integer {2**71}, which no integer type of 64 bits holds"),
        (np.array([2**70, 1], dtype=object), f"the integer {2**70}, which no integer"),
        ([2**63, -1], f"the integer {2**63} beside negative ones"),
        ([np.uint64(2**63 + 1), np.int64(-3)], "beside negative ones"),
        ([-(2**70), 1], f"the integer {-(2**70)}"),
        (np.array([2.0**60, 1.0]), "does not tell integers of that size apart"),
        (np.array([2.0**30, 1.0], np.float32), "as float32, which does not tell"),
    ],
    ids=str,
)
def test_integers_that_no_type_holds_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        count_classes(y)
    if not (isinstance(y, np.ndarray) and y.dtype.kind == "f"):
        with pytest.raises(ValueError, match=message):
            count_classes(module("pandas").Series(list(y), dtype=object))


def test_trailing_nuls_tell_labels_apart():
    for y in (["a", "a\0", "a"], np.array(["a", "a\0", "a"], dtype=object), [b"a", b"a\0", b"a"]):
        classes, counts = count_classes(y)
        assert (classes.tolist(), counts.tolist()) == (sorted(set(y)), [2, 1])
    weight = compute_sample_weight(["a", "a\0", "a"], beta=0.5)
    assert weight.mean() == pytest.approx(1)
    assert weight[1] > weight[0]


@pytest.mark.parametrize("dtype", [">i8", ">u4", ">f8", ">i2"])
def test_labels_in_the_byte_order_of_other_machines(dtype):
    module("pandas")
    y = np.array([10_000, 5, 5], dtype)
    np.testing.assert_array_equal(compute_sample_weight(y), compute_sample_weight(y.astype(int)))
    far = np.array([10**12, 5, 5], ">i8")
    assert count_classes(far).classes.tolist() == [5, 10**12]


def test_what_no_engine_can_read_is_refused_by_name():
    class Array:
        shape, dtype = (3,), "their own"

        def __array__(self, *_args, **_kwargs):
            raise RuntimeError("on another device")

    module("pandas")
    with pytest.raises(TypeError, match="y cannot be read as a NumPy array, got Array: on another device"):
        count_classes(Array())
    torch = module("torch")
    assert count_classes(torch.tensor([3, 1, 3]).bfloat16()).classes.tolist() == [1, 3]
    polars = module("polars")
    with pytest.raises((TypeError, ValueError), match="y "):
        count_classes(polars.Series([2**100, 1], dtype=polars.Int128))


def test_large_weights_are_the_weights_fault():
    for weight in ([1e308, 1e308, 1], [1e-320, 0, 1]):
        with pytest.raises(ValueError, match=r"sample_weight sums to .* over the samples of class 'a'.*rescale"):
            count_classes(["a", "a", "b"], sample_weight=weight)


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), min_size=1, max_size=5))
def test_counts_of_any_parts_are_those_of_the_whole(parts):
    total = sum(map(count_classes, parts))
    assert dict(zip(*map(np.ndarray.tolist, total), strict=True)) == Counter(itertools.chain(*parts))


@pytest.mark.parametrize(
    "calculated",
    [lambda counts: counts * np.array([1.0, 2.0]), lambda counts: np.array([1.0, 2.0]) * counts, np.log],
    ids=["from the left", "from the right", "a function"],
)
def test_a_pair_of_classes_and_counts_is_not_calculated_with(calculated):
    counts = count_classes([0, 1, 1])  # two classes: as two rows it would go through
    with pytest.raises(TypeError, match=r"counts\.counts|does not support ufuncs"):
        calculated(counts)
