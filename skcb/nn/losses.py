"""The losses: each a term, weighted by class, and perhaps an adjustment of the logits by the counts."""

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from skcb.balancing import Normalization
from skcb.nn._adjustments import Margin, ScaleAndShift, Shift
from skcb.nn._counted import CountedLoss
from skcb.nn._loss import ClassWeightedLoss, Counts, Reduction
from skcb.nn._terms import (
    AnyPerExample,
    CosineCrossEntropy,
    CrossEntropy,
    SigmoidCrossEntropy,
    SigmoidFocal,
    SoftmaxFocal,
)
from skcb.nn.multilabel import CBMultilabelLoss

# Losses of a softmax are torch's CrossEntropyLoss as well, for its type alone: by it skorch, and others, know that
# a softmax makes probabilities of their logits.


class CBCrossEntropyLoss(ClassWeightedLoss, nn.CrossEntropyLoss):  # type: ignore[misc]
    r"""Class-balanced softmax cross-entropy.

    .. math:: L = -w_y \log p_y, \qquad w_c \propto (1 - \beta) / (1 - \beta^{n_c})

    The loss is :func:`skcb.nn.functional.cross_entropy`, the weights are :func:`skcb.class_weight`. A weight
    belongs to an example, not to a column: also under label smoothing all terms of an example have the weight
    of its class, and a soft target has the expected weight.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples weighs 0.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency. :func:`skcb.beta_grid` proposes values between.
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.
    label_smoothing : float in [0, 1], default=0.0
        Share of the target's probability that is spread evenly over the classes.

    Attributes
    ----------
    weight : Tensor of shape (n_classes,)
        The class weights, a buffer.
    counts : ndarray of shape (n_classes,)
        The counts they follow from.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, if all are 0, or if a parameter lies outside its range. When
        called: if the number of classes is not that of the counts, or if a class index is out of range (on a
        CPU; an accelerator stops with an assertion of its own).

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import CBCrossEntropyLoss
    >>> loss = CBCrossEntropyLoss([5000, 50, 5])
    >>> loss.weight
    tensor([0.0136, 0.2771, 2.7093])
    >>> logits = torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    >>> loss(logits, torch.tensor([0, 2]))
    tensor(3.0354)
    """

    term = CrossEntropy()
    label_smoothing: float

    def __init__(
        self,
        counts: Counts,
        *,
        beta: float = 0.999,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            counts,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )


class CBSoftmaxFocalLoss(ClassWeightedLoss, nn.CrossEntropyLoss):  # type: ignore[misc]
    r"""Class-balanced softmax focal loss.

    .. math:: L = -w_y (1 - p_y)^\gamma \log p_y

    The loss is :func:`skcb.nn.functional.softmax_focal`, the weights are :func:`skcb.class_weight`.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples weighs 0.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency.
    gamma : float >= 0, default=2.0
        Focus on the hard examples; 0 is :class:`CBCrossEntropyLoss`.
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.
    label_smoothing : float in [0, 1], default=0.0
        Share of the target's probability that is spread evenly over the classes; the loss is the expected.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.
    Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, :arxiv:`1708.02002`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import CBSoftmaxFocalLoss
    >>> loss = CBSoftmaxFocalLoss([5000, 50, 5], gamma=0.5)
    >>> loss(torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, 2]))
    tensor(2.8685)
    """

    term = SoftmaxFocal()
    gamma: float
    label_smoothing: float

    def __init__(
        self,
        counts: Counts,
        *,
        beta: float = 0.999,
        gamma: float = 2.0,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            counts,
            beta=beta,
            gamma=gamma,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )


