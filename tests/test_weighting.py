"""``ClassBalancedWeighter`` and its functions: values, chunks, and use with every scikit-learn classifier."""

import inspect
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators
from sklearn.utils.class_weight import compute_sample_weight as sklearn_sample_weight
from sklearn.utils.validation import has_fit_parameter

from skcb import ClassBalancedWeighter, InertBetaWarning, compute_class_weight, compute_sample_weight
from tests.references import sample_weight_by_loop

Y = ["cat"] * 90 + ["dog"] * 9 + ["elk"]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.sampled_from([0, 0.5, 0.99, 1]))
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_weights_are_those_of_a_loop(y, beta):
    expected = sample_weight_by_loop(y, beta)
    np.testing.assert_allclose(compute_sample_weight(y, beta=beta), expected, rtol=1e-13)
    np.testing.assert_allclose(ClassBalancedWeighter(beta).fit_transform(y), expected, rtol=1e-13)
    np.testing.assert_allclose(ClassBalancedWeighter(beta).fit(y).transform(y), expected, rtol=1e-13)


@pytest.mark.parametrize("normalize", ["classes", "samples", None])
def test_normalisations(normalize):
    expected = sample_weight_by_loop(Y, 0.9, normalize)
    np.testing.assert_allclose(compute_sample_weight(Y, beta=0.9, normalize=normalize), expected)
    np.testing.assert_allclose(ClassBalancedWeighter(0.9, normalize=normalize).fit_transform(Y), expected)


def test_ends_of_beta():
    np.testing.assert_array_equal(compute_sample_weight(Y, beta=0), 1)
    np.testing.assert_allclose(compute_sample_weight(Y, beta=1), sklearn_sample_weight("balanced", Y))


def test_attributes():
    weighter = ClassBalancedWeighter(beta=0.9).fit(Y)
    assert weighter.classes_.tolist() == ["cat", "dog", "elk"]
    assert weighter.class_count_.tolist() == [90, 9, 1]
    np.testing.assert_allclose(weighter.effective_number_, [(1 - 0.9**n) / 0.1 for n in (90, 9, 1)])
    np.testing.assert_array_equal(weighter.class_weight_, compute_class_weight(Y, beta=0.9))
    np.testing.assert_array_equal(weighter.transform(["elk", "cat"]), weighter.class_weight_[[2, 0]])


def test_integer_sample_weights_equal_repetition():
    y, weight = ["a", "b", "a", "c"], [3, 1, 2, 4]
    repeated = np.repeat(y, weight)
    expected = compute_class_weight(repeated, beta=0.9)
    np.testing.assert_allclose(compute_class_weight(y, beta=0.9, sample_weight=weight), expected)
    np.testing.assert_allclose(ClassBalancedWeighter(0.9).fit(y, sample_weight=weight).class_weight_, expected)
    product = compute_sample_weight(y, beta=0.9, sample_weight=weight)
    np.testing.assert_allclose(product, expected[[0, 1, 0, 2]] * weight)
    assert product.sum() == pytest.approx(sum(weight))  # "samples" keeps the sum


@given(
    st.lists(
        st.lists(st.tuples(st.text("abc", min_size=1, max_size=2), st.floats(0.1, 9)), min_size=1, max_size=9),
        min_size=1,
        max_size=5,
    )
)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_partial_fit_over_chunks_equals_one_fit(chunks):
    parts, weighted = ClassBalancedWeighter(0.9), ClassBalancedWeighter(0.9)
    for chunk in chunks:
        labels, weight = zip(*chunk, strict=True)
        parts.partial_fit(list(labels))
        weighted.partial_fit(list(labels), sample_weight=weight)
    y, weight = zip(*(pair for chunk in chunks for pair in chunk), strict=True)
    whole = ClassBalancedWeighter(0.9).fit(list(y))
    np.testing.assert_array_equal(parts.classes_, whole.classes_)
    np.testing.assert_array_equal(parts.class_count_, whole.class_count_)
    np.testing.assert_array_equal(parts.class_weight_, whole.class_weight_)
    whole = ClassBalancedWeighter(0.9).fit(list(y), sample_weight=weight)
    np.testing.assert_allclose(weighted.class_weight_, whole.class_weight_)


def test_fit_starts_anew_and_a_failed_fit_changes_nothing():
    weighter = ClassBalancedWeighter(0.9).fit(Y).fit(["a", "b"])
    assert weighter.classes_.tolist() == ["a", "b"]
    weighter.set_params(beta=2)
    with pytest.raises(ValueError, match="beta must lie in"):
        weighter.partial_fit(["a"])
    assert weighter.class_count_.tolist() == [1, 1]


