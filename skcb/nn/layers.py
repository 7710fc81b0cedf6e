"""The cosine layer that margins in units of a cosine need."""

import torch
from torch import Tensor, nn

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
