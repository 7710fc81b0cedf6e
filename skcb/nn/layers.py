"""The last layer: one of cosines, which margins need, and one whose classes get weights of one length."""

from typing import TypeVar

import torch
from torch import Tensor, nn

from skcb._checks import check_non_negative
from skcb.nn._focal import at_least_float32


class NormalizedLinear(nn.Module):
    r"""Cosines between the features and one direction per class: the layer that :class:`LDAMLoss` needs.

    .. math:: z_c = \frac{w_c^\top x}{\lVert w_c \rVert \, \lVert x \rVert}

    Parameters
    ----------
    in_features : int
        Number of features.
    out_features : int
        Number of classes.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
        The directions; their lengths do not matter.

    References
    ----------
    Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019,
    :arxiv:`1906.07413`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import NormalizedLinear
    >>> layer = NormalizedLinear(2, 2)
    >>> _ = layer.weight.data.copy_(torch.tensor([[2.0, 0.0], [0.0, 5.0]]))
    >>> layer(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]], grad_fn=<MmBackward0>)
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw directions evenly from the sphere."""
        nn.init.normal_(self.weight)
        with torch.no_grad():
            self.weight.copy_(nn.functional.normalize(self.weight, dim=1))

    def forward(self, features: Tensor) -> Tensor:
        """Return the cosines, (N, ..., out_features), of features of shape (N, ..., in_features)."""
        dtype = features.dtype
        # In half precision a norm overflows beyond 65504, and 1e-12, which keeps it from 0, is 0.
        with torch.autocast(features.device.type, enabled=False):
            features, weight = at_least_float32(features), at_least_float32(self.weight)
            directions = nn.functional.normalize(features, dim=-1), nn.functional.normalize(weight, dim=1)
        return nn.functional.linear(*(direction.to(dtype) for direction in directions))

    def extra_repr(self) -> str:
        """Return the sizes, for ``repr``."""
        return f"in_features={self.in_features}, out_features={self.out_features}"


Layer = TypeVar("Layer", bound=nn.Module)


def tau_normalize_(layer: Layer, tau: float = 1.0) -> Layer:
    r"""Divide the weights of each class by a power of their norm, in place: a balanced decision without training.

    .. math:: w_c \leftarrow w_c / \lVert w_c \rVert^\tau, \qquad b_c \leftarrow 0

    In a network that was trained on a long tail the weights of common classes are longer. The bias, which holds
    the prevalence of the classes, is discarded as in the paper.

    Parameters
    ----------
    layer : Module
        The layer that gives the logits, with a ``weight`` whose rows are the classes'.
    tau : float >= 0, default=1.0
        1 makes all norms 1; 0 changes nothing. It is chosen on held-out data.

    Returns
    -------
    layer : Module
        The same layer.

    Raises
    ------
    ValueError
        If `tau` is negative, or if the weights are not finite.
    TypeError
        If the layer has no matrix of weights.

    References
    ----------
    Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, ICLR 2020,
    :arxiv:`1910.09217`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import tau_normalize_
    >>> layer = torch.nn.Linear(2, 2)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 4.0], [0.0, 0.5]]))
    >>> tau_normalize_(layer, tau=1).weight.data
    tensor([[0.6000, 0.8000],
            [0.0000, 1.0000]])
    """
    check_non_negative("tau", tau)
    weight = getattr(layer, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim < 2:
        raise TypeError(f"{type(layer).__name__} has no matrix of weights; give the layer that makes the logits")
    if "weight" not in dict(layer.named_parameters(recurse=False)):
        raise TypeError(
            f"the weight of {type(layer).__name__} is computed from other parameters, so that it cannot be set; "
            "remove its parametrization before"
        )
    if tau == 0:
        return layer
    with torch.no_grad():
        if not torch.isfinite(weight).all():
            raise ValueError(f"the weights of {type(layer).__name__} are not finite")
        norm = torch.linalg.vector_norm(weight.double().flatten(1), dim=1)
        scale = torch.where(norm > 0, norm**-tau, 1)
        weight.copy_(weight.double() * scale.view(-1, *[1] * (weight.ndim - 1)))
        bias = getattr(layer, "bias", None)
        if isinstance(bias, Tensor):
            bias.zero_()
    return layer
