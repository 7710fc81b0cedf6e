"""How imbalanced counts are, and how accurate predictions are where training samples are many or few."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb._checks import as_counts, check_non_negative, shown
from skcb._classes.labels import Labels, encode_labels, family_of
from skcb._classes.vector import ClassVector, count
from skcb.counting import count_classes

__all__ = ["ShotAccuracy", "imbalance_ratio", "shot_accuracy"]


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
    counts = as_counts(counts, any_order=True)
    if (counts == 0).any():
        positions = shown(np.flatnonzero(counts == 0).tolist())
        raise ValueError(
            f"classes at positions [{positions}] have 0 samples, so the imbalance ratio "
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
    tested = recall_by_class(y_true, y_pred)
    trained = count_classes(y_train)
    shots = ClassVector(*trained).in_order_of(tested.classes, out_of="the classes of y_train")
    return accuracy_by_shots(tested.values, shots, few=few, many=many)


def recall_by_class(y_true: Any, y_pred: Any) -> ClassVector:
    """Share of each class's samples that are predicted as it, for the classes that occur in `y_true`."""
    true, predicted = encode_labels(_flat(y_true)), encode_labels(_flat(y_pred))
    if len(true.codes) != len(predicted.codes):
        raise ValueError(f"y_true has {len(true.codes)} labels, y_pred {len(predicted.codes)}")
    classes, total = count(true)
    correct = _correct(true, predicted)
    hits = count(true, correct).counts if correct.any() else np.zeros(len(total))
    return ClassVector(classes, hits / total)


def _flat(y: Any) -> Any:
    """A column, as CatBoost predicts, as a vector."""
    return y[:, 0] if isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] == 1 else y


def _correct(true: Labels, predicted: Labels) -> NDArray[np.float64]:
    first, second = family_of(true.vocabulary), family_of(predicted.vocabulary)
    if first != second:
        raise ValueError(
            f"Mix of label input types: y_true holds labels of type {first}, y_pred of type {second}; "
            "convert the predictions back (inverse_transform of a LabelEncoder)"
        )
    return (true.decode() == predicted.decode()).astype(np.float64)


def accuracy_by_shots(
    recall: NDArray[np.float64], shots: NDArray[np.float64], *, few: float = 20, many: float = 100
) -> ShotAccuracy:
    """Average the recalls of the classes with many, medium and few training samples, NaN for an empty group."""
    groups = shots > many, (shots >= few) & (shots <= many), shots < few
    return ShotAccuracy(*(float(recall[group].mean()) if group.any() else math.nan for group in groups))
