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
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TunedThresholdClassifierCV

from skcb._classes.vector import Rule, inverse_square_root
from skcb._pipelines import last_step, last_step_parameter
from skcb._upstream import HasMethods
from skcb._wrappers import WeightedClassifier, estimator_has
from skcb.balancing import beta_grid
from skcb.classification import ClassBalancedClassifier
from skcb.comparison.pipelines import (
    change_last_step,
    put_sampler_before_last_step,
)
from skcb.decisions import LogitAdjustedClassifier
from skcb.sampling import EffectiveNumberStrategy


class TrainingPart(NamedTuple):
    """What a strategy may know: the counts of the training part of a fold, and the fold's seed."""

    counts: NDArray[np.int64]
    seed: int


class NotApplicableError(ValueError):
    """A strategy has nothing to offer for this estimator or these classes."""


Strategy = Callable[[Any, TrainingPart], Any]


class Entry(NamedTuple):
    """A strategy of the default set and the family that pictures show it in."""

    family: str
    build: Strategy


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


def _balances_itself(estimator: Any) -> bool:
    """Whether the last step weights by a beta of its own, which is to be set, and not wrapped in another."""
    last = last_step(estimator)
    # Whoever has a class-balanced net has imported its module; to ask so costs no import of torch.
    net = sys.modules.get("skcb.net")
    return isinstance(last, ClassBalancedClassifier) or (
        net is not None and isinstance(last, net.CBNeuralNetClassifier)
    )


def _plain(estimator: Any) -> Any:
    """The estimator without weights; its own are turned off."""
    if isinstance(last_step(estimator), ClassBalancedClassifier):
        return change_last_step(estimator, lambda last: last.estimator)
    return _weighted(estimator, 0.0) if _balances_itself(estimator) else clone(estimator)


def _weighted(estimator: Any, beta: float) -> Any:
    if _balances_itself(estimator):
        return clone(estimator).set_params(**{last_step_parameter(estimator, "beta"): beta})
    return change_last_step(estimator, lambda last: ClassBalancedClassifier(last, beta=beta))


def _without_weights(estimator: Any, _: TrainingPart) -> Any:
    return _plain(estimator)


def _with_beta(beta: float, estimator: Any, _: TrainingPart) -> Any:
    return _weighted(estimator, beta)


def _with_square_root(estimator: Any, _: TrainingPart) -> Any:
    return change_last_step(_plain(estimator), InverseSquareRootClassifier)


def _grid(training: TrainingPart) -> NDArray[np.float64]:
    grid = beta_grid(training.counts, num=5)
    if len(grid) == 1:
        raise NotApplicableError("the classes are balanced, so that every beta does the same")
    return grid


def _with_grid_beta(quarter: int, estimator: Any, training: TrainingPart) -> Any:
    grid = _grid(training)
    return _weighted(estimator, float(grid[min(quarter, len(grid) - 1)]))


def _with_searched_beta(estimator: Any, training: TrainingPart) -> Any:
    weighted = _weighted(estimator, 0.0)
    beta = last_step_parameter(weighted, "beta")
    return GridSearchCV(
        weighted,
        {beta: _grid(training).tolist()},
        scoring="balanced_accuracy",
        cv=_inner_folds(training, 3),
        error_score="raise",
    )


def _with_sampler(sampler: Any, estimator: Any, _: TrainingPart) -> Any:
    return put_sampler_before_last_step(_plain(estimator), sampler)


