"""``compare_strategies`` on samples with several labels: folds, scores and strategies as written by hand."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, label_ranking_loss, log_loss
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skcb import (
    ClassBalancedClassifier,
    LogitAdjustedClassifier,
    StrategyComparison,
    TunedDecisionClassifierCV,
    beta_grid,
    compare_strategies,
    compute_sample_weight,
    tune_decision,
)
from skcb.comparison import MULTILABEL_METRICS, MULTILABEL_STRATEGIES, STRATEGIES
from skcb.comparison.multilabel_metrics import LabelsOutcome
from skcb.comparison.stratification import folds_with_shares
from skcb.plotting import StrategyComparisonDisplay

X, Y = make_multilabel_classification(240, n_features=8, n_classes=4, n_labels=2, random_state=0)
Y[:, 3] &= np.arange(240) % 3 == 0  # a rare one
FOLDS = KFold(3)
GRID = "class-balanced (beta=grid 1/2)"


def linear():
    return LogisticRegression(max_iter=500)


def scored_by_hand(model, test):
    said = model.predict_proba(X[test])
    probability = said if isinstance(said, np.ndarray) else np.column_stack([of_label[:, 1] for of_label in said])
    predicted = model.predict(X[test])
    return {
        "macro_f1": f1_score(Y[test], predicted, average="macro", zero_division=np.nan),
        "micro_f1": f1_score(Y[test], predicted, average="micro"),
        "macro_average_precision": average_precision_score(Y[test], probability, average="macro"),
        "label_ranking_loss": label_ranking_loss(Y[test], probability),
        "log_loss": np.mean(
            [log_loss(y, p, labels=[0, 1]) for y, p in zip(Y[test].T, probability.T, strict=True)]
        ),
        "brier": np.mean((probability - Y[test]) ** 2),
    }


def assert_scores(comparison, name, models):
    for number, (model, (_, test)) in enumerate(zip(models, FOLDS.split(X), strict=True)):
        for metric, value in scored_by_hand(model, test).items():
            assert comparison.wide(metric).loc[("data", number), name] == pytest.approx(value, rel=1e-9), metric


def middle_beta(column):
    return beta_grid(np.bincount(column), num=5)[2]


def seeds_of_folds(random_state):
    largest = np.iinfo(np.int32).max
    rng = np.random.RandomState(np.random.RandomState(random_state).randint(largest))
    return [rng.randint(largest) for _ in range(FOLDS.n_splits)]


class ByHand:
    """One classifier for each label."""

    def __init__(self, models):
        self.models = models

    def predict(self, X):
        return np.column_stack([model.predict(X) for model in self.models])

    def predict_proba(self, X):
        return np.column_stack([model.predict_proba(X)[:, 1] for model in self.models])


def test_fold_scores_equal_a_loop_by_hand_label_by_label():
    ways = {
        "none": lambda *_: linear(),
        "balanced": lambda *_: linear().set_params(class_weight="balanced"),
        GRID: lambda y, _: ClassBalancedClassifier(linear(), beta=middle_beta(y)),
        "class-balanced (beta=0.99)": lambda *_: ClassBalancedClassifier(linear(), beta=0.99),
        "tuned decisions": lambda _, seed: TunedDecisionClassifierCV(
            linear(), scoring="f1", cv=StratifiedKFold(5, shuffle=True, random_state=seed), random_state=seed
        ),
        "logit adjustment": lambda *_: LogitAdjustedClassifier(linear()),
    }
    comparison = compare_strategies(linear(), X, Y, strategies=list(ways), cv=FOLDS, random_state=0)
    assert comparison.metrics == list(MULTILABEL_METRICS)
    for name, of_label in ways.items():
        models = [
            ByHand([of_label(column, seed).fit(X[train], column) for column in Y[train].T])
            for (train, _), seed in zip(FOLDS.split(X), seeds_of_folds(0), strict=True)
        ]
        if name == "balanced":  # to the tolerance of the solver
            got = comparison.wide("macro_f1")[name].to_numpy()
            expected = [scored_by_hand(m, t)["macro_f1"] for m, (_, t) in zip(models, FOLDS.split(X), strict=True)]
            np.testing.assert_allclose(got, expected, rtol=0.02)
        else:
            assert_scores(comparison, name, models)
    # A decision moves, a belief does not.
    for metric in ("label_ranking_loss", "brier"):
        wide = comparison.wide(metric)
        np.testing.assert_allclose(wide["tuned decisions"], wide["none"])
    assert comparison.failures.empty


@pytest.mark.parametrize("around", [ClassifierChain, OneVsRestClassifier, MultiOutputClassifier])
def test_what_stands_around_the_labels_stays(around):
    estimator = make_pipeline(StandardScaler(), around(linear()))
    comparison = compare_strategies(estimator, X, Y, strategies=["none", GRID], cv=FOLDS, random_state=0)
    plain = [clone(estimator).fit(X[train], Y[train]) for train, _ in FOLDS.split(X)]
    assert_scores(comparison, "none", plain)
    assert comparison.failures.empty


@pytest.mark.parametrize("name", ["tuned decisions", pytest.param("threshold", marks=pytest.mark.slow)])
def test_decisions_are_not_lost_in_one_against_the_rest(name):
    # It cuts the probabilities at one half by itself, whatever its parts would decide.
    part, (one_fold, *_) = Y[:, 2:], FOLDS.split(X)
    one, other = (
        compare_strategies(
            around(linear()), X, part, strategies=["none", name], cv=[one_fold], random_state=0
        ).wide("macro_f1")
        for around in (OneVsRestClassifier, MultiOutputClassifier)
    )
    np.testing.assert_array_equal(one[name], other[name])
    assert (one[name] != one["none"]).any()


def test_a_chain_weights_each_label_by_its_own_counts():
    class WithGridBeta(ClassBalancedClassifier):
        def fit(self, X, y):
            self.beta = middle_beta(y)
            return super().fit(X, y)

    comparison = compare_strategies(ClassifierChain(linear()), X, Y, strategies=[GRID], cv=FOLDS, random_state=0)
    by_hand = [ClassifierChain(WithGridBeta(linear())).fit(X[train], Y[train]) for train, _ in FOLDS.split(X)]
    assert_scores(comparison, GRID, by_hand)


class RecordingForest(RandomForestClassifier):
    """A forest that keeps the weights that it is given: with others, rounded otherwise, it may split otherwise."""

    given: ClassVar[list] = []

    def fit(self, X, y, sample_weight=None):
        self.given.append(sample_weight)
        return super().fit(X, y, sample_weight)


def test_an_estimator_of_all_labels_gets_a_weight_for_each_row():
    forest = RecordingForest(10, max_depth=4, random_state=0)

    def weight(name, train):
        if name == "balanced":
            return compute_sample_weight(Y[train], beta=1, multilabel="mean")
        columns = Y[train].T
        return np.mean([compute_sample_weight(y, beta=middle_beta(y)) for y in columns], axis=0)

    for name in ("none", "balanced", GRID):
        RecordingForest.given.clear()
        comparison = compare_strategies(forest, X, Y, strategies=[name], cv=FOLDS, random_state=0)
        models, recorded = [], list(RecordingForest.given)
        for (train, _), given in zip(FOLDS.split(X), recorded, strict=True):
            if name == "none":
                assert given is None
            else:
                np.testing.assert_allclose(given, weight(name, train), rtol=1e-12)
            models.append(clone(forest).fit(X[train], Y[train], given))
        assert_scores(comparison, name, models)


def test_an_estimator_of_all_labels_gets_a_threshold_for_each():
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    comparison = compare_strategies(tree, X, Y, strategies=["none", "tuned decisions"], cv=FOLDS, random_state=7)
    for number, ((train, test), seed) in enumerate(zip(FOLDS.split(X), seeds_of_folds(7), strict=True)):
        said = np.empty(Y[train].shape)
        for inner, outer in folds_with_shares(Y[train].astype(np.int8), 5, np.random.RandomState(seed)):
            fitted = clone(tree).fit(X[train][inner], Y[train][inner])
            said[outer] = np.column_stack([p[:, 1] for p in fitted.predict_proba(X[train][outer])])
        final = clone(tree).fit(X[train], Y[train]).predict_proba(X[test])
        predicted = []
        for j, p in enumerate(said.T):
            v = tune_decision(Y[train, j], np.column_stack([1 - p, p]), "f1", random_state=seed)
            predicted.append((np.maximum(final[j], 1e-4) * v).argmax(axis=1))
        expected = f1_score(Y[test], np.column_stack(predicted), average="macro")
        assert comparison.wide("macro_f1").loc[("data", number), "tuned decisions"] == pytest.approx(expected)
    for metric in ("label_ranking_loss", "log_loss"):
        np.testing.assert_allclose(comparison.wide(metric)["tuned decisions"], comparison.wide(metric)["none"])


def test_what_an_estimator_of_all_labels_has_no_use_for_says_why():
    comparison = compare_strategies(
        KNeighborsClassifier(),
        X,
        Y,
        strategies=["none", "balanced", "SMOTE", "tuned decisions"],
        cv=2,
        scoring="macro_f1",
        random_state=0,
    )
    reasons = comparison.failures.set_index("strategy")["reason"]
    assert "whose fit takes no sample_weight" in reasons["balanced"]
    assert "write MultiOutputClassifier(KNeighborsClassifier(...))" in reasons["SMOTE"]
    assert comparison.wide("macro_f1")[["none", "tuned decisions"]].notna().all(axis=None)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::skcb.InertBetaWarning")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "threshold" else [])
        for name in STRATEGIES
        if name != "prior"
    ],
)
def test_every_strategy_of_one_label_runs(name):
    comparison = compare_strategies(
        linear(), X, Y[:, [0, 3]], strategies={"mine": name}, cv=2, scoring=["macro_f1"], random_state=0
    )
    assert comparison.wide("macro_f1")["mine"].notna().all()
    assert comparison.families == {"mine": STRATEGIES[name].family}
    rows = comparison.wide("n_resampled")["mine"]
    assert rows.isna().all() if STRATEGIES[name].family == "resampling" else (rows == 120).all()


def test_strategies_of_ones_own():
    given = {
        "chain": ClassifierChain(linear()),
        "one tree a label": DecisionTreeClassifier(random_state=0),
        "each": linear(),
        "stronger": lambda estimator: estimator.set_params(C=100),
        "search": GridSearchCV(MultiOutputClassifier(linear()), {"estimator__C": [0.1, 1]}, cv=2),
    }
    comparison = compare_strategies(
        linear(), X, Y, strategies=given, cv=FOLDS, scoring=["macro_f1"], random_state=0
    )
    assert set(comparison.families.values()) == {"other"}
    assert comparison.failures.empty
    of = comparison.wide("macro_f1")
    for number, (train, test) in enumerate(FOLDS.split(X)):
        for name in ("chain", "one tree a label"):
            predicted = clone(given[name]).fit(X[train], Y[train]).predict(X[test])
            assert of.loc[("data", number), name] == pytest.approx(f1_score(Y[test], predicted, average="macro"))
        stronger = MultiOutputClassifier(linear().set_params(C=100)).fit(X[train], Y[train]).predict(X[test])
        assert of.loc[("data", number), "stronger"] == pytest.approx(f1_score(Y[test], stronger, average="macro"))


def test_a_strategy_with_nothing_to_offer_for_a_label_leaves_it_as_it_is():
    rare = np.column_stack([Y[:, :2], np.arange(len(Y)) == 7])
    comparison = compare_strategies(
        linear(),
        X,
        rare,
        strategies=MULTILABEL_STRATEGIES,
        cv=FOLDS,
        scoring=["macro_f1", "brier"],
        random_state=0,
    )
    assert comparison.failures.empty
    assert comparison.wide("brier").notna().all(axis=None)


def test_labels_with_one_value_in_a_part():
    train, test = np.arange(120), np.arange(120, 240)
    only_in_test, always, never = np.arange(240) >= 200, np.ones(240), np.zeros(240)
    rare = np.column_stack([Y[:, 0], only_in_test, always, never])
    for estimator in (linear(), ClassifierChain(linear()), DecisionTreeClassifier(max_depth=3)):
        comparison = compare_strategies(estimator, X, rare, cv=[(train, test)], random_state=0)
        assert comparison.failures.empty
        f1 = comparison.wide("macro_f1").iloc[0]["none"]
        of_first = f1_score(Y[test, 0], clone(linear()).fit(X[train], Y[train, 0]).predict(X[test]))
        if isinstance(estimator, LogisticRegression):  # the label that is never there, nor predicted, is left out
            assert f1 == pytest.approx((of_first + 0 + 1) / 3)


def test_the_result_sums_up_tests_and_draws():
    comparison = compare_strategies(
        linear(), {"a": (X, Y), "b": (X[::-1], Y[::-1, ::-1])}, strategies=["none", "balanced"], random_state=0
    )
    assert comparison.datasets == ["a", "b"]
    comparison = StrategyComparison(comparison.frame.query("dataset == 'a'"))
    summary = comparison.summary(["label_ranking_loss", "macro_f1"], full=True)
    best = summary["label_ranking_loss", "mean"].idxmin()
    assert summary["label_ranking_loss", "rank"].idxmin() == best
    significance = comparison.significance("macro_average_precision")
    assert significance.title == "macro average precision"
    assert len(significance.pairs) == 1
    display = comparison.plot(metric="label_ranking_loss")
    assert isinstance(display, StrategyComparisonDisplay)
    assert display.ax_.get_xlabel().startswith("label-ranking loss")
    drawn = comparison.plot("calibration", calibration="brier")
    assert "Brier" in drawn.ax_.get_xlabel()
    assert "macro_f1" in comparison.to_markdown()


def test_the_numbers_depend_on_the_seed_alone():
    runs = [
        compare_strategies(
            RandomForestClassifier(5), X, Y, strategies=["none", "tuned decisions"], cv=2, random_state=seed
        ).wide("macro_f1")
        for seed in (0, 0, 1)
    ]
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])


def test_scikit_learns_scorers_and_tuned_for():
    comparison = compare_strategies(
        linear(),
        X,
        Y,
        strategies=["none", "tuned decisions"],
        cv=FOLDS,
        scoring=["f1_macro", "macro_f1", "average_precision", "recall_macro"],
        tuned_for="recall",
        random_state=0,
    )
    np.testing.assert_allclose(comparison.wide("macro_f1"), comparison.wide("f1_macro"))
    assert (comparison.wide("recall_macro")["tuned decisions"] > 0.9).all()


# --- folds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_every_fold_has_its_share_of_every_label(seed):
    rng = np.random.default_rng(seed)
    tail = (rng.random((400, 15)) < 0.4 / (1 + np.arange(15)) ** 1.2).astype(np.int8)
    folds = folds_with_shares(tail, 5, np.random.RandomState(seed))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(400))
    assert all(np.array_equal(np.setdiff1d(np.arange(400), test), train) for train, test in folds)
    assert {len(test) for _, test in folds} == {80}
    shares = np.array([tail[test].sum(axis=0) for _, test in folds])
    chance = np.array(
        [tail[test].sum(axis=0) for _, test in KFold(5, shuffle=True, random_state=seed).split(tail)]
    )
    wanted = tail.sum(axis=0) / 5
    assert np.abs(shares - wanted).mean() < 0.5
    assert np.abs(shares - wanted).mean() < np.abs(chance - wanted).mean() / 3
    assert (shares[:, tail.sum(axis=0) >= 10] > 0).all()


def test_one_label_is_stratified_exactly():
    column = (np.arange(103) % 10 == 0).astype(np.int8)[:, None]
    folds = folds_with_shares(column, 5, np.random.RandomState(0))
    assert sorted(column[test].sum() for _, test in folds) == [2, 2, 2, 2, 3]
    assert sorted(len(test) for _, test in folds) == [20, 20, 21, 21, 21]


# --- metrics -----------------------------------------------------------------------------------------------------


class Answers:
    classes_ = [np.array([0, 1]), np.array([0]), np.array([1])]  # noqa: RUF012

    def predict(self, X):
        return np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1]])

    def predict_proba(self, X):
        return [np.array([[0.2, 0.8], [0.6, 0.4], [0.9, 0.1]]), np.ones((3, 1)), np.ones((3, 1))]


def test_metrics_leave_out_what_they_cannot_say_of():
    true = np.array([[1, 0, 1], [1, 0, 1], [0, 0, 0]])
    outcome = LabelsOutcome(Answers(), None, true)
    np.testing.assert_array_equal(outcome.probability, [[0.8, 0, 1], [0.4, 0, 1], [0.1, 0, 1]])
    scores = {name: metric.score(outcome) for name, metric in MULTILABEL_METRICS.items()}
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)  # the second label is not there, nor predicted
    assert scores["micro_f1"] == pytest.approx(f1_score(true, Answers().predict(None), average="micro"))
    assert scores["macro_average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert scores["brier"] == pytest.approx((0.04 + 0.36 + 0.01 + 1) / 9)
    nothing = LabelsOutcome(Answers(), None, np.ones((3, 3)))
    with pytest.raises(ValueError, match="no label takes both values"):
        MULTILABEL_METRICS["macro_average_precision"].score(nothing)


def test_answers_of_a_wrong_form_are_refused():
    class Wrong(Answers):
        def predict_proba(self, X):
            return np.full((3, 2), np.nan)

    with pytest.raises(ValueError, match=r"shape \(3, 3\), and y has shape \(3, 2\)"):
        LabelsOutcome(Answers(), None, np.ones((3, 2)))
    with pytest.raises(ValueError, match="a column for each of 3 labels"):
        _ = LabelsOutcome(Wrong(), None, np.ones((3, 3))).probability
    Wrong.predict_proba = lambda self, X: np.full((3, 3), np.nan)
    with pytest.raises(ValueError, match="NaN or infinity"):
        _ = LabelsOutcome(Wrong(), None, np.ones((3, 3))).probability


def test_an_estimator_without_probabilities_has_decisions_alone():
    comparison = compare_strategies(LinearSVC(), X, Y, strategies=["none", "balanced"], cv=2, random_state=0)
    assert comparison.wide("macro_f1").notna().all(axis=None)
    assert comparison.wide("brier").isna().all(axis=None)
    assert "no predict_proba" in comparison.failures["reason"].iloc[0]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_perceptron_of_all_labels():
    comparison = compare_strategies(
        MLPClassifier(5, max_iter=20),
        X,
        Y,
        strategies=["none", "balanced", "tuned decisions"],
        cv=2,
        random_state=0,
    )
    assert comparison.failures.empty


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "options", "said"),
    [
        (2 * Y, {}, "data set 'data': y holds 2 in row 0"),
        (np.zeros_like(Y), {}, "no 1 in 240 rows"),
        (np.where(Y, np.nan, 0), {}, "y is NaN in"),
        (Y[:-1], {}, "inconsistent numbers of samples"),
        ([["a"], ["b", "c"]], {}, "MultiLabelBinarizer"),
        (Y, {"cv": 1}, "cv must be at least 2"),
        (Y, {"cv": 241}, "cv=241 folds are more than there are samples, 240"),
        (Y, {"cv": [([0, 0, 0], [1, 2])]}, "in the training part of fold 0 every label has one value alone"),
        (Y, {"prior": [0.5, 0.5]}, "a prior is of the classes of one label"),
        (Y, {"strategies": ["prior"]}, "a prior is of the classes of one label"),
        (Y, {"strategies": ["smot"]}, "did you mean 'SMOTE'"),
        (Y, {"scoring": ["balanced_accuracy"]}, "'balanced_accuracy' is no metric of samples with several labels"),
        (Y, {"scoring": {"ece": DummyClassifier().score}}, "'ece' is the name of a metric"),
        (
            Y[:, 0],
            {"scoring": ["label_ranking_loss"]},
            "'label_ranking_loss' is no metric of samples with one label",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(y, options, said):
    with pytest.raises(ValueError, match=said):
        compare_strategies(linear(), X, y, **options)


def test_data_sets_of_both_kinds_are_two_comparisons():
    with pytest.raises(ValueError, match="data set 'b' has several labels per sample and 'a' has one"):
        compare_strategies(linear(), {"a": (X, Y[:, 0]), "b": (X, Y)})
