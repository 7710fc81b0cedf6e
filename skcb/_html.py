"""Small tables for notebooks: inline style alone, light and dark, every text escaped, long ones cut short."""

import html
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

_MOST_ROWS = 20
_FIRST, _LAST = 10, 9  # rows of a longer table, and a line between them
_LONGEST_LINE = 40
_TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5em 0"
_CELL = "padding:.15em .7em;border:0;background:none"
_HEAD = f"{_CELL};font-weight:bold;border-bottom:1px solid currentColor"
# Over any background it is a tint, under text of any colour.
_SHADE = "background:rgba(0,158,115,.22)"
_BAR = "height:.7em;min-width:1px;background:currentColor;opacity:.45"


class Cell(NamedTuple):
    """What stands in a place of a table; a `bar` is a share of the full width."""

    text: str = ""
    bold: bool = False
    shaded: bool = False
    bar: float | None = None


def places_shown(total: int) -> list[int]:
    """Return which of so many rows a table shows."""
    places = range(total)
    return [*places] if total <= _MOST_ROWS else [*places[:_FIRST], *places[-_LAST:]]


def as_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    *,
    total: int | None = None,
    words: Container[str] = (),
    caption: str = "",
    notes: Iterable[str] = (),
) -> str:
    """Return a table: the first column and those of `words` to the left, the others, of numbers, to the right.

    Of more than 20 rows the first ten and the last nine are shown, and how many there are between. Where a `total`
    is given, `rows` are only those that are shown of so many.
    """
    sides = ["left" if not place or name in words else "right" for place, name in enumerate(header)]
    if total is None:
        total, rows = len(rows), [rows[place] for place in places_shown(len(rows))]
    shown = [_row(row, sides) for row in rows]
    if total > len(rows):
        between = f"... {total - len(rows)} more"
        line = f'<tr><td colspan="{len(header)}" style="{_CELL};text-align:left">{between}</td></tr>'
        shown.insert(_FIRST, line)
    names = "".join(
        f'<th style="{_HEAD};text-align:{side}">{html.escape(name)}</th>'
        for name, side in zip(header, sides, strict=True)
    )
    above = (
        f'<caption style="caption-side:top;text-align:left;color:inherit">{html.escape(caption)}</caption>'
        if caption
        else ""
    )
    below = "".join(f'<p style="margin:.2em 0">{html.escape(note)}</p>' for note in notes)
    return (
        f'<div style="overflow-x:auto"><table style="{_TABLE}">{above}<thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(shown)}</tbody></table>{below}</div>"
    )


def _row(row: Sequence[str | Cell], sides: list[str]) -> str:
    cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
    return "<tr>" + "".join(map(_cell, cells, sides)) + "</tr>"


def _cell(cell: Cell, side: str) -> str:
    if cell.bar is not None:
        bar = f'<div style="{_BAR};width:{100 * cell.bar:.1f}%"></div>'
        return f'<td style="{_CELL};width:12em">{bar}</td>'
    text = html.escape(cell.text)
    text = f"<b>{text}</b>" if cell.bold else text
    style = f"{_CELL};text-align:{side}"
    style += ";white-space:nowrap" if len(cell.text) <= _LONGEST_LINE else ""
    style += f";{_SHADE}" if cell.shaded else ""
    return f'<td style="{style}">{text}</td>'
