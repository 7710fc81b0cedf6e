"""One weight for each row of an indicator matrix: the mean over the labels of the weight of the row's value."""

from typing import Any

import numpy as np

from skcb._checks import check_normalize, shown
from skcb._classes.indicators import Indicator, LabelCounts, as_indicator, count_indicator
from skcb._classes.vector import Floats
from skcb._warnings import warn
from skcb.balancing import EmptyClassWarning, Normalization, effective_number, label_sides, label_weight

# Rows at a time: entries that are floats while they are multiplied.
_BLOCK = 1 << 18

#: What to write where samples have several labels and a function or a class takes one.
SEVERAL_LABELS = (
    "one weight for each row, the mean over its labels, is compute_sample_weight(y, multilabel='mean'), for "
    "estimators that take indicator matrices; a weight for each label is "
    "MultiOutputClassifier(ClassBalancedClassifier(...)), or for networks skcb.nn.CBMultilabelLoss"
)


def has_several_labels(y: Any) -> bool:
    """Whether `y` has several columns, in memory or lazily, or is a list of collections."""
    if isinstance(y, list | tuple):
        return len(y) > 0 and all(map(_is_row, y)) and any(len(row) > 1 for row in y)
    shape = getattr(y, "shape", ())
    return isinstance(shape, tuple) and len(shape) == 2 and shape[1] != 1  # a Delayed has everything


def has_one_label(y: Any) -> bool:
    """Whether `y` is one label per sample."""
    if isinstance(y, list | tuple):
        return len(y) > 0 and not any(map(_is_row, y))
    return len(getattr(y, "shape", ())) == 1


def _is_row(row: Any) -> bool:
    return isinstance(row, list | tuple | set | np.ndarray)


def as_known_indicator(y: Any) -> Indicator:
    """Return an indicator matrix of which every entry is known, and some are 1.

    Raises
    ------
    TypeError, ValueError
        As `as_indicator`; and if an entry is NaN, or no sample has a label.
    """
    indicator = as_indicator(y)
    n_samples = indicator.codes.shape[0]
    labels, counts, known = count_indicator(indicator)
    if (known < n_samples).any():
        label = int((known < n_samples).argmax())
        raise ValueError(
            f"y is NaN in {n_samples - int(known[label])} rows for the label {labels.tolist()[label]!r}, and here "
            "every entry must be known. Fit each label on the rows where it is, or use skcb.nn.CBMultilabelLoss, "
            "which masks them"
        )
    if not counts.any():
        raise ValueError(f"y has no 1 in {n_samples} rows: no sample has a label, so there is nothing to learn")
    return indicator


def weight_of_values(counted: LabelCounts, beta: float, normalize: Normalization) -> Floats:
    """Weights of a label's absence and presence, which are two classes: shape (n_labels, 2)."""
    check_normalize(normalize)
    weight = label_weight(counted, beta=beta)
    if normalize == "samples":
        return weight
    if normalize == "classes":
        return np.asarray(weight * ((weight > 0).sum(axis=1) / weight.sum(axis=1))[:, None])
    number = effective_number(label_sides(counted, None).ravel(), beta).reshape(-1, 2)
    return np.divide(1, number, out=np.zeros_like(number), where=number > 0)


def mean_over_labels(indicator: Indicator, weight: Floats) -> Floats:
    """Mean over the labels of each row of the weight of its value; `weight` as `weight_of_values` has it."""
    n_samples, n_labels = indicator.codes.shape
    step = weight[:, 1] - weight[:, 0]
    mean = np.empty(n_samples)
    size = max(1, _BLOCK // n_labels)
    for start in range(0, n_samples, size):
        mean[start : start + size] = indicator.codes[start : start + size] @ step
    return np.asarray((weight[:, 0].sum() + mean) / n_labels)


def warn_of_constant_labels(counted: LabelCounts) -> None:
    """Warn of labels that every sample has, or none."""
    constant = ~label_sides(counted, None).all(axis=1)
    if constant.any():
        warn(
            f"labels [{shown(counted.labels[constant].tolist())}] have one value in all samples: they weigh every "
            "row alike, and draw the mean over the labels towards that; leave them out of y",
            EmptyClassWarning,
        )
