"""Metrics of imbalance, and the makers of long tails."""

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import recall_score

from skcb import (
    count_classes,
    imbalance_ratio,
    load_long_tailed_digits,
    long_tailed_counts,
    make_long_tailed,
    shot_accuracy,
)
from skcb.metrics import recall_by_class


def test_imbalance_ratio():
    assert imbalance_ratio([5000, 50, 500]) == 100
    assert imbalance_ratio([3, 3]) == 1
    with pytest.raises(ValueError, match=r"classes at positions \[1\] have 0 samples.*infinite"):
        imbalance_ratio([5, 0])


def test_shots_are_averages_of_recalls():
    train = np.repeat([0, 1, 2, 3], [101, 100, 20, 19])
    true = np.array([0, 0, 1, 1, 2, 2, 2, 2, 3])
    predicted = np.array([0, 1, 1, 1, 2, 0, 0, 0, 0])
    assert shot_accuracy(true, predicted, train) == (0.5, (1 + 0.25) / 2, 0)
    assert shot_accuracy(true, predicted, train, few=101, many=101) == pytest.approx(
        (math.nan, 0.5, 1.25 / 3), nan_ok=True
    )


def test_shots_of_names():
    train = ["cat"] * 200 + ["dog"]
    many, medium, few = shot_accuracy(["cat", "dog", "dog"], ["cat", "dog", "cat"], train)
    assert (many, few) == (1, 0.5)
    assert math.isnan(medium)


def test_wrong_input_of_shots():
    with pytest.raises(ValueError, match="label 'yak' is not among the classes of y_train"):
        shot_accuracy(["yak"], ["cat"], ["cat"])
    with pytest.raises(ValueError, match="y_true has 2 labels, y_pred 1"):
        shot_accuracy([0, 1], [0], [0, 1])
    with pytest.raises(ValueError, match="few must not exceed many, got few=30 and many=20"):
        shot_accuracy([0], [0], [0], few=30, many=20)


def test_step_profile():
    assert long_tailed_counts(100, 4, 10, profile="step").tolist() == [100, 100, 10, 10]
    assert long_tailed_counts(100, 5, 10, profile="step").tolist() == [100, 100, 100, 10, 10]
    assert long_tailed_counts(100, 3, 1).tolist() == [100, 100, 100]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, 10, 100), "the smallest class would have 0 samples: n_max=5"),
        ((100, 1, 10), "n_classes must be at least 2, got 1"),
        ((100, 3, 0.01), r"imbalance_ratio must be finite and at least 1, got 0\.01"),
        ((100, 3, math.nan), "imbalance_ratio must be finite and at least 1, got nan"),
    ],
)
def test_wrong_shapes_of_a_tail(arguments, message):
    with pytest.raises(ValueError, match=message):
        long_tailed_counts(*arguments)
    with pytest.raises(ValueError, match=r"profile must be.*got 'linear'"):
        long_tailed_counts(100, 3, profile="linear")


@pytest.mark.parametrize("kind", ["numpy", "list", "csr", "pandas", "polars"])
def test_a_long_tail_of_any_data(kind):
    y = np.repeat(["a", "b", "c"], [60, 50, 55])
    X = np.arange(165)[:, None] * [1, 10]
    data, labels = X, y
    if kind == "list":
        data, labels = X.tolist(), y.tolist()
    elif kind == "csr":
        data = sparse.csr_array(X)
    elif kind in ("pandas", "polars"):
        library = pytest.importorskip(kind)
        data, labels = library.DataFrame({"x": X[:, 0]}), library.Series(y)
    tail, tail_labels = make_long_tailed(data, labels, imbalance_ratio=5, random_state=0)
    assert type(tail) is type(data)
    assert type(tail_labels) is type(labels)
    counts = count_classes(tail_labels).counts
    assert counts.tolist() == long_tailed_counts(60, 3, 5).tolist()
    rows = np.asarray(tail.toarray() if kind == "csr" else tail)[:, 0]
    assert (y[rows] == np.asarray(tail_labels)).all()  # rows and labels stay together
    assert len(set(rows)) == len(rows)


