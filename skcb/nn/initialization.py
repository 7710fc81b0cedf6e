"""Start a sigmoid-based network from the prior: the bias of its last layer, and no weight decay on it."""

import math
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from skcb._checks import check_integer, check_non_negative
from skcb.balancing import label_sides

Layer = TypeVar("Layer", bound=nn.Module)

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def prior_bias_(linear: Layer, n_classes: int) -> Layer:
    r"""Set the bias of the last layer to the prior of one class among many.

    .. math:: b = -\log(C - 1)

    Every sigmoid then starts at 1/C, so that the C - 1 negatives of an example do not swamp its one positive
    in the first steps. For sigmoid-based losses only: a softmax does not feel it.

    Parameters
    ----------
    linear : Module
        The layer that gives the logits, with a ``bias``.
    n_classes : int >= 2
        Number of classes; at 2 the bias is 0.

    Returns
    -------
    linear : Module
        The same layer.

    Raises
    ------
    ValueError
        If `n_classes` is below 2, or if the layer has no bias.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import prior_bias_
    >>> prior_bias_(torch.nn.Linear(5, 3), n_classes=3).bias.data
    tensor([-0.6931, -0.6931, -0.6931])
    """
    bias = _bias_of(linear)
    if check_integer("n_classes", n_classes) < 2:
        raise ValueError(f"n_classes must be at least 2, got {n_classes!r}")
    nn.init.constant_(bias, -math.log(n_classes - 1))
    return linear


def label_prior_bias_(
    linear: Layer, counts: Any, n_samples: ArrayLike | None = None, *, tau: float = 0.0
) -> Layer:
    r"""Set the bias of the last layer to the prior of each of several labels.

    .. math:: b_j = (1 - \tau) \log (n^+_j / n^-_j)

    Every sigmoid then starts at the label's prevalence, so that the negatives of rare labels do not swamp the
    first steps.

    Parameters
    ----------
    linear : Module
        The layer that gives a logit for each label, with a ``bias``.
    counts : array-like of shape (n_labels,) or LabelCounts
        Samples that have each label.
    n_samples : float or array-like of shape (n_labels,), default=None
        Samples in all. None is for a `LabelCounts`.
    tau : float >= 0, default=0.0
        Of the loss, whose shift is left out of the bias.

    Returns
    -------
    linear : Module
        The same layer. A label that is never there, or always, starts as if one sample were on the empty side.

    Raises
    ------
    ValueError
        If counts are not valid or of another number than the biases, or if the layer has no bias.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import label_prior_bias_
    >>> label_prior_bias_(torch.nn.Linear(5, 3), [500, 100, 10], 1000).bias.data
    tensor([ 0.0000, -2.1972, -4.5951])
    """
    bias, tau = _bias_of(linear), check_non_negative("tau", tau)
    sides = label_sides(counts, n_samples)
    if len(bias) != len(sides):
        raise ValueError(f"the layer has {len(bias)} biases, but the counts are of {len(sides)} labels")
    without, having = np.where(sides > 0, sides, 1).T
    with torch.no_grad():
        bias.copy_(torch.from_numpy((1 - tau) * np.log(having / without)))
    return linear


def parameter_groups(
    module: nn.Module, weight_decay: float, *, layer: nn.Module | None = None
) -> list[dict[str, Any]]:
    """Parameters in two groups for an optimizer: those decayed, and the last layer's bias, which is not.

    Weight decay would pull the prior bias back to 0.

    Parameters
    ----------
    module : Module
        The network.
    weight_decay : float >= 0
        For every parameter but that bias.
    layer : Module, optional
        The layer that gives the logits. By default the last linear or convolutional one of `module`, in the
        order in which they were registered.

    Returns
    -------
    groups : list of dict
        To be given to an optimizer in place of the parameters.

    Raises
    ------
    ValueError
        If `module` has no linear or convolutional layer, if the layer has no bias, or if `weight_decay` is
        negative.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import parameter_groups
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    >>> [(len(group["params"]), group["weight_decay"]) for group in parameter_groups(net, 2e-4)]
    [(3, 0.0002), (1, 0.0)]
    >>> optimizer = torch.optim.SGD(parameter_groups(net, 2e-4), lr=0.1)
    """
    check_non_negative("weight_decay", weight_decay)
    if layer is None:
        layer = last_layer(module)
        if layer is None:
            raise ValueError(
                f"{type(module).__name__} has no linear or convolutional layer; name the last one: layer="
            )
    bias = getattr(layer, "bias", None)
    if bias is None:
        raise ValueError(f"{type(layer).__name__} has no bias; name the layer that gives the logits: layer=")
    decayed = [parameter for parameter in module.parameters() if parameter is not bias]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": [bias], "weight_decay": 0.0}]


def _bias_of(linear: nn.Module) -> torch.Tensor:
    bias = getattr(linear, "bias", None)
    if not isinstance(bias, torch.Tensor):
        name = type(linear).__name__
        raise ValueError(f"{name} has no bias to set; build it with bias=True")  # noqa: TRY004
    return bias


def last_layer(module: nn.Module) -> nn.Module | None:
    """Return the linear or convolutional layer that was registered last, None if there is none."""
    layers = [part for part in module.modules() if isinstance(part, (nn.Linear, *_CONVOLUTIONS))]
    return layers[-1] if layers else None
