"""Check what users pass: numbers, counts, sample weights and targets."""

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Between these no ratio, product or sum of counts can overflow or vanish.
_SMALLEST_COUNT, _LARGEST_COUNT = 1e-150, 1e150
# A vector of whole numbers that takes every value from 0 to K, each this often on average, is taken for labels.
_REPEATS_OF_LABELS = 20


def shown(labels: Iterable[Any], most: int = 10) -> str:
    """Return labels for a message, cut short where there are many."""
    labels = list(labels)
    text = ", ".join(map(repr, labels[:most]))
    return text if len(labels) <= most else f"{text}, ... ({len(labels)} in all)"


# --- numbers ----------------------------------------------------------------------------------------------------


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


def check_share(name: str, value: float) -> float:
    """Return `value` as a float if it lies strictly between 0 and 1."""
    if not 0 < check_real(name, value) < 1:
        raise ValueError(f"{name} must lie in (0, 1), got {value!r}")
    return float(value)


def check_normalize(normalize: object) -> None:
    """Refuse what is no way to normalise weights."""
    if not (normalize is None or (isinstance(normalize, str) and normalize in {"classes", "samples"})):
        raise ValueError(f'normalize must be "classes", "samples" or None, got {normalize!r}')


# --- counts -----------------------------------------------------------------------------------------------------


def as_counts(counts: Any, *, any_order: bool = False, name: str = "counts") -> NDArray[np.float64]:
    """Return valid class counts as a float64 vector, in the order in which they are given.

    Counts with labels (a Series as ``value_counts()`` makes it) must come in the order of their labels, unless
    `any_order` says that the result has none: nobody could tell which class a number is of. A mapping is refused.
    """
    labelled = None if isinstance(counts, Mapping) else labelled_counts(counts)
    if labelled is None:
        return _valid_counts(counts, name)
    labels, values = labelled
    if not (any_order or _is_sorted(labels)):
        raise ValueError(
            f"{name} are labelled, {shown(labels)}, and not in the order of their labels, so that the result "
            "is read by the wrong classes; sort them (counts.sort_index() of a Series), use count_classes(y), or "
            "give plain numbers in the order that you want (counts.to_numpy())"
        )
    return _valid_counts(values, name)


def counts_in_order_of(classes: Iterable[Any], counts: Any, *, name: str = "counts") -> NDArray[np.float64]:
    """Return valid counts in the order of `classes`: labelled ones read by label, others as they stand."""
    order = list(classes)
    labelled = labelled_counts(counts)
    if labelled is None:
        values = _valid_counts(counts, name)
        if len(values) != len(order):
            raise ValueError(
                f"{name} has {len(values)} counts for {len(order)} classes, {shown(order)}; give a dict by label"
            )
        return values
    count_of = dict(zip(*labelled, strict=True))
    if missing := [label for label in order if label not in count_of]:
        raise ValueError(f"{name} has no count for the classes {shown(missing)}; it has {shown(count_of)}")
    if strangers := set(count_of) - set(order):
        raise ValueError(f"{name} counts {shown(strangers)}, not among the classes {shown(order)}")
    return _valid_counts([count_of[label] for label in order], name)


def counts_by_index(counts: Any) -> NDArray[np.float64]:
    """Return valid counts of classes that are known by their index, 0 to C - 1, as losses know them."""
    labelled = labelled_counts(counts)
    if labelled is None or hasattr(counts, "classes"):
        return _valid_counts(counts if labelled is None else labelled[1])
    labels, _ = labelled
    if set(labels) != set(range(len(labels))):
        raise ValueError(
            f"counts are labelled {shown(labels)}, but classes are known here by their index, 0 to "
            f"{len(labels) - 1}; give the counts in the order of the indices, as count_classes(y) has them for "
            "sorted labels"
        )
    return counts_in_order_of(range(len(labels)), counts)


def labelled_counts(counts: Any) -> tuple[list[Any], Any] | None:
    """Return labels and counts where they come together, None for plain numbers."""
    if hasattr(counts, "classes") and hasattr(counts, "counts"):  # ClassCounts
        return counts.classes.tolist(), counts.counts
    if hasattr(counts, "labels") and hasattr(counts, "counts"):  # LabelCounts
        return counts.labels.tolist(), counts.counts
    if isinstance(counts, Mapping):
        return list(counts), list(counts.values())
    if hasattr(counts, "index") and hasattr(counts, "to_numpy"):  # a Series
        labels = [label[0] if isinstance(label, tuple) and len(label) == 1 else label for label in counts.index]
        return labels, counts.to_numpy()
    return None


