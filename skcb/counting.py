"""Count the classes among labels; counts of parts add up to the counts of the whole."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb.labels import Labels, encode_labels

# A block of labels, its codes and its results stay in the second-level cache.
_BLOCK = 1 << 16


class ClassCounts(NamedTuple):
    """The classes, sorted, and the number of samples of each."""

    classes: NDArray[Any]
    counts: NDArray[Any]


def count_classes(y: Any, sample_weight: ArrayLike | None = None) -> ClassCounts:
    """Count the samples of each class.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels: a list, a NumPy array, a pandas or polars Series, a pyarrow array or a torch tensor of
        integers, booleans or strings. Categories that do not occur are no classes.
    sample_weight : array-like of shape (n_samples,), default=None
        A sample counts as much as its weight; None counts every sample once.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The labels that occur, sorted.
    counts : ndarray of shape (n_classes,)
        int64, or float64 where `sample_weight` is given.

    Raises
    ------
    ValueError
        If `y` is empty, not 1-D, has missing labels or is continuous; if `sample_weight` has another length,
        is negative or not finite somewhere, or zero everywhere.
    TypeError
        If labels cannot be sorted because they mix types.

    Examples
    --------
    >>> from skcb import count_classes
    >>> classes, counts = count_classes(["cat", "dog", "cat", "cat"])
    >>> classes, counts
    (array(['cat', 'dog'], dtype='<U3'), array([3, 1]))
    """
    labels = encode_labels(y)
    return count_encoded(labels, check_sample_weight(sample_weight, len(labels.codes)))


def count_encoded(labels: Labels, sample_weight: NDArray[np.float64] | None) -> ClassCounts:
    """Count the samples of each class among encoded labels."""
    size = len(labels.vocabulary)
    occurrences = np.zeros(size, dtype=np.int64)
    mass = np.zeros(size)
    for where, block in _blocks(labels):
        occurrences += np.bincount(block, minlength=size)
        if sample_weight is not None:
            mass += np.bincount(block, sample_weight[where], minlength=size)
    present = np.flatnonzero(occurrences)  # a class whose samples all weigh 0 is still a class
    order = present[np.argsort(labels.vocabulary[present], kind="stable")]
    return ClassCounts(labels.vocabulary[order], (occurrences if sample_weight is None else mass)[order])


def add_counts(first: ClassCounts, second: ClassCounts) -> ClassCounts:
    """Add the counts of two parts; a class may be in one of them only."""
    if _family(first.classes) != _family(second.classes):
        raise TypeError(
            f"labels of dtype {second.classes.dtype} cannot join classes of dtype {first.classes.dtype}; "
            "convert all parts to one type"
        )
    classes, position = np.unique(np.concatenate([first.classes, second.classes]), return_inverse=True)
    counts = np.zeros(len(classes), dtype=np.result_type(first.counts, second.counts))
    np.add.at(counts, position, np.concatenate([first.counts, second.counts]))
    return ClassCounts(classes, counts)


def take_by_label(
    labels: Labels, classes: NDArray[Any], values: NDArray[np.float64], *, out_of: str
) -> NDArray[np.float64]:
    """Value of each sample's class; a label that is not among `classes` is an error, which names `out_of`."""
    value_of = dict(zip(classes.tolist(), values.tolist(), strict=True))
    table = np.array([value_of.get(label, np.nan) for label in labels.vocabulary.tolist()], dtype=np.float64)
    unseen = bool(np.isnan(table).any())
    taken = np.empty(len(labels.codes))
    for where, block in _blocks(labels):
        # Every code lies within the table, so clipping never happens; it only spares take a second buffer.
        np.take(table, block, out=taken[where], mode="clip")
        if unseen and np.isnan(taken[where]).any():
            (label,) = labels.vocabulary[[block[np.isnan(taken[where]).argmax()]]].tolist()
            raise ValueError(f"label {label!r} is not among {out_of}: {_shorten(classes)}")
    return taken


def check_sample_weight(sample_weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64] | None:
    """Return valid sample weights as a float64 vector, or None."""
    if sample_weight is None:
        return None
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
    if not weight.any():
        raise ValueError(f"sample_weight is zero for all {n_samples} samples: there is nothing to count")
    return weight


def _blocks(labels: Labels) -> Iterator[tuple[slice, NDArray[np.intp]]]:
    """Slices of the samples, and the table positions of their labels: no second array as long as y."""
    codes, offset, vocabulary = labels
    step = max(_BLOCK, len(vocabulary))
    for start in range(0, len(codes), step):
        where = slice(start, start + step)
        block = codes[where].astype(np.intp, copy=False)
        yield where, block - offset if offset else block


def _family(classes: NDArray[Any]) -> str:
    kind = classes.dtype.kind
    if kind == "O":
        kind = np.asarray(classes.tolist()).dtype.kind
    return "number" if kind in "biuf" else "bytes" if kind == "S" else "string"


def _shorten(classes: NDArray[Any]) -> str:
    shown = ", ".join(repr(label) for label in classes[:10].tolist())
    return shown if len(classes) <= 10 else f"{shown}, ... ({len(classes)} in all)"
