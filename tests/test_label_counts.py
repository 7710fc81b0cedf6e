"""Indicator matrices of every kind: what is counted, what is refused, and the weights that follow."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from skcb import InertBetaWarning, class_weight, count_classes, count_labels, label_weight

Y = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]])
MASKED = np.where([[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]], np.nan, Y)


def module(name):
    return pytest.importorskip(name)


def pandas_frame(values, dtype=None):
    return module("pandas").DataFrame(values, columns=["cat", "dog", "ant"], dtype=dtype)


KINDS = {
    "list": Y.tolist,
    "boolean": lambda: Y.astype(bool),
    "bytes": lambda: Y.astype(np.uint8),
    "floats": lambda: Y.astype(np.float32),
    "objects": lambda: Y.astype(object),
    "fortran": lambda: np.asfortranarray(Y),
    "csr": lambda: module("scipy.sparse").csr_matrix(Y),
    "coo array": lambda: module("scipy.sparse").coo_array(Y),
    "csr with zeros and an entry twice": lambda: (
        module("scipy.sparse").csr_array(
            ([1.0, -1, 1, 1, 1, 1, 1, 0], [0, 2, 2, 2, 2, 0, 2, 1], [0, 4, 5, 7, 8]), shape=(4, 3)
        )
        + module("scipy.sparse").csr_array(([1], ([3], [2])), shape=(4, 3))
    ),
    "tensor": lambda: module("torch").tensor(Y),
    "bfloat16": lambda: module("torch").tensor(Y).bfloat16(),
    "pandas": lambda: pandas_frame(Y),
    "pandas nullable": lambda: pandas_frame(Y, "Int64"),
    "pandas boolean": lambda: pandas_frame(Y, "boolean"),
    "polars": lambda: module("polars").DataFrame(Y, schema=["cat", "dog", "ant"]),
}
MASKED_KINDS = {
    "floats": lambda: MASKED,
    "masked array": lambda: np.ma.masked_array(
        np.where(np.isnan(MASKED), 1, MASKED).astype(int), np.isnan(MASKED)
    ),
    "list with None": lambda: [[None, 0, True], [0, 0, None], [1, 0, 1], [0, 0, 1]],
    "csr": lambda: module("scipy.sparse").csr_matrix(MASKED),
    "tensor": lambda: module("torch").tensor(MASKED),
    "pandas": lambda: pandas_frame(MASKED),
    "pandas nullable": lambda: pandas_frame(MASKED).astype("Int64"),
    "pandas boolean": lambda: pandas_frame(MASKED).astype("boolean"),
    "polars": lambda: module("polars").DataFrame(MASKED, schema=["cat", "dog", "ant"]).fill_nan(None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_counted(kind):
    labels, counts, n_samples = count_labels(KINDS[kind]())
    assert labels.tolist() == (["cat", "dog", "ant"] if kind.startswith("p") else [0, 1, 2])
    assert counts.tolist() == [2, 0, 4]
    assert n_samples.tolist() == [4, 4, 4]
    assert counts.dtype == n_samples.dtype == np.int64
    weighted = count_labels(KINDS[kind](), [1, 2, 0.5, 0])
    assert weighted.counts.tolist() == [1.5, 0, 3.5]
    assert weighted.n_samples.tolist() == [3.5, 3.5, 3.5]


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_what_is_not_known_counts_for_nothing(kind):
    counted = count_labels(MASKED_KINDS[kind]())
    assert counted.counts.tolist() == [1, 0, 3]
    assert counted.n_samples.tolist() == [3, 4, 3]
    weighted = count_labels(MASKED_KINDS[kind](), [1, 2, 0.5, 0])
    assert weighted.counts.tolist() == [0.5, 0, 1.5]
    assert weighted.n_samples.tolist() == [2.5, 3.5, 1.5]


@given(
    matrix=arrays.arrays(
        np.float64, st.tuples(st.integers(1, 30), st.integers(1, 5)), elements=st.sampled_from([0, 1, np.nan])
    ),
    data=st.data(),
)
def test_parts_add_up_to_the_whole(matrix, data):
    weight = data.draw(st.lists(st.integers(1, 9), min_size=len(matrix), max_size=len(matrix)))
    cut = data.draw(st.integers(1, len(matrix)))
    slowly = [
        [sum(w for w, row in zip(weight, matrix, strict=True) if row[j] == 1) for j in range(matrix.shape[1])],
        [
            sum(w for w, row in zip(weight, matrix, strict=True) if row[j] == row[j])
            for j in range(matrix.shape[1])
        ],
    ]
    parts = [slice(0, cut), slice(cut, None)][: 1 + (cut < len(matrix))]
    total = sum(count_labels(matrix[part], weight[part]) for part in parts)
    assert total == count_labels(matrix, weight)
    np.testing.assert_array_equal([total.counts, total.n_samples], slowly)


def test_a_long_matrix_is_counted_in_blocks():
    matrix = np.random.default_rng(0).random((100_000, 7)) < [0.5, 0.1, 0.01, 0, 1, 0.9, 0.3]
    np.testing.assert_array_equal(count_labels(matrix).counts, matrix.sum(0))
    np.testing.assert_array_equal(count_labels(matrix.astype(float)).counts, matrix.sum(0))


def test_other_labels_do_not_add():
    with pytest.raises(
        ValueError, match=r"labels \[0, 1, 2\] are not those counted so far, \['cat', 'dog', 'ant'\]"
    ):
        count_labels(pandas_frame(Y)) + count_labels(Y)
    with pytest.raises(TypeError, match="no hash"):
        hash(count_labels(Y))
    assert count_labels(Y) != 3
    assert count_labels(Y) != count_labels(Y[:2])
    assert not count_labels(Y) != count_labels(Y)  # noqa: SIM202 - it is a method of its own
    assert count_classes([0, 1]) != count_classes([0, 0, 1])


@pytest.mark.parametrize("names", [[("a", 1), ("a", 2), ("b", 1)], ["a", 1, 2.5]])
def test_names_of_columns_stay_as_they_are(names):
    table = module("pandas").DataFrame(Y, columns=names)
    labels, counts, _ = count_labels(table)
    assert labels.tolist() == names
    assert counts.tolist() == [2, 0, 4]


def test_columns_of_arrow_have_names():
    table = module("pyarrow").table({"cat": [1, 0], "dog": [0, 0]})
    assert count_labels(table).labels.tolist() == ["cat", "dog"]


def test_a_lazy_frame_is_refused_by_name():
    lazy = module("polars").DataFrame(Y, schema=["cat", "dog", "ant"]).lazy()
    with pytest.raises(TypeError, match=r"LazyFrame .* give its \.collect\(\)"):
        count_labels(lazy)


def test_many_labels_have_a_short_table():
    assert repr(count_labels(np.eye(40, dtype=int))).count("\n") == 12
    assert "(40 labels)" in repr(count_labels(np.eye(40, dtype=int)))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (Y * 3, ValueError, "Y holds 3 in row 0 for the label 0; an indicator is 1, 0, or NaN"),
        (Y * -0.5, ValueError, r"Y holds -0\.5 in row 0 for the label 0"),
        ([[0, 1], [0, np.inf]], ValueError, "Y holds inf in row 1 for the label 1"),
        ([0, 2, 1], ValueError, r"Y has shape \(3,\).*One label per sample .* count_classes"),
        (["a", "b"], ValueError, r"Y has shape \(2,\).*One label per sample"),
        ([["a"], ["a", "b"]], ValueError, "collection of labels for each sample.*MultiLabelBinarizer"),
        ([{"a"}, {"b", "c"}], ValueError, "collection of labels for each sample.*MultiLabelBinarizer"),
        ([["a", "b"], ["b", "c"]], TypeError, "Y has dtype <U1.*MultiLabelBinarizer"),
        ([["a", None], ["b", 1]], TypeError, "Y has dtype object"),
        (np.zeros((0, 3)), ValueError, r"Y has shape \(0, 3\).*a row and a column at least"),
        (np.zeros((2, 3, 4)), ValueError, r"Y has shape \(2, 3, 4\)"),
        (None, ValueError, r"Y has shape \(\)"),
    ],
)
def test_what_is_no_indicator_is_refused_by_name(wrong, error, message):
    with pytest.raises(error, match=message):
        count_labels(wrong)


def test_the_place_of_a_wrong_value_is_named():
    wrong = Y.copy()
    wrong[2, 1] = 7
    for matrix, label in ((pandas_frame(wrong), "'dog'"), (module("scipy.sparse").csr_matrix(wrong), "1")):
        with pytest.raises(ValueError, match=f"Y holds 7 in row 2 for the label {label}"):
            count_labels(matrix)
    long = np.zeros((300_000, 2))
    long[270_000, 1] = 0.25
    with pytest.raises(ValueError, match=r"Y holds 0\.25 in row 270000 for the label 1"):
        count_labels(long)


@pytest.mark.parametrize("beta", [0, 0.9, 0.999, 1])
def test_a_label_is_a_pair_of_classes(beta):
    counts, n_samples = [500, 10, 990, 333], 1000
    for pair, count in zip(label_weight(counts, n_samples, beta), counts, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InertBetaWarning)  # of this label alone
            expected = class_weight([n_samples - count, count], beta, normalize="samples")
        np.testing.assert_allclose(pair, expected, rtol=1e-14)


def test_a_side_without_samples_weighs_nothing_and_the_other_one():
    np.testing.assert_array_equal(label_weight([0, 8, 4, 0], [8, 8, 8, 0], 0.9), [[1, 0], [0, 1], [1, 1], [0, 0]])
    weight = np.random.default_rng(0).uniform(0.1, 3, 100_000)
    _, counts, known = count_labels(np.ones((100_000, 1)), weight)
    np.testing.assert_array_equal(label_weight(counts * (1 - 1e-14), known), [[0, 1]])


def test_an_inert_beta_is_told():
    with pytest.warns(InertBetaWarning, match="beta=0.5 acts like no weighting: samples with and without a label"):
        label_weight([100, 400], 1000, 0.5)
    with pytest.warns(InertBetaWarning, match="less than one sample"):
        label_weight([0.001, 0.2], 0.5, 0.5)
    label_weight([1, 400], 1000, 0.5)


def test_counts_of_labels_bring_their_number_of_samples():
    np.testing.assert_array_equal(label_weight(count_labels(MASKED)), label_weight([1, 0, 3], [3, 4, 3]))
    with pytest.raises(ValueError, match=r"need n_samples.*count_labels\(Y\) has both"):
        label_weight([1, 2])


@pytest.mark.parametrize(
    ("counts", "n_samples", "message"),
    [
        ([5, 3], 4, "label 0 has a count of 5, but n_samples is 4"),
        ([1, 3], [4, 2], "label 1 has a count of 3, but n_samples is 2"),
        ([1, 3], [4, 2, 3], "one for each of the 2 labels"),
        ([1, 3], "4", "n_samples must be one number"),
        ([1, 3], np.nan, "n_samples is nan"),
        ([0, 0], 5, "all 2 counts are 0: no sample has any label"),
        ([-1, 3], 5, r"counts\[0\] = -1"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts, n_samples, message):
    with pytest.raises(ValueError, match=message):
        label_weight(counts, n_samples)
