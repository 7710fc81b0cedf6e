"""Count the classes of a frame where it lives, and add a column of weights: only the counts leave the engine."""

from typing import Any, TypeVar

from skcb._checks import check_beta, check_normalize
from skcb._classes.engines import like, open_column
from skcb._classes.vector import ClassCounts, ClassVector, effective_number_rule
from skcb.balancing import Normalization

__all__ = ["class_counts", "with_sample_weight"]

Frame = TypeVar("Frame")


def class_counts(frame: Any, label: str) -> ClassCounts:
    """Count the samples of each class in a column of a frame.

    A lazy frame is counted by its engine, which reads that column alone and hands over one row per class.

    Parameters
    ----------
    frame : frame of shape (n_samples, n_columns)
        A pandas or polars DataFrame, a polars LazyFrame, a pyarrow Table, a DuckDB relation, a Dask or a PySpark
        DataFrame, or a narwhals frame around one of them.
    label : str
        The column of class labels: integers, booleans or strings (categories and enumerations among them), or
        floats that are whole.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The labels that occur, sorted.
    counts : ndarray of shape (n_classes,), int64

    Raises
    ------
    ValueError
        If the frame has no such column or no rows, or if labels are missing (null or NaN) or continuous.
    TypeError
        If `frame` is no frame of these engines, or the column has a type on which engines disagree: dates,
        decimals, bytes, lists, structs.

    See Also
    --------
    count_classes : the same for labels in memory.

    Examples
    --------
    >>> import pandas as pd
    >>> from skcb import class_counts
    >>> class_counts(pd.DataFrame({"animal": ["cat", "dog", "cat", "cat"]}), "animal")
    class  count
    'cat'      3
    'dog'      1
    """
    return open_column(frame, label).count()


def with_sample_weight(
    frame: Frame,
    label: str,
    *,
    beta: float = 0.999,
    normalize: Normalization = "samples",
    name: str = "sample_weight",
) -> Frame:
    r"""Add the weight of each sample, that of its class, as a column of the frame.

    .. math:: w_i \propto (1 - \beta) / (1 - \beta^{n_{y_i}})

    The values are those of :func:`compute_sample_weight`. A lazy frame stays lazy: its classes are counted now,
    as :func:`class_counts` does it, and the weights are joined to it when it is read.

    Parameters
    ----------
    frame : frame of shape (n_samples, n_columns)
        As :func:`class_counts` takes it. A lazy frame is read twice, once for the counts and once for the
        result, and must be the same both times.
    label : str
        The column of class labels.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, scikit-learn's ``"balanced"``.
    normalize : {"classes", "samples"} or None, default="samples"
        What the class weights average one over, see :func:`class_weight`. ``"samples"``: the column's mean is 1.
    name : str, default="sample_weight"
        The new column.

    Returns
    -------
    frame : frame of shape (n_samples, n_columns + 1), of the same kind
        The columns in their order, and `name`, float64, after them. The rows keep their order (and pandas and
        Dask their index and divisions) except on DuckDB and Spark, which promise none through a join.

    Raises
    ------
    ValueError
        As :func:`class_counts` does, and if `beta` or `normalize` is not valid or the frame has a column `name`
        (DuckDB and Spark: in whatever case).
    TypeError
        As :func:`class_counts` does.

    Warns
    -----
    InertBetaWarning
        As :func:`class_weight` does.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skcb import with_sample_weight
    >>> with_sample_weight(pd.DataFrame({"y": [0, 0, 0, 0, 1]}), "y", beta=0.9).round(3)
       y  sample_weight
    0  0          0.672
    1  0          0.672
    2  0          0.672
    3  0          0.672
    4  1          2.311
    """
    # What is refused is refused before an engine counts.
    check_beta(beta)
    check_normalize(normalize)
    column = open_column(frame, label)
    column.check_name(name)
    weight = ClassVector.by(effective_number_rule(beta, normalize), column.count())
    added: Frame = like(frame, column.attach(weight, name))
    return added
