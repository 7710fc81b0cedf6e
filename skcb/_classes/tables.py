"""The short tables that counts show themselves as, in a console and in a notebook."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skcb._html import Cell, as_table, places_shown


def short_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows under their header, the numbers to the right, cut short where they are many."""
    lines = [header, *rows]
    total = len(lines) - 1
    if total > 11:
        lines[6:-5] = [("...",) * len(header)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = [
        "  ".join([f"{label:<{widths[0]}}", *(f"{n:>{w}}" for n, w in zip(numbers, widths[1:], strict=True))])
        for label, *numbers in lines
    ]
    return "\n".join([*table, *([f"({total} {_plural(header[0])})"] if total > 11 else [])])


def table_with_bars(
    header: tuple[str, ...], labels: NDArray[Any], *columns: NDArray[Any], share: NDArray[np.float64]
) -> str:
    """Return rows under their header as HTML, each with a bar as long as its share."""
    total = len(labels)
    places = places_shown(total)
    names = map(repr, labels[places].tolist())
    numbers = (map(str, column[places]) for column in columns)
    bars = (Cell(bar=float(part)) for part in share[places])
    caption = f"{total} {_plural(header[0]) if total != 1 else header[0]}"
    rows = list(zip(names, *numbers, bars, strict=True))
    return as_table((*header, ""), rows, total=total, caption=caption)


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("s") else "s")
