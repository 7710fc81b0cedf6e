"""Labels in Dask arrays and Series: what memory gives, lazily, and no block in the hands of another task."""

import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skcb import ClassBalancedWeighter, compute_class_weight, compute_sample_weight, count_classes

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
CODES = RNG.choice(4, 1000, p=[0.7, 0.2, 0.08, 0.02])
NAMES = np.array(["dog", "cat", "a much longer name", "elk"])[CODES]
WEIGHT = RNG.uniform(0.5, 2, 1000)
LABELS = {
    "int64": CODES,
    "int8": CODES.astype("i1"),
    "uint64": CODES.astype("u8") + 2**63,
    "gappy": CODES * 10**12 - 5,
    "float64": CODES.astype(float),
    "bool": CODES == 2,
    "fixed width": NAMES,
    "bytes": NAMES.astype("S"),
    "object": NAMES.astype(object),
}


@pytest.fixture(autouse=True)
def _one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def unknown(y, chunks=130):
    """Return `y` as an array that does not know the sizes of its blocks."""
    array = da.from_array(y, chunks=chunks)
    return array[da.from_array(np.ones(len(y), bool), chunks=chunks)]


def series(y, npartitions=5):
    return dd.from_pandas(pd.Series(y), npartitions=npartitions)


def every_kind(y):
    yield da.from_array(y, chunks=130)
    yield da.from_array(y, chunks=len(y))
    yield unknown(y)
    if y.dtype.kind != "S":  # which Dask turns into strings on the way to a Series
        yield series(y)


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_the_same_to_the_bit_as_in_memory(kind):
    y = LABELS[kind]
    for lazy in every_kind(y):
        in_memory = y if isinstance(lazy, da.Array) else pd.Series(y)
        expected = ClassBalancedWeighter(0.9).fit(in_memory)
        weighter = ClassBalancedWeighter(0.9).fit(lazy)
        assert weighter.classes_.dtype == expected.classes_.dtype
        assert weighter.class_count_.dtype == np.int64
        for name in ("classes_", "class_count_", "class_weight_", "effective_number_"):
            np.testing.assert_array_equal(getattr(weighter, name), getattr(expected, name))
        for weight in (weighter.transform(lazy), ClassBalancedWeighter(0.9).fit_transform(lazy)):
            assert type(weight) is type(lazy)
            assert weight.dtype == np.float64
            np.testing.assert_array_equal(weight.compute(), expected.transform(in_memory))
        np.testing.assert_array_equal(compute_class_weight(lazy, beta=0.9), compute_class_weight(y, beta=0.9))
        np.testing.assert_array_equal(
            compute_sample_weight(lazy, beta=0.9).compute(), compute_sample_weight(y, beta=0.9)
        )


@pytest.mark.parametrize("dtype", ["category", "string", "Int64", "Int8", "boolean"])
def test_partitions_of_every_pandas_kind(dtype):
    y = pd.Series(NAMES if dtype in {"category", "string"} else CODES % 2).astype(dtype)
    lazy = dd.from_pandas(y, npartitions=3)
    classes, counts = count_classes(lazy)
    assert dict(zip(classes.tolist(), counts.tolist(), strict=True)) == y.value_counts().to_dict()
    np.testing.assert_array_equal(compute_sample_weight(lazy).compute(), compute_sample_weight(y))


def test_weights_have_the_blocks_of_the_labels_and_are_lazy():
    y = da.from_array(CODES, chunks=((100, 0, 900),))
    weight = ClassBalancedWeighter().fit_transform(y)
    assert weight.chunks == y.chunks
    assert weight.compute_chunk_sizes().chunks == y.chunks
    assert unknown(CODES).numblocks == ClassBalancedWeighter().fit_transform(unknown(CODES)).numblocks
    calls = []
    counted = y.map_blocks(lambda block: calls.append(len(block)) or block, dtype=y.dtype, meta=y._meta)
    weighter = ClassBalancedWeighter().fit(y)
    weight = weighter.transform(counted)
    assert calls == []  # nothing is computed before it is asked for
    weight[:100].compute()
    assert calls == [100]


