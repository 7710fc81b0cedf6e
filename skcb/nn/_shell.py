"""What every loss shares: the vectors as buffers, the checks, one weight per example, the reduction."""

from typing import ClassVar, Literal, NoReturn

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from skcb._checks import counts_by_index
from skcb.balancing import Normalization, class_weight
from skcb.nn._focal import along_classes, at_least_float32

Reduction = Literal["mean", "weighted_mean", "sum", "none"]
Counts = ArrayLike | Tensor

# How far the sum of the probabilities of an example may be from 1: mixup in half precision is within it.
_ROUNDING = 0.05


class ClassWeightedLoss(nn.Module):
    """Weight the loss of each example by its class, then reduce.

    A subclass says what an example's loss is (:meth:`per_example`) and, where it holds more than weights,
    which vectors follow from the counts (:meth:`vectors`). Its constructor ends with ``set_counts``.
    """

    weight: Tensor
    #: Whether a network begins with the prior bias, as sigmoids want it.
    starts_from_prior: bool = False
    #: Whether the logits are to be cosines, from a `NormalizedLinear`.
    wants_cosines: ClassVar[bool] = False
    shown: ClassVar[tuple[str, ...]] = ("beta", "normalize", "reduction", "ignore_index")

    def __init__(self, *, beta: float, normalize: Normalization, reduction: Reduction, ignore_index: int) -> None:
        super().__init__()
        if reduction not in {"mean", "weighted_mean", "sum", "none"}:
            raise ValueError(f'reduction must be "mean", "weighted_mean", "sum" or "none", got {reduction!r}')
        self.beta, self.normalize = beta, normalize
        self.reduction: str = reduction
        self.ignore_index = ignore_index

    def set_counts(self, counts: Counts) -> None:
        """Compute the vectors anew, in place, from other counts of the same classes.

        It reads ``beta``, ``normalize`` and the loss's own parameters again, so that setting one of these
        attributes and then the counts re-weights as well.

        Parameters
        ----------
        counts : array-like or Tensor of shape (n_classes,)
            Samples per class in the whole training set, not in a batch; fractional where they are weighted. A
            `ClassCounts`; a Series or mapping by label, whose labels are the class indices, is read by them.

        Raises
        ------
        ValueError
            If a count is negative, NaN or infinite, if all are 0, if there are fewer than two classes, or if their
            number changes.
        """
        if isinstance(counts, Tensor):
            counts = (counts.double() if counts.is_floating_point() else counts).detach().cpu().numpy()
        valid = counts_by_index(counts)
        if len(valid) < 2:
            raise ValueError(
                f"counts has {len(valid)} class; a loss needs two at least. A network with one logit for two "
                "classes is to give two: a loss has one logit for each class"
            )
        known = getattr(self, "weight", None)
        if known is not None and len(known) != len(valid):
            raise ValueError(
                f"the loss was made for {len(known)} classes, but counts has {len(valid)}; make a new loss"
            )
        vectors = {name: torch.from_numpy(vector) for name, vector in self.vectors(valid).items()}
        for name, vector in vectors.items():
            if known is not None:
                self.get_buffer(name).copy_(vector)
            else:
                self.register_buffer(name, vector.to(torch.get_default_device(), torch.get_default_dtype()))
        self._keep(valid)

    def vectors(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the buffers that follow from the counts, by name, each of shape (n_classes,)."""
        return {"weight": class_weight(counts, self.beta, normalize=self.normalize)}

    def per_example(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the unweighted loss of each example, 0 where it is ignored."""
        raise NotImplementedError

    def example_weight(self, target: Tensor) -> Tensor:
        """Return the class weight of each example, 0 where it is ignored; the expected one if soft."""
        if target.is_floating_point():
            return (target * along_classes(self.weight, target)).sum(1)
        ignored = target == self.ignore_index
        index = target.masked_fill(ignored, 0)
        return self.weight.index_select(0, index.reshape(-1)).view(target.shape).masked_fill(ignored, 0)

    def forward(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """Return the loss: one number, or with ``reduction="none"`` one per example.

        Parameters
        ----------
        logits : Tensor of shape (N, C) or (N, C, d1, ...)
            Scores before any sigmoid or softmax. Probabilities cannot be told from logits: they give a wrong
            loss, and no error.
        target : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`
            Class indices; or, if floating, the probability of each class.
        sample_weight : Tensor of shape (N,) or (N, d1, ...), optional
            Multiplies the weight that the example has for its class.
        """
        _check_tensor("logits", logits)
        _check_tensor("target", target)
        if sample_weight is not None:
            _check_tensor("sample_weight", sample_weight)
        target = self._checked(logits, target, sample_weight)
        logits, n_examples = self._examples(logits, target)
        try:
            return self.reduced(logits, target, sample_weight, n_examples)
        except (IndexError, RuntimeError) as error:
            # torch has seen that an index is out of range (at no cost to us); say which.
            self._explain(target, error)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class that a network trained with this loss predicts.

        Parameters
        ----------
        logits : Tensor of shape (N, C) or (N, C, d1, ...)

        Returns
        -------
        probabilities : Tensor of the same shape
            They sum to 1 over the classes, and the largest is that of the largest logit.
        """
        return logits.softmax(1)

    def reduced(
        self, logits: Tensor, target: Tensor, sample_weight: Tensor | None, n_examples: Tensor | int
    ) -> Tensor:
        """Weight and reduce."""
        weight = at_least_float32(self.example_weight(target))
        if sample_weight is not None:
            if sample_weight.ndim < weight.ndim:
                sample_weight = sample_weight.view(-1, *[1] * (weight.ndim - 1))
            weight = weight * sample_weight.to(torch.promote_types(weight.dtype, logits.dtype))
        if self.reduction == "none":
            return self.per_example(logits, target) * weight
        if self.reduction == "mean":
            weight = weight / n_examples
        elif self.reduction == "weighted_mean":
            weight = weight / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)
        return self.weighted_sum(logits, target, weight)

    def weighted_sum(self, logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Sum the losses of the examples, each times its weight."""
        return (self.per_example(logits, target) * weight).sum()

    def _checked(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None) -> Tensor:
        weight, shape = self.weight, logits.shape
        n_classes = weight.shape[0]
        if len(shape) < 2 or shape[1] != n_classes:
            raise ValueError(
                f"logits have shape {tuple(shape)}, but the counts are of {n_classes} classes; expected "
                f"(N, {n_classes}) or (N, {n_classes}, d1, ...)"
            )
        if not logits.is_floating_point():
            raise TypeError(f"logits must be floating, got {logits.dtype}; convert them with .float()")
        if logits.device != weight.device:
            raise ValueError(
                f"logits are on {logits.device}, the loss is on {weight.device}; move the loss with "
                f".to({str(logits.device)!r})"
            )
        per_example = shape[:1] if len(shape) == 2 else shape[:1] + shape[2:]
        if target.is_floating_point():
            if target.shape != shape:
                raise ValueError(
                    f"a target of {target.dtype} holds the probability of each class and has the shape of "
                    f"the logits, {tuple(shape)}, got {tuple(target.shape)}; class indices are integers: "
                    "target.long()"
                )
            _check_rows(target)
        elif target.dtype == torch.bool or target.is_complex():
            raise TypeError(
                "target must hold class indices (integers) or class probabilities (floating), got "
                f"{target.dtype}; convert it with .long() or .float()"
            )
        elif target.shape != per_example:
            raise ValueError(
                f"class indices for logits of shape {tuple(shape)} have shape {tuple(per_example)}, got "
                f"{tuple(target.shape)}; a one-hot target is given as floating: target.float()"
            )
        else:
            target = target.long()
        if sample_weight is not None and sample_weight.shape not in {per_example, shape[:1]}:
            raise ValueError(
                f"sample_weight has shape {tuple(sample_weight.shape)}, expected one number per example: "
                f"{tuple(per_example)}" + (f" or {tuple(shape[:1])}" if logits.ndim > 2 else "")
            )
        return target

    def _explain(self, target: Tensor, error: Exception) -> NoReturn:
        if target.is_floating_point():
            raise error
        n_classes = len(self.weight)
        wrong = target[((target < 0) | (target >= n_classes)) & (target != self.ignore_index)]
        if not len(wrong):
            raise error
        raise ValueError(
            f"target {wrong[0].item()} lies outside [0, {n_classes}), the classes that were counted, and is "
            f"not ignore_index={self.ignore_index}; count every class, or set ignore_index to leave it out"
        ) from error

    def _examples(self, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int]:
        """Return the logits, 0 where an example is ignored, and the number to divide by, of the others.

        What is ignored must not be looked at: 0 times NaN would be NaN.
        """
        if target.is_floating_point():
            return logits, max(1, target.numel() // len(self.weight))
        kept = target != self.ignore_index
        count = torch.count_nonzero(kept)
        if kept.device.type != "cpu" or not _values_are_known(kept):
            # An accelerator would have to wait for the number; to pass over the logits is cheaper.
            return logits.masked_fill(~kept.unsqueeze(1), 0), count.clamp_(min=1)
        number = int(count)
        if number < kept.numel():
            logits = logits.masked_fill(~kept.unsqueeze(1), 0)
        return logits, max(1, number)

    # The counts and beta travel with the saved state, but not as a buffer: .half() would make infinity of 70000.
    # One tensor, since some formats hold nothing else.
    def get_extra_state(self) -> Tensor:
        """Return what ``state_dict`` saves beside the buffers: beta, and the counts."""
        return torch.from_numpy(np.concatenate([[self.beta], self.counts]))

    def set_extra_state(self, state: Tensor) -> None:
        """Take over what ``state_dict`` saved; of other classes nothing, which torch refuses by their weights."""
        beta, *counts = state.tolist()
        if len(counts) == len(self.weight):
            self.beta = beta
            self._keep(np.array(counts))

    def _keep(self, counts: np.ndarray) -> None:
        self.counts = counts
        self.has_empty_class = not counts.all()

    def extra_repr(self) -> str:
        """Return the parameters, for ``repr``."""
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.shown)
        return f"n_classes={len(self.weight)}, {shown}"


def _check_tensor(name: str, value: object) -> None:
    if isinstance(value, Tensor):
        return
    way_out = "give its .logits" if hasattr(value, "logits") else "torch.as_tensor makes one"
    raise TypeError(f"{name} must be a tensor, got {type(value).__name__}; {way_out}")


def _values_are_known(tensor: Tensor) -> bool:
    """Whether a decision may hang on a tensor's values: not while a graph is compiled, or a function mapped."""
    return not (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()  # noqa: SLF001
        or (tensor.is_cuda and torch.cuda.is_current_stream_capturing())
    )


def _check_rows(target: Tensor) -> None:
    """Refuse targets of several labels per example, or of none: the weight of an example is that of its class."""
    if not _values_are_known(target):
        return
    sums = target.sum(1, dtype=torch.promote_types(target.dtype, torch.float32))
    wrong = ~((sums - 1).abs() <= _ROUNDING)
    if wrong.any():
        raise ValueError(
            "a floating target holds the probability of each class, which sum to 1, but that of an example sums "
            f"to {sums[wrong][0].item():.4g}. Several labels per example, or none, are a decision for each label: "
            "torch.nn.BCEWithLogitsLoss"
        )
