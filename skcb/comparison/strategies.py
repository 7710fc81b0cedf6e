"""The strategies by name: what each does to an estimator before it is fitted."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from imblearn import combine, over_sampling, under_sampling
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TunedThresholdClassifierCV

from skcb._classes.vector import Rule, inverse_square_root
from skcb._pipelines import last_step, last_step_parameter
from skcb._upstream import HasMethods
from skcb._wrappers import WeightedClassifier, estimator_has
from skcb.balancing import beta_grid
from skcb.classification import ClassBalancedClassifier, ClassBalancedClassifierCV
from skcb.comparison.pipelines import (
    change_last_step,
    put_sampler_before_last_step,
    resamples,
)
from skcb.comparison.scoring import as_scorer
from skcb.decisions import LogitAdjustedClassifier, TunedDecisionClassifierCV
from skcb.sampling import EffectiveNumberStrategy


class TrainingPart(NamedTuple):
    """What a strategy may know: the counts of the training part of a fold, its seed, and what is wanted.

    `counts` has shape (n_classes,); where samples have several labels, (n_labels, 2): without and with each label.
    """

    counts: NDArray[np.int64]
    seed: int
    tuned_for: Any = "balanced_accuracy"
    prior: Any = None


class NotApplicableError(ValueError):
    """A strategy has nothing to offer for this estimator or these classes."""


Build = Callable[[Any, TrainingPart], Any]
Need = Callable[[TrainingPart], None]
Decide = Callable[[Any, Any, Any, Any, TrainingPart], Any]
BetaOf = Callable[[NDArray[Any]], float]


class Strategy(NamedTuple):
    """What is done to an estimator before it is fitted on the training part of a fold.

    Parameters
    ----------
    name : str
        A label: nothing is read out of it.
    family : {"none", "weights", "resampling", "decisions", "other"}
        As which pictures show it.
    build : callable
        ``build(estimator, training)`` returns what is to be fitted, and leaves the estimator as it is.
    needs : tuple of callables, default=()
        Each is given the training part, and raises `NotApplicableError` where there is nothing to offer.
    decide : callable, default=None
        For a strategy that fits the estimator as it is, and decides by that: ``decide(fitted, plain, X, y,
        training)`` returns the same fitted model as `build` and a fit would, from an estimator that was fitted
        once for all such strategies. `plain` is the same one before its fit.
    beta_of : callable, default=None
        For a strategy that is class-balanced weights, and nothing else: the beta, from the counts of the classes.
    """

    name: str
    family: str
    build: Build
    needs: tuple[Need, ...] = ()
    decide: Decide | None = None
    beta_of: BetaOf | None = None

    def check(self, training: TrainingPart) -> None:
        """Raise where the training part lacks what is needed."""
        for need in self.needs:
            need(training)

    def apply(self, estimator: Any, training: TrainingPart) -> Any:
        """Return what is to be fitted, once the training part has what is needed."""
        self.check(training)
        return self.build(estimator, training)

    def shares_plain_fit(self, estimator: Any) -> bool:
        """Whether it decides by a plain fit that other strategies can use as well."""
        # A net is trained with its shift, and behind a sampler there are other counts.
        trains = self.build is _with_logit_adjustment and _is_net(estimator)
        return self.decide is not None and not trains and not resamples(estimator)


class InverseSquareRootClassifier(WeightedClassifier):
    r"""Fit a classifier with sample weights :math:`w_i \propto n_{y_i}^{-1/2}`, half way to inverse frequency."""

    _parameter_constraints = {"estimator": [HasMethods(["fit", "predict"])]}  # noqa: RUF012 - as scikit-learn has it

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def _rule(self) -> Rule:
        return inverse_square_root

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class: the weighted estimator's."""
        return self.estimator_.predict_proba(X)


def balances_itself(estimator: Any) -> bool:
    """Whether the last step weights by a beta of its own, which is to be set, and not wrapped in another."""
    return isinstance(last_step(estimator), ClassBalancedClassifier) or _is_net(estimator)


