"""Count the classes among labels; counts of parts add up to the counts of the whole."""

from typing import Any

from numpy.typing import ArrayLike

from skcb._classes.vector import ClassCounts, as_labels, count

__all__ = ["ClassCounts", "count_classes"]


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
        If `y` is empty, not 1-D, has missing labels, is continuous or has integers beyond 64 bits; if
        `sample_weight` has another length, is negative or not finite somewhere, or zero everywhere.
    TypeError
        If labels cannot be sorted because they mix types.

    Examples
    --------
    >>> from skcb import count_classes
    >>> classes, counts = count_classes(["cat", "dog", "cat", "cat"])
    >>> classes, counts
    (array(['cat', 'dog'], dtype='<U3'), array([3, 1]))
    """
    return count(as_labels(y), sample_weight)
