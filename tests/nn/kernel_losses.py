"""The losses that have kernels on a GPU, with every focus that these compute in a way of its own."""

from skcb.nn import (
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
)

KERNEL_LOSSES = {
    "cross-entropy": CBCrossEntropyLoss,
    "softmax focal, 2": CBSoftmaxFocalLoss,
    "softmax focal, .7": lambda counts: CBSoftmaxFocalLoss(counts, gamma=0.7),
    "sigmoid": CBSigmoidLoss,
    "focal, 1": lambda counts: CBFocalLoss(counts, gamma=1),
    "focal, .5": lambda counts: CBFocalLoss(counts, gamma=0.5),
    "logit-adjusted": LogitAdjustedLoss,
    "vs": VSLoss,
    "ldam": lambda counts: LDAMLoss(counts, scale=8.0),
}
