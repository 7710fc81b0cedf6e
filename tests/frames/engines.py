"""The engines: how a frame is put onto each, and how it is read back."""

import datetime as dt
import decimal
import os
import shutil
from functools import cache

import pytest

pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))

EAGER = ["pandas", "polars", "pyarrow"]
LAZY = ["polars lazy", "duckdb", "dask", "spark"]
ENGINES = [*EAGER, *LAZY]
ORDERED = [*EAGER, "polars lazy", "dask"]


@cache
def spark():
    """The local Spark session of these tests."""
    session = pytest.importorskip("pyspark.sql").SparkSession
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java 17 or later, and no java is found")
    builder = session.builder.master("local[2]").appName("skcb")
    quiet = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4", "spark.driver.memory": "1g",
             "spark.driver.host": "127.0.0.1", "spark.ui.showConsoleProgress": "false"}  # fmt: skip
    for name, value in quiet.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


@cache
def duckdb():
    """A connection of its own."""
    return pytest.importorskip("duckdb").connect()


def on(engine, frame):
    """Put a pandas frame onto an engine."""
    if engine == "pandas":
        return frame
    table = pa.Table.from_pandas(frame, preserve_index=False)
    if engine == "pyarrow":
        return table
    if engine.startswith("polars"):
        eager = pl.from_arrow(table)
        return eager.lazy() if engine == "polars lazy" else eager
    if engine == "duckdb":
        return duckdb().from_arrow(table)
    if engine == "dask":
        dataframe = pytest.importorskip("dask.dataframe")
        # Dask would make strings of all objects, of dates too.
        convert = all(isinstance(value, str | int | float | None) for value in frame["y"])
        with pytest.importorskip("dask").config.set({"dataframe.convert-string": convert}):
            return dataframe.from_pandas(frame, npartitions=3, sort=False)
    return spark().createDataFrame(table)


def back(native):
    """Read a frame back, as pandas."""
    if isinstance(native, pd.DataFrame):
        return native
    if isinstance(native, pl.LazyFrame):
        native = native.collect()
    for method in ("toArrow", "to_arrow_table", "to_arrow"):
        if hasattr(native, method):
            return getattr(native, method)().to_pandas()
    return native.compute() if hasattr(native, "compute") else native.to_pandas()


LABELS = {
    "integers": [3, 3, 3, -7, 3, 12, -7, 3, 3],
    "strings": ["cat", "cat", "dog", "cat", "", "Dog", "cat", "dog", "é"],
    "booleans": [True, False, True, True, True, True, False, True, True],
    "whole floats": [1.0, 2.0, 1.0, 1.0, -3.0, 1.0, 1.0, 2.0, 1.0],
}
UNFIT = {
    "dates": [dt.date(2026, 1, 1), dt.date(2026, 1, 2)] * 2,
    "times": pd.to_datetime(["2026-01-01", "2026-01-02"] * 2),
    "decimals": [decimal.Decimal("1.5"), decimal.Decimal("2.5")] * 2,
    "lists": [[1], [2], [1], [2]],
    "bytes": [b"a", b"b", b"a", b"b"],
}
