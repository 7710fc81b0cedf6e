"""The short tables that counts show themselves as."""

from collections.abc import Iterable


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


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("s") else "s")
