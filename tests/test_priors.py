"""Priors: changed as Bayes has it, estimated as others do, and refused where nothing can be said."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import multivariate_normal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import ClassBalancedClassifier, LogitAdjustedClassifier, change_prior, count_classes, estimate_prior

MEANS = np.array([[0.0, 0], [2, 0], [0, 2]])
PRIOR = np.array([0.9, 0.08, 0.02])
NEW = np.array([0.4, 0.3, 0.3])
LABELS = np.array(["a", "b", "c"])


def gaussians(prior, n, seed=0):
    """Draw classes by shares that are met exactly, and features around their means."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), np.round(np.asarray(prior) * n).astype(int))
    return rng.normal(size=(len(y), 2)) + MEANS[y], y


def posterior(X, prior):
    density = np.column_stack([multivariate_normal(mean, np.eye(2)).pdf(X) for mean in MEANS])
    joint = density * prior
    return joint / joint.sum(axis=1, keepdims=True)


# Change


def test_bayes_posterior_goes_over_into_that_of_the_other_prior():
    X, _ = gaussians([1 / 3] * 3, 300)
    np.testing.assert_allclose(change_prior(posterior(X, PRIOR), PRIOR, NEW), posterior(X, NEW), rtol=1e-9)
    counts = count_classes(np.repeat(LABELS, [90, 8, 2]))
    np.testing.assert_allclose(change_prior(posterior(X, PRIOR), counts, NEW * 7), posterior(X, NEW), rtol=1e-9)


def test_elkans_theorem_for_two_classes():
    p, b, new = np.linspace(0.01, 0.99, 50), 0.1, 0.35
    expected = new * (p - p * b) / (b - p * b + new * p - b * new)
    changed = change_prior(np.column_stack([1 - p, p]), [1 - b, b], [1 - new, new])[:, 1]
    np.testing.assert_allclose(changed, expected)


@given(st.integers(0, 10**6))
def test_there_and_back_again(seed):
    rng = np.random.default_rng(seed)
    probability = softmax(rng.normal(size=(5, 4)), axis=1)
    one, other = rng.uniform(0.01, 1, (2, 4))
    there = change_prior(probability, one, other)
    np.testing.assert_allclose(there.sum(1), 1)
    np.testing.assert_allclose(change_prior(there, other, one), probability, rtol=1e-9)
    np.testing.assert_allclose(change_prior(probability, one, one), probability, rtol=1e-9)


def test_a_class_that_is_not_there():
    np.testing.assert_allclose(change_prior([[0.5, 0.3, 0.2]], [1, 1, 1], [0, 1, 1]), [[0, 0.6, 0.4]])
    np.testing.assert_allclose(change_prior([[0.5, 0.5, 0.0]], [1, 1, 0], [1, 3, 5]), [[0.25, 0.75, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5, 0.5]], [1, 0], [1, 1]), r"from_prior is 0 for the classes at 1.*cannot know a class"),
        (([[1.0, 0.0], [0.5, 0.5]], [1, 1], [0, 1]), r"row 0 of probability.*is of none of them"),
        (([[0.5, 0.5]], [1, 1, 1], [1, 1]), "from_prior has 3 numbers for 2 classes"),
        (([[0.5, 0.5]], [1, 1], [0, 0]), "to_prior is 0 for all 2"),
        (([[0.5, 0.5]], [1, -1], [1, 1]), r"from_prior\[1\] = -1"),
        (([[0.5, 0.5]], {0: 1, 1: 2}, [1, 1]), "from_prior must be one number per class"),
        (([[0.5, 0.5]], [1, 1], [np.nan, 1]), "nan"),
        (([[0.5, 0.9]], [1, 1], [1, 1]), "row 0 of probability"),
        (([0.5, 0.5], [1, 1], [1, 1]), "one row for each sample"),
    ],
)
def test_a_change_that_cannot_be_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        change_prior(*arguments)


# Estimate


