"""Count the classes among labels; counts of parts add up to the counts of the whole."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb.blocks import Blocks, as_blocks, is_blocked
from skcb.labels import Labels, encode_labels

Vector = NDArray[np.float64]

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
        integers, booleans or strings. Categories that do not occur are no classes. The blocks of a Dask array
        or Series are counted where they lie, and their counts added in a tree.
    sample_weight : array-like of shape (n_samples,), default=None
        A sample counts as much as its weight; None counts every sample once. Beside Dask labels, a Dask array
        or Series; where sizes of blocks are not known, in as many blocks.

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
    return count_labels(as_labels(y), sample_weight)


def as_labels(y: Any) -> Labels | Blocks:
    """Encode labels in memory; leave those of Dask in their blocks."""
    return as_blocks(y) if is_blocked(y) else encode_labels(y)


def count_labels(labels: Labels | Blocks, sample_weight: Any) -> ClassCounts:
    """Count the samples of each class, in memory or block by block."""
    if isinstance(labels, Labels):
        return count_encoded(labels, check_sample_weight(sample_weight, len(labels.codes)))
    counted: ClassCounts | None = None
    if not labels.known_empty:
        counted = labels.reduce(_count_block, _add_all, *_weight_blocks(labels, sample_weight))
    if counted is None:
        raise ValueError("y is empty: there is no label to count")
    if not counted.counts.any():
        raise ValueError("sample_weight is zero for all samples: there is nothing to count")
    return counted


def weigh_labels(
    labels: Labels | Blocks, classes: NDArray[Any], values: Vector, sample_weight: Any = None, *, out_of: str
) -> Any:
    """Value of each sample's class, times its weight if it has one: NumPy in memory, lazy for blocks."""
    if isinstance(labels, Blocks):
        look_up = functools.partial(_weigh_block, out_of=out_of)
        return labels.map(look_up, *_weight_blocks(labels, sample_weight), classes=classes, values=values)
    taken = take_by_label(labels, classes, values, out_of=out_of)
    if sample_weight is not None:
        taken *= np.asarray(sample_weight, dtype=np.float64)
    return taken


def count_encoded(labels: Labels, sample_weight: Vector | None = None) -> ClassCounts:
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
            f"labels of dtype {_dtype(second.classes)} cannot join classes of dtype {_dtype(first.classes)}; "
            "convert all parts to one type"
        )
    classes, position = np.unique(np.concatenate([first.classes, second.classes]), return_inverse=True)
    counts = np.zeros(len(classes), dtype=np.result_type(first.counts, second.counts))
    np.add.at(counts, position, np.concatenate([first.counts, second.counts]))
    return ClassCounts(classes, counts)


def take_by_label(labels: Labels, classes: NDArray[Any], values: Vector, *, out_of: str) -> Vector:
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


def check_sample_weight(sample_weight: ArrayLike | None, n_samples: int) -> Vector | None:
    """Return valid sample weights as a float64 vector, or None."""
    if sample_weight is None:
        return None
    weight = _check_weights(sample_weight, n_samples)
    if not weight.any():
        raise ValueError(f"sample_weight is zero for all {n_samples} samples: there is nothing to count")
    return weight


def _check_weights(sample_weight: ArrayLike, n_samples: int) -> Vector:
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


def _weight_blocks(labels: Blocks, sample_weight: Any) -> list[Blocks]:
    """Sample weights in the blocks of the labels: one array, or none."""
    return [] if sample_weight is None else [labels.cut(as_blocks(sample_weight, "sample_weight", "number"))]


def _count_block(block: Any, *sample_weight: Any) -> ClassCounts | None:
    weights = [_check_weights(weight, len(block)) for weight in sample_weight]
    return count_encoded(encode_labels(block), *weights) if len(block) else None


def _add_all(parts: list[ClassCounts | None]) -> ClassCounts | None:
    counted = [part for part in parts if part is not None]
    return functools.reduce(add_counts, counted) if counted else None


def _weigh_block(block: Any, *sample_weight: Any, classes: NDArray[Any], values: Vector, out_of: str) -> Any:
    if not len(block):
        return np.empty(0)
    weights = [_check_weights(weight, len(block)) for weight in sample_weight]
    return weigh_labels(encode_labels(block), classes, values, *weights, out_of=out_of)


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


def _dtype(classes: NDArray[Any]) -> str:
    return f"object ({_family(classes)})" if classes.dtype.kind == "O" else str(classes.dtype)


def _shorten(classes: NDArray[Any]) -> str:
    shown = ", ".join(repr(label) for label in classes[:10].tolist())
    return shown if len(classes) <= 10 else f"{shown}, ... ({len(classes)} in all)"
