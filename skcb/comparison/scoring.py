"""Scores by name: those of skcb, of samples with one label or with several, and scikit-learn's scorers."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from imblearn.metrics import geometric_mean_score
from sklearn.metrics import cohen_kappa_score, get_scorer, get_scorer_names, make_scorer

from skcb._checks import shown
from skcb.comparison.metrics import METRICS, Metric
from skcb.comparison.multilabel_metrics import MULTILABEL_METRICS

# A name that is in both means the same of one label as of several.
_ALL = MULTILABEL_METRICS | METRICS

#: What is recorded of every fold beside its metrics, and what people call it.
FACTS = {
    "fit_time": "seconds to fit",
    "n_resampled": "training rows after resampling",
    "fits_saved": "fits saved",
    "n_train": "training rows",
    "n_test": "test rows",
}


def greater_is_better(metric: str) -> bool:
    """Whether larger values are better: so with every scorer, and with all but a few metrics and the time."""
    return _ALL[metric].greater_is_better if metric in _ALL else metric not in FACTS


def title_of(metric: str) -> str:
    """Return what people call a metric, a fact or a scorer."""
    return _ALL[metric].title if metric in _ALL else FACTS.get(metric, metric.replace("_", " "))


def as_scorer(scoring: Any) -> Any:
    """Return what scikit-learn's searches take for a score of decisions that may have one of our names."""
    return _SCORERS.get(scoring, scoring) if isinstance(scoring, str) else scoring


_SCORERS = {
    "macro_f1": "f1_macro",
    "g_mean": make_scorer(geometric_mean_score),
    "cohen_kappa": make_scorer(cohen_kappa_score),
}


def resolve_scoring(
    scoring: Any, known: Mapping[str, Metric] = METRICS
) -> dict[str, Metric | Callable[..., float]]:
    """From name to one of our metrics, which are `known`, or to a scorer ``(estimator, X, y) -> float``."""
    if scoring is None:
        return dict(known)
    if isinstance(scoring, str) or callable(scoring):
        scoring = [scoring]
    if not isinstance(scoring, Mapping):
        if not isinstance(scoring, Iterable):
            raise TypeError(f"scoring must be names, scorers or a dict of them, got {type(scoring).__name__}")
        scoring = {_name_of(given): given for given in scoring}
    if not scoring:
        raise ValueError("scoring is empty; None takes every metric")
    return {name: _as_metric(name, given, known) for name, given in scoring.items()}


def _name_of(given: Any) -> str:
    return given if isinstance(given, str) else getattr(given, "__name__", None) or repr(given)


def _as_metric(name: str, given: Any, known: Mapping[str, Metric]) -> Metric | Callable[..., float]:
    if isinstance(given, str) and given in known and name == given:
        return known[given]
    if isinstance(given, str) and given in _ALL and given not in known:
        kind = "several labels" if known is MULTILABEL_METRICS else "one label"
        raise ValueError(f"{given!r} is no metric of samples with {kind}; there are {shown(known)}")
    if name in _ALL or name in FACTS:
        raise ValueError(f"{name!r} is the name of a metric of skcb; give your scorer another")
    if callable(given):
        return given
    if not isinstance(given, str):
        raise TypeError(f"the scoring {name!r} must be a name or a callable (estimator, X, y), got {given!r}")
    if given in known:
        raise ValueError(f"the metric {given!r} keeps its name: it cannot be called {name!r}")
    if given not in get_scorer_names():
        raise ValueError(
            f"unknown metric {given!r}; there are {', '.join(map(repr, known))}, and the scorers of "
            f"scikit-learn: {', '.join(get_scorer_names())}"
        )
    return get_scorer(given)
