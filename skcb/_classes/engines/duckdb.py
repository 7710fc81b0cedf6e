"""A column of a DuckDB relation."""

from typing import Any

import narwhals as nw

from skcb._classes.engines.shared import EngineColumn
from skcb._classes.vector import ClassVector

_KEY = "skcb label of the weights"


class DuckDBColumn(EngineColumn):
    """Names are quoted: a dot in one would name a table."""

    names_fold_case = True

    def narrow(self) -> tuple[Any, str]:
        """Return the column under a plain name."""
        return nw.from_native(self.native.project(f"{_quoted(self.label)} as label")), "label"

    def attach(self, weight: ClassVector, name: str) -> Any:
        """Join; DuckDB promises no order of the rows through it."""
        import duckdb

        table = self._table(self.table(weight, _KEY, name), name)
        # The aliases hold for this join alone.
        on = f"labelled.{_quoted(self.label)} = weights.{_quoted(_KEY)}"
        joined = self.native.set_alias("labelled").join(table.set_alias("weights"), on, how="left")
        return joined.select(duckdb.StarExpression(exclude=[_KEY]))

    def _table(self, weights: Any, name: str) -> Any:
        """Build the weights as a relation on the connection of the frame, which does not tell what that is."""
        import duckdb

        def column(name: str, kind: Any) -> Any:
            values = duckdb.ConstantExpression(weights.get_column(name).to_list())
            return duckdb.FunctionExpression("unnest", values).cast(kind).alias(name)

        kind = dict(zip(self.native.columns, self.native.types, strict=True))[self.label]
        single_row = self.native.limit(0).aggregate("count(*)")  # which reads nothing
        return single_row.select(column(_KEY, kind), column(name, duckdb.type("DOUBLE")))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
