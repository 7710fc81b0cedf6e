"""The loss of several labels per example: its target is an indicator matrix, and each side of a label weighs."""

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from skcb._checks import as_counts, check_non_negative, check_real, shown
from skcb._warnings import warn
from skcb.balancing import EmptyClassWarning, label_sides, label_weight
from skcb.nn._checks import check_n_examples, check_pair_weight, check_tensor, n_masked_of, values_are_known
from skcb.nn._counted import CountedLoss, as_numpy
from skcb.nn._focal import along_classes, at_least_float32, evaluated
from skcb.nn._loss import Counts, Reduction
from skcb.nn._sides import SIDES, Sides, cost_of_each, log_odds_at_the_minimum, weight_of_each


class CBMultilabelLoss(CountedLoss):
    r"""Class-balanced sigmoid cross-entropy of several labels per example, with a weight for each side of a label.

    .. math:: L = -\sum_j t_j w^+_j (1 - p_j)^{\gamma^+} \log p_j
        + (1 - t_j) w^-_j \, q_j^{\gamma^-} \log(1 - q_j)

    .. math:: p = \sigma(z + \tau \log (n^+ / n^-)), \qquad q = \max(p - c, 0), \qquad
        w^\pm_j = k_j / E_{n^\pm_j}, \qquad n^+_j w^+_j + n^-_j w^-_j = n_j

    The weights are :func:`skcb.label_weight`. With ``beta=0`` and nothing else it is torch's
    ``BCEWithLogitsLoss()``, with ``beta=1`` its ``BCEWithLogitsLoss(weight=w[:, 0], pos_weight=n_without /
    n_with)``; a pair of focuses and a clip make it the asymmetric loss, and a `sample_weight` from
    :func:`skcb.nn.functional.rebalanced_weight` gives it the weights of the distribution-balanced one. A network
    that learns it starts well from :func:`skcb.nn.label_prior_bias_`.

    Parameters
    ----------
    counts : array-like or Tensor of shape (n_labels,), or LabelCounts
        Examples in the whole training set that have each label, in the order of the columns.
        :func:`skcb.count_labels` counts them, and the examples with them.
    n_samples : float or array-like of shape (n_labels,), default=None
        Examples in the whole training set; of each label those of which it is known, where targets are masked.
        None is for a `LabelCounts`.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, of each label and each side.
    gamma : float >= 0 or pair (negatives, positives), default=0.0
        Focus on the hard examples. The paper of the asymmetric loss has (4, 1), and a clip of .05.
    clip : float in [0, 1), default=0.0
        Taken from the probability of negatives: those below it cost nothing.
    tau : float >= 0, default=0.0
        Strength of the logit adjustment: 1 makes the logits those of labels that half of the examples have.
    reduction : {"mean", "weighted_mean", "sum", "none"}, default="mean"
        ``"mean"`` divides the sum by the number of pairs of example and label that are known, as torch does,
        ``"weighted_mean"`` by the sum of their weights. ``"none"`` gives a loss for each pair.

    Attributes
    ----------
    weight : Tensor of shape (n_labels, 2)
        The weights of negatives and positives, a buffer. A label that is always there, or never, weighs 0 on the
        side that has no examples and 1 on the other.
    shift : Tensor of shape (n_labels,)
        What is added to the logits, a buffer; 0 for a label that is always or never there.
    counts, n_samples : ndarray of shape (n_labels,)
        What they follow from.

    Raises
    ------
    ValueError
        If a count is negative, NaN, infinite or above `n_samples`, if all are 0, or if a parameter lies outside
        its range. When called: if the number of labels is not that of the counts, or if a target is not 0, 1 or
        NaN (save under ``torch.compile``).

    Warns
    -----
    EmptyClassWarning
        If a label is always there, or never.
    InertBetaWarning
        As :func:`skcb.label_weight` does.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.
    Ben-Baruch et al., Asymmetric Loss for Multi-Label Classification, ICCV 2021, :arxiv:`2009.14119`.
    Wu et al., Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets, ECCV 2020,
    :arxiv:`2007.09654`.
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.

    Examples
    --------
    >>> import torch
    >>> from skcb import count_labels
    >>> from skcb.nn import CBMultilabelLoss
    >>> Y = torch.tensor([[1, 0], [1, 1], [0, 0], [1, 0]])
    >>> loss = CBMultilabelLoss(count_labels(Y), beta=1)
    >>> loss.weight
    tensor([[2.0000, 0.6667],
            [0.6667, 2.0000]])
    >>> loss(torch.tensor([[2.0, -1.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [1.0, torch.nan]]))
    tensor(0.2519)
    """

    takes_indicators = True
    starts_from_prior = True
    _of: ClassVar[str] = "labels"
    _kept: ClassVar[tuple[str, ...]] = ("counts", "n_samples")
    n_samples: np.ndarray
    shift: Tensor
    gamma: float | tuple[float, float]
    clip: float
    tau: float

    def __init__(
        self,
        counts: Counts,
        n_samples: ArrayLike | None = None,
        *,
        beta: float = 0.999,
        gamma: float | tuple[float, float] = 0.0,
        clip: float = 0.0,
        tau: float = 0.0,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        self.beta, self.gamma, self.clip, self.tau = beta, gamma, clip, tau
        self.set_counts(counts, n_samples)

    @property
    def counted(self) -> tuple[np.ndarray, np.ndarray]:
        """What ``set_counts`` is given for the vectors that the loss has."""
        return self.counts, self.n_samples

    def set_counts(self, counts: Any, n_samples: ArrayLike | None = None) -> None:
        """Compute weights and shifts anew, in place, from other counts of the same labels.

        It reads ``beta``, ``tau``, ``gamma`` and ``clip`` again, so that setting one of these attributes and then
        the counts re-weights as well.

        Parameters
        ----------
        counts : array-like or Tensor of shape (n_labels,), LabelCounts, or a pair of counts and n_samples
            Examples in the whole training set that have each label; fractional where they are weighted.
        n_samples : float or array-like of shape (n_labels,), default=None
            Examples in the whole training set. None takes those of a `LabelCounts`, and of plain counts those that
            the loss has.

        Raises
        ------
        ValueError
            If a count is negative, NaN, infinite or above `n_samples`, if all are 0, or if their number changes.
        """
        self._check_parameters()
        if type(counts) is tuple and len(counts) == 2 and n_samples is None and np.ndim(counts[0]) == 1:
            counts, n_samples = counts  # not ClassCounts, a pair of classes and counts
        counts = as_numpy(counts)
        if n_samples is None and hasattr(self, "n_samples") and not hasattr(counts, "n_samples"):
            self._refuse_another_number(as_counts(counts, any_order=True))
            n_samples = self.n_samples
        sides = label_sides(counts, as_numpy(n_samples))
        total, having = sides.sum(axis=1), sides[:, 1]
        self._refuse_another_number(having)
        _warn_if_one_sided(sides)
        log_odds = np.zeros(len(sides))
        both = sides.all(axis=1)
        log_odds[both] = np.log(sides[both, 1] / sides[both, 0])
        vectors = {"weight": label_weight(having, total, self.beta), "shift": self.tau * log_odds}
        self._hold(vectors, having, total)

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        sample_weight: Tensor | None = None,
        *,
        n_examples: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss: one number, or with ``reduction="none"`` one per pair of example and label.

        Parameters
        ----------
        logits : Tensor of shape (N, L) or (N, L, d1, ...)
            Scores before any sigmoid. Probabilities cannot be told from logits: they give a wrong loss, and no
            error.
        target : Tensor of the shape of `logits`
            1 where an example has the label, 0 where it has not, NaN where that is not known, which counts for
            nothing; of any dtype. A row without labels is an example like others.
        sample_weight : Tensor of shape (N,) or (N, d1, ...), or of the shape of `logits`, optional
            Multiplies the weights of an example, or of a pair of example and label.
        n_examples : float or Tensor of shape (), optional
            What ``"mean"`` divides by, in place of the number of pairs given here that are known: those of the
            whole batch where gradients of its parts are added up, and that over the number of processes where
            the gradients of these are averaged. Greater than 0, which is not looked at on an accelerator.
        """
        if n_examples is not None:
            n_examples = check_n_examples(n_examples, self.reduction)
        n_masked = self._checked(logits, target, sample_weight)
        masked = n_masked != 0
        sides = self._sides(logits, masked=masked)
        if not target.is_floating_point():
            target = target.to(sides.negative.dtype)
        if self.reduction == "none":
            return self._cost_of_each(logits, target, sample_weight, sides)
        total = self._total(logits, target, sample_weight, sides)
        if self.reduction == "sum":
            return total
        if self.reduction == "mean":
            if n_examples is None:
                n_examples = (~target.isnan()).count_nonzero() if n_masked is None else target.numel() - n_masked
                n_examples = max(1, n_examples) if isinstance(n_examples, int) else n_examples.clamp(min=1)
            return total / n_examples
        weight = weight_of_each(target, sides)
        if sample_weight is not None:
            weight = _of_pairs(sample_weight, weight) * weight
            weight = weight.masked_fill(target.isnan(), 0) if masked else weight
        return total / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each label that a network trained with this loss predicts: the sigmoids.

        Parameters
        ----------
        logits : Tensor of shape (N, L) or (N, L, d1, ...)

        Returns
        -------
        probabilities : Tensor of the same shape
            Each for itself: they do not sum to 1. A label is predicted above one half.
        """
        return logits.sigmoid()

    def posterior(self, logits: Tensor) -> Tensor:
        r"""Return what the logits say of P(label | x) at the prevalence of the training data.

        It is :math:`\eta` where the logits minimise the expected loss :math:`\eta L(z, 1) + (1 - \eta) L(z, 0)`:
        weights, shift, focus and clip are undone. A probability below the clip is 0.

        Parameters
        ----------
        logits : Tensor of shape (N, L) or (N, L, d1, ...)
            Half precision is computed in float32.

        Returns
        -------
        posterior : Tensor of the same shape
            1 for a label that all examples of the training have, 0 for one that none has.

        References
        ----------
        Charoenphakdee et al., On Focal Loss for Class-Posterior Probability Estimation, CVPR 2021,
        :arxiv:`2011.09172`.

        Examples
        --------
        >>> import torch
        >>> from skcb.nn import CBMultilabelLoss
        >>> loss = CBMultilabelLoss([10, 250], 1000, beta=1)
        >>> loss.posterior(torch.tensor([[0.0, 0.0]]))
        tensor([[0.0100, 0.2500]])
        """
        self._check_logits(logits)
        sides = self._sides(logits, masked=False)
        z = at_least_float32(logits)
        z = z if sides.shift is None else z + sides.shift
        odds = log_odds_at_the_minimum(z, sides.gamma, sides.clip) + sides.negative.log() - sides.positive.log()
        posterior = odds.sigmoid().masked_fill(sides.positive == 0, 0)
        return posterior.masked_fill((sides.negative == 0) & (sides.positive > 0), 1)

    def _cost_of_each(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None, sides: Sides) -> Tensor:
        cost = cost_of_each(logits, target, sides)
        if sample_weight is None:
            return cost
        weight = _of_pairs(sample_weight, cost)
        return cost * (weight.masked_fill(target.isnan(), 0) if sides.masked else weight)

    def _total(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None, sides: Sides) -> Tensor:
        """Sum by the kernel, in the commonest cases."""
        of_examples = sample_weight
        if sample_weight is not None:
            if sample_weight.requires_grad or sample_weight.shape == logits.shape:
                return self._cost_of_each(logits, target, sample_weight, sides).sum()
            of_examples = _of_pairs(sample_weight, logits).squeeze(1).to(sides.negative.dtype)
        if logits.ndim > 3:
            logits, target = logits.flatten(2), target.flatten(2)
            of_examples = of_examples if of_examples is None else of_examples.flatten(1)
            sides = self._sides(logits, masked=sides.masked)
        total = evaluated(SIDES, logits, target, sides, of_examples)
        return total.sum() if of_examples is None else total

    def _sides(self, logits: Tensor, *, masked: bool) -> Sides:
        dtype = torch.promote_types(logits.dtype, torch.float32)
        negative, positive = self.weight.to(dtype).unbind(1)
        gamma = self.gamma if isinstance(self.gamma, tuple) else (self.gamma, self.gamma)
        shift = along_classes(self.shift.to(dtype), logits) if self.tau else None
        return Sides(
            gamma, self.clip, along_classes(negative, logits), along_classes(positive, logits), shift, masked
        )

    def _check_parameters(self) -> None:
        self.gamma = _check_gamma(self.gamma)
        self.tau = check_non_negative("tau", self.tau)
        if not 0 <= check_real("clip", self.clip) < 1:
            raise ValueError(f"clip must lie in [0, 1), got {self.clip!r}; 0 is none")
        self.clip = float(self.clip)

    def _checked(self, logits: Tensor, target: Tensor, sample_weight: Tensor | None) -> int | None:
        """Return how many entries of the target are masked; None where that is not known."""
        self._check_logits(logits)
        check_tensor("target", target)
        if target.shape != logits.shape:
            raise ValueError(
                f"a target of several labels has the shape of the logits, {tuple(logits.shape)}, 1 where an "
                f"example has the label, got {tuple(target.shape)}; class indices, of one label per example, are "
                "for the other losses: CBCrossEntropyLoss"
            )
        if target.is_complex():
            raise TypeError(f"target must hold zeros and ones, got {target.dtype}")
        if sample_weight is not None:
            check_pair_weight(sample_weight, logits.shape)
        if target.dtype == torch.bool:
            return 0
        if not values_are_known(target):
            return None if target.is_floating_point() else 0
        return n_masked_of(target)


def _of_pairs(sample_weight: Tensor, costs: Tensor) -> Tensor:
    """Shape weights so that they broadcast over the costs of the pairs, or over the logits."""
    if sample_weight.shape == costs.shape:
        return sample_weight.to(torch.promote_types(costs.dtype, torch.float32))
    if sample_weight.ndim < costs.ndim - 1:
        sample_weight = sample_weight.view(-1, *[1] * (costs.ndim - 2)).expand(costs.shape[:1] + costs.shape[2:])
    return sample_weight.to(torch.promote_types(costs.dtype, torch.float32)).unsqueeze(1)


def _check_gamma(gamma: Any) -> float | tuple[float, float]:
    if not isinstance(gamma, tuple | list | np.ndarray):
        return check_non_negative("gamma", gamma)
    if len(gamma) != 2:
        raise ValueError(f"gamma must be one number or a pair (negatives, positives), got {gamma!r}")
    negative, positive = (check_non_negative("gamma", value) for value in gamma)
    return negative, positive


def _warn_if_one_sided(sides: np.ndarray) -> None:
    never, always = (np.flatnonzero(sides[:, side] == 0).tolist() for side in (1, 0))
    told = [
        f"labels at positions [{shown(positions)}] {what}"
        for positions, what in ((never, "are never there"), (always, "are always there"))
        if positions
    ]
    if told:
        warn(
            f"{' and '.join(told)} in the counts: such a label is not weighted, and there is nothing to tell it "
            "by; leave it out",
            EmptyClassWarning,
        )
