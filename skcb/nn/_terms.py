"""What one example costs, before it is weighted, and what a network that learns it predicts: the terms."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from skcb._checks import check_non_negative, check_real
from skcb.nn import functional
from skcb.nn._focal import SIGMOID, SOFTMAX, at_least_float32, focal_loss
from skcb.nn._posteriors import unfocused, unfocused_against_the_rest


def _check_smoothing(name: str, value: float) -> float:
    if not 0 <= check_real(name, value) <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
    return float(value)


class Term:
    """What one example costs, before it is weighted, and what a network that learns it predicts.

    A term holds no state: the parameters of the loss stand on the loss, which every method is given.

    Attributes
    ----------
    checks : mapping
        Of the loss's parameters: name to ``check(name, value)``, which returns the valid value.
    starts_from_prior : bool
        Whether a network begins with the prior bias, as sigmoids want it.
    wants_cosines : bool
        Whether the logits are to be cosines, from a :class:`NormalizedLinear`.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {}
    starts_from_prior: bool = False
    wants_cosines: ClassVar[bool] = False

    def per_example(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return what each example costs, 0 where it is ignored: a tensor of shape (N,) or (N, d1, ...)."""
        raise NotImplementedError(f"{type(self).__name__} has no per_example(loss, logits, target)")

    def weighted_sum(self, loss: Any, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum the costs, each times the weight of its example, which is 0 where that is ignored."""
        return (self.per_example(loss, logits, target) * weight).sum()

    def class_weighted_sum(self, loss: Any, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum the costs of examples of known class, each times the weight of its class."""
        return self.weighted_sum(loss, logits, target, weight_of(target, weight, loss.ignore_index))

    def probabilities(self, loss: Any, logits: Tensor) -> Tensor:  # noqa: ARG002
        """Return the probabilities of the classes; they sum to 1."""
        return logits.softmax(1)

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        """Return the logarithms of weight times posterior of each class, up to a number per example.

        They are those for which these logits, in float32 or better, minimise the expected loss.
        """
        raise NotImplementedError(
            f"{type(loss).__name__} has no posterior: no closed form of the minimum is known. Where its "
            "probabilities are those of the weighted classes, as of cross-entropies, divide them by "
            "loss.weight and then by their sum"
        )


class CrossEntropy(Term):
    """Softmax cross-entropy, smoothed over the classes."""

    checks: ClassVar = {"label_smoothing": _check_smoothing}

    def per_example(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropies."""
        smoothing = loss.label_smoothing
        if smoothing and loss.adjustment is not None and loss.has_empty_class:
            smoothing = smoothing * loss.present / loss.present.sum()
        return functional.cross_entropy(logits, target, label_smoothing=smoothing, ignore_index=loss.ignore_index)

    def class_weighted_sum(self, loss: Any, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum by one kernel of torch's, where it can: small batches feel it."""
        if loss.label_smoothing:
            return super().class_weighted_sum(loss, logits, target, weight)
        return nn.functional.cross_entropy(
            at_least_float32(logits), target, weight, ignore_index=loss.ignore_index, reduction="sum"
        )

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        """Return the logits that the softmax was trained with: smoothing is not undone."""
        return logits if loss.adjustment is None else loss.adjustment.weighted_log_posterior(loss, logits)


class CosineCrossEntropy(CrossEntropy):
    """Cross-entropy of cosines, which are scaled before the softmax."""

    wants_cosines = True

    def probabilities(self, loss: Any, logits: Tensor) -> Tensor:
        """Return the softmax of the scaled logits: a margin is for training alone."""
        scaled: Tensor = loss.scale * logits
        return scaled.softmax(1)


class SoftmaxFocal(Term):
    """Softmax focal loss."""

    checks: ClassVar = {"gamma": check_non_negative, "label_smoothing": _check_smoothing}

    def per_example(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return the softmax focal losses."""
        return functional.softmax_focal(
            logits, target, loss.gamma, label_smoothing=loss.label_smoothing, ignore_index=loss.ignore_index
        )

    def weighted_sum(self, loss: Any, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum by the kernel, in the commonest case."""
        if loss.label_smoothing or target.is_floating_point() or weight.requires_grad:
            return super().weighted_sum(loss, logits, target, weight)
        return focal_loss(SOFTMAX, logits, target, loss.gamma, ignore_index=loss.ignore_index, weight=weight)

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        """Return what undoes the focus: at the minimum all classes gain as much by a little more probability."""
        if loss.gamma == 0:
            return logits
        return unfocused(logits.log_softmax(1), loss.gamma)


class SigmoidCrossEntropy(Term):
    """Binary cross-entropies, one class against the rest, summed over the classes."""

    starts_from_prior = True

    def focus(self, loss: Any) -> float:  # noqa: ARG002
        """Return the exponent of the modulator: none."""
        return 0.0

    def per_example(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return the sums over the classes."""
        return functional.sigmoid_focal(logits, target, self.focus(loss), ignore_index=loss.ignore_index)

    def weighted_sum(self, loss: Any, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum by the kernel, in the commonest case."""
        if target.is_floating_point() or weight.requires_grad:
            return super().weighted_sum(loss, logits, target, weight)
        return focal_loss(SIGMOID, logits, target, self.focus(loss), ignore_index=loss.ignore_index, weight=weight)

    def probabilities(self, loss: Any, logits: Tensor) -> Tensor:  # noqa: ARG002
        """Return the sigmoids over their sum."""
        return functional.normalized_sigmoid(logits)

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        """Return what undoes the focus of each class against the rest."""
        gamma = self.focus(loss)
        return unfocused_against_the_rest(logits, gamma) if gamma else nn.functional.logsigmoid(logits)


class SigmoidFocal(SigmoidCrossEntropy):
    """Sigmoid focal loss, summed over the classes."""

    checks: ClassVar = {"gamma": check_non_negative}

    def focus(self, loss: Any) -> float:
        """Return gamma."""
        return float(loss.gamma)


class AnyPerExample(Term):
    """The loss's ``base``, any function that gives one number per example, and a way to predict.

    Parameters
    ----------
    link : {"softmax", "sigmoid"} or callable
        How logits become probabilities.
    """

    def __init__(self, link: Any) -> None:
        if not (callable(link) or link in ("softmax", "sigmoid")):
            raise ValueError(
                f'probabilities must be "softmax", "sigmoid" or a function of the logits, got {link!r}'
            )
        self.link = link
        self.starts_from_prior = link == "sigmoid"

    def per_example(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return what the base makes of the logits, in float32 or better, 0 where an example is ignored."""
        logits = at_least_float32(logits)
        if target.is_floating_point():
            return _one_each(loss.base(logits, target), logits)
        ignored = target == loss.ignore_index
        return _one_each(loss.base(logits, target.masked_fill(ignored, 0)), logits).masked_fill(ignored, 0)

    def probabilities(self, loss: Any, logits: Tensor) -> Tensor:  # noqa: ARG002
        """Return what the link makes of the logits."""
        if callable(self.link):
            probabilities: Tensor = self.link(logits)
            return probabilities
        return functional.normalized_sigmoid(logits) if self.link == "sigmoid" else logits.softmax(1)


def weight_of(target: Tensor, weight: Tensor, ignore_index: int) -> Tensor:
    """Return the weight of each example's class, 0 where it is ignored."""
    ignored = target == ignore_index
    index = target.masked_fill(ignored, 0)
    return weight.index_select(0, index.reshape(-1)).view(target.shape).masked_fill(ignored, 0)


def _one_each(cost: Tensor, logits: Tensor) -> Tensor:
    expected = logits.shape[:1] + logits.shape[2:]
    if cost.shape != expected:
        raise ValueError(
            f"base returned shape {tuple(cost.shape)} for logits of shape {tuple(logits.shape)}, "
            f"expected one loss per example, {tuple(expected)}; sum over the classes, and do not reduce"
        )
    return cost
