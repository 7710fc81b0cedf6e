"""Decisions of many samples along a grid of shifts: where they start, and each change on the way."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

#: So many numbers at a time stay in the cache.
CACHED = 1 << 15


class Path(NamedTuple):
    """Decisions at the first point of a grid, and every later change of one, in the order of the grid."""

    first: Codes
    step: Codes
    row: Codes
    before: Codes
    after: Codes
    length: int


def decide(logits: Floats, offset: Floats, rows: Codes | None = None) -> Codes:
    """Class with the largest sum of both in each row, or in some rows; the first of equals."""
    n_rows, n_classes = len(logits) if rows is None else len(rows), logits.shape[1]
    decided = np.empty(n_rows, dtype=np.intp)
    size = max(1, CACHED // n_classes)
    shifted = np.empty((min(size, n_rows), n_classes))
    for start in range(0, n_rows, size):
        where = slice(start, start + size)
        part = logits[where] if rows is None else logits[rows[where]]
        np.add(part, offset, out=shifted[: len(part)])
        shifted[: len(part)].argmax(axis=1, out=decided[where])
    return decided


def walk(logits: Floats, slope: Floats, grid: Floats) -> Path:
    """Follow argmax_c (logits_c + t slope_c) of each row along the ascending values t of a grid.

    A row's maximum is one of lines in t, so that the slope of what is decided never falls: what is decided alike
    at both ends of an interval is decided so all through it. Only the other rows are looked at more finely, which
    costs a few looks at all of them in place of one for each point of the grid.
    """
    last = len(grid) - 1
    first = decide(logits, grid[0] * slope)
    at_end = decide(logits, grid[last] * slope)
    moving = np.flatnonzero(first != at_end)
    pending = [(0, last, moving, first[moving], at_end[moving])]
    changes: list[tuple[int, Codes, Codes, Codes]] = []
    while pending:
        low, high, rows, at_low, at_high = pending.pop()
        if not len(rows):
            continue
        if high - low == 1:
            changes.append((high, rows, at_low, at_high))
            continue
        middle = (low + high) // 2
        at_middle = decide(logits, grid[middle] * slope, rows)
        for start, stop, left, right in ((middle, high, at_middle, at_high), (low, middle, at_low, at_middle)):
            differ = left != right
            pending.append((start, stop, rows[differ], left[differ], right[differ]))
    return _path(first, changes, len(grid))


def follow(logits: Floats, offsets: Floats) -> Path:
    """Follow argmax_c (logits_c + offset_c) of each row along any offsets, of shape (n_points, n_classes)."""
    first = now = decide(logits, offsets[0])
    changes: list[tuple[int, Codes, Codes, Codes]] = []
    for step, offset in enumerate(offsets[1:], start=1):
        then = decide(logits, offset)
        rows = np.flatnonzero(now != then)
        changes.append((step, rows, now[rows], then[rows]))
        now = then
    return _path(first, changes, len(offsets))


def _path(first: Codes, changes: list[tuple[int, Codes, Codes, Codes]], length: int) -> Path:
    """Join changes, which are in the order of the grid: the halves of an interval are taken first half first."""
    if not changes:
        none = np.empty(0, dtype=np.intp)
        return Path(first, none, none, none, none, length)
    steps = np.concatenate([np.full(len(rows), step) for step, rows, *_ in changes])
    rows, before, after = (np.concatenate([change[i] for change in changes]) for i in (1, 2, 3))
    return Path(first, steps, rows, before, after, length)
