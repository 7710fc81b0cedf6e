"""What every loss has: vectors that follow from counts, as buffers; counts travel with its saved state."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from skcb.nn._checks import check_tensor
from skcb.nn._trainers import loss_of_trainer


class CountedLoss(nn.Module):
    """Hold what follows from counts, of classes or of labels, and look at the logits.

    Attributes
    ----------
    weight : Tensor of shape (n_classes,) or (n_labels, 2)
        A buffer, as all vectors are.
    counts : ndarray of shape (n_classes,) or (n_labels,)
    takes_indicators : bool
        Whether an example may have several labels, or none.
    has_empty_class : bool
        Whether there is a class that a target cannot be of.
    ignore_index : int
        The target that is left out, -100 where a loss has no say in it: what a trainer marks so.
    """

    weight: Tensor
    counts: np.ndarray
    beta: float
    reduction: str
    ignore_index: int = -100
    takes_indicators: ClassVar[bool] = False
    has_empty_class: bool = False
    # What the counts are of, and the names of the arrays that travel with the saved state.
    _of: ClassVar[str] = "classes"
    _kept: ClassVar[tuple[str, ...]] = ("counts",)

    def __init__(self, reduction: str) -> None:
        super().__init__()
        if reduction not in {"mean", "weighted_mean", "sum", "none"}:
            raise ValueError(f'reduction must be "mean", "weighted_mean", "sum" or "none", got {reduction!r}')
        self.reduction = reduction

    @property
    def starts_from_prior(self) -> bool:
        """Whether a network begins with the prior bias, as sigmoids want it."""
        raise NotImplementedError

    @property
    def counted(self) -> Any:
        """What ``set_counts`` is given for the vectors that the loss has."""
        return self.counts

    def set_counts(self, counts: Any) -> None:
        """Compute the vectors anew, in place."""
        raise NotImplementedError

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return what a network trained with this loss predicts."""
        raise NotImplementedError

    def posterior(self, logits: Tensor) -> Tensor:
        """Return what the logits say at the prevalence of the training data."""
        raise NotImplementedError

    def for_trainer(self) -> Callable[..., Tensor]:
        """Return the function that Hugging Face's ``Trainer`` takes as ``compute_loss_func``.

        It reads the logits of the model's output, (batch, tokens, classes) where they have three dimensions, and
        divides by the number of labels in all batches whose gradients are added up, as the trainer counts them. A
        trainer moves its model, so that the loss follows the logits.

        Returns
        -------
        compute_loss : callable
            ``compute_loss(outputs, labels, num_items_in_batch=None)``.

        Raises
        ------
        ValueError
            If `reduction` is another than ``"mean"``, or `ignore_index` than -100, which is what the trainer does
            not count.

        Examples
        --------
        >>> from skcb.nn import CBCrossEntropyLoss
        >>> compute_loss = CBCrossEntropyLoss([5000, 50, 5]).for_trainer()
        """
        if self.reduction != "mean":
            raise ValueError(
                f'a trainer divides by its labels, which reduction={self.reduction!r} is not; take "mean"'
            )
        if self.ignore_index != -100:
            raise ValueError(
                f"ignore_index={self.ignore_index} is not what the trainer leaves out of its count, -100; mark "
                "with -100 what is to be ignored"
            )
        return partial(loss_of_trainer, self)

    def _hold(self, vectors: Mapping[str, np.ndarray], *kept: np.ndarray) -> None:
        """Make buffers of vectors, or fill those that there are, and keep what they follow from."""
        known = getattr(self, "weight", None)
        for name, vector in vectors.items():
            values = torch.from_numpy(vector)
            if known is not None:
                self.get_buffer(name).copy_(values)
            else:
                self.register_buffer(name, values.to(torch.get_default_device(), torch.get_default_dtype()))
        self._keep(*kept)

    def _refuse_another_number(self, counts: np.ndarray) -> None:
        known = getattr(self, "weight", None)
        if known is not None and len(known) != len(counts):
            raise ValueError(
                f"the loss was made for {len(known)} {self._of}, but counts has {len(counts)}; make a new loss"
            )

    def _keep(self, *kept: np.ndarray) -> None:
        for name, values in zip(self._kept, kept, strict=True):
            setattr(self, name, values)

    def _check_logits(self, logits: Tensor) -> None:
        check_tensor("logits", logits)
        weight, shape = self.weight, logits.shape
        n_classes = weight.shape[0]
        if len(shape) < 2 or shape[1] != n_classes:
            one_logit = n_classes == 2 and (len(shape) < 2 or shape[1] == 1)
            way_out = "; a network of one logit for two classes takes CBMultilabelLoss, or a second logit"
            raise ValueError(
                f"logits have shape {tuple(shape)}, but the counts are of {n_classes} {self._of}; expected "
                f"(N, {n_classes}) or (N, {n_classes}, d1, ...)" + (way_out if one_logit else "")
            )
        if not logits.is_floating_point():
            raise TypeError(f"logits must be floating, got {logits.dtype}; convert them with .float()")
        if logits.device != weight.device:
            raise ValueError(
                f"logits are on {logits.device}, the loss is on {weight.device}; move the loss with "
                f".to({str(logits.device)!r})"
            )

    # The counts and beta travel with the saved state, but not as a buffer: .half() would make infinity of 70000.
    # One tensor, since some formats hold nothing else.
    def get_extra_state(self) -> Tensor:
        """Return what ``state_dict`` saves beside the buffers: beta, and the counts."""
        return torch.from_numpy(np.concatenate([[self.beta], *(getattr(self, name) for name in self._kept)]))

    def set_extra_state(self, state: Tensor) -> None:
        """Take over what ``state_dict`` saved; of other classes nothing, which torch refuses by their weights."""
        beta, *kept = state.tolist()
        if len(kept) == len(self._kept) * len(self.weight):
            self.beta = beta
            self._keep(*np.split(np.array(kept), len(self._kept)))

    def extra_repr(self) -> str:
        """Return the parameters, for ``repr``."""
        names = [name for name in inspect.signature(type(self)).parameters if name not in self._kept]
        values = {name: getattr(self, name, None) for name in names}
        shown = [f"{name}={value!r}" for name, value in values.items() if not callable(value)]
        return ", ".join([f"n_{self._of}={len(self.weight)}", *shown])


def as_numpy(counts: Any) -> Any:
    """Return counts in a tensor as NumPy's, with all their digits, others as they are."""
    if not isinstance(counts, Tensor):
        return counts
    return (counts.double() if counts.is_floating_point() else counts).detach().cpu().numpy()
