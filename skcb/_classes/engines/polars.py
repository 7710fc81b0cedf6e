"""A column of a lazy polars frame, counted by the streaming engine."""

from typing import Any

from skcb._classes.engines.shared import EngineColumn
from skcb._classes.vector import ClassVector


class PolarsColumn(EngineColumn):
    """A join to the weights; a chain of conditions would break on a thousand classes."""

    def attach(self, weight: ClassVector, name: str) -> Any:
        """Join, in the order of the rows."""
        weights = self.table(weight, self.label, name).to_native().lazy()
        return self.native.join(weights, on=self.label, how="left", maintain_order="left")
