"""The strategies where samples have several labels: for each label alone, or for all of them at once."""

from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.utils import get_tags

from skcb._classes.indicators import as_indicator, count_indicator
from skcb._classes.row_weights import mean_over_labels
from skcb._decisions.evidence import floored_log
from skcb._decisions.paths import decide
from skcb._pipelines import fit_clone, last_step
from skcb._upstream import rows_of
from skcb._wrappers import estimator_has
from skcb.balancing import class_weight, label_sides
from skcb.comparison.multilabel_metrics import probabilities_of_labels
from skcb.comparison.pipelines import change_last_step, n_rows, with_seed
from skcb.comparison.strategies import (
    STRATEGIES,
    BetaOf,
    Build,
    NotApplicableError,
    Strategy,
    TrainingPart,
    balances_itself,
    plain,
    resolve_strategies,
    with_beta,
)
from skcb.comparison.stratification import folds_with_shares
from skcb.decisions import tune_decision

#: What :func:`compare_strategies` runs on samples with several labels unless told otherwise.
MULTILABEL_STRATEGIES = (
    "none",
    "balanced",
    "class-balanced (beta=grid 1/4)",
    "class-balanced (beta=grid 1/2)",
    "class-balanced (beta=grid 3/4)",
    "tuned decisions",
)
_ONE_FOR_EACH_LABEL = (MultiOutputClassifier, ClassifierChain, OneVsRestClassifier)
_N_FOLDS = 5


def resolve_multilabel_strategies(strategies: Any, counts: NDArray[np.int64], prior: Any) -> list[Strategy]:
    """Return the strategies, in the order asked for, each for an estimator of all labels."""
    asked = MULTILABEL_STRATEGIES if strategies is None else strategies
    of_one_label = resolve_strategies(asked, counts, one_data_set=False)
    if prior is not None or any(strategy.build is STRATEGIES["prior"].build for strategy in of_one_label):
        raise ValueError(
            "a prior is of the classes of one label, and y has several labels per sample: leave out prior=, and "
            "the strategy of that name"
        )
    return [_for_labels(strategy) for strategy in of_one_label]


def _for_labels(strategy: Strategy) -> Strategy:
    return strategy._replace(build=partial(_build, strategy), needs=(), decide=None)


def _build(strategy: Strategy, estimator: Any, training: TrainingPart) -> Any:
    if strategy.family == "other":  # a classifier in the place of the estimator, or what a callable makes of it
        built = strategy.apply(estimator, training)
        return built if _takes_labels(built) else MultiOutputClassifier(built)
    if isinstance(last_step(estimator), _ONE_FOR_EACH_LABEL):
        return change_last_step(
            estimator,
            lambda last: _around(last, _of_each_label(strategy, training, last.estimator), strategy.family),
        )
    if not _takes_labels(estimator):
        return MultiOutputClassifier(_of_each_label(strategy, training, estimator))
    if strategy.beta_of is not None and balances_itself(estimator):  # by one beta for all labels
        return with_beta(estimator, strategy.beta_of(_least_even(training.counts)))
    if strategy.beta_of is not None:
        return RowWeightedClassifier(clone(estimator), strategy.beta_of)
    if strategy.build in _OF_ALL_LABELS:
        return _OF_ALL_LABELS[strategy.build](estimator, training)
    name = type(last_step(estimator)).__name__
    raise NotApplicableError(
        f"{name} is fitted on all labels at once, and this strategy is of one label: write "
        f"MultiOutputClassifier({name}(...))"
    )