def _with_effective_number_sampler(estimator: Any, training: TrainingPart) -> Any:
    grid = _grid(training)
    strategy = EffectiveNumberStrategy(beta=float(grid[len(grid) // 2]))
    return put_sampler_before_last_step(
        _plain(estimator), over_sampling.RandomOverSampler(sampling_strategy=strategy)
    )


def _with_logit_adjustment(estimator: Any, _: TrainingPart) -> Any:
    if _balances_itself(estimator) and not isinstance(last_step(estimator), ClassBalancedClassifier):
        loss = last_step_parameter(estimator, "loss")
        return _weighted(estimator, 0.0).set_params(**{loss: "logit_adjusted"})
    return change_last_step(_plain(estimator), LogitAdjustedClassifier)


def _with_threshold(estimator: Any, training: TrainingPart) -> Any:
    if len(training.counts) != 2:
        raise NotApplicableError(
            f"one threshold decides between two classes, and here are {len(training.counts)}; "
            "'logit adjustment' moves the decisions of several"
        )
    return TunedThresholdClassifierCV(_plain(estimator), scoring="balanced_accuracy", cv=_inner_folds(training, 5))


def _inner_folds(training: TrainingPart, most: int) -> StratifiedKFold:
    folds = min(most, int(training.counts.min()))
    if folds < 2:
        raise NotApplicableError(
            "a class has 1 sample in the training part of the fold, too few for an inner cross-validation"
        )
    return StratifiedKFold(folds, shuffle=True, random_state=training.seed)


#: What :func:`compare_strategies` runs unless told otherwise; every name can be asked for, in any order.
STRATEGIES: dict[str, Entry] = {
    "none": Entry("none", _without_weights),
    "balanced": Entry("weights", partial(_with_beta, 1.0)),
    "sqrt": Entry("weights", _with_square_root),
    "class-balanced (beta=grid 1/4)": Entry("weights", partial(_with_grid_beta, 1)),
    "class-balanced (beta=grid 1/2)": Entry("weights", partial(_with_grid_beta, 2)),
    "class-balanced (beta=grid 3/4)": Entry("weights", partial(_with_grid_beta, 3)),
    "class-balanced (beta=cv)": Entry("weights", _with_searched_beta),
    "RandomOverSampler": Entry("resampling", partial(_with_sampler, over_sampling.RandomOverSampler())),
    "SMOTE": Entry("resampling", partial(_with_sampler, over_sampling.SMOTE())),
    "ADASYN": Entry("resampling", partial(_with_sampler, over_sampling.ADASYN())),
    "BorderlineSMOTE": Entry("resampling", partial(_with_sampler, over_sampling.BorderlineSMOTE())),
    "RandomUnderSampler": Entry("resampling", partial(_with_sampler, under_sampling.RandomUnderSampler())),
    "NearMiss": Entry("resampling", partial(_with_sampler, under_sampling.NearMiss())),
    "TomekLinks": Entry("resampling", partial(_with_sampler, under_sampling.TomekLinks())),
    "SMOTEENN": Entry("resampling", partial(_with_sampler, combine.SMOTEENN())),
    "effective-number over-sampling": Entry("resampling", _with_effective_number_sampler),
    "logit adjustment": Entry("decisions", _with_logit_adjustment),
    "threshold": Entry("decisions", _with_threshold),
}

_NUMERIC = re.compile(r"class-balanced \(beta=(?P<beta>[0-9.eE+-]+)\)")


def family_of(name: str) -> str:
    """Family of a strategy: none, weights, resampling, decisions, or other for what users bring."""
    if name in STRATEGIES:
        return STRATEGIES[name].family
    return "weights" if _NUMERIC.fullmatch(name) else "other"


def resolve_strategies(strategies: Any, counts: NDArray[np.int64], *, one_data_set: bool) -> dict[str, Strategy]:
    """From name to what is done to the estimator, in the order asked for.

    By default the grid's betas are named by their values where there is one data set; over several they differ
    from one to the next, so that there they are named by their place in the grid.
    """
    if strategies is None:
        return _default_strategies(counts) if one_data_set else {k: v.build for k, v in STRATEGIES.items()}
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
    return {name: _as_strategy(name, given) for name, given in strategies.items()}


def _default_strategies(counts: NDArray[np.int64]) -> dict[str, Strategy]:
    resolved: dict[str, Strategy] = {}
    grid = [_short(beta) for beta in beta_grid(counts, num=5)[1:-1]]
    for name, entry in STRATEGIES.items():
        if "grid" not in name:
            resolved[name] = entry.build
        elif grid:
            beta = grid.pop(0)
            resolved[f"class-balanced (beta={beta})"] = partial(_with_beta, float(beta))
    return resolved


def _short(beta: float) -> str:
    """The beta with two digits of how far it is from one, so that what is read is what is run."""
    digits = max(2, int(np.ceil(-np.log10(1 - beta))) + 1) if beta < 1 else 2
    return f"{beta:.{digits}f}"


def _as_strategy(name: Any, given: Any) -> Strategy:
    if isinstance(given, str):
        return _by_name(given)
    if not isinstance(given, type):
        if hasattr(given, "fit_resample"):
            return partial(_with_sampler, given)
        if hasattr(given, "fit") and hasattr(given, "predict"):
            return partial(_in_place, given)
    if callable(given):
        return partial(_called, given)
    raise TypeError(
        f"strategy {name!r} must be a name, a sampler, a classifier, or a callable from estimator to estimator, "
        f"got {given!r}"
    )


def _by_name(name: str) -> Strategy:
    if name in STRATEGIES:
        return STRATEGIES[name].build
    numeric = _NUMERIC.fullmatch(name)
    try:
        beta = float(numeric["beta"]) if numeric else -1
    except ValueError:
        beta = -1
    if 0 <= beta <= 1:
        return partial(_with_beta, beta)
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