class CBFocalLoss(ClassWeightedLoss):
    r"""Class-balanced sigmoid focal loss: the paper's.

    .. math:: L = -w_y \sum_j (1 - q_j)^\gamma \log q_j, \qquad q_j = \sigma(\pm z_j)

    The loss is :func:`skcb.nn.functional.sigmoid_focal`, summed over the classes, the weights are
    :func:`skcb.class_weight`. Predict the largest logit; the sigmoids do not sum to 1. It wants
    :func:`skcb.nn.prior_bias_` on the last layer.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples weighs 0.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency.
    gamma : float >= 0, default=2.0
        Focus on the hard examples; 0 is :class:`CBSigmoidLoss`.
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.
    Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, :arxiv:`1708.02002`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import CBFocalLoss
    >>> loss = CBFocalLoss([5000, 50, 5], gamma=0.5)
    >>> loss(torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, 2]))
    tensor(4.0390)
    """

    term = SigmoidFocal()
    gamma: float

    def __init__(
        self,
        counts: Counts,
        *,
        beta: float = 0.999,
        gamma: float = 2.0,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(
            counts,
            beta=beta,
            gamma=gamma,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
        )


class CBSigmoidLoss(ClassWeightedLoss):
    r"""Class-balanced sigmoid cross-entropy, one class against the rest.

    .. math:: L = -w_y \sum_j \log \sigma(\pm z_j)

    The loss is :func:`skcb.nn.functional.sigmoid_cross_entropy`, summed over the classes, the weights are
    :func:`skcb.class_weight`. Predict the largest logit; the sigmoids do not sum to 1. It wants
    :func:`skcb.nn.prior_bias_` on the last layer.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples weighs 0.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency.
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import CBSigmoidLoss
    >>> loss = CBSigmoidLoss([5000, 50, 5])
    >>> loss(torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, 2]))
    tensor(4.7695)
    """

    term = SigmoidCrossEntropy()

    def __init__(
        self,
        counts: Counts,
        *,
        beta: float = 0.999,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(
            counts,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
        )


class ClassBalancedLoss(ClassWeightedLoss):
    r"""Class-balanced form of any loss that can be had per example.

    .. math:: L = w_y \, \ell(z, y)

    Parameters
    ----------
    base : callable
        ``base(logits, target)`` gives one loss per example, of shape (N,) or (N, d1, ...): a function of
        :mod:`skcb.nn.functional`, or a torch loss with ``reduction="none"``. It gets logits in float32 or
        better; in place of an index that is to be ignored it gets 0, and what it returns there is dropped.
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set, not in a batch. A class without samples weighs 0.
    probabilities : {"softmax", "sigmoid"} or callable, default="softmax"
        How a network that is trained with it predicts: the softmax of the logits, their sigmoids over the sum of
        all, or a function from logits to probabilities of the same shape. With ``"sigmoid"`` a net also starts
        from the prior bias.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency.
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.

    Raises
    ------
    ValueError
        If `base` reduces, or when called returns anything but one loss per example.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> import torch
    >>> from skcb.nn import ClassBalancedLoss
    >>> loss = ClassBalancedLoss(torch.nn.MultiMarginLoss(reduction="none"), [5000, 50, 5])
    >>> loss(torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]), torch.tensor([0, 2]))
    tensor(1.8062)
    """

    base: Callable[[Tensor, Tensor], Tensor]

    def __init__(
        self,
        base: Callable[[Tensor, Tensor], Tensor],
        counts: Counts,
        *,
        probabilities: Literal["softmax", "sigmoid"] | Callable[[Tensor], Tensor] = "softmax",
        beta: float = 0.999,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
    ) -> None:
        if not callable(base):
            raise TypeError(f"base must be callable, base(logits, target), got {base!r}")
        base_reduction = getattr(base, "reduction", "none")
        if base_reduction != "none":
            raise ValueError(
                f"base has reduction={base_reduction!r}, so no example has a loss of its own to weight; "
                'build it with reduction="none" and give the reduction to ClassBalancedLoss'
            )
        self.term = AnyPerExample(probabilities)
        super().__init__(
            counts,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            base=base,
        )


class LogitAdjustedLoss(ClassWeightedLoss, nn.CrossEntropyLoss):  # type: ignore[misc]
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
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.
    label_smoothing : float in [0, 1], default=0.0
        Share of the target's probability that is spread evenly over the classes.

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

    term, adjustment = CrossEntropy(), Shift()
    tau: float
    label_smoothing: float
    shift: Tensor

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
        super().__init__(
            counts,
            tau=tau,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )


class VSLoss(ClassWeightedLoss, nn.CrossEntropyLoss):  # type: ignore[misc]
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
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.
    label_smoothing : float in [0, 1], default=0.0
        Share of the target's probability that is spread evenly over the classes.

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

    term, adjustment = CrossEntropy(), ScaleAndShift()
    gamma: float
    tau: float
    label_smoothing: float
    scale: Tensor
    shift: Tensor

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
        super().__init__(
            counts,
            gamma=gamma,
            tau=tau,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )


class LDAMLoss(ClassWeightedLoss, nn.CrossEntropyLoss):  # type: ignore[misc]
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
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.
    label_smoothing : float in [0, 1], default=0.0
        Share of the target's probability that is spread evenly over the classes. A soft target gets
        of each class's margin its share.

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

    term, adjustment = CosineCrossEntropy(), Margin()
    max_margin: float
    scale: float
    label_smoothing: float
    margin: Tensor

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
        super().__init__(
            counts,
            max_margin=max_margin,
            scale=scale,
            beta=beta,
            normalize=normalize,
            reduction=reduction,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
        )


#: The losses by the names that a net takes.
LossName = Literal["softmax", "sigmoid", "focal", "softmax_focal", "ldam", "logit_adjusted", "vs", "multilabel"]

LOSSES: dict[str, type[CountedLoss]] = {
    "softmax": CBCrossEntropyLoss,
    "sigmoid": CBSigmoidLoss,
    "focal": CBFocalLoss,
    "softmax_focal": CBSoftmaxFocalLoss,
    "ldam": LDAMLoss,
    "logit_adjusted": LogitAdjustedLoss,
    "vs": VSLoss,
    "multilabel": CBMultilabelLoss,
}