def slow_em(probability, prior, iterations):
    estimate = np.array(prior)
    for _ in range(iterations):
        rows = [[q * p / k for q, p, k in zip(estimate, row, prior, strict=True)] for row in probability]
        estimate = np.mean([np.array(row) / sum(row) for row in rows], axis=0)
    return estimate


def test_em_equals_its_loop():
    X, _ = gaussians(NEW, 200)
    probability = posterior(X, PRIOR)
    with pytest.warns(ConvergenceWarning, match=r"EM has not converged.*in the last of 7 iterations"):
        got = estimate_prior(probability, PRIOR, max_iter=7)
    np.testing.assert_allclose(got, slow_em(probability, PRIOR, 7), rtol=1e-12)
    np.testing.assert_allclose(
        estimate_prior(probability, PRIOR, tol=1e-12), slow_em(probability, PRIOR, 600), atol=1e-8
    )


def test_em_finds_the_most_likely_shares():
    X, _ = gaussians(NEW, 500)
    probability = posterior(X, PRIOR)
    found = estimate_prior(probability, PRIOR, tol=1e-10)

    def likelihood(shares):
        return np.log(probability / PRIOR @ shares).sum()

    rng = np.random.default_rng(0)
    for _ in range(200):
        nearby = np.abs(found + rng.normal(scale=0.02, size=3))
        assert likelihood(nearby / nearby.sum()) <= likelihood(found) + 1e-9


def test_the_error_of_exact_posteriors_falls_as_the_root_of_the_samples():
    errors = {
        n: np.sqrt(
            np.mean(
                [
                    np.sum((estimate_prior(posterior(gaussians(NEW, n, seed)[0], PRIOR), PRIOR) - NEW) ** 2)
                    for seed in range(20)
                ]
            )
        )
        for n in (200, 3200)
    }
    assert 2.5 < errors[200] / errors[3200] < 6.5  # 4 is the root of 16
    assert errors[3200] < 0.02


def test_without_a_shift_the_prior_comes_back():
    X, _ = gaussians(PRIOR, 5000)
    np.testing.assert_allclose(estimate_prior(posterior(X, PRIOR), PRIOR), PRIOR, atol=0.01)
    exact = np.array([[0.9, 0.1], [0.7, 0.3]])  # whose mean is the prior: a fixed point
    np.testing.assert_allclose(estimate_prior(exact, [0.8, 0.2]), [0.8, 0.2], atol=1e-6)


@pytest.mark.parametrize("method", ["em", "confusion"])
def test_a_class_that_is_absent_gets_nothing(method):
    X, y = gaussians([0.5, 0.3, 0.2], 6000)
    X_new, _ = gaussians([0.6, 0.4, 0.0], 4000, seed=1)
    confusion = confusion_matrix(y, posterior(X, PRIOR).argmax(1))
    more = {"confusion": confusion} if method == "confusion" else {"tol": 1e-5}
    found = estimate_prior(posterior(X_new, PRIOR), PRIOR, method=method, **more)
    np.testing.assert_allclose(found, [0.6, 0.4, 0], atol=0.03)


def test_the_confusion_matrix_says_how_many_there_are():
    X, y = gaussians([0.5, 0.3, 0.2], 20_000)
    confusion = confusion_matrix(y, posterior(X, PRIOR).argmax(1))
    X_new, _ = gaussians(NEW, 20_000, seed=1)
    found = estimate_prior(posterior(X_new, PRIOR), PRIOR, method="confusion", confusion=confusion)
    np.testing.assert_allclose(found, NEW, atol=0.02)
    # Where the confusion matrix is of the new data itself its equations give the shares back.
    told = posterior(X_new, PRIOR)
    own = confusion_matrix(np.repeat(np.arange(3), [8000, 6000, 6000]), told.argmax(1))
    np.testing.assert_allclose(estimate_prior(told, PRIOR, method="confusion", confusion=own), NEW, atol=1e-9)


