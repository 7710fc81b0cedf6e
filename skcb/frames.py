"""Count the classes of a frame where it lives, and add a column of weights: only the counts leave the engine."""

import sys
from contextlib import suppress
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
from narwhals import Implementation
from numpy.typing import NDArray

from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassCounts, ClassVector, count
from skcb.balancing import Normalization, class_weight

_IN_MEMORY = {Implementation.PANDAS, Implementation.POLARS, Implementation.PYARROW}
_SQL = {Implementation.DUCKDB, Implementation.PYSPARK, Implementation.PYSPARK_CONNECT}
_NAMES = (nw.Boolean, nw.String, nw.Categorical, nw.Enum)


class _Frame(NamedTuple):
    """A frame, and how narwhals sees it: of a Dask DataFrame it sees the empty pandas frame with its columns."""

    native: Any
    seen: Any
    engine: Implementation

    @property
    def in_memory(self) -> bool:
        return isinstance(self.seen, nw.DataFrame) and self.engine is not Implementation.DASK


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
    ClassCounts(classes=array(['cat', 'dog'], dtype=object), counts=array([3, 1]))
    """
    opened = _open(frame)
    dtype = _label_type(opened, label)
    if opened.in_memory:
        return _named(count(_encode(opened.seen, label, dtype)))
    return _add_groups(_groups(opened, label, dtype), label)


def with_sample_weight(
    frame: Any,
    label: str,
    *,
    beta: float = 0.999,
    normalize: Normalization = "samples",
    name: str = "sample_weight",
) -> Any:
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
    class_weight([1], beta, normalize=normalize)  # what it refuses is refused before an engine counts
    opened = _open(frame)
    dtype = _label_type(opened, label)
    _check_name(opened, name)
    if opened.in_memory:
        labels = _encode(opened.seen, label, dtype)
        counted = count(labels)
        weight = class_weight(counted.counts, beta, normalize=normalize)
        weighted = _append(opened.seen, name, ClassVector(counted.classes, weight).of(labels))
    else:
        groups = _groups(opened, label, dtype)
        counted = _add_groups(groups, label)
        weight = class_weight(counted.counts, beta, normalize=normalize)
        if opened.engine is Implementation.DASK:
            weighted = _map_dask(opened.native, label, ClassCounts(counted.classes, weight), name)
        else:
            labels = encode_labels(groups.get_column(label).to_native())
            of_group = ClassVector(counted.classes, weight).of(labels)
            weighted = _join(opened, label, nw.from_native(_append(groups.select(label), name, of_group)))
    return _like(frame, weighted)


def _open(frame: Any) -> _Frame:
    native = nw.to_native(frame, pass_through=True)
    if nw.dependencies.is_dask_dataframe(native):  # narwhals gives up its own support of Dask
        return _Frame(native, nw.from_native(native._meta), Implementation.DASK)  # noqa: SLF001
    seen = nw.from_native(native, pass_through=True)
    in_memory = isinstance(seen, nw.DataFrame) and seen.implementation in _IN_MEMORY
    if in_memory or (isinstance(seen, nw.LazyFrame) and seen.implementation in {Implementation.POLARS, *_SQL}):
        return _Frame(native, seen, seen.implementation)
    raise TypeError(
        "frame must be a pandas or polars DataFrame, a polars LazyFrame, a pyarrow Table, a DuckDB relation, or a "
        f"Dask or PySpark DataFrame, got {type(frame).__module__}.{type(frame).__qualname__}; "
        "count_classes and compute_sample_weight take labels"
    )


def _like(frame: Any, native: Any) -> Any:
    """Wrap the result as the frame given was: in narwhals, in one of its stable versions, or not at all."""
    if not isinstance(frame, nw.DataFrame | nw.LazyFrame):
        return native
    return getattr(sys.modules[type(frame).__module__], "from_native", nw.from_native)(native)


def _label_type(frame: _Frame, label: str) -> nw.dtypes.DType:
    """Type of the label column, if it is one that classes can have."""
    if not isinstance(label, str | int):
        raise TypeError(f"label must be the name of a column, got {label!r} of type {type(label).__name__}")
    schema = frame.seen.collect_schema()
    if label not in schema:
        names = list(schema)
        shown = ", ".join(repr(column) for column in names[:20]) + (", ..." if len(names) > 20 else "")
        raise ValueError(f"there is no column {label!r} in the frame; its {len(names)} columns are {shown}")
    dtype: nw.dtypes.DType = schema[label]
    wide = isinstance(dtype, nw.Int128 | nw.UInt128)
    if not wide and (dtype.is_integer() or dtype.is_float() or isinstance(dtype, _NAMES)):
        return dtype
    if isinstance(dtype, nw.Object) and frame.engine in {Implementation.PANDAS, Implementation.DASK}:
        return dtype  # its values tell
    if isinstance(dtype, nw.Unknown) and frame.engine is not Implementation.DASK:
        rows, nulls = _one_row(
            frame.seen, nw.len().alias("rows"), nw.col(label).is_null().cast(nw.Int64).sum().alias("nulls")
        )
        if rows == nulls:  # a column of nothing but nulls has no type
            _check_complete(label, nulls, rows)
    raise _refusal(label, f"has type {dtype}, on which engines disagree")


def _refusal(label: str, why: str) -> TypeError:
    return TypeError(
        f"label column {label!r} {why}; class labels are integers (of up to 64 bits), booleans or strings: "
        "cast the column to one of them"
    )


def _check_name(frame: _Frame, name: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, got {name!r} of type {type(name).__name__}")
    if not name:
        raise ValueError("name must not be empty: it names the new column")
    for column in frame.seen.columns:
        alike = str(column).casefold() == name.casefold()
        if column == name or (alike and frame.engine in _SQL):
            raise ValueError(
                f"the frame has a column {column!r} already, which {name!r} would overwrite; choose another "
                "name=, or drop that column first"
            )


def _check_complete(label: str, missing: int, rows: int) -> None:
    if rows == 0:
        raise ValueError(f"the frame has no rows: there is no label to count in column {label!r}")
    if missing:
        raise ValueError(
            f"label column {label!r} has {missing} missing labels (null or NaN) in {rows} rows; "
            "drop these rows or give them a label of their own"
        )


def _check_whole(label: str, broken: int, smallest: float) -> None:
    if broken:
        raise ValueError(
            f"Unknown label type: continuous. {broken} labels in column {label!r} are not whole numbers, "
            f"{smallest} the smallest; bin a continuous target, or name its classes with integers or strings"
        )


# --- in memory -------------------------------------------------------------------------------------------------


def _encode(frame: Any, label: str, dtype: nw.dtypes.DType) -> Labels:
    column = frame.get_column(label)
    if dtype.is_float():
        _check_floats(frame, label)
    else:
        _check_complete(label, column.null_count(), len(column))
    return _encode_column(column, label)


def _encode_column(column: Any, label: str) -> Labels:
    if not isinstance(column.dtype, nw.Object):
        return encode_labels(column.to_native())
    kinds = sorted({type(value).__name__ for value in column.to_list()})
    if "bytes" not in kinds:  # which most engines have as another type than strings
        with suppress(TypeError):
            return encode_labels(column.to_native())
    raise _refusal(label, f"holds objects of type {' and '.join(kinds)}")


def _append(frame: Any, name: str, values: NDArray[np.float64]) -> Any:
    if frame.implementation is Implementation.PANDAS:
        return frame.to_native().assign(**{name: values})
    column = nw.new_series(name, values, nw.Float64(), backend=frame.implementation)
    return frame.with_columns(column).to_native()


# --- where the frame lives --------------------------------------------------------------------------------------


def _groups(frame: _Frame, label: str, dtype: nw.dtypes.DType) -> Any:
    """Count each label in the engine: an eager frame of one row per class, the labels and then their counts."""
    count = f"{label}_count"
    if frame.engine is Implementation.DASK:
        if dtype.is_float():
            _check_dask_floats(frame.native[label], label)
        try:
            counted = frame.native[label].value_counts(sort=False, dropna=False).compute()
        except TypeError as error:
            raise _refusal(label, f"holds objects that cannot be counted ({error})") from error
        groups = nw.from_native(counted[counted > 0].rename(count).rename_axis(label).reset_index())
    else:
        if dtype.is_float():
            _check_floats(frame.seen, label)
        groups = _collect(frame.seen.group_by(label).agg(nw.len().alias(count)))
    rows = groups.get_column(count)
    missing = rows.filter(groups.get_column(label).is_null())
    _check_complete(label, int(missing.sum() or 0), int(rows.sum() or 0))
    return groups


def _add_groups(groups: Any, label: str) -> ClassCounts:
    """Sort the groups, as counting the labels themselves would."""
    labels, rows = (groups.get_column(column) for column in (label, f"{label}_count"))
    counted = count(_encode_column(labels, label), rows.to_numpy().astype(np.float64))
    return _named(ClassCounts(counted.classes, counted.counts.astype(np.int64)))


def _named(counted: ClassCounts) -> ClassCounts:
    """Numbers as numbers, where a nullable type hands them over as objects."""
    classes, counts = counted
    if classes.dtype.kind == "O" and not isinstance(classes[0], str):
        classes = np.array(classes.tolist())
    return ClassCounts(classes, counts)


def _collect(frame: Any) -> Any:
    # Without its streaming engine polars would hold the whole column.
    return frame.collect(engine="streaming") if frame.implementation is Implementation.POLARS else frame.collect()


def _one_row(frame: Any, *expressions: nw.Expr) -> tuple[Any, ...]:
    summary = frame.select(*expressions)
    row: tuple[Any, ...] = (_collect(summary) if isinstance(summary, nw.LazyFrame) else summary).row(0)
    return row


def _check_floats(frame: Any, label: str) -> None:
    """Refuse floats that are no labels, before groups as many as the rows would leave the engine."""
    column = nw.col(label)
    missing = column.is_null() | column.is_nan()
    broken = ~missing & (~column.is_finite() | (column != column.round(0)))
    rows, absent, count, smallest = _one_row(
        frame,
        nw.len().alias("rows"),
        missing.cast(nw.Int64).sum().alias("missing"),  # Spark adds no booleans
        broken.cast(nw.Int64).sum().alias("broken"),
        nw.when(broken).then(column).min().alias("smallest"),
    )
    _check_complete(label, int(absent or 0), int(rows))
    _check_whole(label, int(count or 0), smallest)


def _check_dask_floats(column: Any, label: str) -> None:
    import dask

    broken = column.notnull() & ((column % 1) != 0)  # of an infinity the remainder is NaN
    rows, absent, count, smallest = dask.compute(  # type: ignore[no-untyped-call]
        column.size, column.isna().sum(), broken.sum(), column.where(broken).min()
    )
    _check_complete(label, int(absent), int(rows))
    _check_whole(label, int(count), smallest)


def _map_dask(frame: Any, label: str, weight_of: ClassCounts, name: str) -> Any:
    """Look the weights up in each partition: nothing is shuffled, index and divisions stay."""
    meta = frame._meta.assign(**{name: np.empty(0)})  # noqa: SLF001
    return frame.map_partitions(_weigh_partition, label, *weight_of, name, meta=meta)


def _weigh_partition(part: Any, label: str, classes: NDArray[Any], weight: NDArray[np.float64], name: str) -> Any:
    labels = encode_labels(part[label]) if len(part) else None
    values = np.empty(0) if labels is None else ClassVector(classes, weight).of(labels)
    return part.assign(**{name: values})


def _join(frame: _Frame, label: str, weights: Any) -> Any:
    """Join the frame to its classes' weights; a chain of conditions would break on a thousand classes."""
    if frame.engine is Implementation.POLARS:
        return frame.native.join(weights.to_native().lazy(), on=label, how="left", maintain_order="left")
    if frame.engine is Implementation.DUCKDB:
        table = _duckdb_table(frame.native, weights)
    else:  # an Arrow table becomes a local relation, whose size Spark knows; the hint asks for no shuffle
        table = frame.native.sparkSession.createDataFrame(weights.to_native()).hint("broadcast")
    return frame.seen.join(nw.from_native(table), on=label, how="left").to_native()


def _duckdb_table(relation: Any, weights: Any) -> Any:
    """Build the weights as a relation on the connection of `relation`, which does not tell what that is."""
    import duckdb

    def column(name: str, kind: Any) -> Any:
        values = duckdb.ConstantExpression(weights.get_column(name).to_list())
        return duckdb.FunctionExpression("unnest", values).cast(kind).alias(name)

    label, name = weights.columns
    kind = dict(zip(relation.columns, relation.types, strict=True))[label]
    single_row = relation.limit(0).aggregate("count(*)")  # which reads nothing
    return single_row.select(column(label, kind), column(name, duckdb.type("DOUBLE")))
