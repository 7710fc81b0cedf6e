"""The machinery of every loss: the vectors as buffers, the checks, one weight per example, the reduction."""

from functools import partial
from typing import Any, ClassVar, Literal, NoReturn

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from skcb._checks import counts_by_index
from skcb.balancing import Normalization, class_weight
from skcb.nn._adjustments import Adjustment
from skcb.nn._checks import check_n_examples, check_rows, check_sample_weight, check_tensor, values_are_known
from skcb.nn._counted import CountedLoss, as_numpy
from skcb.nn._device import device_loss
from skcb.nn._focal import along_classes, at_least_float32
from skcb.nn._posteriors import unweighted
from skcb.nn._terms import Term, weight_of

Reduction = Literal["mean", "weighted_mean", "sum", "none"]
Counts = ArrayLike | Tensor


class ClassWeightedLoss(CountedLoss):
    """Weight the loss of each example by its class, then reduce: what every loss is made of.

    A loss is this class with a `term`, which says what an example costs, and perhaps an `adjustment`, which says
    what the counts do to the logits before. Nothing else of it is to be overridden.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_classes,)
        Samples per class in the whole training set.
    beta : float in [0, 1]
        0 ignores the counts; 1 is inverse frequency.
    normalize : {"classes", "samples"} or None, default="classes"
        The weights have mean 1 over the classes, as in the paper, or over the training samples; or they are
        the bare :math:`1/E_n`.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of examples that are not ignored, as the paper does,
        ``"weighted_mean"`` by the sum of their weights, as torch does. Where all are ignored both give 0.
    ignore_index : int, default=-100
        Examples with this index count for nothing.
    **parameters
        The loss's own. Each becomes an attribute, which term and adjustment read, and check where they declare it.

    Attributes
    ----------
    term : Term
    adjustment : Adjustment or None
    weight : Tensor of shape (n_classes,)
        The class weights, a buffer; the vectors of the adjustment are others.
    counts : ndarray of shape (n_classes,)
    """

    term: Term
    adjustment: ClassVar[Adjustment | None] = None
    weight: Tensor
    _looked_right: tuple[Any, ...] | None = None
    _division: tuple[Tensor, int, Tensor] | None = None

    def __init__(
        self,
        counts: Counts,
        *,
        beta: float,
        normalize: Normalization = "classes",
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        **parameters: Any,
    ) -> None:
        if not isinstance(getattr(self, "term", None), Term):
            raise TypeError(
                f"{type(self).__name__} has no term; a loss is a class with term = ..., of skcb.nn.Term, which "
                "says what an example costs"
            )
        super().__init__(reduction)
        self.beta, self.normalize = beta, normalize
        self.ignore_index = ignore_index
        for name, value in parameters.items():
            setattr(self, name, value)
        self.set_counts(counts)

    @property
    def starts_from_prior(self) -> bool:
        """Whether a network begins with the prior bias: its term says it."""
        return self.term.starts_from_prior

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
        self._check_parameters()
        valid = counts_by_index(as_numpy(counts))
        if len(valid) < 2:
            raise ValueError(
                f"counts has {len(valid)} class; a loss needs two at least. A network with one logit for two "
                "classes is to give two: a loss has one logit for each class"
            )
        self._refuse_another_number(valid)
        vectors = {"weight": class_weight(valid, self.beta, normalize=self.normalize)}
        if self.adjustment is not None:
            vectors |= self.adjustment.vectors(self, valid)
        self._hold(vectors, valid)

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        sample_weight: Tensor | None = None,
        *,
        n_examples: float | Tensor | None = None,
    ) -> Tensor:
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
        n_examples : float or Tensor of shape (), optional
            What ``"mean"`` divides by, in place of the number of examples given here that are not ignored: those
            of the whole batch where gradients of its parts are added up, and that over the number of processes
            where the gradients of these are averaged. Greater than 0, which is not looked at on an accelerator.
        """
        if n_examples is not None:
            n_examples = check_n_examples(n_examples, self.reduction)
        weight = self.weight  # a module's look-up, which small batches feel
        target = self._checked(logits, target, sample_weight, weight)
        if logits.is_cuda and sample_weight is None:
            total = self._by_kernels(logits, target, weight, n_examples)
            if total is not None:
                return total
        return self._by_operations(logits, target, sample_weight, weight, n_examples)

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
        return self.term.probabilities(self, logits)

    def posterior(self, logits: Tensor) -> Tensor:
        r"""Return what the logits say of P(class | x) at the prevalence of the training data.

        It is :math:`\eta` where the logits minimise the expected loss :math:`\sum_y \eta_y L(z, y)`: weights,
        shifts, scales, margins and focus are undone. Label smoothing is not.

        Parameters
        ----------
        logits : Tensor of shape (N, C) or (N, C, d1, ...)
            Half precision is computed in float32.

        Returns
        -------
        posterior : Tensor of the same shape
            They sum to 1 over the classes; a class without samples has 0.

        Raises
        ------
        NotImplementedError
            If no closed form is known, as for a base or a term of your own.

        References
        ----------
        Charoenphakdee et al., On Focal Loss for Class-Posterior Probability Estimation, CVPR 2021,
        :arxiv:`2011.09172`.

        Examples
        --------
        >>> import torch
        >>> from skcb.nn import CBCrossEntropyLoss
        >>> loss = CBCrossEntropyLoss([900, 100], beta=1)
        >>> loss.posterior(torch.tensor([[0.0, 0.0]]))
        tensor([[0.9000, 0.1000]])
        """
        self._check_logits(logits)
        log_mass = partial(self.term.weighted_log_posterior, self)
        return unweighted(log_mass, at_least_float32(logits), self.weight)

    def _by_kernels(
        self, logits: Tensor, target: Tensor, weight: Tensor, n_examples: float | Tensor | None
    ) -> Tensor | None:
        """Return the loss from a GPU's kernels, None where they do not give it."""
        number = None if n_examples is None else 1
        total = device_loss(
            self,
            logits,
            target,
            weight,
            mean=self.reduction == "mean" and number is None,
            by_operations=lambda logits: self._by_operations(logits, target, None, weight, number),
        )
        return total if total is None or n_examples is None else total / n_examples

    def _by_operations(
        self,
        logits: Tensor,
        target: Tensor,
        sample_weight: Tensor | None,
        weight: Tensor,
        n_examples: float | Tensor | None,
    ) -> Tensor:
        """Return the loss from operations of torch."""
        logits, counted = self._looked_at(logits, target)
        try:
            return self._reduced(
                logits, target, sample_weight, weight, counted if n_examples is None else n_examples
            )
        except (IndexError, RuntimeError) as error:
            # torch has seen that an index is out of range (at no cost to us); say which.
            self._explain(target, error)

    def _reduced(
        self,
        logits: Tensor,
        target: Tensor,
        sample_weight: Tensor | None,
        weight: Tensor,
        n_examples: Tensor | float,
    ) -> Tensor:
        dtype = logits.dtype if logits.dtype.itemsize >= 4 else torch.float32
        if self.adjustment is not None:
            logits = self.adjustment.apply(self, logits, target)
        if weight.dtype != dtype:
            weight = weight.to(dtype)
        if sample_weight is None and self.reduction in {"mean", "sum"} and not target.is_floating_point():
            if self.reduction == "mean":
                weight = self._divided(weight, n_examples)
            return self.term.class_weighted_sum(self, logits, target, weight)
        weight = self._example_weight(target, weight, sample_weight)
        if self.reduction == "none":
            return self.term.per_example(self, logits, target) * weight
        if self.reduction == "mean":
            weight = weight / n_examples
        elif self.reduction == "weighted_mean":
            weight = weight / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)
        return self.term.weighted_sum(self, logits, target, weight)

    def _divided(self, weight: Tensor, n_examples: Tensor | float) -> Tensor:
        """Return weights over a number, and keep them for the next batch, which has as many examples as a rule.

        A vector that is made anew for each small batch costs more than its arithmetic, backwards too.
        """
        if not isinstance(n_examples, int) or not _may_be_kept(weight):
            return weight / n_examples
        # They are compared, since torch does not count what is written through weight.data or NumPy.
        of, number, divided = self._division or (None, 0, weight)
        if of is None or number != n_examples or of.dtype != weight.dtype or not torch.equal(of, weight):
            divided = weight / n_examples
            self._division = weight.clone(), n_examples, divided
        return divided

    def _example_weight(self, target: Tensor, weight: Tensor, sample_weight: Tensor | None) -> Tensor:
        """Return what each example weighs: its class, or the expected one, times its own; 0 if ignored."""
        hard = not target.is_floating_point()
        if hard:
            of_class = weight_of(target, weight, self.ignore_index)
        else:
            of_class = (target.to(weight.dtype) * along_classes(weight, target)).sum(1)
        if sample_weight is None:
            return of_class
        if sample_weight.ndim < of_class.ndim:
            sample_weight = sample_weight.view(-1, *[1] * (of_class.ndim - 1))
        if hard:  # what is ignored may weigh anything
            sample_weight = sample_weight.expand_as(target).masked_fill(target == self.ignore_index, 0)
        return of_class * sample_weight.to(weight.dtype)

    def _check_parameters(self) -> None:
        parts = (self.term,) if self.adjustment is None else (self.term, self.adjustment)
        for part in parts:
            for name, check in part.checks.items():
                setattr(self, name, check(name, getattr(self, name)))

    def _checked(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None, weight: Tensor) -> Tensor:
        """Return class indices as int64, and class probabilities as they are."""
        # What is right of one batch is right of the next that looks like it, and a small batch feels the checks.
        looks = self._looks_of(logits, target, weight) if sample_weight is None else None
        if looks is not None and looks == self._looked_right:
            return target
        self._check_logits(logits)
        check_tensor("target", target)
        shape = logits.shape
        per_example = shape[:1] if len(shape) == 2 else shape[:1] + shape[2:]
        if target.is_floating_point():
            if target.shape != shape:
                raise ValueError(
                    f"a target of {target.dtype} holds the probability of each class and has the shape of "
                    f"the logits, {tuple(shape)}, got {tuple(target.shape)}; class indices are integers: "
                    "target.long()"
                )
            check_rows(target)
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
        if sample_weight is not None:
            check_sample_weight(sample_weight, per_example)
        if self.adjustment is not None and self.has_empty_class:
            self._refuse_empty(target)
        if looks is not None:
            self._looked_right = looks
        return target

    def _looks_of(self, logits: Tensor, target: Tensor, weight: Tensor) -> tuple[Any, ...] | None:
        """Return all that the checks go by where the values of the targets are not among it; None elsewhere."""
        if torch.compiler.is_compiling() or type(logits) is not Tensor or type(target) is not Tensor:
            return None
        if target.dtype != torch.int64 or (self.adjustment is not None and self.has_empty_class):
            return None
        return logits.shape, logits.dtype, logits.device, target.shape, weight.device

    def _refuse_empty(self, target: Tensor) -> None:
        """Refuse targets of a class without samples: it has no prior to adjust by."""
        if not values_are_known(target):
            return
        for empty in np.flatnonzero(self.counts == 0).tolist():
            hit = target.select(1, empty) > 0 if target.is_floating_point() else target == empty
            if hit.any() and empty != self.ignore_index:
                raise ValueError(
                    f"a target is of class {empty}, which has 0 samples in counts and so no prior; count it, "
                    f"or leave its examples out with ignore_index={empty}"
                )

    def _explain(self, target: Tensor, error: Exception) -> NoReturn:
        if target.is_floating_point() or not values_are_known(target):
            raise error
        n_classes = len(self.weight)
        wrong = target[((target < 0) | (target >= n_classes)) & (target != self.ignore_index)]
        if not len(wrong):
            raise error
        raise ValueError(
            f"target {wrong[0].item()} lies outside [0, {n_classes}), the classes that were counted, and is "
            f"not ignore_index={self.ignore_index}; count every class, or set ignore_index to leave it out"
        ) from error

    def _looked_at(self, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int]:
        """Return the logits, 0 where an example is ignored, and the number to divide by, of the others.

        What is ignored must not be looked at: 0 times NaN would be NaN.
        """
        if target.is_floating_point():
            return logits, max(1, target.numel() // len(self.weight))
        known = target.is_cpu and values_are_known(target)
        # The look at the least index alone is the cheapest, which small batches feel.
        if known and self.ignore_index < 0 < target.numel() and target.min().item() >= 0:
            return logits, target.numel()
        ignored = target == self.ignore_index
        n_examples = (~ignored).count_nonzero()
        # An accelerator would have to wait for the number; to pass over the logits is cheaper.
        if not (known and int(n_examples) == target.numel()):
            logits = logits.masked_fill(ignored.unsqueeze(1), 0)
        return logits, n_examples.clamp_(min=1)

    def _keep(self, *kept: np.ndarray) -> None:
        super()._keep(*kept)
        self.has_empty_class = not self.counts.all()


def _may_be_kept(weight: Tensor) -> bool:
    if not (weight.is_cpu and values_are_known(weight)):
        return False
    return not (weight.requires_grad or torch.is_inference_mode_enabled() or weight.is_inference())
