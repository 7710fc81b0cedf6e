"""Count the classes; turn the counts into one number per class; apply that vector."""

import importlib
from typing import TYPE_CHECKING, Any

from skcb.balancing import *  # noqa: F403 - the floor, which needs NumPy alone

if TYPE_CHECKING:
    from skcb.classification import *  # noqa: F403
    from skcb.comparison import *  # noqa: F403
    from skcb.counting import *  # noqa: F403
    from skcb.datasets import *  # noqa: F403
    from skcb.decisions import *  # noqa: F403
    from skcb.frames import *  # noqa: F403
    from skcb.metrics import *  # noqa: F403
    from skcb.net import *  # noqa: F403
    from skcb.nn import *  # noqa: F403
    from skcb.plotting import *  # noqa: F403
    from skcb.priors import *  # noqa: F403
    from skcb.sampling import *  # noqa: F403
    from skcb.versions import *  # noqa: F403
    from skcb.weighting import *  # noqa: F403

__version__ = "0.1.0.dev0"

# What stands above the floor is imported when first asked for (PEP 562): `import skcb` loads NumPy alone.
_NAMES = {
    "balancing": (
        "DoubleBalancingWarning EmptyClassWarning InertBetaWarning beta_from_volume beta_grid class_weight "
        "effective_number label_weight ldam_margin logit_adjustment sampling_probability"
    ),
    "classification": "ClassBalancedClassifier ClassBalancedClassifierCV",
    "comparison": "StrategyComparison compare_strategies",
    "counting": "ClassCounts LabelCounts count_classes count_labels",
    "datasets": "load_long_tailed_digits long_tailed_counts make_long_tailed",
    "decisions": "LogitAdjustedClassifier TunedDecisionClassifierCV tune_decision",
    "frames": "class_counts with_sample_weight",
    "metrics": "ShotAccuracy imbalance_ratio shot_accuracy",
    "net": "BalancedAccuracyScoring CBNeuralNetClassifier DeferredReweighting ShotAccuracyScoring",
    "nn": (
        "CBCrossEntropyLoss CBFocalLoss CBMultilabelLoss CBSigmoidLoss CBSoftmaxFocalLoss ClassBalancedLoss "
        "ClassBalancedSampler LDAMLoss LogitAdjustedLoss NormalizedLinear VSLoss label_prior_bias_ "
        "parameter_groups prior_bias_"
    ),
    "plotting": (
        "ClassWeightDisplay CriticalDifferenceDisplay EffectiveNumberDisplay ShotAccuracyDisplay "
        "StrategyComparisonDisplay TunedDecisionDisplay"
    ),
    "priors": "change_prior estimate_prior",
    "sampling": "EffectiveNumberStrategy",
    "versions": "show_versions",
    "weighting": "ClassBalancedWeighter compute_class_weight compute_sample_weight",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}
__all__ = sorted(_MODULE_OF)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return importlib.import_module(f"skcb.{name}")
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f"skcb.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'skcb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_NAMES})