def test_order_of_classes():
    weight = compute_class_weight(Y, beta=0.9, classes=["elk", "yak", "cat", "dog"])
    cat, dog, elk = compute_class_weight(Y, beta=0.9)
    np.testing.assert_allclose(weight, [elk, 0, cat, dog])
    with pytest.raises(ValueError, match=r"labels \['elk'\] of y are not among classes: \['cat', 'dog'\]"):
        compute_class_weight(Y, classes=["cat", "dog"])
    with pytest.raises(ValueError, match="classes names a class more than once"):
        compute_class_weight(Y, classes=["cat", "dog", "elk", "cat"])


def test_clone_and_pickle():
    weighter = ClassBalancedWeighter(beta=0.5, normalize=None).fit(Y)
    assert clone(weighter).get_params() == {"beta": 0.5, "normalize": None}
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(weighter)).transform(Y), weighter.transform(Y))


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("documents", [False, True])
def test_a_step_of_a_pipeline_shows_what_to_write_instead(position, documents):
    X, y = np.eye(4), [0, 1, 0, 1]
    steps = [StandardScaler(), LogisticRegression()]
    if documents:  # a 1-D X, whose y would otherwise pass for sample weights
        X, steps = np.array(["red", "green", "blue", "red"]), []
        position = 0
    steps.insert(position, ClassBalancedWeighter())
    with pytest.raises(TypeError, match=r"make_pipeline\(StandardScaler\(\), ClassBalancedClassifier"):
        make_pipeline(*steps).fit(X, y)


def test_two_dimensional_input_is_refused():
    for method in ("fit", "partial_fit", "fit_transform"):
        with pytest.raises(TypeError, match="weights the target"):
            getattr(ClassBalancedWeighter(), method)(np.eye(3))
    with pytest.raises(TypeError, match="weights the target"):
        ClassBalancedWeighter().fit(Y).transform(np.eye(3))
    with pytest.raises(ValueError, match="y must be 1-D"):
        compute_class_weight(np.eye(3))


def test_an_unseen_label_is_named():
    weighter = ClassBalancedWeighter().fit(Y)
    with pytest.raises(ValueError, match="label 'yak' is not among the classes seen in fit: 'cat', 'dog', 'elk'"):
        weighter.transform(["cat", "yak"])
    with pytest.raises(ValueError, match="label 4 is not among the classes seen in fit"):
        ClassBalancedWeighter().fit([3, 5, 5]).transform([3, 4])


def test_a_label_between_two_classes_is_unseen_however_it_is_typed():
    weighter = ClassBalancedWeighter().fit(np.array([1.0, 3.0]))
    np.testing.assert_array_equal(weighter.transform([1, 3]), 1)
    with pytest.raises(ValueError, match=r"label 2\.0 is not among"):
        weighter.transform(np.array([2.0]))


@pytest.mark.parametrize("weights", ["y", [0.5] * 99 + [float("nan")]])
def test_sample_weight_is_checked(weights):
    with pytest.raises(ValueError, match="sample_weight"):
        compute_sample_weight(Y, sample_weight=weights)


def test_weights_that_sum_to_one_warn():
    with pytest.warns(InertBetaWarning, match="rescale the sample weights"):
        compute_sample_weight(Y, sample_weight=np.full(100, 0.01))


TAKE_WEIGHTS = [
    pytest.param(kind, id=name)
    for name, kind in all_estimators(type_filter="classifier")
    # MultiOutputClassifier has several targets; it goes around ClassBalancedClassifier.
    if has_fit_parameter(kind, "sample_weight") and name != "MultiOutputClassifier"
]


def build(kind):
    parameters = inspect.signature(kind).parameters
    settings = {"random_state": 0} if "random_state" in parameters else {}
    if "estimators" in parameters:
        settings["estimators"] = [("one", LogisticRegression()), ("other", LogisticRegression(C=0.1))]
    elif "estimator" in parameters and parameters["estimator"].default is inspect.Parameter.empty:
        settings["estimator"] = LogisticRegression()
    return kind(**settings)


@pytest.mark.parametrize("kind", TAKE_WEIGHTS)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_first_use_with_every_classifier_that_takes_weights(kind):
    X, y = make_classification(400, weights=[0.9], class_sep=0.5, flip_y=0.1, random_state=0)
    X -= X.min(axis=0)  # some naive Bayes models count
    y = np.array(["common", "rare"])[y]
    estimator = build(kind).fit(X, y, sample_weight=ClassBalancedWeighter(beta=1).fit_transform(y))
    balanced = build(kind).fit(X, y, sample_weight=sklearn_sample_weight("balanced", y))
    np.testing.assert_array_equal(estimator.predict(X), balanced.predict(X))
