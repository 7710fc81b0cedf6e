"""A column of labels where its frame lives: one file for each engine, with the same verbs in each."""

import sys
from typing import Any

import narwhals as nw
from narwhals import Implementation

from skcb._classes.engines.dask import DaskColumn
from skcb._classes.engines.duckdb import DuckDBColumn
from skcb._classes.engines.memory import MemoryColumn
from skcb._classes.engines.polars import PolarsColumn
from skcb._classes.engines.shared import Column
from skcb._classes.engines.spark import SparkColumn

ENGINES: dict[Implementation, type[Column]] = {
    Implementation.DUCKDB: DuckDBColumn,
    Implementation.POLARS: PolarsColumn,
    Implementation.PYSPARK: SparkColumn,
    Implementation.PYSPARK_CONNECT: SparkColumn,
}
_IN_MEMORY = {Implementation.PANDAS, Implementation.POLARS, Implementation.PYARROW}


def open_column(frame: Any, label: str) -> Column:
    """Return the column of labels of a frame.

    Raises
    ------
    TypeError
        If the frame is of no engine that is known, or the column of a type on which engines disagree.
    ValueError
        If there is no such column.
    """
    native = nw.to_native(frame, pass_through=True)
    if nw.dependencies.is_dask_dataframe(native):  # narwhals gives up its own support of Dask
        return DaskColumn(native, nw.from_native(native._meta), label)  # noqa: SLF001
    seen = nw.from_native(native, pass_through=True)
    if isinstance(seen, nw.DataFrame) and seen.implementation in _IN_MEMORY:
        return MemoryColumn(native, seen, label)
    if isinstance(seen, nw.LazyFrame) and seen.implementation in ENGINES:
        return ENGINES[seen.implementation](native, seen, label)
    raise TypeError(
        "frame must be a pandas or polars DataFrame, a polars LazyFrame, a pyarrow Table, a DuckDB relation, or a "
        f"Dask or PySpark DataFrame, got {type(frame).__module__}.{type(frame).__qualname__}; "
        "count_classes and compute_sample_weight take labels"
    )


def like(frame: Any, native: Any) -> Any:
    """Wrap the result as the frame given was: in narwhals, in one of its stable versions, or not at all."""
    if not isinstance(frame, nw.DataFrame | nw.LazyFrame):
        return native
    return getattr(sys.modules[type(frame).__module__], "from_native", nw.from_native)(native)
