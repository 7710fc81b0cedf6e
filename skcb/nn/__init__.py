"""Losses and layers for torch that apply one number per class: re-weight the examples or shift the logits."""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError("skcb.nn needs PyTorch: pip install 'skcb[torch]'", name="torch") from error

from skcb.nn import functional, initialization
from skcb.nn._shell import ClassWeightedLoss
from skcb.nn.adjusted_losses import LDAMLoss, LogitAdjustedLoss, NormalizedLinear, VSLoss
from skcb.nn.initialization import parameter_groups, prior_bias_
from skcb.nn.losses import (
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
)

__all__ = [
    "CBCrossEntropyLoss",
    "CBFocalLoss",
    "CBSigmoidLoss",
    "CBSoftmaxFocalLoss",
    "ClassBalancedLoss",
    "ClassWeightedLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "NormalizedLinear",
    "VSLoss",
    "functional",
    "initialization",
    "parameter_groups",
    "prior_bias_",
]
