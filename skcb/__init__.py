"""Count the classes; turn the counts into one number per class; apply that vector."""

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from skcb.balancing import *  # noqa: F403 - the floor, which needs NumPy alone

if TYPE_CHECKING:
    # What type checkers and editors see; a name that is not here is an error for them.
    from skcb import balancing as balancing
    from skcb import classification as classification
    from skcb import comparison as comparison
    from skcb import counting as counting
    from skcb import datasets as datasets
    from skcb import decisions as decisions
    from skcb import frames as frames
    from skcb import metrics as metrics
    from skcb import net as net
    from skcb import nn as nn
    from skcb import plotting as plotting
    from skcb import priors as priors
    from skcb import sampling as sampling
    from skcb import versions as versions
    from skcb import weighting as weighting
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

__version__ = "0.1.0"

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
# What a module cannot be imported without, beyond the base dependencies.
_NEEDS = {"comparison": ("imblearn", "pandas"), "net": ("torch", "skorch"), "nn": ("torch",)}


def _is_importable(module: str) -> bool:
    return all(importlib.util.find_spec(needed) for needed in _NEEDS.get(module, ()))


# Hidden from type checkers, for which any name would be there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__all__":  # asked for by the star import, which leaves out what cannot be imported here
            return sorted(name for name, module in _MODULE_OF.items() if _is_importable(module))
        if name in _NAMES:
            return importlib.import_module(f"skcb.{name}")
        if name in _MODULE_OF:
            return getattr(importlib.import_module(f"skcb.{_MODULE_OF[name]}"), name)
        raise AttributeError(f"module 'skcb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_NAMES})
