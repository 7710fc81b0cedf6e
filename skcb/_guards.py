"""Find what balances the classes inside an estimator, so that nothing is balanced twice in silence."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator

from skcb._pipelines import inner, last_step
from skcb._warnings import warn
from skcb.balancing import DoubleBalancingWarning

# Parameters by which classifiers weight the classes, and the values with which they do not: scikit-learn's and
# LightGBM's, CatBoost's, XGBoost's and both of the others', LightGBM's with its aliases, CatBoost's.
_OFF: dict[str, tuple[Any, ...]] = {
    "class_weight": (None,),
    "class_weights": (None,),
    "scale_pos_weight": (None, 1),
    "is_unbalance": (None, False),
    "unbalance": (None, False),
    "unbalanced_sets": (None, False),
    "auto_class_weights": (None, "None"),
}


class Balancer(NamedTuple):
    """What balances inside an estimator, how to turn it off, and whether its prior is known to skcb."""

    what: str
    way_out: str
    ours: bool = False


def warn_of_weights_on_weights(owner: Any) -> None:
    """Warn where what a wrapper weights balances as well."""
    name = type(owner).__name__
    for balancer in _balancers(owner.estimator):
        warn(
            f"{name} weights the classes, and so does {balancer.what} inside it: they are balanced twice. "
            f"{balancer.way_out}, or leave out {name}",
            DoubleBalancingWarning,
        )


def warn_of_priors_on_weights(owner: Any, *, to_balanced: bool) -> None:
    """Warn where the prior that a wrapper divides out is not there any more; `to_balanced` is its aim."""
    name = type(owner).__name__
    for balancer in _balancers(owner.estimator, of_probabilities=True):
        if not balancer.ours:
            warn(
                f"{name} divides out the prevalence of the training data, which {balancer.what} inside it has "
                f"balanced away: the decisions are wrong. {balancer.way_out}, or leave out {name}",
                DoubleBalancingWarning,
            )
        elif to_balanced:
            warn(
                f"{name} decides for balanced classes, and divides out what {balancer.what} inside it makes of "
                f"the prior: the decisions are right, and its balancing is superfluous. {balancer.way_out}, or "
                f"leave out {name}",
                DoubleBalancingWarning,
            )


def _balancers(estimator: Any, *, of_probabilities: bool = False) -> Iterator[Balancer]:
    """What balances in an estimator's fit; `of_probabilities`: so that its probabilities are balanced."""
    last = last_step(estimator)
    if isinstance(last, FrozenEstimator):
        yield from _balancers(last.estimator, of_probabilities=of_probabilities)
        return
    ours = last._balancer() if hasattr(last, "_balancer") else None  # noqa: SLF001 - among the classifiers of skcb
    if ours is not None:
        yield ours
    yield from _own_balancers(last)
    if of_probabilities and isinstance(last, CalibratedClassifierCV):  # which gives the prevalence back
        return
    if of_probabilities and isinstance(last, StackingClassifier):  # the last estimator sees the prevalence
        parts: Iterable[Any] = () if last.final_estimator is None else (last.final_estimator,)
    else:
        parts = inner(last)
    for part in parts:
        yield from _balancers(part, of_probabilities=of_probabilities)


def _own_balancers(last: Any) -> Iterator[Balancer]:
    name = type(last).__name__
    params = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    for key, value in params.items():
        if key in _OFF and _balances(key, value):
            yield Balancer(f"{key}={value!r} of {name}", f"Leave {key} at its default there")
        for searched, values in _searched(value):
            if any(_balances(searched, candidate) for candidate in values):
                yield Balancer(f"{searched} in the {key} of {name}", f"Take {searched} out of {key} there")
    if "sampling_strategy" in params and hasattr(last, "predict"):  # of imbalanced-learn's ensembles
        yield Balancer(f"the resampling of {name}", "Take a classifier that does not resample")


def _balances(name: str, value: Any) -> bool:
    off = _OFF[name]
    weights = list(value.values()) if isinstance(value, Mapping) else value
    if np.ndim(weights) == 1:
        weights = list(weights)
        return any(weight != weights[0] for weight in weights)
    return all(value is not neutral and value != neutral for neutral in off)


def _searched(value: Any) -> Iterator[tuple[str, Iterable[Any]]]:
    """Balancing parameters in the grid of a search, and the candidates of each; a distribution is one."""
    for grid in value if isinstance(value, list | tuple) else [value]:
        if isinstance(grid, Mapping):
            for path, candidates in grid.items():
                name = path.rpartition("__")[2] if isinstance(path, str) else ""
                if name in _OFF:
                    yield name, candidates if isinstance(candidates, list | tuple | np.ndarray) else [candidates]