def _valid_counts(counts: Any, name: str = "counts") -> NDArray[np.float64]:
    array = np.asarray(counts)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must be one number per class, a non-empty 1-D array, got shape {array.shape} of dtype "
            f"{array.dtype}; count_classes(y).counts makes one from labels"
        )
    if array.dtype.kind in "iu" and _looks_like_labels(array):
        raise ValueError(
            f"{name} looks like a vector of labels: {array.size} whole numbers that take every value from 0 to "
            f"{array.max()}; count them with count_classes(y) (if they are counts, give them as floats)"
        )
    array = array.astype(np.float64)
    wrong = ~((array == 0) | ((array >= _SMALLEST_COUNT) & (array <= _LARGEST_COUNT)))
    if wrong.any():
        where = int(wrong.argmax())
        raise ValueError(
            f"{name}[{where}] = {array[where]}: counts must be finite and not negative "
            f"(and, where not 0, between {_SMALLEST_COUNT} and {_LARGEST_COUNT})"
        )
    return array


def _looks_like_labels(array: NDArray[Any]) -> bool:
    largest = int(array.max())
    if int(array.min()) != 0 or largest < 1 or (largest + 1) * _REPEATS_OF_LABELS > array.size:
        return False
    return bool(np.bincount(array.astype(np.int64), minlength=largest + 1).all())


def _is_sorted(labels: list[Any]) -> bool:
    try:
        return labels == sorted(labels)
    except TypeError:  # of types that do not compare
        return False


# --- sample weights ---------------------------------------------------------------------------------------------


def check_sample_weight(sample_weight: Any, n_samples: int) -> NDArray[np.float64] | None:
    """Return valid sample weights, not all of them 0, as a float64 vector, or None."""
    if sample_weight is None:
        return None
    weight = check_weights(sample_weight, n_samples)
    if not weight.any():
        raise ValueError(f"sample_weight is zero for all {n_samples} samples: there is nothing to count")
    return weight


def check_weights(sample_weight: Any, n_samples: int) -> NDArray[np.float64]:
    """Return valid sample weights of a part of the samples, which may all be 0, as a float64 vector."""
    weight = np.asarray(sample_weight)
    if weight.shape != (n_samples,) or weight.dtype.kind not in "biuf":
        raise ValueError(
            f"sample_weight must be one number per sample, shape ({n_samples},), "
            f"got shape {weight.shape} of dtype {weight.dtype}"
        )
    weight = weight.astype(np.float64, copy=False)
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"sample_weight[{first}] = {weight[first]}: sample weights must be finite and not negative"
        )
    return weight


def check_weighted_counts(counts: NDArray[np.float64], classes: NDArray[Any]) -> None:
    """Refuse sums of sample weights that no arithmetic of counts survives."""
    wrong = ~((counts == 0) | ((counts >= _SMALLEST_COUNT) & (counts <= _LARGEST_COUNT)))
    if wrong.any():
        where = int(wrong.argmax())
        raise ValueError(
            f"sample_weight sums to {counts[where]} over the samples of class {classes.tolist()[where]!r}, beyond "
            f"{_SMALLEST_COUNT} to {_LARGEST_COUNT}; rescale the weights, to a mean of one say"
        )


# --- targets ----------------------------------------------------------------------------------------------------


def check_target(y: Any, owner: object) -> Any:
    """Return `y` where it may be the labels of one target; a column is flattened, with scikit-learn's warning.

    Raises
    ------
    ValueError
        If `y` is None, or holds several targets per sample.
    """
    name = getattr(owner, "__name__", type(owner).__name__)
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    if isinstance(y, list | tuple) and y and isinstance(y[0], list | tuple | np.ndarray):
        with_rows = _attempt(np.asarray, y)
        y = y if with_rows is None else with_rows
    shape: tuple[int, ...] = tuple(getattr(y, "shape", ()))
    if len(shape) == 2 and shape[1] == 1:
        from sklearn.utils.validation import column_or_1d

        return column_or_1d(y, warn=True)
    if len(shape) == 2:
        each = (
            f"call {name} for each"
            if callable(owner)
            else f"write MultiOutputClassifier({name}(...)), which has one for each; an estimator that takes "
            "indicator matrices can be given one weight for each row, compute_sample_weight(y, multilabel='mean')"
        )
        raise ValueError(f"y has shape {shape}, several targets per sample; {each}")
    return y


def _attempt(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except ValueError:  # rows of unlike lengths
        return None