def test_an_unbalanced_source_gives_what_it_can():
    y = np.repeat([0, 1, 2], [100, 20, 100])
    _, tail = make_long_tailed(np.zeros(220), y, imbalance_ratio=4, random_state=0)
    assert count_classes(tail).counts.tolist() == long_tailed_counts(40, 3, 4).tolist()
    with pytest.raises(ValueError, match="y has one class alone"):
        make_long_tailed(np.zeros(3), [1, 1, 1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make_long_tailed(np.zeros(2), y)


def test_digits():
    X_train, X_test, y_train, y_test = load_long_tailed_digits()
    assert count_classes(y_test).counts.tolist() == [50] * 10
    assert imbalance_ratio(count_classes(y_train).counts) == pytest.approx(20, rel=0.1)
    assert (len(X_train), len(X_test)) == (len(y_train), len(y_test))
    assert not {row.tobytes() for row in X_train} & {row.tobytes() for row in X_test}
    again = load_long_tailed_digits()[0]
    np.testing.assert_array_equal(again, X_train)
    assert len(load_long_tailed_digits(random_state=1, imbalance_ratio=1)[0]) > len(X_train)


def test_what_is_no_number_is_named():
    for arguments, name in ((("5", 3), "n_max"), ((math.nan, 3), "n_max"), ((100, "3"), "n_classes")):
        with pytest.raises(TypeError, match=f"{name} must be an integer, got"):
            long_tailed_counts(*arguments)
    with pytest.raises(TypeError, match="test_size must be an integer, got '5'"):
        load_long_tailed_digits(test_size="5")
    for size in (0, -1, 500):
        with pytest.raises(ValueError, match=f"test_size must be at least 1 and below 174.*got {size}"):
            load_long_tailed_digits(test_size=size)
    with pytest.raises(TypeError, match="few must be a real number, got 'a'"):
        shot_accuracy([0], [0], [0], few="a")


@pytest.mark.parametrize("profile", ["exp", "step"])
@pytest.mark.parametrize("ratio", [2, 3, 7, 10, 49, 99, 100])
def test_the_smallest_class_is_the_ratios_share_exactly(ratio, profile):
    for smallest in range(1, 60):
        for n_classes in (2, 3, 10):
            counts = long_tailed_counts(smallest * ratio, n_classes, ratio, profile=profile)
            assert (counts[0], counts[-1]) == (smallest * ratio, smallest)


def test_a_long_tail_of_all_that_there_is_has_its_smallest_class():
    y = np.repeat([0, 1], 49)
    _, tail = make_long_tailed(np.zeros(98), y, imbalance_ratio=49, random_state=0)
    assert count_classes(tail).counts.tolist() == [49, 1]


NAMED = np.array(["gnu", "ant", "bee"])
CODES = np.arange(300) % 3


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        (NAMED[CODES], CODES),
        (CODES, CODES.astype(str)),
        (CODES == 1, (CODES == 1).astype(str)),
        (NAMED[CODES], NAMED[CODES].astype("S")),
    ],
    ids=["names and codes", "codes and strings", "booleans and strings", "strings and bytes"],
)
def test_labels_of_two_types_are_no_zero_score(true, predicted):
    with pytest.raises(ValueError, match="Mix of label input types: y_true holds labels of type"):
        shot_accuracy(true, predicted, true)
    with pytest.raises(ValueError, match="give both the same type"):
        shot_accuracy(true, true, predicted)


def test_a_column_of_predictions_is_a_vector_of_them():
    assert shot_accuracy(CODES, CODES[:, None], CODES) == shot_accuracy(CODES, CODES, CODES)


def test_recalls_are_scikit_learns_and_a_stranger_among_predictions_is_wrong():
    predicted = np.random.default_rng(0).choice(["gnu", "ant", "bee", "yak"], 300)
    recalls = recall_by_class(NAMED[CODES], predicted)
    assert recalls.classes.tolist() == ["ant", "bee", "gnu"]
    expected = recall_score(NAMED[CODES], predicted, labels=recalls.classes, average=None, zero_division=0)
    np.testing.assert_allclose(recalls.values, expected)
    assert recall_by_class([0, 2, 2], [1, 1, 1]).values.tolist() == [0, 0]
