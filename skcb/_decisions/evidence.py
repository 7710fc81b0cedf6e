"""What decisions are tuned on: out-of-fold log-probabilities, and the classes that were true."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from skcb._checks import shown
from skcb._decisions.paths import Codes, Floats, Path, walk

#: Probabilities below are taken for this one, so that a factor can raise a class that got 0.
FLOOR = 1e-4
# How far from 1 the sum of a row may be: half precision is.
_SLACK = 1e-2


@dataclass(frozen=True, eq=False)
class Evidence:
    """Samples that a model has not seen, with what it says of them.

    Attributes
    ----------
    log_probability : ndarray of shape (n_rows, n_classes)
        Floored.
    true : ndarray of shape (n_rows,)
        Codes of their classes.
    weight : ndarray of shape (n_rows,)
    row : ndarray of shape (n_rows,)
        Which samples of the data they are: a cross-validation may test one several times.
    prior : ndarray of shape (n_classes,)
        Of the training data: shares, which sum to 1.
    biased : ndarray of shape (n_classes,)
        Whether a class has samples enough for a bias of its own.
    """

    log_probability: Floats
    true: Codes
    weight: Floats
    row: Codes
    prior: Floats
    biased: np.ndarray
    _paths: dict[str, Path] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(
        cls,
        probability: Floats,
        true: Codes,
        *,
        row: Codes,
        sample_weight: Floats | None,
        class_count: np.ndarray,
        n_folds: float,
    ) -> Self:
        """Return what probabilities of some rows say; `true` and `sample_weight` are of all samples."""
        return cls(
            log_probability=floored_log(probability),
            true=true[row],
            weight=np.ones(len(row)) if sample_weight is None else sample_weight[row],
            row=row,
            prior=class_count / class_count.sum(),
            biased=np.bincount(true, minlength=len(class_count)) >= n_folds,
        )

    def only(self, rows: np.ndarray) -> Self:
        """Return the evidence of some rows, a mask: the others weigh 0, and all but the weights is shared."""
        part = replace(self, weight=np.where(rows, self.weight, 0))
        object.__setattr__(part, "_paths", self._paths)
        return part

    def along_prior(self, grid: Floats) -> Path:
        """Return the decisions by p_c / prior_c^tau along one grid of tau, whoever asks again."""
        if "prior" not in self._paths:
            self._paths["prior"] = walk(self.log_probability, self.slope, grid)
        return self._paths["prior"]

    @property
    def slope(self) -> Floats:
        """Shift of the classes for tau = 1: minus the log of the prior, less its mean; 0 for an empty class."""
        present = self.prior > 0
        slope = np.zeros(len(self.prior))
        slope[present] = -np.log(self.prior[present])
        slope[present] -= slope[present].mean()
        return slope


def floored_log(probability: Floats) -> Floats:
    """Logarithm of probabilities of at least :data:`FLOOR`."""
    log_probability = np.maximum(probability, FLOOR)
    return np.log(log_probability, out=log_probability)


def check_order(name: str, frame: Any, axis: str, classes: np.ndarray) -> None:
    """Refuse a frame whose labels are the classes in another order: it would be read by position."""
    labels, order = list(getattr(frame, axis)) if hasattr(frame, "columns") else [], classes.tolist()
    if labels != order and len(labels) == len(order) and set(labels) == set(order):
        raise ValueError(
            f"the {axis} of {name} are {shown(labels)}, and the classes in their order are {shown(order)}; put "
            "them in this order"
        )


def check_probability(probability: Any, *, n_samples: int | None = None, n_classes: int | None = None) -> Floats:
    """Return a matrix of probabilities as float64.

    Raises
    ------
    ValueError
        If it is not one row per sample and one column per class, or not of finite numbers from 0 to 1 whose rows
        sum to 1, as far as single precision goes.
    """
    try:
        matrix = np.asarray(probability, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"probability must be a matrix of numbers, got {type(probability).__name__}") from None
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"probability has shape {matrix.shape}; it needs one row for each sample and one column for each "
            "class, also where there are two: np.column_stack([1 - p, p])"
        )
    if n_samples is not None and len(matrix) != n_samples:
        raise ValueError(f"probability has {len(matrix)} rows for {n_samples} labels")
    if n_classes is not None and matrix.shape[1] != n_classes:
        raise ValueError(
            f"probability has {matrix.shape[1]} columns, and y has {n_classes} classes; the columns are those "
            "of the sorted classes of y"
        )
    wrong = ~((matrix >= 0) & (matrix <= 1 + _SLACK)).all(axis=1) | ~(np.abs(matrix.sum(axis=1) - 1) <= _SLACK)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"row {row} of probability is {matrix[row]}: not numbers from 0 to 1 that sum to 1 "
            "(logits become probabilities by scipy.special.softmax(logits, axis=1))"
        )
    return matrix
