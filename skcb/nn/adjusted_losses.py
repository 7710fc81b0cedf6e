"""Losses that shift, scale or hold back the logits by the counts, and the cosine layer that LDAM needs."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from skcb._checks import check_non_negative
from skcb.balancing import Normalization, ldam_margin, logit_adjustment
from skcb.nn import functional
from skcb.nn._focal import along_classes, at_least_float32
from skcb.nn._shell import Counts, Reduction
from skcb.nn.losses import CBCrossEntropyLoss


class _AdjustedLoss(CBCrossEntropyLoss):
    """Cross-entropy of adjusted logits. A class without samples has no prior, so it cannot be a target."""

    present: Tensor

    def vectors(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the buffers that follow from the counts, by name, each of shape (n_classes,)."""
        return {**super().vectors(counts), "present": (counts > 0).astype(np.float64)}

    def smoothing(self) -> float | Tensor:
        """Return how much of the target's probability goes to each class: nothing to one without samples."""
        if self.label_smoothing and self.has_empty_class:
            return self.label_smoothing * self.present / self.present.sum()
        return self.label_smoothing

    def _checked(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None) -> Tensor:
        target = super()._checked(logits, target, sample_weight)
        # What a tensor holds is unknown while a graph is compiled; there such a target is on its own.
        if self.has_empty_class and not torch.compiler.is_compiling():
            self._refuse_empty(target)
        return target

    def _refuse_empty(self, target: Tensor) -> None:
        for empty in (self.present == 0).nonzero().flatten().tolist():
            hit = target.select(1, empty) > 0 if target.is_floating_point() else target == empty
            if hit.any() and empty != self.ignore_index:
                raise ValueError(
                    f"a target is of class {empty}, which has 0 samples in counts and so no prior; count it, "
                    f"or leave its examples out with ignore_index={empty}"
                )


