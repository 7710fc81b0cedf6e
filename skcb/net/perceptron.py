"""The network that is trained where none is given: a multilayer perceptron for tables."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from skcb.nn import NormalizedLinear


class MultilayerPerceptron(nn.Sequential):
    """Linear layers with rectifiers between them, from the features of a table to one logit per class.

    Parameters
    ----------
    n_features_in : int
        Number of features.
    n_classes : int
        Number of classes.
    hidden : sequence of int or int, default=(100,)
        Widths of the hidden layers; an empty one leaves a linear model.
    dropout : float in [0, 1), default=0.0
        Share of the hidden units that are left out of each training step.
    cosine : bool, default=False
        Whether the last layer is a :class:`skcb.nn.NormalizedLinear`, as :class:`skcb.nn.LDAMLoss` needs.
    dtype : torch.dtype, optional
        Of the parameters; the inputs are cast to it. By default torch's own, float32.

    Examples
    --------
    >>> from skcb.net import MultilayerPerceptron
    >>> MultilayerPerceptron(4, 3, hidden=8)
    MultilayerPerceptron(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    """

    def __init__(
        self,
        n_features_in: int,
        n_classes: int,
        *,
        hidden: Sequence[int] | int = (100,),
        dropout: float = 0.0,
        cosine: bool = False,
        dtype: torch.dtype | None = None,
    ) -> None:
        widths = [n_features_in, *([hidden] if isinstance(hidden, int) else hidden)]
        layers: list[nn.Module] = []
        for width, following in pairwise(widths):
            layers += [nn.Linear(width, following), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        layers.append((NormalizedLinear if cosine else nn.Linear)(widths[-1], n_classes))
        super().__init__(*layers)
        self.to(dtype)

    def forward(self, X: Tensor) -> Tensor:
        """Return the logits of shape (N, n_classes) for X of shape (N, n_features_in)."""
        if X.ndim != 2:
            raise ValueError(
                f"the default network takes a table (n_samples, n_features), got X of shape {tuple(X.shape)}; "
                "give a module= that takes such an X"
            )
        return super().forward(X)
