"""Losses and layers for torch that apply one number per class: re-weight the examples or shift the logits."""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("skcb.nn needs PyTorch: pip install 'skcb[torch]'", name="torch") from error

from skcb.nn import functional, initialization
from skcb.nn._adjustments import Adjustment
from skcb.nn._loss import ClassWeightedLoss
from skcb.nn._terms import Term
from skcb.nn.counting import count_targets
from skcb.nn.initialization import label_prior_bias_, parameter_groups, prior_bias_
from skcb.nn.layers import NormalizedLinear, tau_normalize_
from skcb.nn.losses import (
    LOSSES,
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
)
from skcb.nn.multilabel import CBMultilabelLoss
from skcb.nn.sampling import ClassBalancedSampler

__all__ = [
    "LOSSES",
    "Adjustment",
    "CBCrossEntropyLoss",
    "CBFocalLoss",
    "CBMultilabelLoss",
    "CBSigmoidLoss",
    "CBSoftmaxFocalLoss",
    "ClassBalancedLoss",
    "ClassBalancedSampler",
    "ClassWeightedLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "NormalizedLinear",
    "Term",
    "VSLoss",
    "count_targets",
    "functional",
    "initialization",
    "label_prior_bias_",
    "parameter_groups",
    "prior_bias_",
    "tau_normalize_",
]
