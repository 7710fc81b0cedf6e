"""The metrics, beside slow formulas, scikit-learn and imbalanced-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.metrics import geometric_mean_score
from sklearn import metrics as reference
from sklearn.base import BaseEstimator, ClassifierMixin

from skcb import shot_accuracy
from skcb.comparison.metrics import METRICS, Outcome
from skcb.comparison.scoring import greater_is_better, resolve_scoring

NAMES = np.array(["common", "rare", "rarer"])


class Answers(ClassifierMixin, BaseEstimator):
    """A fitted estimator that has learned the answers by heart."""

    def __init__(self, predicted, probability=None, classes=NAMES):
        self.predicted, self.classes_ = predicted, classes
        if probability is not None:
            self.predict_proba = lambda _: probability

    def predict(self, X):
        return self.predicted


def draw(seed, size=60, n_classes=3):
    rng = np.random.default_rng(seed)
    names = NAMES[:n_classes]
    true = np.concatenate(
        [
            names,
            rng.choice(
                names,
                size - n_classes,
                p=np.array([[0.7, 0.3], [0.7, 0.2]][n_classes - 2] + [0.1] * (n_classes - 2)),
            ),
        ]
    )
    probability = rng.dirichlet(np.ones(n_classes), size)
    predicted = rng.choice(names, size)
    train = np.repeat(names, [150, 50, 5][:n_classes])
    return true, predicted, probability, train, names


def scores_of(true, predicted, probability, train, names):
    outcome = Outcome(Answers(predicted, probability, names), None, true, train, names)
    return {name: metric.score(outcome) for name, metric in METRICS.items()}


def calibration_error(true, probability, names):
    """The expected calibration error, by a loop over bins."""
    bins = [[] for _ in range(15)]
    for row, label in zip(probability.tolist(), true, strict=True):
        top = max(range(len(names)), key=row.__getitem__)
        place = next(k for k in range(15) if row[top] <= (k + 1) / 15)
        bins[place].append((row[top], names[top] == label))
    error = 0.0
    for members in filter(None, bins):
        confidence = sum(p for p, _ in members) / len(members)
        accuracy = sum(right for _, right in members) / len(members)
        error += len(members) / len(true) * abs(accuracy - confidence)
    return error


@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
def test_scores_equal_those_of_the_field(seed, n_classes):
    true, predicted, probability, train, names = draw(seed, n_classes=n_classes)
    got = scores_of(true, predicted, probability, train, names)
    one_hot = (true[:, None] == names).astype(int)
    expected = {
        "balanced_accuracy": reference.balanced_accuracy_score(true, predicted),
        "macro_f1": reference.f1_score(true, predicted, average="macro", zero_division=0),
        "g_mean": geometric_mean_score(true, predicted),
        "auprc": reference.average_precision_score(one_hot, probability, average="macro"),
        "auroc": reference.roc_auc_score(one_hot, probability, average="macro"),
        "log_loss": reference.log_loss(true, probability, labels=names),
        "brier": reference.brier_score_loss(true, probability, labels=names, scale_by_half=False),
    }
    expected |= zip(("many_shot", "medium_shot", "few_shot"), shot_accuracy(true, predicted, train), strict=True)
    expected["ece"] = calibration_error(true, probability, names)
    assert got.keys() == expected.keys()  # a metric without a reference fails here
    for name, value in got.items():
        assert value == pytest.approx(expected[name], abs=1e-12, nan_ok=True), name


@given(st.integers(0, 10_000))
def test_brier_score_equals_its_loop(seed):
    true, predicted, probability, train, names = draw(seed)
    squared = 0.0
    for row, label in zip(probability.tolist(), true, strict=True):
        squared += sum((p - (name == label)) ** 2 for p, name in zip(row, names, strict=True))
    got = scores_of(true, predicted, probability, train, names)
    assert got["brier"] == pytest.approx(squared / len(true), abs=1e-12)


def test_perfect_answers_score_best():
    true, _, _, train, names = draw(0)
    got = scores_of(true, true, (true[:, None] == names).astype(float), train, names)
    for name, value in got.items():
        assert value == pytest.approx(1 if greater_is_better(name) else 0, abs=1e-12), name


def test_a_class_that_training_lacked_gets_probability_zero():
    true, predicted, _, train, names = draw(1)
    two = np.tile([0.4, 0.6], (len(true), 1))
    outcome = Outcome(Answers(predicted, two, NAMES[[0, 2]]), None, true, train, names)
    np.testing.assert_array_equal(outcome.probability, np.tile([0.4, 0, 0.6], (len(true), 1)))
    assert math.isfinite(METRICS["log_loss"].score(outcome))


def test_what_has_no_probability_says_so():
    true, predicted, probability, train, names = draw(2)
    outcome = Outcome(Answers(predicted), None, true, train, names)
    with pytest.raises(AttributeError, match=r"no predict_proba; CalibratedClassifierCV\(\.\.\.\) gives it one"):
        METRICS["log_loss"].score(outcome)
    probability[3, 1] = np.nan
    with pytest.raises(ValueError, match="predict_proba returned NaN or infinity"):
        METRICS["brier"].score(Outcome(Answers(predicted, probability), None, true, train, names))
    alone = Outcome(Answers(np.array(["rare"]), probability[:1]), None, np.array(["rare"]), train, names)
    with pytest.raises(ValueError, match="the test part has one class alone"):
        METRICS["auroc"].score(alone)


def test_scoring_is_names_scorers_and_callables():
    assert list(resolve_scoring(None)) == list(METRICS)
    assert list(resolve_scoring("ece")) == ["ece"]
    assert list(resolve_scoring(["g_mean", "accuracy"])) == ["g_mean", "accuracy"]
    assert list(resolve_scoring({"mine": lambda *_: 1.0, "plain": "accuracy", "ece": "ece"})) == [
        "mine",
        "plain",
        "ece",
    ]

    def mean(estimator, X, y):
        return 0.5

    assert list(resolve_scoring(mean)) == ["mean"]


def test_unknown_and_wrong_metrics():
    with pytest.raises(ValueError, match=r"unknown metric 'gmean'; there are 'balanced_accuracy', .*neg_log_loss"):
        resolve_scoring(["gmean"])
    with pytest.raises(ValueError, match="'ece' is the name of a metric of skcb; give your scorer another"):
        resolve_scoring({"ece": lambda *_: 1.0})
    with pytest.raises(ValueError, match="the metric 'ece' keeps its name: it cannot be called 'calibration'"):
        resolve_scoring({"calibration": "ece"})
    with pytest.raises(ValueError, match="'fit_time' is the name of a metric"):
        resolve_scoring({"fit_time": "accuracy"})
    with pytest.raises(ValueError, match="scoring is empty"):
        resolve_scoring([])
    with pytest.raises(TypeError, match="scoring must be names, scorers or a dict of them, got int"):
        resolve_scoring(3)
    with pytest.raises(TypeError, match=r"the scoring 'mine' must be a name or a callable .*, got 3"):
        resolve_scoring({"mine": 3})
