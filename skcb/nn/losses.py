"""Losses that re-weight: one weight per class, from the effective number of samples, applied per example."""

from collections.abc import Callable
from typing import ClassVar, Literal

from torch import Tensor, nn

from skcb._checks import check_non_negative, check_real
from skcb.balancing import Normalization
from skcb.nn import functional
from skcb.nn._focal import SIGMOID, SOFTMAX, at_least_float32, focal_loss
from skcb.nn._shell import ClassWeightedLoss, Counts, Reduction


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

    shown: ClassVar[tuple[str, ...]] = (*ClassWeightedLoss.shown, "label_smoothing")

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
        super().__init__(beta=beta, normalize=normalize, reduction=reduction, ignore_index=ignore_index)
        self.label_smoothing = _check_smoothing(label_smoothing)
        self.set_counts(counts)

    def adjusted(self, logits: Tensor, target: Tensor) -> Tensor:  # noqa: ARG002
        """Return the logits as the cross-entropy sees them: here as they are, in float32 or better."""
        return at_least_float32(logits)

    def smoothing(self) -> float | Tensor:
        """Return how much of the target's probability is spread, evenly or to each class."""
        return self.label_smoothing

    def per_example(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of each example, 0 where it is ignored."""
        return functional.cross_entropy(
            self.adjusted(logits, target),
            target,
            label_smoothing=self.smoothing(),
            ignore_index=self.ignore_index,
        )

    def reduced(
        self, logits: Tensor, target: Tensor, sample_weight: Tensor | None, n_examples: Tensor | int
    ) -> Tensor:
        """Weight and reduce, in the commonest case by one kernel of torch's: small batches feel it."""
        if (
            self.reduction != "mean"
            or self.label_smoothing
            or sample_weight is not None
            or target.is_floating_point()
        ):
            return super().reduced(logits, target, sample_weight, n_examples)
        logits = self.adjusted(logits, target)
        weight = self.weight.to(logits.dtype) / n_examples
        return nn.functional.cross_entropy(logits, target, weight, ignore_index=self.ignore_index, reduction="sum")


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
    normalize, reduction, ignore_index
        As in :class:`CBCrossEntropyLoss`.
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

    shown: ClassVar[tuple[str, ...]] = ("gamma", *ClassWeightedLoss.shown, "label_smoothing")

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
        super().__init__(beta=beta, normalize=normalize, reduction=reduction, ignore_index=ignore_index)
        self.gamma = check_non_negative("gamma", gamma)
        self.label_smoothing = _check_smoothing(label_smoothing)
        self.set_counts(counts)

    def per_example(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the softmax focal loss of each example, 0 where it is ignored."""
        return functional.softmax_focal(
            logits, target, self.gamma, label_smoothing=self.label_smoothing, ignore_index=self.ignore_index
        )

    def weighted_sum(self, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum the losses of the examples, each times its weight, in the commonest case by the kernel."""
        if self.label_smoothing or target.is_floating_point() or weight.requires_grad:
            return super().weighted_sum(logits, target, weight)
        return focal_loss(SOFTMAX, logits, target, self.gamma, ignore_index=self.ignore_index, weight=weight)


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
    normalize, reduction, ignore_index
        As in :class:`CBCrossEntropyLoss`.

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

    starts_from_prior = True
    shown: ClassVar[tuple[str, ...]] = ("gamma", *ClassWeightedLoss.shown)

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
        super().__init__(beta=beta, normalize=normalize, reduction=reduction, ignore_index=ignore_index)
        self.gamma = check_non_negative("gamma", gamma)
        self.set_counts(counts)

    def per_example(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the sigmoid focal loss of each example, 0 where it is ignored."""
        return functional.sigmoid_focal(logits, target, self.gamma, ignore_index=self.ignore_index)

    def weighted_sum(self, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum the losses of the examples, each times its weight, in the commonest case by the kernel."""
        if target.is_floating_point() or weight.requires_grad:
            return super().weighted_sum(logits, target, weight)
        return focal_loss(SIGMOID, logits, target, self.gamma, ignore_index=self.ignore_index, weight=weight)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the sigmoids of the logits, divided by their sum over the classes."""
        return functional.normalized_sigmoid(logits)


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
    normalize, reduction, ignore_index
        As in :class:`CBCrossEntropyLoss`.

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

    starts_from_prior = True

    def __init__(
        self,
        counts: Counts,
        *,
        beta: float = 0.999,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
    ) -> None:
        super().__init__(beta=beta, normalize=normalize, reduction=reduction, ignore_index=ignore_index)
        self.set_counts(counts)

    def per_example(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the sigmoid cross-entropy of each example, 0 where it is ignored."""
        return functional.sigmoid_cross_entropy(logits, target, ignore_index=self.ignore_index)

    def weighted_sum(self, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum the losses of the examples, each times its weight, in the commonest case by the kernel."""
        if target.is_floating_point() or weight.requires_grad:
            return super().weighted_sum(logits, target, weight)
        return focal_loss(SIGMOID, logits, target, 0.0, ignore_index=self.ignore_index, weight=weight)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the sigmoids of the logits, divided by their sum over the classes."""
        return functional.normalized_sigmoid(logits)


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
    normalize, reduction, ignore_index
        As in :class:`CBCrossEntropyLoss`.

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
        super().__init__(beta=beta, normalize=normalize, reduction=reduction, ignore_index=ignore_index)
        if not callable(base):
            raise TypeError(f"base must be callable, base(logits, target), got {base!r}")
        base_reduction = getattr(base, "reduction", "none")
        if base_reduction != "none":
            raise ValueError(
                f"base has reduction={base_reduction!r}, so no example has a loss of its own to weight; "
                'build it with reduction="none" and give the reduction to ClassBalancedLoss'
            )
        if not (callable(probabilities) or probabilities in ("softmax", "sigmoid")):
            raise ValueError(
                f'probabilities must be "softmax", "sigmoid" or a function of the logits, got {probabilities!r}'
            )
        self.base, self.link = base, probabilities
        self.starts_from_prior = probabilities == "sigmoid"
        self.set_counts(counts)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probabilities of the classes, as the parameter of that name says."""
        if callable(self.link):
            return self.link(logits)
        return functional.normalized_sigmoid(logits) if self.starts_from_prior else super().probabilities(logits)

    def per_example(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the base loss of each example, 0 where it is ignored."""
        logits = at_least_float32(logits)
        if target.is_floating_point():
            return self._one_each(self.base(logits, target), logits)
        ignored = target == self.ignore_index
        return self._one_each(self.base(logits, target.masked_fill(ignored, 0)), logits).masked_fill(ignored, 0)

    def _one_each(self, loss: Tensor, logits: Tensor) -> Tensor:
        expected = logits.shape[:1] + logits.shape[2:]
        if loss.shape != expected:
            raise ValueError(
                f"base returned shape {tuple(loss.shape)} for logits of shape {tuple(logits.shape)}, "
                f"expected one loss per example, {tuple(expected)}; sum over the classes, and do not reduce"
            )
        return loss


def _check_smoothing(label_smoothing: float) -> float:
    if not 0 <= check_real("label_smoothing", label_smoothing) <= 1:
        raise ValueError(f"label_smoothing must lie in [0, 1], got {label_smoothing!r}")
    return float(label_smoothing)
