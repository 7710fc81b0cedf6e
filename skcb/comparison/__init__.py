"""Strategies against imbalance side by side: weights, resampling, moved decisions, or nothing."""

try:
    import imblearn as _imblearn  # noqa: F401
    import pandas as _pandas  # noqa: F401, ICN001 - is it there?
except ModuleNotFoundError as error:
    if error.name not in ("imblearn", "pandas"):
        raise
    raise ImportError(
        f"skcb.comparison needs {error.name}: pip install 'skcb[compare]'", name=error.name
    ) from error

from skcb.comparison.metrics import METRICS
from skcb.comparison.multilabel_metrics import MULTILABEL_METRICS
from skcb.comparison.multilabel_strategies import MULTILABEL_STRATEGIES
from skcb.comparison.results import StrategyComparison
from skcb.comparison.running import compare_strategies
from skcb.comparison.significance import Significance
from skcb.comparison.strategies import STRATEGIES

__all__ = [
    "METRICS",
    "MULTILABEL_METRICS",
    "MULTILABEL_STRATEGIES",
    "STRATEGIES",
    "Significance",
    "StrategyComparison",
    "compare_strategies",
]
