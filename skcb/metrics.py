"""How imbalanced counts are, and how accurate predictions are where training samples are many or few."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb.counting import count_classes, count_encoded, take_by_label
from skcb.labels import encode_labels
from skcb.validation import as_counts, check_non_negative


class ShotAccuracy(NamedTuple):
    """Accuracy over the classes with many, medium and few training samples; NaN where there are none."""

    many: float
    medium: float
    few: float


def imbalance_ratio(counts: ArrayLike) -> float:
    r"""Ratio between the largest and the smallest class.

    .. math:: \rho = n_{\max} / n_{\min}

    Parameters
    ----------
    counts : array-like of shape (n_classes,)
        Samples per class.

    Returns
    -------
    imbalance_ratio : float >= 1
        1 for balanced classes. The paper calls it the imbalance factor.

    Raises
    ------
    ValueError
        If a count is negative or not finite, or if a class has no samples, since no ratio is finite then.

    Examples
    --------
    >>> from skcb import imbalance_ratio
    >>> imbalance_ratio([5000, 500, 50])
    100.0
    """
    counts = as_counts(counts)
    if (counts == 0).any():
        raise ValueError(
            f"classes at positions {np.flatnonzero(counts == 0).tolist()} have 0 samples, so the imbalance ratio "
            "is infinite; leave them out: counts[counts > 0]"
        )
    return float(counts.max() / counts.min())


def shot_accuracy(y_true: Any, y_pred: Any, y_train: Any, *, few: float = 20, many: float = 100) -> ShotAccuracy:
    """Accuracy over the classes that have many, medium and few training samples.

    In each group the recalls of the classes are averaged, so that on a balanced test set it is the accuracy
    over the group's samples.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of the test set.
    y_pred : array-like of shape (n_samples,)
        Predictions for the test set.
    y_train : array-like of shape (n_train_samples,)
        Labels of the training set, which say how many samples a class had.
    few : float, default=20
        Fewer training samples than this are few.
    many : float, default=100
        More training samples than this are many; from `few` to `many`, both included, is medium.

    Returns
    -------
    many, medium, few : float
        A named tuple; NaN for a group that no class of `y_true` falls in.

    Raises
    ------
    ValueError
        If labels are missing, lengths differ, a class of `y_true` has no training samples, or ``few > many``.

    References
    ----------
    Liu et al., Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019, :arxiv:`1904.05160`.

    Examples
    --------
    >>> from skcb import shot_accuracy
    >>> y_train = ["cat"] * 500 + ["dog"] * 50 + ["elk"] * 5
    >>> y_true = ["cat", "cat", "dog", "dog", "elk", "elk"]
    >>> shot_accuracy(y_true, ["cat", "cat", "dog", "cat", "cat", "cat"], y_train)
    ShotAccuracy(many=1.0, medium=0.5, few=0.0)
    """
    if check_non_negative("few", few) > check_non_negative("many", many):
        raise ValueError(f"few must not exceed many, got few={few} and many={many}")
    true, predicted = encode_labels(y_true), encode_labels(y_pred)
    if len(true.codes) != len(predicted.codes):
        raise ValueError(f"y_true has {len(true.codes)} labels, y_pred {len(predicted.codes)}")
    correct = (true.decode() == predicted.decode()).astype(np.float64)
    (classes, total), hits = count_encoded(true, None), count_encoded(true, correct).counts
    trained = count_classes(y_train)
    shots = take_by_label(
        encode_labels(classes),
        trained.classes,
        trained.counts.astype(np.float64),
        out_of="the classes of y_train",
    )
    return accuracy_by_shots(hits / total, shots, few=few, many=many)


def accuracy_by_shots(
    recall: NDArray[np.float64], shots: NDArray[np.float64], *, few: float = 20, many: float = 100
) -> ShotAccuracy:
    """Average the recalls of the classes with many, medium and few training samples, NaN for an empty group."""
    groups = shots > many, (shots >= few) & (shots <= many), shots < few
    return ShotAccuracy(*(float(recall[group].mean()) if group.any() else math.nan for group in groups))
