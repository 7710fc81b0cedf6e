"""A column of a PySpark DataFrame."""

from typing import Any

import narwhals as nw

from skcb._classes.engines.shared import EngineColumn
from skcb._classes.vector import ClassVector

_KEY = "skcb label of the weights"


class SparkColumn(EngineColumn):
    """Names are quoted: a dot in one would name a field of a structure."""

    names_fold_case = True

    def narrow(self) -> tuple[Any, str]:
        """Return the column under a plain name."""
        kind = self.native.schema[self.label].dataType
        if getattr(kind, "collation", "UTF8_BINARY") != "UTF8_BINARY":
            raise self.refusal(f"has the collation {kind.collation}, under which unlike strings are equal")
        return nw.from_native(self.native.select(self.native[_quoted(self.label)].alias("label"))), "label"

    def attach(self, weight: ClassVector, name: str) -> Any:
        """Join; Spark promises no order of the rows through it."""
        weights = self.table(weight, _KEY, name).to_native()
        # An Arrow table becomes a local relation, whose size Spark knows; the hint asks for no shuffle.
        table = self.native.sparkSession.createDataFrame(weights).hint("broadcast")
        on = self.native[_quoted(self.label)] == table[_quoted(_KEY)]
        return self.native.join(table, on, "left").drop(table[_quoted(_KEY)])


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
