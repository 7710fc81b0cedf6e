"""A column in memory: of a pandas or polars DataFrame, or a pyarrow Table."""

from functools import cached_property
from typing import Any

import narwhals as nw

from skcb._classes.engines.shared import Column, named
from skcb._classes.labels import Labels
from skcb._classes.vector import ClassCounts, ClassVector, count


class MemoryColumn(Column):
    """Labels are encoded once, for the counts and for the weights."""

    @property
    def holds_objects(self) -> bool:  # type: ignore[override]
        return self.seen.implementation is nw.Implementation.PANDAS

    @cached_property
    def labels(self) -> Labels:
        """The labels, encoded."""
        column = self.seen.get_column(self.label)
        if self.dtype.is_float():
            self.check_floats(self.seen, self.label)
        else:
            self.check_complete(column.null_count(), len(column))
        return self.encode(column)

    def count(self) -> ClassCounts:
        """Count the labels."""
        return named(count(self.labels))

    def attach(self, weight: ClassVector, name: str) -> Any:
        """Append the column."""
        values = weight.of(self.labels)
        if self.seen.implementation is nw.Implementation.PANDAS:
            return self.native.assign(**{name: values})
        column = nw.new_series(name, values, nw.Float64(), backend=self.seen.implementation)
        return self.seen.with_columns(column).to_native()
