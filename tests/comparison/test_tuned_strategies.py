"""The strategies that tune themselves are tuned for what is asked, and the prior's decide for it."""

import numpy as np
import pytest
from imblearn.metrics import geometric_mean_score
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from skcb import (
    ClassBalancedClassifierCV,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    compare_strategies,
)
from skcb.comparison.folds import as_data_sets

X, y = make_classification(400, n_classes=3, n_informative=4, weights=[0.75, 0.15], class_sep=0.6, random_state=0)
FOLDS = list(StratifiedKFold(3).split(X, y))
FOLDS_WITH_SEEDS = as_data_sets(X, y, FOLDS, None, 0)[0].folds
LR = LogisticRegression()


def compared(strategies, **more):
    return compare_strategies(LR, X, y, strategies=strategies, cv=FOLDS, random_state=0, **more)


def values(comparison, strategy, metric):
    frame = comparison.frame
    return frame.query("strategy == @strategy and metric == @metric").sort_values("fold")["value"].to_numpy()


@pytest.mark.parametrize("tuned_for", ["balanced_accuracy", "g_mean", "macro_f1", "cohen_kappa", "f1_weighted"])
def test_they_are_the_classifiers_by_hand(tuned_for):
    comparison = compared(
        ["none", "tuned decisions", "tuned beta", "class-balanced (beta=cv)"],
        tuned_for=tuned_for,
        scoring=["g_mean", "log_loss"],
    )
    assert comparison.failures.empty
    for strategy, kind in (
        ("tuned decisions", TunedDecisionClassifierCV),
        ("tuned beta", ClassBalancedClassifierCV),
    ):
        for (train, test, seed), got in zip(FOLDS_WITH_SEEDS, values(comparison, strategy, "g_mean"), strict=True):
            inner = StratifiedKFold(5, shuffle=True, random_state=seed)
            model = kind(LR, scoring=tuned_for, cv=inner, random_state=seed).fit(X[train], y[train])
            assert got == pytest.approx(geometric_mean_score(y[test], model.predict(X[test])))
    np.testing.assert_allclose(
        values(comparison, "tuned decisions", "log_loss"), values(comparison, "none", "log_loss")
    )


def test_the_prior_is_decided_for():
    prior = {0: 0.2, 1: 0.3, 2: 0.5}
    comparison = compared(["none", "prior"], prior=prior, scoring=["log_loss"])
    for fold, (train, test) in enumerate(FOLDS):
        model = LogitAdjustedClassifier(LR, prior=prior).fit(X[train], y[train])
        expected = log_loss(y[test], model.predict_proba(X[test]))
        assert values(comparison, "prior", "log_loss")[fold] == pytest.approx(expected)


def test_without_a_prior_there_is_none_to_decide_for():
    comparison = compared(["none", "prior"], scoring=["log_loss"])
    assert comparison.failures["reason"].str.contains(r"compare_strategies\(..., prior=...\)").all()
    assert "prior" not in compare_strategies(LR, X[:80], y[:80], cv=2, random_state=0).strategies


def test_a_score_of_probabilities_cannot_be_tuned_for():
    comparison = compared(["none", "tuned decisions"], tuned_for="roc_auc_ovr", scoring=["g_mean"])
    assert comparison.failures["reason"].str.contains("scores of decisions").all()