def test_certain_probabilities_and_single_rows():
    np.testing.assert_allclose(estimate_prior(np.eye(3)[[0, 0, 1, 2]], [1, 1, 1]), [0.5, 0.25, 0.25])
    np.testing.assert_allclose(estimate_prior([[0.6, 0.4]], [0.5, 0.5]), [1, 0], atol=1e-3)
    np.testing.assert_allclose(estimate_prior([[0.6, 0.4, 0.0]], [0.5, 0.5, 0.0]).sum(), 1)
    np.testing.assert_allclose(estimate_prior([[1.0]], [3]), [1])


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"prior": [1, 0, 1]}, "prior is 0 for the classes at 1"),
        ({"method": "bbse"}, "method must be 'em' or 'confusion'"),
        ({"method": "confusion"}, "needs confusion"),
        ({"confusion": np.eye(3)}, "confusion is for method='confusion'"),
        ({"method": "confusion", "confusion": np.eye(2)}, r"shape \(2, 2\) for 3 columns"),
        ({"method": "confusion", "confusion": -np.eye(3)}, "not negative"),
        ({"method": "confusion", "confusion": np.diag([1, 1, 0])}, "no samples of the classes at 2"),
        ({"method": "confusion", "confusion": np.tile([5, 0, 0], (3, 1))}, "cannot tell the classes apart"),
        ({"max_iter": 0}, "max_iter must be at least 1"),
        ({"tol": -1}, "tol must be finite and not negative"),
    ],
)
def test_an_estimate_that_cannot_be_is_named(keywords, message):
    probability = [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]
    with pytest.raises(ValueError, match=message):
        estimate_prior(probability, **{"prior": [1, 1, 1], **keywords})


# As a classifier


@pytest.mark.parametrize(
    "prior", [NEW, dict(zip(LABELS, NEW, strict=True)), pd.Series(NEW[::-1], index=LABELS[::-1]), "training", None]
)
@pytest.mark.parametrize(
    "estimator",
    [
        LinearDiscriminantAnalysis(),
        make_pipeline(StandardScaler(), LogisticRegression(C=100)),
        ClassBalancedClassifier(LogisticRegression(C=100), beta=1),
        ClassBalancedClassifier(LogisticRegression(C=100), beta=1, prior_correction=True),
        make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression(C=100), beta=0.999)),
        GridSearchCV(ClassBalancedClassifier(LogisticRegression(C=100)), {"beta": [0.99]}, cv=2),
    ],
    ids=["plain", "pipeline", "weighted", "corrected", "weighted in a pipeline", "weighted in a search"],
)
@pytest.mark.filterwarnings("ignore::skcb.DoubleBalancingWarning")  # superfluous, and right
def test_the_posterior_is_that_of_the_world_that_is_asked_for(estimator, prior):
    X, y = gaussians(PRIOR, 20_000)
    X_new, _ = gaussians(NEW, 2000, seed=1)
    world = {"training": PRIOR, None: np.full(3, 1 / 3)}.get(prior if isinstance(prior, str | None) else 0, NEW)
    model = LogitAdjustedClassifier(estimator, prior=prior).fit(X, LABELS[y])
    assert np.abs(model.predict_proba(X_new) - posterior(X_new, world)).mean() < 0.02
    np.testing.assert_array_equal(model.predict(X_new), LABELS[model.predict_proba(X_new).argmax(1)])


def test_the_trainings_prior_changes_nothing_at_tau_1():
    X, y = gaussians(PRIOR, 1000)
    model = LogitAdjustedClassifier(GaussianNB(), prior="training").fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), model.estimator_.predict_proba(X), rtol=1e-9)


def test_what_is_frozen_keeps_the_counts_of_its_training():
    X, y = gaussians(PRIOR, 20_000)
    X_new, y_new = gaussians(NEW, 3000, seed=1)
    weighted = ClassBalancedClassifier(LogisticRegression(C=100), beta=1).fit(X, y)
    model = LogitAdjustedClassifier(FrozenEstimator(weighted), prior=NEW).fit(X_new, y_new)
    assert np.abs(model.predict_proba(X_new) - posterior(X_new, NEW)).mean() < 0.02
    plain = LinearDiscriminantAnalysis().fit(X, y)
    model = LogitAdjustedClassifier(FrozenEstimator(plain), prior=NEW).fit(X, y)
    estimated = estimate_prior(plain.predict_proba(X_new), PRIOR)
    np.testing.assert_allclose(estimated, NEW, atol=0.04)
    assert np.abs(model.predict_proba(X_new) - posterior(X_new, NEW)).mean() < 0.02


