"""A score in running sums, on cells or called is the same score, along a path too; others are refused."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.metrics import make_scorer

from skcb._decisions.counts import CountScore
from skcb._decisions.free import Standing, _along_class
from skcb._decisions.paths import decide, follow, walk
from skcb._decisions.rules import TAUS
from skcb._decisions.scores import CalledScore, CellScore, resolve_score

from .made import evidence_of, made

NAMES = np.array(["ant", "bee", "cow", "dog", "elk"])
# By scikit-learn, or where it has none by hand.
REFERENCES = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1_macro": lambda *a, **k: metrics.f1_score(*a, **k, average="macro", zero_division=0),
    "macro_f1": lambda *a, **k: metrics.f1_score(*a, **k, average="macro", zero_division=0),
    "f1_weighted": lambda *a, **k: metrics.f1_score(*a, **k, average="weighted", zero_division=0),
    "precision_macro": lambda *a, **k: metrics.precision_score(*a, **k, average="macro", zero_division=0),
    "recall_macro": lambda *a, **k: metrics.recall_score(*a, **k, average="macro", zero_division=0),
    "recall_weighted": lambda *a, **k: metrics.recall_score(*a, **k, average="weighted", zero_division=0),
    "jaccard_macro": lambda *a, **k: metrics.jaccard_score(*a, **k, average="macro", zero_division=0),
    "matthews_corrcoef": metrics.matthews_corrcoef,
    "cohen_kappa": metrics.cohen_kappa_score,
    "g_mean": lambda y, said, sample_weight=None: (
        np.prod(metrics.recall_score(y, said, sample_weight=sample_weight, average=None, zero_division=0))
        ** (1 / len(np.unique(y)))
    ),
}


def resolved(scoring, evidence, names=NAMES, *, weighted=True):
    names = names[: evidence.log_probability.shape[1]]
    X = np.zeros((len(evidence.true), 1))
    return resolve_score(scoring, names, X, names[evidence.true], evidence, weighted=weighted)


def weights_of(kind, n_rows, seed):
    rng = np.random.default_rng(seed)
    return {
        "none": np.ones(n_rows),
        "some": rng.uniform(0.1, 3, n_rows),
        "whole": rng.integers(0, 3, n_rows) * 1.0,
    }[kind]


@pytest.mark.parametrize("scoring", REFERENCES)
@pytest.mark.parametrize("weights", ["none", "some", "whole"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_along_a_path_are_those_of_the_field(scoring, weights):
    y, probability = made(120, 4, seed=3)
    weight = weights_of(weights, 120, 0)
    weight[:4] = 1
    evidence = evidence_of(y, probability, weight)
    score = resolved(scoring, evidence)
    assert isinstance(score, CountScore)
    got = score.along(walk(evidence.log_probability, evidence.slope, TAUS), evidence)
    there = weight > 0
    for tau, value in zip(TAUS, got, strict=True):
        decided = (probability.clip(1e-4) * evidence.prior**-tau).argmax(1)
        expected = REFERENCES[scoring](y[there], decided[there], sample_weight=weight[there])
        assert value == pytest.approx(expected, abs=1e-9), tau
        assert score.of(decided, evidence) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scoring", REFERENCES)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_expected_scores_are_those_of_cells_that_hold_probabilities(scoring):
    y, probability = made(60, 4, seed=1)
    evidence = evidence_of(y, probability, weights_of("some", 60, 1))
    score = resolved(scoring, evidence)
    grid = TAUS[::10]
    got = score.expected_along(walk(evidence.log_probability, evidence.slope, grid), probability, evidence)
    for tau, value in zip(grid, got, strict=True):
        decided = (probability.clip(1e-4) * evidence.prior**-tau).argmax(1)
        true, row = np.meshgrid(np.arange(4), np.arange(60))
        mass = (evidence.weight[:, None] * probability).ravel()
        expected = REFERENCES[scoring](true.ravel(), decided[row.ravel()], sample_weight=mass)
        assert value == pytest.approx(expected, abs=1e-9)


def test_a_metric_that_is_not_known_here_is_called_on_cells_and_scores_the_same():
    y, probability = made(150, 4, seed=2)
    evidence = evidence_of(y, probability, weights_of("some", 150, 2))
    path = walk(evidence.log_probability, evidence.slope, TAUS)
    by_cells = resolved(make_scorer(metrics.f1_score, average="macro", zero_division=0), evidence)
    assert isinstance(by_cells, CellScore)
    known = resolved("f1_macro", evidence)
    np.testing.assert_allclose(by_cells.along(path, evidence), known.along(path, evidence), atol=1e-9)
    np.testing.assert_allclose(
        by_cells.expected_along(path, probability, evidence),
        known.expected_along(path, probability, evidence),
        atol=1e-9,
    )


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_f_of_any_beta(average):
    y, probability = made(80, 4)
    evidence = evidence_of(y, probability, weights_of("some", 80, 0))
    scorer = make_scorer(metrics.fbeta_score, beta=2, average=average)
    score = resolved(scorer, evidence)
    assert isinstance(score, CountScore)
    decided = probability.argmax(1)
    expected = metrics.fbeta_score(y, decided, beta=2, average=average, sample_weight=evidence.weight)
    assert score.of(decided, evidence) == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["f1", "precision", "recall", "jaccard"])
def test_scores_of_one_class_of_two(metric):
    y, probability = made(80, 2)
    evidence = evidence_of(y, probability)
    score = resolved(make_scorer(getattr(metrics, f"{metric}_score"), pos_label="bee"), evidence)
    assert isinstance(score, CountScore)
    decided = probability.argmax(1)
    assert score.of(decided, evidence) == pytest.approx(getattr(metrics, f"{metric}_score")(y, decided))


def test_losses_are_to_be_small():
    y, probability = made(80, 3)
    evidence = evidence_of(y, probability)
    score = resolved(make_scorer(metrics.zero_one_loss, greater_is_better=False), evidence)
    decided = probability.argmax(1)
    assert score.of(decided, evidence) == pytest.approx(-np.mean(y != decided))


def gain(estimator, X, y):
    return float(np.mean(estimator.predict(X) == y))


def unweighted(y, decided, sample_weight=None):
    """Take weights and do nothing with them."""
    return np.mean(y == decided)


@pytest.mark.parametrize(
    "scoring", [gain, make_scorer(unweighted), make_scorer(lambda y, said: np.mean(y == said))]
)
def test_anything_else_is_called_with_decisions(scoring):
    y, probability = made(90, 3)
    evidence = evidence_of(y, probability)
    score = resolved(scoring, evidence, weighted=False)
    assert isinstance(score, CalledScore)
    path = walk(evidence.log_probability, evidence.slope, TAUS)
    np.testing.assert_allclose(score.along(path, evidence), resolved("accuracy", evidence).along(path, evidence))
    assert score.expected_along(path, probability, evidence) is None
    times = np.random.default_rng(0).integers(0, 3, 90)
    decided = probability.argmax(1)
    assert score.of(decided, evidence, times) == pytest.approx(np.average(y == decided, weights=times))


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "neg_log_loss", "average_precision", "neg_brier_score"])
def test_scorers_of_probabilities_are_refused(scoring):
    evidence = evidence_of(*made(30, 3))
    with pytest.raises(ValueError, match=rf"{scoring}.*decisions are tuned for scores of decisions.*f1_macro"):
        resolved(scoring, evidence)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
def test_a_callable_that_asks_for_probabilities_is_refused(method):
    evidence = evidence_of(*made(30, 3))
    score = resolved(lambda estimator, X, y: getattr(estimator, method)(X).sum(), evidence)
    with pytest.raises(TypeError, match=re.escape(f"the scorer asks for {method}, and decisions")):
        score.of(evidence.true, evidence)


def test_what_a_scorer_may_not_do_is_named():
    evidence = evidence_of(*made(30, 3))
    with pytest.raises(ValueError, match=r"predict 3 rows and got 30"):
        resolved(lambda estimator, X, y: estimator.predict(X[:3]).sum(), evidence).of(evidence.true, evidence)
    with pytest.raises(TypeError, match="one number"):
        resolved(lambda estimator, X, y: y, evidence).of(evidence.true, evidence)
    with pytest.raises(ValueError, match=r"unknown scoring .balanced.*g_mean"):
        resolved("balanced", evidence)
    with pytest.raises(ValueError, match="metric function rather than a scorer"):
        resolved(metrics.f1_score, evidence)


@given(seed=st.integers(0, 10**6), n_classes=st.integers(2, 5), ties=st.booleans())
@settings(max_examples=60)
def test_a_path_holds_the_decisions_at_every_point(seed, n_classes, ties):
    y, probability = made(50, n_classes, seed)
    evidence = evidence_of(y, probability.round(1) if ties else probability)
    path = walk(evidence.log_probability, evidence.slope, TAUS)
    decided = path.first.copy()
    for point, tau in enumerate(TAUS):
        at_point = path.step == point
        np.testing.assert_array_equal(decided[path.row[at_point]], path.before[at_point])
        decided[path.row[at_point]] = path.after[at_point]
        expected = decide(evidence.log_probability, tau * evidence.slope)
        # Of classes that tie rounding may take either.
        shifted = evidence.log_probability + tau * evidence.slope
        np.testing.assert_allclose(shifted[range(50), decided], shifted[range(50), expected], atol=1e-12)


def test_a_path_along_any_offsets():
    y, probability = made(70, 4)
    evidence = evidence_of(y, probability)
    offsets = np.random.default_rng(0).normal(size=(6, 4))
    path = follow(evidence.log_probability, offsets)
    got = resolved("accuracy", evidence).along(path, evidence)
    expected = [np.mean(y == decide(evidence.log_probability, offset)) for offset in offsets]
    np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize("scoring", REFERENCES)
@pytest.mark.parametrize("c", range(4))
def test_the_score_runs_along_the_moves_of_one_class(scoring, c):
    y, probability = made(80, 4, seed=5)
    evidence = evidence_of(y, probability.round(2), weights_of("some", 80, 4))
    score = resolved(scoring, evidence)
    offset = np.array([0.1, -0.3, 0.4, 0.2])
    places, scores = _along_class(
        Standing(evidence.log_probability, offset, np.arange(len(evidence.true))), c, evidence, score
    )
    assert len(places) > 10
    for place, value in zip(places, scores, strict=True):
        offset[c] = place
        assert value == pytest.approx(score.of(decide(evidence.log_probability, offset), evidence), abs=1e-9)
