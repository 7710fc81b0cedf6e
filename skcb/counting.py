"""Count the classes among labels, or the labels of samples; counts of parts add up to those of the whole."""

from typing import Any

from numpy.typing import ArrayLike

from skcb._classes.indicators import LabelCounts, as_indicator, count_indicator
from skcb._classes.vector import ClassCounts, as_labels, count

__all__ = ["ClassCounts", "LabelCounts", "count_classes", "count_labels"]


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


def count_labels(Y: Any, sample_weight: ArrayLike | None = None) -> LabelCounts:
    """Count the samples that have each label, where a sample may have several labels, or none.

    Parameters
    ----------
    Y : array-like of shape (n_samples, n_labels)
        An indicator matrix: 1 where a sample has the label, 0 where it has not, NaN (or a missing value) where
        that is not known. A list, a NumPy array, a scipy sparse matrix, a torch tensor, or a pandas or polars
        DataFrame, whose columns name the labels.
    sample_weight : array-like of shape (n_samples,), default=None
        A sample counts as much as its weight; None counts every sample once.

    Returns
    -------
    labels : ndarray of shape (n_labels,)
        The names of the columns, in their order, or their positions where they have none.
    counts : ndarray of shape (n_labels,)
        Samples that have the label, 0 where none has it: int64, or float64 where `sample_weight` is given.
    n_samples : ndarray of shape (n_labels,)
        Samples of which it is known whether they have the label; as many as there are where nothing is NaN.

    Raises
    ------
    ValueError
        If `Y` is not two-dimensional or is empty, or holds another value than 0, 1 and NaN, which is named with
        its place; if `sample_weight` has another length, is negative or not finite somewhere, or zero everywhere.
    TypeError
        If `Y` holds no numbers and no booleans.

    See Also
    --------
    skcb.count_classes : for one label per sample.
    skcb.nn.CBMultilabelLoss : takes the result as its counts.

    Examples
    --------
    >>> from skcb import count_labels
    >>> labels, counts, n_samples = count_labels([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    >>> counts, n_samples
    (array([2, 1, 0]), array([3, 3, 3]))
    """
    return count_indicator(as_indicator(Y, name="Y"), sample_weight)