def _is_net(estimator: Any) -> bool:
    # Whoever has a class-balanced net has imported its module; to ask so costs no import of torch.
    net = sys.modules.get("skcb.net")
    return net is not None and isinstance(last_step(estimator), net.CBNeuralNetClassifier)


def plain(estimator: Any) -> Any:
    """The estimator without weights; its own are turned off."""
    if isinstance(last_step(estimator), ClassBalancedClassifier):
        return change_last_step(estimator, lambda last: last.estimator)
    return with_beta(estimator, 0.0) if balances_itself(estimator) else clone(estimator)


def with_beta(estimator: Any, beta: float) -> Any:
    """The estimator weighted by a beta; its own is set."""
    if balances_itself(estimator):
        return clone(estimator).set_params(**{last_step_parameter(estimator, "beta"): beta})
    return change_last_step(estimator, lambda last: ClassBalancedClassifier(last, beta=beta))


def _without_weights(estimator: Any, _: TrainingPart) -> Any:
    return plain(estimator)


def _with_beta_of(beta_of: BetaOf, estimator: Any, training: TrainingPart) -> Any:
    return with_beta(estimator, beta_of(training.counts))


def _with_square_root(estimator: Any, _: TrainingPart) -> Any:
    return change_last_step(plain(estimator), InverseSquareRootClassifier)


def _same_beta(beta: float, _: NDArray[Any]) -> float:
    return beta


def _grid_beta(quarter: int, counts: NDArray[Any]) -> float:
    grid = beta_grid(counts, num=5)
    return float(grid[min(quarter, len(grid) - 1)])


def _with_searched_beta(estimator: Any, training: TrainingPart) -> Any:
    weighted = with_beta(estimator, 0.0)
    beta = last_step_parameter(weighted, "beta")
    return GridSearchCV(
        weighted,
        {beta: beta_grid(training.counts, num=5).tolist()},
        scoring=as_scorer(training.tuned_for),
        cv=_inner_folds(training, 3),
        error_score="raise",
    )


def _with_sampler(sampler: Any, estimator: Any, _: TrainingPart) -> Any:
    return put_sampler_before_last_step(plain(estimator), sampler)