def _least_even(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Samples without and with the label of which these differ most; not of one that is always or never there."""
    both = counts[counts.min(axis=1) > 0]
    return both[(both.max(axis=1) / both.min(axis=1)).argmax()]


def _takes_labels(estimator: Any) -> bool:
    """Whether an estimator is fitted on an indicator matrix as it is."""
    last = last_step(estimator)
    if isinstance(last, _ONE_FOR_EACH_LABEL):
        return True
    if isinstance(last, GridSearchCV | RandomizedSearchCV):
        return _takes_labels(last.estimator)
    tags = get_tags(last).classifier_tags
    return tags is not None and tags.multi_label


def _around(last: Any, each: "LabelClassifier", family: str) -> Any:
    """What stands around the estimators of the labels, with others inside."""
    if (
        isinstance(last, OneVsRestClassifier) and family == "decisions"
    ):  # it asks for scores, and decides by itself
        return MultiOutputClassifier(each, n_jobs=last.n_jobs)
    return last.set_params(estimator=each)


def _of_each_label(strategy: Strategy, training: TrainingPart, estimator: Any) -> "LabelClassifier":
    return LabelClassifier(clone(estimator), strategy.apply, seed=training.seed, tuned_for=training.tuned_for)


class _Around(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """What shows the answers of the fitted `estimator_`."""

    estimator_: Any

    @property
    def classes_(self) -> Any:
        return self.estimator_.classes_

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict by the fitted estimator."""
        return self.estimator_.predict(X)

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the fitted estimator."""
        return self.estimator_.predict_proba(X)


class ConstantLabel:
    """What is known of a label that all samples have (1), or none (0), in both columns, as a chain wants them."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.classes_ = np.array([0, 1])

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Predict the value."""
        return np.full(n_rows(X), self.value)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Be sure of the value."""
        return np.tile([1.0 - self.value, self.value], (n_rows(X), 1))


class LabelClassifier(_Around):
    """A classifier of one label, under a strategy that sees the counts of the `y` that `fit` receives.

    A label with one value alone is predicted to have it; where a strategy has nothing to offer for a label, the
    estimator is fitted as it is.
    """

    def __init__(self, estimator: Any, apply: Build, *, seed: int, tuned_for: Any) -> None:
        self.estimator = estimator
        self.apply = apply
        self.seed = seed
        self.tuned_for = tuned_for

    def fit(self, X: Any, y: Any) -> Self:
        """Apply the strategy to the counts of `y`, and fit what comes of it."""
        counts = np.unique(y, return_counts=True)[1]
        if len(counts) == 1:
            self.estimator_ = ConstantLabel(int(y[0]))
            return self
        try:
            built = self.apply(self.estimator, TrainingPart(counts, self.seed, self.tuned_for))
        except NotApplicableError:
            built = plain(self.estimator)
        self.estimator_ = with_seed(built, self.seed).fit(X, y)
        return self


class RowWeightedClassifier(_Around):
    """An estimator of all labels, fitted with one weight for each row: the mean over its labels."""

    def __init__(self, estimator: Any, beta_of: BetaOf) -> None:
        self.estimator = estimator
        self.beta_of = beta_of

    def fit(self, X: Any, Y: Any) -> Self:
        """Weight the rows, each label by the beta that its counts say, and fit."""
        indicator = as_indicator(Y)
        weight = [
            class_weight(sides, self.beta_of(sides[sides > 0]), normalize="samples")
            for sides in label_sides(count_indicator(indicator), None)
        ]
        self.estimator_ = fit_clone(self, X, Y, mean_over_labels(indicator, np.array(weight)), {})
        return self


class ThresholdsClassifier(_Around):
    """An estimator of all labels, with a threshold for each that is tuned on out-of-fold probabilities."""

    def __init__(self, estimator: Any, *, scoring: Any, seed: int) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.seed = seed

    def fit(self, X: Any, Y: Any) -> Self:
        """Tune the decision of each label on what clones say out of fold, and fit on everything.

        A label that fewer samples have, or have not, than two is decided as it is.
        """
        said = np.empty(Y.shape)
        for train, test in folds_with_shares(Y, min(_N_FOLDS, len(Y)), np.random.RandomState(self.seed)):
            model = clone(self.estimator).fit(rows_of(X, train), Y[train])
            said[test] = probabilities_of_labels(model, rows_of(X, test), Y.shape[1])
        self.decision_weight_ = np.ones((Y.shape[1], 2))
        for label, (y, p) in enumerate(zip(Y.T, said.T, strict=True)):
            if np.bincount(y, minlength=2).min() >= 2:
                self.decision_weight_[label] = tune_decision(
                    y, np.column_stack([1 - p, p]), self.scoring, random_state=self.seed
                )
        self.estimator_ = clone(self.estimator).fit(X, Y)
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Predict by the tuned decision of each label."""
        said = probabilities_of_labels(self.estimator_, X, len(self.decision_weight_))
        return np.column_stack(
            [
                decide(floored_log(np.column_stack([1 - p, p])), np.log(weight))
                for p, weight in zip(said.T, self.decision_weight_, strict=True)
            ]
        )


def _plain(estimator: Any, _: TrainingPart) -> Any:
    return plain(estimator)


def _with_thresholds(estimator: Any, training: TrainingPart) -> Any:
    return ThresholdsClassifier(plain(estimator), scoring=training.tuned_for, seed=training.seed)


# What a strategy is for an estimator that is fitted on all labels at once, by what it is for one label.
_OF_ALL_LABELS: dict[Build, Build] = {
    STRATEGIES["none"].build: _plain,
    STRATEGIES["tuned decisions"].build: _with_thresholds,
}
