"""A column of a Dask DataFrame, in the partitions that it has."""

from typing import Any

import narwhals as nw

from skcb._classes.blocks import as_blocks
from skcb._classes.engines.shared import Column
from skcb._classes.vector import ClassCounts, ClassVector


class DaskColumn(Column):
    """`seen` is the empty pandas frame with the columns: narwhals sees no more of Dask."""

    holds_objects = True

    def count(self) -> ClassCounts:
        """Count in the partitions, and add in a tree."""
        column = self.native[self.label]
        if self.dtype.is_float():
            self._check_dask_floats(column)
        try:
            counted = column.value_counts(sort=False, dropna=False).compute()
        except TypeError as error:
            raise self.refusal(f"holds objects that cannot be counted ({error})") from error
        groups = counted[counted > 0].rename(f"{self.label}_rows").rename_axis(self.label).reset_index()
        return self.count_groups(nw.from_native(groups))

    def attach(self, weight: ClassVector, name: str) -> Any:
        """Look the weights up in each partition: nothing is shuffled, index and divisions stay."""
        blocks = as_blocks(self.native[self.label], f"label column {self.label!r}")
        return self.native.assign(**{name: weight.of(blocks, out_of="the classes counted")})

    def _check_untyped(self, dtype: nw.dtypes.DType) -> None:
        """Nothing: the values of an empty frame tell nothing."""

    def _check_dask_floats(self, column: Any) -> None:
        import dask

        broken = column.notnull() & ((column % 1) != 0)  # of an infinity the remainder is NaN
        rows, absent, number, smallest = dask.compute(  # type: ignore[no-untyped-call]
            column.size, column.isna().sum(), broken.sum(), column.where(broken).min()
        )
        self.check_complete(int(absent), int(rows))
        self.check_whole(int(number), smallest)