def _with_effective_number_sampler(estimator: Any, training: TrainingPart) -> Any:
    grid = beta_grid(training.counts, num=5)
    strategy = EffectiveNumberStrategy(beta=float(grid[len(grid) // 2]))
    return put_sampler_before_last_step(
        plain(estimator), over_sampling.RandomOverSampler(sampling_strategy=strategy)
    )


def _with_logit_adjustment(estimator: Any, _: TrainingPart) -> Any:
    if _is_net(estimator):
        loss = last_step_parameter(estimator, "loss")
        return with_beta(estimator, 0.0).set_params(**{loss: "logit_adjusted"})
    return change_last_step(plain(estimator), LogitAdjustedClassifier)


def _with_threshold(estimator: Any, training: TrainingPart) -> Any:
    scorer = as_scorer(training.tuned_for)
    return TunedThresholdClassifierCV(plain(estimator), scoring=scorer, cv=_inner_folds(training, 5))


def _with_tuned_decision(estimator: Any, training: TrainingPart) -> Any:
    return TunedDecisionClassifierCV(
        plain(estimator),
        scoring=training.tuned_for,
        cv=_inner_folds(training, 5),
        random_state=training.seed,
    )


def _with_tuned_beta(estimator: Any, training: TrainingPart) -> Any:
    return ClassBalancedClassifierCV(
        plain(estimator),
        scoring=training.tuned_for,
        cv=_inner_folds(training, 5),
        random_state=training.seed,
    )


def _by_plain(fitted: Any, *_: Any) -> Any:
    return fitted


def _by_logit_adjustment(fitted: Any, _: Any, X: Any, y: Any, _training: TrainingPart) -> Any:
    return LogitAdjustedClassifier(FrozenEstimator(fitted)).fit(X, y)


def _by_prior(fitted: Any, _: Any, X: Any, y: Any, training: TrainingPart) -> Any:
    return LogitAdjustedClassifier(FrozenEstimator(fitted), prior=training.prior).fit(X, y)


def _by_tuned_decision(fitted: Any, plain: Any, X: Any, y: Any, training: TrainingPart) -> Any:
    tuned = _with_tuned_decision(plain, training).set_params(refit=False).fit(X, y)
    tuned.estimator_ = fitted  # in place of the models of the folds
    return tuned


def _with_prior(estimator: Any, training: TrainingPart) -> Any:
    return change_last_step(plain(estimator), partial(LogitAdjustedClassifier, prior=training.prior))


def _inner_folds(training: TrainingPart, most: int) -> StratifiedKFold:
    return StratifiedKFold(min(most, int(training.counts.min())), shuffle=True, random_state=training.seed)


def _imbalance(training: TrainingPart) -> None:
    if len(beta_grid(training.counts, num=5)) == 1:
        raise NotApplicableError("the classes are balanced, so that every beta does the same")


def _two_classes(training: TrainingPart) -> None:
    if len(training.counts) != 2:
        raise NotApplicableError(
            f"one threshold decides between two classes, and here are {len(training.counts)}; "
            "'tuned decisions' and 'logit adjustment' move the decisions of several"
        )


def _a_prior(training: TrainingPart) -> None:
    if training.prior is None:
        raise NotApplicableError("there is no prior to decide for: compare_strategies(..., prior=...) takes it")


def _two_samples_of_each(training: TrainingPart) -> None:
    if training.counts.min() < 2:
        raise NotApplicableError(
            "a class has 1 sample in the training part of the fold, too few for an inner cross-validation"
        )


def _weights(name: str, beta_of: BetaOf, *needs: Need) -> Strategy:
    return Strategy(name, "weights", partial(_with_beta_of, beta_of), needs, beta_of=beta_of)


def _beta(beta: float, name: str) -> Strategy:
    return _weights(name, partial(_same_beta, beta))


def _sampler(sampler: Any, name: str | None = None) -> Strategy:
    return Strategy(name or type(sampler).__name__, "resampling", partial(_with_sampler, sampler))


# The betas of the grid by their place in it. On one data set they are taken, and named, by value.
_GRID = tuple(
    _weights(f"class-balanced (beta=grid {place})", partial(_grid_beta, quarter), _imbalance)
    for quarter, place in ((1, "1/4"), (2, "1/2"), (3, "3/4"))
)

#: What :func:`compare_strategies` runs unless told otherwise; every name can be asked for, in any order.
STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("none", "none", _without_weights, decide=_by_plain),
        _beta(1.0, "balanced"),
        Strategy("sqrt", "weights", _with_square_root),
        *_GRID,
        Strategy("class-balanced (beta=cv)", "weights", _with_searched_beta, (_imbalance, _two_samples_of_each)),
        _sampler(over_sampling.RandomOverSampler()),
        _sampler(over_sampling.SMOTE()),
        _sampler(over_sampling.ADASYN()),
        _sampler(over_sampling.BorderlineSMOTE()),
        _sampler(under_sampling.RandomUnderSampler()),
        _sampler(under_sampling.NearMiss()),
        _sampler(under_sampling.TomekLinks()),
        _sampler(combine.SMOTEENN()),
        Strategy("effective-number over-sampling", "resampling", _with_effective_number_sampler, (_imbalance,)),
        Strategy("logit adjustment", "decisions", _with_logit_adjustment, decide=_by_logit_adjustment),
        Strategy("threshold", "decisions", _with_threshold, (_two_classes, _two_samples_of_each)),
        Strategy(
            "tuned decisions", "decisions", _with_tuned_decision, (_two_samples_of_each,), _by_tuned_decision
        ),
        Strategy("tuned beta", "weights", _with_tuned_beta, (_imbalance, _two_samples_of_each)),
        Strategy("prior", "decisions", _with_prior, (_a_prior,), _by_prior),
    )
}

_ASKED_BY_VALUE = re.compile(r"class-balanced \(beta=(?P<beta>[0-9.eE+-]+)\)")


def family_of(name: str) -> str:
    """Family of the strategy that is asked for by a name, other if there is none: for frames without families."""
    try:
        return _by_name(name).family
    except ValueError:
        return "other"


def resolve_strategies(
    strategies: Any, counts: NDArray[np.int64], *, one_data_set: bool, prior: Any = None
) -> list[Strategy]:
    """Return the strategies, in the order asked for, under the names that they were given.

    By default the grid's betas are named by their values where there is one data set; over several they differ
    from one to the next, so that there they are named by their place in the grid.
    """
    if strategies is None:
        default = _by_value(counts) if one_data_set else list(STRATEGIES.values())
        return [strategy for strategy in default if prior is not None or strategy.name != "prior"]
    if isinstance(strategies, str):
        strategies = [strategies]
    if not isinstance(strategies, Mapping):
        if not isinstance(strategies, Iterable):
            raise TypeError(
                f"strategies must be names or a dict from name to strategy, got {type(strategies).__name__}"
            )
        strategies = {name: name for name in strategies}
    if not strategies:
        raise ValueError("strategies is empty; None runs the default set")
    return [_as_strategy(name, given) for name, given in strategies.items()]


def _by_value(counts: NDArray[np.int64]) -> list[Strategy]:
    """Return the default set with the grid's betas in the place of its places."""
    shown = [_short(beta) for beta in beta_grid(counts, num=5)[1:-1]]
    grid = [_beta(float(beta), f"class-balanced (beta={beta})") for beta in shown]
    before, *_, after = (position for position, s in enumerate(STRATEGIES.values()) if s in _GRID)
    default = list(STRATEGIES.values())
    return [*default[:before], *grid, *default[after + 1 :]]


def _short(beta: float) -> str:
    """The beta with two digits of how far it is from one, so that what is read is what is run."""
    digits = max(2, int(np.ceil(-np.log10(1 - beta))) + 1) if beta < 1 else 2
    return f"{beta:.{digits}f}"


def _as_strategy(name: Any, given: Any) -> Strategy:
    if isinstance(given, str):
        given = _by_name(given)
    if isinstance(given, Strategy):
        return given._replace(name=name)
    if not isinstance(given, type):
        if hasattr(given, "fit_resample"):
            return _sampler(given, name)
        if hasattr(given, "fit") and hasattr(given, "predict"):
            return Strategy(name, "other", partial(_in_place, given))
    if callable(given):
        return Strategy(name, "other", partial(_called, given))
    raise TypeError(
        f"strategy {name!r} must be a name, a sampler, a classifier, or a callable from estimator to estimator, "
        f"got {given!r}"
    )


def _by_name(name: str) -> Strategy:
    if name in STRATEGIES:
        return STRATEGIES[name]
    asked = _ASKED_BY_VALUE.fullmatch(name)
    try:
        beta = float(asked["beta"]) if asked else -1
    except ValueError:
        beta = -1
    if 0 <= beta <= 1:
        return _beta(beta, name)
    folded = {known.casefold(): known for known in STRATEGIES}
    close = get_close_matches(name.casefold(), folded, n=1)
    hint = f" (did you mean {folded[close[0]]!r}?)" if close else ""
    raise ValueError(
        f"unknown strategy {name!r}{hint}; there are {', '.join(map(repr, STRATEGIES))}, "
        "and 'class-balanced (beta=B)' for any B in [0, 1]"
    )


def _in_place(given: Any, _estimator: Any, _: TrainingPart) -> Any:
    return clone(given)


def _called(change: Callable[[Any], Any], estimator: Any, _: TrainingPart) -> Any:
    changed = change(clone(estimator))
    if not (hasattr(changed, "fit") and hasattr(changed, "predict")):
        raise TypeError(f"the strategy returned {type(changed).__name__}, which has no fit and predict")
    return changed
