"""Count the classes; turn the counts into one number per class; apply that vector."""

import importlib
from typing import TYPE_CHECKING, Any

from skcb.balancing import (
    EmptyClassWarning,
    InertBetaWarning,
    beta_from_volume,
    beta_grid,
    class_weight,
    effective_number,
    ldam_margin,
    logit_adjustment,
    sampling_probability,
)

if TYPE_CHECKING:
    from skcb.classification import ClassBalancedClassifier
    from skcb.comparison import StrategyComparison, compare_strategies
    from skcb.counting import ClassCounts, count_classes
    from skcb.datasets import load_long_tailed_digits, long_tailed_counts, make_long_tailed
    from skcb.decisions import LogitAdjustedClassifier
    from skcb.frames import class_counts, with_sample_weight
    from skcb.metrics import ShotAccuracy, imbalance_ratio, shot_accuracy
    from skcb.net import (
        BalancedAccuracyScoring,
        CBNeuralNetClassifier,
        DeferredReweighting,
        ShotAccuracyScoring,
    )
    from skcb.nn import (
        CBCrossEntropyLoss,
        CBFocalLoss,
        CBSigmoidLoss,
        CBSoftmaxFocalLoss,
        ClassBalancedLoss,
        LDAMLoss,
        LogitAdjustedLoss,
        NormalizedLinear,
        VSLoss,
        parameter_groups,
        prior_bias_,
    )
    from skcb.plotting import (
        ClassWeightDisplay,
        CriticalDifferenceDisplay,
        EffectiveNumberDisplay,
        ShotAccuracyDisplay,
        StrategyComparisonDisplay,
    )
    from skcb.sampling import EffectiveNumberStrategy
    from skcb.weighting import ClassBalancedWeighter, compute_class_weight, compute_sample_weight

__version__ = "0.1.0.dev0"

# What stands above the floor is imported when first asked for (PEP 562): `import skcb` loads NumPy alone.
_MODULE_OF = {
    "BalancedAccuracyScoring": "net",
    "CBCrossEntropyLoss": "nn",
    "CBFocalLoss": "nn",
    "CBNeuralNetClassifier": "net",
    "CBSigmoidLoss": "nn",
    "CBSoftmaxFocalLoss": "nn",
    "ClassBalancedClassifier": "classification",
    "ClassBalancedLoss": "nn",
    "ClassBalancedWeighter": "weighting",
    "ClassCounts": "counting",
    "ClassWeightDisplay": "plotting",
    "CriticalDifferenceDisplay": "plotting",
    "DeferredReweighting": "net",
    "EffectiveNumberDisplay": "plotting",
    "EffectiveNumberStrategy": "sampling",
    "LDAMLoss": "nn",
    "LogitAdjustedClassifier": "decisions",
    "LogitAdjustedLoss": "nn",
    "NormalizedLinear": "nn",
    "ShotAccuracy": "metrics",
    "ShotAccuracyDisplay": "plotting",
    "ShotAccuracyScoring": "net",
    "StrategyComparison": "comparison",
    "StrategyComparisonDisplay": "plotting",
    "VSLoss": "nn",
    "class_counts": "frames",
    "compare_strategies": "comparison",
    "compute_class_weight": "weighting",
    "compute_sample_weight": "weighting",
    "count_classes": "counting",
    "imbalance_ratio": "metrics",
    "load_long_tailed_digits": "datasets",
    "long_tailed_counts": "datasets",
    "make_long_tailed": "datasets",
    "parameter_groups": "nn",
    "prior_bias_": "nn",
    "shot_accuracy": "metrics",
    "with_sample_weight": "frames",
}
_SUBMODULES = {
    "balancing",
    "classification",
    "comparison",
    "counting",
    "datasets",
    "decisions",
    "frames",
    "metrics",
    "net",
    "nn",
    "plotting",
    "sampling",
    "weighting",
}

__all__ = [
    "BalancedAccuracyScoring",
    "CBCrossEntropyLoss",
    "CBFocalLoss",
    "CBNeuralNetClassifier",
    "CBSigmoidLoss",
    "CBSoftmaxFocalLoss",
    "ClassBalancedClassifier",
    "ClassBalancedLoss",
    "ClassBalancedWeighter",
    "ClassCounts",
    "ClassWeightDisplay",
    "CriticalDifferenceDisplay",
    "DeferredReweighting",
    "EffectiveNumberDisplay",
    "EffectiveNumberStrategy",
    "EmptyClassWarning",
    "InertBetaWarning",
    "LDAMLoss",
    "LogitAdjustedClassifier",
    "LogitAdjustedLoss",
    "NormalizedLinear",
    "ShotAccuracy",
    "ShotAccuracyDisplay",
    "ShotAccuracyScoring",
    "StrategyComparison",
    "StrategyComparisonDisplay",
    "VSLoss",
    "beta_from_volume",
    "beta_grid",
    "class_counts",
    "class_weight",
    "compare_strategies",
    "compute_class_weight",
    "compute_sample_weight",
    "count_classes",
    "effective_number",
    "imbalance_ratio",
    "ldam_margin",
    "load_long_tailed_digits",
    "logit_adjustment",
    "long_tailed_counts",
    "make_long_tailed",
    "parameter_groups",
    "prior_bias_",
    "sampling_probability",
    "shot_accuracy",
    "with_sample_weight",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"skcb.{name}")
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f"skcb.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'skcb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_SUBMODULES})
