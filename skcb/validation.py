"""Check the numbers that users pass: counts, beta and other real parameters."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Between these no ratio, product or sum of counts can overflow or vanish.
_SMALLEST_COUNT, _LARGEST_COUNT = 1e-150, 1e150


def as_counts(counts: ArrayLike) -> NDArray[np.float64]:
    """Return valid class counts as a float64 vector."""
    array = np.asarray(counts)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
        raise ValueError(
            f"counts must be one number per class, a non-empty 1-D array, got shape {array.shape} of dtype "
            f"{array.dtype}; count_classes(y).counts makes one from labels"
        )
    array = array.astype(np.float64)
    wrong = ~((array == 0) | ((array >= _SMALLEST_COUNT) & (array <= _LARGEST_COUNT)))
    if wrong.any():
        where = int(wrong.argmax())
        raise ValueError(
            f"counts[{where}] = {array[where]}: counts must be finite and not negative "
            f"(and, where not 0, between {_SMALLEST_COUNT} and {_LARGEST_COUNT})"
        )
    return array


def check_real(name: str, value: object) -> float:
    """Return `value` as a float if it is a real number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r} of type {type(value).__name__}")
    return float(value)


def check_integer(name: str, value: object) -> int:
    """Return `value` as an int if it is a whole number."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r} of type {type(value).__name__}")
    return int(value)


def check_beta(beta: float) -> float:
    """Return a valid beta as a float."""
    if not 0 <= check_real("beta", beta) <= 1:
        raise ValueError(f"beta must lie in [0, 1] (0 ignores the counts, 1 is inverse frequency), got {beta!r}")
    return float(beta)


def check_non_negative(name: str, value: float) -> float:
    """Return `value` as a float if it is finite and not negative."""
    if not 0 <= check_real(name, value) < np.inf:
        raise ValueError(f"{name} must be finite and not negative, got {value!r}")
    return float(value)