@pytest.mark.parametrize("one_file", [False, True])
def test_weights_of_a_column_are_a_column_of_its_frame(tmp_path, one_file):
    """Dask reads a column of a Parquet file in fewer partitions than the frame; the weights must not mind."""
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"y": NAMES, "x": np.arange(1000.0), "old": WEIGHT}, index=np.arange(1000) * 2)
    for i in range(0, 1000, 250):
        frame[i : i + 250].to_parquet(tmp_path / f"{i:03}.parquet")
    if one_file:
        frame.to_parquet(tmp_path / "all.parquet", row_group_size=250)
    lazy = dd.read_parquet(tmp_path / ("all.parquet" if one_file else "*.parquet"), split_row_groups=one_file)
    assert lazy.npartitions == 4
    weight = ClassBalancedWeighter(0.9).fit_transform(lazy["y"])
    got = lazy.assign(weight=weight, both=compute_sample_weight(lazy["y"], sample_weight=lazy["old"])).compute()
    np.testing.assert_array_equal(got["weight"], compute_sample_weight(NAMES, beta=0.9))
    np.testing.assert_allclose(got["both"], compute_sample_weight(NAMES, sample_weight=WEIGHT), rtol=1e-13)
    assert got.index.tolist() == frame.index.tolist()
    assert count_classes(lazy.index).counts.tolist() == [1] * 1000


def test_the_same_labels_have_the_same_keys():
    y = da.from_array(CODES, chunks=130)
    first, second = (ClassBalancedWeighter(beta).fit_transform(y) for beta in (0.9, 0.9))
    assert first.name == second.name
    assert first.name != ClassBalancedWeighter(0.99).fit_transform(y).name


def test_partial_fit_over_arrays_equals_one_fit():
    parts = ClassBalancedWeighter(0.9)
    for start in range(0, 1000, 250):
        parts.partial_fit(da.from_array(NAMES[start : start + 250], chunks=100))
    parts.partial_fit(["dog"] * 3)  # lazy and in memory mix
    whole = ClassBalancedWeighter(0.9).fit([*NAMES.tolist(), "dog", "dog", "dog"])
    assert parts.classes_.tolist() == whole.classes_.tolist()
    np.testing.assert_array_equal(parts.class_weight_, whole.class_weight_)


@settings(max_examples=30)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=6), min_size=1, max_size=40))
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_any_blocks_count_the_same(blocks):
    y = np.array([label for block in blocks for label in block], dtype=object)
    sizes = tuple(map(len, blocks))
    if not len(y):
        return
    classes, counts = count_classes(da.from_array(y, chunks=(sizes,)))
    expected = count_classes(y)
    np.testing.assert_array_equal(classes, expected.classes)
    np.testing.assert_array_equal(counts, expected.counts)


@pytest.mark.parametrize(
    ("y", "weight"),
    [
        (da.from_array(NAMES, chunks=130), da.from_array(WEIGHT, chunks=130)),
        (da.from_array(NAMES, chunks=130), da.from_array(WEIGHT, chunks=333)),
        (unknown(NAMES), unknown(WEIGHT)),
        (unknown(NAMES), da.from_array(WEIGHT, chunks=130)),
        (series(NAMES), series(WEIGHT)),
        (da.from_array(NAMES, chunks=200), series(WEIGHT)),
    ],
    ids=[
        "same chunks",
        "other chunks",
        "unknown",
        "one unknown",
        "Series",
        "array and Series",
    ],
)
def test_sample_weight(y, weight):
    expected = compute_sample_weight(NAMES, beta=0.9, sample_weight=WEIGHT)
    np.testing.assert_allclose(
        compute_sample_weight(y, beta=0.9, sample_weight=weight).compute(), expected, rtol=1e-13
    )
    weighter = ClassBalancedWeighter(0.9).fit(y, sample_weight=weight)
    np.testing.assert_allclose(weighter.class_count_, count_classes(NAMES, WEIGHT).counts, rtol=1e-13)


@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_weights_that_floating_point_adds_exactly_are_the_same_to_the_bit():
    weight = RNG.integers(1, 2**20, 1000) / 2**10
    lazy = da.from_array(NAMES, chunks=77), da.from_array(weight, chunks=100)
    np.testing.assert_array_equal(
        compute_sample_weight(lazy[0], sample_weight=lazy[1]).compute(),
        compute_sample_weight(NAMES, sample_weight=weight),
    )


def test_a_class_of_weight_zero_is_a_class_also_where_a_block_weighs_nothing():
    y = da.from_array(np.array(["a", "b", "b", "c"]), chunks=2)
    classes, counts = count_classes(y, da.from_array(np.array([0.0, 0, 1, 2]), chunks=2))
    assert (classes.tolist(), counts.tolist()) == (["a", "b", "c"], [0, 1, 2])


def lazily(*labels, chunks=2, dtype=None):
    return da.from_array(np.array(labels, dtype=dtype), chunks=chunks)


EMPTY = "y is empty: there is no label to count"