class LogitAdjustedLoss(_AdjustedLoss):
    r"""Logit-adjusted cross-entropy; with ``tau=1`` Balanced Softmax.

    .. math:: L = -w_y \log \mathrm{softmax}(z + \tau \log \pi)_y, \qquad \pi_c = n_c / \textstyle\sum_k n_k

    The shift is :func:`skcb.logit_adjustment`. Predict from the logits as they are.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples has shift minus
        infinity, gets none of the label smoothing, and a target of it is an error.
    tau : float >= 0, default=1.0
        Strength of the adjustment; 0 is none.
    beta : float in [0, 1], default=0.0
        0 leaves the examples unweighted, as in the paper; 1 weights by inverse frequency as well.
    normalize, reduction, ignore_index, label_smoothing
        As in :class:`CBCrossEntropyLoss`.

    Attributes
    ----------
    weight, shift : Tensor of shape (n_classes,)
        The class weights and the shifts, buffers; the shift of a class without samples, which is left out
        altogether, is 0, so that averages of buffers stay finite.

    Raises
    ------
    ValueError
        As :class:`CBCrossEntropyLoss` does, and when called with a target of a class without samples (save
        under ``torch.compile``, where its loss is infinite).

    Warns
    -----
    EmptyClassWarning
        If a class has no samples.

    References
    ----------
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.
    Ren et al., Balanced Meta-Softmax for Long-Tailed Visual Recognition, NeurIPS 2020, :arxiv:`2007.10740`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import LogitAdjustedLoss
    >>> loss = LogitAdjustedLoss([900, 90, 10])
    >>> loss.shift
    tensor([-0.1054, -2.4079, -4.6052])
    >>> loss(torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, 2]))
    tensor(3.2648)
    """

    shift: Tensor
    shown: ClassVar[tuple[str, ...]] = ("tau", *CBCrossEntropyLoss.shown)

    def __init__(
        self,
        counts: Counts,
        *,
        tau: float = 1.0,
        beta: float = 0.0,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        self.tau = tau
        super().__init__(
            counts,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )

    def vectors(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the buffers that follow from the counts, by name, each of shape (n_classes,)."""
        shift = logit_adjustment(counts, self.tau)
        # Where buffers are averaged infinity becomes NaN: an empty class is left out by `present`.
        return {**super().vectors(counts), "shift": np.where(np.isfinite(shift), shift, 0)}

    def adjusted(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the shifted logits; those of a class without samples are minus infinity."""
        return self._present_alone(functional.adjust_logits(logits, target, shift=self.shift))

    def _present_alone(self, logits: Tensor) -> Tensor:
        if not self.has_empty_class or self.tau == 0:
            return logits
        return logits.masked_fill(along_classes(self.present == 0, logits), -torch.inf)


class VSLoss(LogitAdjustedLoss):
    r"""Vector-scaling loss: logits scaled and shifted by the counts.

    .. math:: L = -w_y \log \mathrm{softmax}(D z + \tau \log \pi)_y, \qquad D_c = (n_c / n_{\max})^\gamma

    With ``gamma=0`` it is :class:`LogitAdjustedLoss`, with ``tau=0`` class-dependent temperatures (CDT).
    Predict from the logits as they are.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples has scale 0 and
        shift minus infinity, gets none of the label smoothing, and a target of it is an error.
    gamma : float >= 0, default=0.3
        Exponent of the scale; 0 scales nothing.
    tau : float >= 0, default=1.0
        Strength of the shift; 0 is none.
    beta : float in [0, 1], default=0.0
        0 leaves the examples unweighted; 1 weights by inverse frequency as well.
    normalize, reduction, ignore_index, label_smoothing
        As in :class:`CBCrossEntropyLoss`.

    Attributes
    ----------
    weight, scale, shift : Tensor of shape (n_classes,)
        The class weights, the scales and the shifts, buffers.

    Raises
    ------
    ValueError
        As :class:`LogitAdjustedLoss` does.

    Warns
    -----
    EmptyClassWarning
        If a class has no samples.

    References
    ----------
    Kini et al., Label-Imbalanced and Group-Sensitive Classification under Overparameterization, NeurIPS 2021,
    :arxiv:`2103.01550`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import VSLoss
    >>> loss = VSLoss([900, 90, 10])
    >>> loss.scale
    tensor([1.0000, 0.5012, 0.2593])
    >>> loss(torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, 2]))
    tensor(3.2648)
    """

    scale: Tensor
    shown: ClassVar[tuple[str, ...]] = ("gamma", *LogitAdjustedLoss.shown)

    def __init__(
        self,
        counts: Counts,
        *,
        gamma: float = 0.3,
        tau: float = 1.0,
        beta: float = 0.0,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        self.gamma = gamma
        super().__init__(
            counts,
            tau=tau,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )

    def vectors(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the buffers that follow from the counts, by name, each of shape (n_classes,)."""
        scale = (counts / counts.max()) ** check_non_negative("gamma", self.gamma)
        return {**super().vectors(counts), "scale": scale}

    def adjusted(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the scaled and shifted logits."""
        return self._present_alone(functional.adjust_logits(logits, target, scale=self.scale, shift=self.shift))


class LDAMLoss(_AdjustedLoss):
    r"""Label-distribution-aware margin loss, for cosine logits.

    .. math:: L = -w_y \log \mathrm{softmax}(s (z - \Delta_y e_y))_y,
        \qquad \Delta_c = \Delta_{\max} (n_{\min} / n_c)^{1/4}

    The margins are :func:`skcb.ldam_margin`. The logits are to come from a :class:`NormalizedLinear` (with a
    plain linear layer training diverges), and the network predicts ``softmax(scale * logits)``.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples has margin 0,
        gets none of the label smoothing, and a target of it is an error.
    max_margin : float >= 0, default=0.5
        Margin of the rarest class, in units of the cosine; 0 is no margin.
    scale : float >= 0, default=30.0
        Multiplies the logits, after the margin; a cosine alone spans too little for a softmax.
    beta : float in [0, 1], default=0.0
        0 leaves the examples unweighted; the paper's deferred re-weighting goes on to .9999.
    normalize, reduction, ignore_index, label_smoothing
        As in :class:`CBCrossEntropyLoss`. A soft target gets of each class's margin its share.

    Attributes
    ----------
    weight, margin : Tensor of shape (n_classes,)
        The class weights and the margins, buffers.

    Raises
    ------
    ValueError
        As :class:`CBCrossEntropyLoss` does, and when called with a target of a class without samples (save
        under ``torch.compile``).

    Warns
    -----
    EmptyClassWarning
        If a class has no samples.

    References
    ----------
    Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019,
    :arxiv:`1906.07413`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import LDAMLoss
    >>> loss = LDAMLoss([1600, 16, 1])
    >>> loss.margin
    tensor([0.0791, 0.2500, 0.5000])
    >>> loss(torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.1, 0.8]]), torch.tensor([0, 2]))
    tensor(0.0255)
    """

    margin: Tensor
    wants_cosines = True
    shown: ClassVar[tuple[str, ...]] = ("max_margin", "scale", *CBCrossEntropyLoss.shown)

    def __init__(
        self,
        counts: Counts,
        *,
        max_margin: float = 0.5,
        scale: float = 30.0,
        beta: float = 0.0,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        self.max_margin, self.scale = max_margin, check_non_negative("scale", scale)
        super().__init__(
            counts,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )

    def vectors(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the buffers that follow from the counts, by name, each of shape (n_classes,)."""
        return {**super().vectors(counts), "margin": ldam_margin(counts, self.max_margin)}

    def adjusted(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the logits with the target's held back by its margin, then scaled."""
        return functional.adjust_logits(logits, target, scale=self.scale, margin=self.margin)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the softmax of the scaled logits: the margin is for training alone."""
        return (self.scale * logits).softmax(1)


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