def test_inside_a_calibration():
    X, y = gaussians(PRIOR, 5000)
    model = CalibratedClassifierCV(LogitAdjustedClassifier(GaussianNB(), prior=NEW), cv=2).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X).mean(0), PRIOR, atol=0.02)


def test_a_class_that_is_not_to_be_there_is_never_predicted():
    X, y = gaussians([0.5, 0.3, 0.2], 500)
    model = LogitAdjustedClassifier(GaussianNB(), prior={0: 1, 1: 1, 2: 0}).fit(X, y)
    assert set(model.predict(X)) == {0, 1}
    certain = LogitAdjustedClassifier(Certain(), prior=[0.6, 0.4, 0]).fit(X, y)
    surely = certain.estimator_.predict(X) == 2
    assert surely.any()
    np.testing.assert_allclose(certain.predict_proba(X[surely]), np.tile([0.6, 0.4, 0], (surely.sum(), 1)))
    assert np.isfinite(certain.predict_proba(X)).all()


class Certain(GaussianNB):
    """Probabilities that are 0 or 1."""

    def predict_log_proba(self, X):
        with np.errstate(divide="ignore"):
            return np.log(np.eye(3)[super().predict_log_proba(X).argmax(1)])


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ([0.5, 0.5], "prior has 2 numbers for 3 classes"),
        ({0: 1, 1: 1}, "prior has no count for the classes 2"),
        ({0: 1, 1: 1, 2: 1, 3: 1}, "3, not among the classes"),
        ([1, -1, 1], r"prior\[1\] = -1"),
        ([[1, 2, 3]], "prior must be one number per class"),
        (pd.Series([1, 2, 3], index=["p", "q", "r"]), "prior has no count for the classes 0, 1, 2"),
        (count_classes(["a", "b", "c"]), "prior has no count for the classes 0, 1, 2"),
        ([0, 0, 0], "prior is 0 for all 3"),
        ("balanced", "'prior' parameter"),
    ],
)
def test_a_prior_that_is_none_is_named(prior, message):
    X, y = gaussians([0.5, 0.3, 0.2], 100)
    with pytest.raises(ValueError, match=message):
        LogitAdjustedClassifier(GaussianNB(), prior=prior).fit(X, y)


# What EMQ.EM of QuaPy 0.2.3 finds with epsilon=1e-15 and MAX_ITER=200000, by numbers of rows and classes.
QUAPY = {
    (50, 2): [0.469749087422, 0.530250912578],
    (200, 3): [0.407431381722, 0.351296515657, 0.241272102621],
    (500, 5): [0.225154729739, 0.204744968741, 0.180639320782, 0.199665548098, 0.189795432639],
}


@pytest.mark.parametrize(("shape", "expected"), QUAPY.items(), ids=str)
def test_em_finds_what_quapy_finds(shape, expected):
    rows, classes = (np.arange(1, size + 1) for size in shape)
    prior = np.arange(shape[1], 0, -1.0) ** 2
    probability = np.exp(3 * np.sin(np.outer(rows, classes) ** 1.5)) * prior
    probability /= probability.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(estimate_prior(probability, prior), expected, atol=1e-6)


@pytest.mark.parametrize("prior", [{"a": 0.9, "b": 0.1}, 0.03])
def test_a_prior_that_is_no_vector_is_told_the_way_out(prior):
    with pytest.raises(ValueError, match=r"in the order of the columns, .* such as \[1 - p, p\]"):
        change_prior([[0.5, 0.5]], prior, [0.5, 0.5])
