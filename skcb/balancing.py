"""Turn the counts of the classes into one number per class: ``(n_classes,)`` in, ``(n_classes,)`` out."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb._checks import as_counts, check_beta, check_non_negative, check_normalize, check_real, shown
from skcb._warnings import warn

__all__ = [
    "DoubleBalancingWarning",
    "EmptyClassWarning",
    "InertBetaWarning",
    "beta_from_volume",
    "beta_grid",
    "class_weight",
    "effective_number",
    "label_weight",
    "ldam_margin",
    "logit_adjustment",
    "sampling_probability",
]

Vector = NDArray[np.float64]
Normalization = Literal["classes", "samples"] | None

# Sums of weights are taken for equal within this share.
_ROUNDING = 1e-9


class InertBetaWarning(UserWarning):
    """The value of beta makes no difference for these counts."""


class EmptyClassWarning(UserWarning):
    """A class has no samples, so it has no prior."""


class DoubleBalancingWarning(UserWarning):
    """The classes are balanced twice: by two weights, by weights and a shift, or by weights and a sampler."""


def effective_number(counts: ArrayLike, beta: float = 0.999) -> Vector:
    r"""Effective number of samples of each class.

    .. math:: E_n = \frac{1 - \beta^n}{1 - \beta} = \sum_{j=1}^{n} \beta^{j-1}

    New samples overlap with those already seen: the j-th one adds :math:`\beta^{j-1}`.

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class; fractional where the samples are weighted. A `ClassCounts`, or a Series or mapping by
        label, must be in the order of its labels.
    beta : float in [0, 1], default=0.999
        At 0 every class that has samples is worth one; at 1 a class is worth its count.

    Returns
    -------
    effective_number : ndarray of shape (n_classes,), float64
        0 for a class without samples, whatever `beta`.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, or if `beta` lies outside [0, 1].

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import effective_number
    >>> effective_number([5000, 50, 5], beta=0.999).round(3)
    array([993.279,  48.794,   4.99 ])
    """
    return _effective_number(as_counts(counts), check_beta(beta))


def class_weight(counts: ArrayLike, beta: float = 0.999, *, normalize: Normalization = "classes") -> Vector:
    r"""Weight of each class: one over its effective number, normalised.

    .. math:: w_c \propto 1 / E_{n_c} = (1 - \beta) / (1 - \beta^{n_c})

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class; fractional where the samples are weighted.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency. :func:`beta_grid` proposes values between.
    normalize : {"classes", "samples"} or None, default="classes"
        What the weights average one over. ``"classes"``: the classes that have samples, so that the weights
        sum to their number, as in the paper. ``"samples"``: the training samples, as in scikit-learn, so
        that ``beta=0`` is no weighting and ``beta=1`` is ``class_weight="balanced"``. ``None``: over
        nothing, the bare :math:`1/E_n`.

    Returns
    -------
    class_weight : ndarray of shape (n_classes,), float64
        0 for a class without samples, which also stays out of the normalisation.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, if no class has samples, if `beta` lies outside [0, 1], or if
        `normalize` is unknown.

    Warns
    -----
    InertBetaWarning
        If `beta` acts like no weighting (the weights are level though the counts are not), or if every count is
        below one (the weights are inverse frequencies whatever `beta`).

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import class_weight
    >>> class_weight([5000, 50, 5], beta=0.999).round(3)
    array([0.014, 0.277, 2.709])
    >>> class_weight([5000, 50, 5], beta=1, normalize="samples").round(3)
    array([  0.337,  33.7  , 337.   ])
    """
    counts, beta = as_counts(counts), check_beta(beta)
    check_normalize(normalize)
    present = _present(counts)
    _warn_if_inert(counts[present], beta)
    weight = np.zeros_like(counts)
    if normalize is None:
        weight[present] = 1 / _effective_number(counts[present], beta)
        return weight
    weight[present] = _relative_weight(counts[present], beta)
    if normalize == "classes":
        weight *= present.sum() / weight.sum()
    else:
        weight *= counts.sum() / (counts @ weight)
    return weight


def label_weight(counts: ArrayLike, n_samples: ArrayLike | None = None, beta: float = 0.999) -> Vector:
    r"""Weights of the samples without and with each label, where a sample may have several labels.

    .. math:: w^-_j = k_j / E_{n^-_j}, \qquad w^+_j = k_j / E_{n^+_j}, \qquad
        n^-_j w^-_j + n^+_j w^+_j = n^-_j + n^+_j

    Each label is a pair of classes of its own, whose weights average one over the samples: they are those of
    :func:`class_weight` with ``normalize="samples"``.

    Parameters
    ----------
    counts : array-like of shape (n_labels,)
        Samples that have each label, in the order of the labels; fractional where the samples are weighted. A
        `LabelCounts` has the number of samples as well.
    n_samples : float or array-like of shape (n_labels,), default=None
        Samples of which it is known whether they have it. None is for a `LabelCounts`.
    beta : float in [0, 1], default=0.999
        0 is no weighting; 1 is inverse frequency, of ``BCEWithLogitsLoss(weight=w[:, 0], pos_weight=w[:, 1] /
        w[:, 0])``.

    Returns
    -------
    label_weight : ndarray of shape (n_labels, 2), float64
        Without it, with it. A side that no sample is on weighs 0, and the other 1.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, or above `n_samples`, if no sample has any label, or if `beta`
        lies outside [0, 1].

    Warns
    -----
    InertBetaWarning
        If no label is weighted though the sides of one differ twofold, or if every count is below one.

    Examples
    --------
    >>> from skcb import label_weight
    >>> label_weight([500, 10], 1000, beta=1)
    array([[ 1.        ,  1.        ],
           [ 0.50505051, 50.        ]])
    """
    sides, beta = label_sides(counts, n_samples), check_beta(beta)
    _warn_if_no_label_is_weighted(sides, beta)
    present = sides > 0
    number = np.where(present, _effective_number(sides, beta), 1)
    smallest = np.where(present, number, np.inf).min(axis=1, keepdims=True)
    weight = np.divide(smallest, number, out=np.zeros_like(sides), where=present)
    total = (sides * weight).sum(axis=1, keepdims=True)
    scale = np.divide(sides.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(weight * scale)


def logit_adjustment(counts: ArrayLike, tau: float = 1.0) -> Vector:
    r"""Shift of each class's logit: tau times its log-prior.

    .. math:: \tau \log \pi_c, \qquad \pi_c = n_c / \textstyle\sum_k n_k

    Added to the logits in a loss, subtracted from them after training.

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class; fractional where the samples are weighted.
    tau : float >= 0, default=1.0
        Strength of the adjustment; 0 is none, 1 is Balanced Softmax when used in a loss.

    Returns
    -------
    shift : ndarray of shape (n_classes,), float64
        Minus infinity for a class without samples, unless `tau` is 0.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, if no class has samples, or if `tau` is negative or not
        finite.

    Warns
    -----
    EmptyClassWarning
        If a class without samples gets minus infinity.

    References
    ----------
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.

    Examples
    --------
    >>> from skcb import logit_adjustment
    >>> logit_adjustment([900, 90, 10]).round(3)
    array([-0.105, -2.408, -4.605])
    """
    counts, tau = as_counts(counts), check_non_negative("tau", tau)
    present = _present(counts)
    if tau == 0:
        return np.zeros_like(counts)
    _warn_if_empty(present, "its log-prior is -inf")
    log_prior = np.full_like(counts, -np.inf)
    log_prior[present] = np.log(counts[present] / counts.sum())
    # Near a prior of one the log of the quotient loses every digit; log1p of the others' share does not.
    top = int(counts.argmax())
    log_prior[top] = -np.log1p(np.delete(counts, top).sum() / counts[top])
    return tau * log_prior


def ldam_margin(counts: ArrayLike, max_margin: float = 0.5) -> Vector:
    r"""Label-distribution-aware margin of each class, largest for the rarest.

    .. math:: \Delta_c = \Delta_{\max} (n_{\min} / n_c)^{1/4}

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class; fractional where the samples are weighted.
    max_margin : float >= 0, default=0.5
        Margin of the rarest class, in units of the (cosine) logits; 0 is no margin.

    Returns
    -------
    margin : ndarray of shape (n_classes,), float64
        0 for a class without samples.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, if no class has samples, or if `max_margin` is negative or
        not finite.

    Warns
    -----
    EmptyClassWarning
        If a class without samples gets margin 0.

    References
    ----------
    Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019,
    :arxiv:`1906.07413`.

    Examples
    --------
    >>> from skcb import ldam_margin
    >>> ldam_margin([1600, 16, 1])
    array([0.07905694, 0.25      , 0.5       ])
    """
    counts, max_margin = as_counts(counts), check_non_negative("max_margin", max_margin)
    present = _present(counts)
    _warn_if_empty(present, "its margin is 0")
    margin = np.zeros_like(counts)
    margin[present] = max_margin * (counts[present].min() / counts[present]) ** 0.25
    return margin


def sampling_probability(counts: ArrayLike, beta: float = 0.999) -> Vector:
    r"""Chance that a class-balanced draw is of each class.

    .. math:: p_c \propto n_c / E_{n_c}

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class; fractional where the samples are weighted.
    beta : float in [0, 1], default=0.999
        At 0 every sample is drawn alike; at 1 every class that has samples is.

    Returns
    -------
    probability : ndarray of shape (n_classes,), float64
        Sums to one; 0 for a class without samples.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, if no class has samples, or if `beta` lies outside [0, 1].

    Warns
    -----
    InertBetaWarning
        As :func:`class_weight` does.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import sampling_probability
    >>> sampling_probability([900, 90, 10], beta=0.999).round(3)
    array([0.425, 0.293, 0.282])
    """
    counts, beta = as_counts(counts), check_beta(beta)
    present = _present(counts)
    _warn_if_inert(counts[present], beta)
    probability = np.zeros_like(counts)
    probability[present] = counts[present] * _relative_weight(counts[present], beta)
    probability /= probability.sum()
    return probability


def beta_from_volume(n_prototypes: float) -> float:
    """Return the beta of a class whose samples cover `n_prototypes` distinct prototypes, ``(N - 1) / N``.

    Parameters
    ----------
    n_prototypes : float >= 1
        The volume of a class's data in units of one sample; 1 gives beta 0, and beta tends to 1 as it grows.

    Returns
    -------
    beta : float in [0, 1]

    Raises
    ------
    ValueError
        If `n_prototypes` is below 1 or not finite.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import beta_from_volume
    >>> beta_from_volume(10_000)
    0.9999
    """
    if check_real("n_prototypes", n_prototypes) < 1 or not np.isfinite(n_prototypes):
        raise ValueError(f"n_prototypes must be finite and at least 1, got {n_prototypes!r}")
    return float((n_prototypes - 1) / n_prototypes)


def beta_grid(counts: ArrayLike, num: int = 5) -> Vector:
    """Values of beta worth trying on these counts, ready for ``GridSearchCV``.

    The ratio between the weights of the smallest and the largest class grows from 1 (``beta=0``) to their
    imbalance ratio (``beta=1``) in `num` geometric steps, so that no two values do the same.

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class; classes without samples are left out.
    num : int >= 2, default=5
        How many values.

    Returns
    -------
    beta : ndarray of shape (num,), float64
        In ascending order, both ends included. Balanced counts give the one value that is left to say, 0;
        values that no float64 tells apart are given once.

    Raises
    ------
    ValueError
        If a count is negative, NaN or infinite, if no class has samples, or if `num` is below 2.

    Examples
    --------
    >>> from skcb import beta_grid, class_weight
    >>> counts = [5000, 50]
    >>> beta_grid(counts).round(4)
    array([0.    , 0.9924, 0.9979, 0.9994, 1.    ])
    >>> weights = [class_weight(counts, beta) for beta in beta_grid(counts)]
    >>> [round(float(tail / head), 2) for head, tail in weights]
    [1.0, 3.16, 10.0, 31.62, 100.0]
    """
    counts = as_counts(counts, any_order=True)
    counts = counts[_present(counts)]
    if isinstance(num, bool) or not isinstance(num, int | np.integer) or num < 2:
        raise ValueError(f"num must be an integer of at least 2, got {num!r}")
    smallest, largest = counts.min(), counts.max()
    if smallest == largest:
        return np.zeros(1)
    target = np.log(largest / smallest) * np.arange(1, num - 1) / (num - 1)
    # In t = -log(beta) the weight ratio (1 - exp(-t * largest)) / (1 - exp(-t * smallest)) falls from the
    # imbalance ratio to 1; bisecting log(t) keeps every digit of a beta that is close to 1.
    low = np.full(target.shape, np.log(1e-18 / largest))
    high = np.full(target.shape, np.log(50 / smallest))
    for _ in range(80):
        middle = (low + high) / 2
        t = np.exp(middle)
        too_steep = np.log(np.expm1(-t * largest) / np.expm1(-t * smallest)) > target
        low, high = np.where(too_steep, middle, low), np.where(too_steep, high, middle)
    return np.unique(np.concatenate([[0.0], np.exp(-np.exp(low)), [1.0]]))


def label_sides(counts: Any, n_samples: ArrayLike | None) -> Vector:
    """Return how many samples are without and with each label, (n_labels, 2), as far as it is known."""
    n_samples = getattr(counts, "n_samples", None) if n_samples is None else n_samples  # LabelCounts have both
    if n_samples is None:
        raise ValueError(
            "counts of the samples that have each label need n_samples, of all of them: count_labels(Y) has both"
        )
    having = as_counts(counts, any_order=True)
    if not having.any():
        raise ValueError(f"all {len(having)} counts are 0: no sample has any label (or all sample weights are 0)")
    known = np.asarray(n_samples)
    if known.shape not in {(), having.shape} or known.dtype.kind not in "iuf":
        raise ValueError(
            f"n_samples must be one number, or one for each of the {len(having)} labels, got {n_samples!r}"
        )
    known = np.broadcast_to(known.astype(np.float64), having.shape)
    without = known - having
    # Sums of weights round: what is left of a label that all samples have is no sample.
    without = np.where(np.abs(without) <= _ROUNDING * known, 0, without)
    wrong = ~(np.isfinite(known) & (without >= 0))
    if wrong.any():
        where = int(wrong.argmax())
        raise ValueError(
            f"label {where} has a count of {having[where]:g}, but n_samples is {known[where]:g}; counts are of "
            "the samples that have the label, n_samples of all of which it is known"
        )
    return np.stack([without, having], axis=1)


def _present(counts: Vector) -> NDArray[np.bool_]:
    present = counts > 0
    if not present.any():
        raise ValueError(f"all {len(counts)} counts are 0: no class has samples (or all sample weights are 0)")
    return present


def _effective_number(counts: Vector, beta: float) -> Vector:
    if beta == 0:
        return (counts > 0).astype(np.float64)
    if beta == 1:
        return counts.copy()
    # 1 - beta**n cancels where beta is close to 1; expm1 does not, and 1 - beta is exact there.
    return np.asarray(-np.expm1(counts * np.log(beta)) / (1 - beta))


def _relative_weight(counts: Vector, beta: float) -> Vector:
    """1/E_n in units of the largest, in (0, 1], for counts that are all positive."""
    number = _effective_number(counts, beta)
    return np.asarray(number.min() / number)


def _warn_if_inert(counts: Vector, beta: float) -> None:
    smallest, largest = counts.min(), counts.max()
    if 0 < beta < 1 and largest < 1:
        warn(
            f"the largest class counts {largest:.3g}, less than one sample, so beta={beta} has no effect and "
            "the weights are inverse frequencies; rescale the sample weights to a mean of one",
            InertBetaWarning,
        )
    elif beta > 0 and largest >= 2 * smallest:
        ratio = np.divide(*_effective_number(np.array([largest, smallest]), beta))
        if ratio < 1.01:
            warn(
                f"beta={beta} acts like no weighting: the rarest class has {smallest:g} samples and the largest "
                f"{largest:g}, and their weights are within 1 % of each other, as for every beta below about "
                f"{_last_inert_beta(smallest)}; beta_grid(counts) gives values that matter",
                InertBetaWarning,
            )


def _last_inert_beta(smallest: float) -> str:
    """The beta below which weights are within 1 %, beta^n = .01, with as many digits as tell it from 1."""
    digits = 1 + np.ceil(np.log10(max(smallest, 10))).astype(int)
    return f"{0.01 ** (1 / smallest):.{min(digits, 16)}f}"


def _warn_if_no_label_is_weighted(sides: Vector, beta: float) -> None:
    largest = sides.max()
    if 0 < beta < 1 and largest < 1:
        _warn_if_inert(np.array([largest]), beta)
        return
    both = sides[(sides > 0).all(axis=1)]
    smaller, larger = both.min(axis=1), both.max(axis=1)
    uneven = larger >= 2 * smaller
    if (
        beta > 0
        and uneven.any()
        and (_effective_number(larger, beta) < 1.01 * _effective_number(smaller, beta)).all()
    ):
        warn(
            f"beta={beta} acts like no weighting: samples with and without a label get weights within 1 % of each "
            f"other, of every label, as for every beta below about {_last_inert_beta(smaller[uneven].min())}; "
            "beta_grid([with, without]) of a label gives values that matter",
            InertBetaWarning,
        )


def _warn_if_empty(present: NDArray[np.bool_], consequence: str) -> None:
    if not present.all():
        positions = shown(np.flatnonzero(~present).tolist())
        warn(
            f"classes at positions [{positions}] have 0 samples: each has no prior, so "
            f"{consequence}; leave such a class out of the counts if it cannot occur",
            EmptyClassWarning,
        )
