"""What the engines share: which labels a column may hold, and groups of labels as counts."""

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar

import narwhals as nw
import numpy as np

from skcb._checks import shown
from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassCounts, ClassVector, count

_NAMES = (nw.Boolean, nw.String, nw.Categorical, nw.Enum)


class Column(ABC):
    """A column of labels; `seen` is the frame as narwhals sees it."""

    holds_objects: ClassVar[bool] = False
    names_fold_case: ClassVar[bool] = False

    def __init__(self, native: Any, seen: Any, label: str) -> None:
        self.native, self.seen, self.label = native, seen, label
        self.dtype = self._check_type()

    @abstractmethod
    def count(self) -> ClassCounts:
        """Count the labels where they are."""

    @abstractmethod
    def attach(self, weight: ClassVector, name: str) -> Any:
        """Return the native frame with the value of each sample's class as one more column."""

    def check_name(self, name: str) -> None:
        """Refuse a name that the new column cannot have."""
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, got {name!r} of type {type(name).__name__}")
        if not name:
            raise ValueError("name must not be empty: it names the new column")
        for column in self.seen.columns:
            alike = str(column).casefold() == name.casefold()
            if column == name or (alike and self.names_fold_case):
                raise ValueError(
                    f"the frame has a column {column!r} already, which {name!r} would overwrite; choose another "
                    "name=, or drop that column first"
                )

    def _check_type(self) -> nw.dtypes.DType:
        """Type of the column, if it is one that classes can have."""
        label = self.label
        if not isinstance(label, str | int):
            raise TypeError(f"label must be the name of a column, got {label!r} of type {type(label).__name__}")
        schema = self.seen.collect_schema()
        if label not in schema:
            names = list(schema)
            raise ValueError(
                f"there is no column {label!r} in the frame; its {len(names)} columns are {shown(names, 20)}"
            )
        dtype: nw.dtypes.DType = schema[label]
        wide = isinstance(dtype, nw.Int128 | nw.UInt128)
        if not wide and (dtype.is_integer() or dtype.is_float() or isinstance(dtype, _NAMES)):
            return dtype
        if isinstance(dtype, nw.Object) and self.holds_objects:
            return dtype  # its values tell
        self._check_untyped(dtype)
        raise self.refusal(f"has type {dtype}, on which engines disagree")

    def _check_untyped(self, dtype: nw.dtypes.DType) -> None:
        """Name what a column of nothing but nulls lacks: it has no type."""
        if isinstance(dtype, nw.Unknown):
            rows, nulls = one_row(
                self.seen, nw.len().alias("rows"), nw.col(self.label).is_null().cast(nw.Int64).sum().alias("nulls")
            )
            if rows == nulls:
                self.check_complete(nulls, rows)

    def refusal(self, why: str) -> TypeError:
        """Return the error for a column that holds no labels."""
        return TypeError(
            f"label column {self.label!r} {why}; class labels are integers (of up to 64 bits), booleans or "
            "strings: cast the column to one of them"
        )

    def check_complete(self, missing: int, rows: int) -> None:
        """Refuse a column with missing labels, or without rows."""
        if rows == 0:
            raise ValueError(f"the frame has no rows: there is no label to count in column {self.label!r}")
        if missing:
            raise ValueError(
                f"label column {self.label!r} has {missing} missing labels (null or NaN) in {rows} rows; "
                "drop these rows or give them a label of their own"
            )

    def check_whole(self, broken: int, smallest: float) -> None:
        """Refuse a column of continuous values."""
        if broken:
            raise ValueError(
                f"Unknown label type: continuous. {broken} labels in column {self.label!r} are not whole numbers, "
                f"{smallest} the smallest; bin a continuous target, or name its classes with integers or strings"
            )

    def check_floats(self, frame: Any, label: str) -> None:
        """Refuse floats that are no labels, before groups as many as the rows would leave the engine."""
        column = nw.col(label)
        missing = column.is_null() | column.is_nan()
        broken = ~missing & (~column.is_finite() | (column != column.round(0)))
        rows, absent, number, smallest = one_row(
            frame,
            nw.len().alias("rows"),
            missing.cast(nw.Int64).sum().alias("missing"),  # Spark adds no booleans
            broken.cast(nw.Int64).sum().alias("broken"),
            nw.when(broken).then(column).min().alias("smallest"),
        )
        self.check_complete(int(absent or 0), int(rows))
        self.check_whole(int(number or 0), smallest)

    def encode(self, column: Any) -> Labels:
        """Encode a narwhals Series of labels."""
        if not isinstance(column.dtype, nw.Object):
            return encode_labels(column.to_native())
        kinds = sorted({type(value).__name__ for value in column.to_list()})
        if "bytes" not in kinds:  # which most engines have as another type than strings
            with suppress(TypeError):
                return encode_labels(column.to_native())
        raise self.refusal(f"holds objects of type {' and '.join(kinds)}")

    def count_groups(self, groups: Any) -> ClassCounts:
        """Sum an eager frame of two columns, labels and rows, as counting the labels themselves would."""
        labels, rows = (groups.get_column(column) for column in groups.columns)
        missing = rows.filter(labels.is_null())
        self.check_complete(int(missing.sum() or 0), int(rows.sum() or 0))
        counted = count(self.encode(labels), rows.to_numpy().astype(np.float64))
        return named(ClassCounts(counted.classes, counted.counts.astype(np.int64)))


class EngineColumn(Column):
    """A column of an engine that groups and joins; the groups are kept, whose labels are the engine's own."""

    groups: Any

    def count(self) -> ClassCounts:
        """Group in the engine, which reads the column alone."""
        frame, label = self.narrow()
        if self.dtype.is_float():
            self.check_floats(frame, label)
        self.groups = collect(frame.group_by(label).agg(nw.len().alias(f"{label}_rows")))
        return self.count_groups(self.groups)

    def narrow(self) -> tuple[Any, str]:
        """Return a narwhals frame with the column, and the name that narwhals can call it by there."""
        return self.seen, self.label

    def table(self, weight: ClassVector, key: str, name: str) -> Any:
        """Return the weights beside the labels as the engine gave them, as an eager narwhals frame."""
        labels = self.groups.get_column(self.groups.columns[0])
        values = weight.of(self.encode(labels))
        column = nw.new_series(name, values, nw.Float64(), backend=self.groups.implementation)
        return self.groups.select(labels.alias(key)).with_columns(column)


def named(counted: ClassCounts) -> ClassCounts:
    """Numbers as numbers, where a nullable type hands them over as objects."""
    classes, counts = counted
    if classes.dtype.kind == "O" and not isinstance(classes[0], str):
        classes = np.array(classes.tolist())
    return ClassCounts(classes, counts)


def collect(frame: Any) -> Any:
    """Compute a lazy frame; without its streaming engine polars would hold the whole column."""
    polars = frame.implementation is nw.Implementation.POLARS
    return frame.collect(engine="streaming") if polars else frame.collect()


def one_row(frame: Any, *expressions: nw.Expr) -> tuple[Any, ...]:
    """Compute expressions of a frame, eager or lazy, that give one row."""
    summary = frame.select(*expressions)
    row: tuple[Any, ...] = (collect(summary) if isinstance(summary, nw.LazyFrame) else summary).row(0)
    return row