@pytest.mark.parametrize(
    ("y", "weight", "error", "match"),
    [
        (lazily(0, 1, 1, np.nan), None, ValueError, "in block 1: y has 1 missing labels, the first at position 1"),
        (lazily("a", "b", None, "a", dtype=object), None, ValueError, "in block 1: y has 1 missing labels"),
        (series(["a", "b", None, "a"], 2), None, ValueError, "in block 1: y has 1 missing labels"),
        (lazily(0, 1, 0.5, 1), None, ValueError, "in block 1: Unknown label type: continuous. y holds 0.5"),
        (lazily("a", "b", 1, 2, dtype=object), None, TypeError, r"object \(number\) cannot join .*\(string\)"),
        (lazily("a", 1, dtype=object), None, TypeError, "in block 0: y holds labels of type int and str"),
        (lazily(), None, ValueError, EMPTY),
        (unknown(CODES)[unknown(CODES) > 9], None, ValueError, EMPTY),
        (series(CODES), da.ones(1000, chunks=200), TypeError, r"array beside .* Series.*y.to_dask_array\(lengths"),
        (series(CODES), series(WEIGHT, 3), ValueError, "sample_weight has 3 blocks and y has 5, .*; repartition"),
        (da.ones((4, 2)), None, ValueError, "y must be 1-D, one label per sample, got a Dask Array of 2 dim"),
        (da.ones(4)[0], None, ValueError, "y must be 1-D, .* of 0 dimensions"),
        (dd.from_pandas(pd.DataFrame({"y": [1]})), None, ValueError, "y must be 1-D, .* Dask DataFrame of 2"),
        (dask.delayed([0, 1]), None, TypeError, "y must be a Dask array or Series, got Delayed"),
        (lazily(0, 1, 1), np.ones(3), TypeError, "sample_weight must be a Dask array or Series, got ndarray"),
        (lazily(0, 1, 1), da.ones(4), ValueError, r"sample_weight must be one number per .*\(3,\), got .*\(4,\)"),
        (lazily(0, 1, 1), da.ones((3, 1)), ValueError, "sample_weight must be 1-D, one number per sample"),
        (lazily(0, 1, 1), da.zeros(3, chunks=2), ValueError, "sample_weight is zero for all samples"),
        (lazily(0, 1, 1), -da.ones(3, chunks=2), ValueError, r"in block \d: sample_weight\[0\] = -1.0"),
        (
            unknown(CODES),
            da.ones(1000, chunks=(100, 900)),
            ValueError,
            "2 blocks and y has 8, .*compute_chunk_siz",
        ),
        (unknown(CODES), da.ones(8, chunks=1), ValueError, r"in block \d: .*shape \(\d+,\), got .*\(1,\)"),
    ],
)
def test_what_cannot_be_counted_is_named(y, weight, error, match):
    for function in (count_classes, compute_sample_weight):
        with pytest.raises(error, match=match):
            function(y, sample_weight=weight)


def test_two_dimensions_are_refused_as_a_step():
    with pytest.raises(TypeError, match="weights the target"):
        ClassBalancedWeighter().fit(da.ones((4, 2)))


def test_an_unseen_label_is_named_when_its_block_is_computed():
    weighter = ClassBalancedWeighter().fit(da.from_array(NAMES, chunks=100))
    weight = weighter.transform(lazily("cat", "dog", "dog", "yak"))
    weight[:2].compute()
    with pytest.raises(ValueError, match="in block 1: label 'yak' is not among the classes seen in fit: 'a much"):
        weight.compute()


def test_a_failed_fit_changes_nothing():
    weighter = ClassBalancedWeighter().fit(NAMES)
    with pytest.raises(ValueError, match="missing"):
        weighter.fit(lazily(0, 1, 1, np.nan))
    assert weighter.class_count_.sum() == 1000


def test_blocks_are_not_gathered():
    n_blocks, size = 40, 1 << 20
    y = da.arange(n_blocks * size, chunks=size, dtype="i4") % 7
    tracemalloc.start()
    try:
        weighter = ClassBalancedWeighter().fit(y)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert weighter.class_count_.sum() == n_blocks * size
    assert peak_bytes < 6 * 4 * size  # a few blocks of work; y would be 40


def test_importing_skcb_and_weighing_in_memory_load_no_dask():
    code = (
        "import sys, numpy as np, skcb; skcb.ClassBalancedWeighter(0.9).fit_transform(np.array([0, 1, 1]));"
        "print(*[name for name in sys.modules if re.match('dask|distributed', name)])"
    )
    result = subprocess.run(
        [sys.executable, "-c", f"import re; {code}"], capture_output=True, text=True, check=True
    )
    assert not re.sub(r"\s", "", result.stdout)
