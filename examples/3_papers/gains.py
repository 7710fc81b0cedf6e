"""The picture of the tables that report.py writes: how much less a loss errs than softmax."""

import re
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from skcb.plotting import style

NUMBER = r"[-+]?\d+\.\d+"


class Row(NamedTuple):
    """One loss of a table: points of error less than softmax, their spread over seeds, and the paper's points."""

    loss: str
    gain: float
    spread: float
    papers: float


def rows_of(tables: str) -> dict[float, list[Row]]:
    """Return the losses of one or several Markdown tables, by imbalance ratio; softmax is what they are beside.

    Where a table has no softmax of its own the difference is of the means, and the spread of both together.
    """
    found: dict[float, dict[str, list[str]]] = {}
    ratio = np.nan
    for line in tables.splitlines():
        if heading := re.match(r"### Imbalance ratio ([\d.]+)", line):
            ratio = float(heading[1])
        elif re.match(r"\| [a-zA-Z]", line) and not line.startswith("| loss |"):
            loss, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found.setdefault(ratio, {}).setdefault(loss, cells)
    return {ratio: _beside_softmax(losses) for ratio, losses in found.items()}


def _beside_softmax(losses: dict[str, list[str]]) -> list[Row]:
    _, _, base, *_, base_of_paper = losses["softmax"]
    rows = []
    for loss, (_, _, error, gain, *_, paper) in losses.items():
        if loss == "softmax":
            continue
        (mean, spread), (softmax, softmax_spread) = _numbers(error), _numbers(base)
        measured = _numbers(gain) if gain else (softmax - mean, float(np.hypot(spread, softmax_spread)))
        papers = float(base_of_paper) - float(paper) if paper and base_of_paper else np.nan
        rows.append(Row(loss, *measured, papers))
    return sorted(rows, key=lambda row: -row.gain)


def _numbers(cell: str) -> tuple[float, float]:
    mean, *spread = map(float, re.findall(NUMBER, cell))
    return mean, spread[0] if spread else 0.0


def draw(tables: str) -> Figure:
    """Draw a panel for each imbalance ratio: a row for each loss, what it gains here and what in the paper."""
    ratios = rows_of(tables)
    nets = re.findall(r"(ResNet-\d+)[^.]*?(\d+ epochs)", re.sub(r"\(ResNet[^)]*\)", "", tables))
    first = next(iter(ratios.values()))[0]
    found = f"{first.loss} errs {first.gain:.1f} points less than softmax"
    with rc_context(style.RC):
        heights = [len(rows) for rows in ratios.values()]
        figure = Figure(figsize=(8, 2.2 + 0.5 * sum(heights)))
        panels = figure.subplots(len(ratios), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
        for axes, (ratio, rows) in zip(panels, ratios.items(), strict=True):
            _draw_rows(axes, rows)
            axes.set_ylabel(f"imbalance ratio {ratio:g}", fontsize=13)
        panels[-1].set_xlabel("points of test error less than softmax (more is better)", fontsize=13)
        figure.suptitle(found[0].upper() + found[1:], fontsize=16)
        here = ", ".join(nets[0]) if nets else "here"
        marks = [
            Line2D([], [], marker="o", color=style.BLUE, markersize=10, label=f"here: {here}; mean ± over seeds"),
            Line2D([], [], linestyle="", marker="D", markerfacecolor="white", markeredgewidth=2, markersize=9,
                   color=style.VERMILION, label="the paper: ResNet-32, 200 epochs; one run"),
        ]  # fmt: skip
        figure.legend(handles=marks, loc="outside lower center", ncols=1, fontsize=13)
    return figure


def _draw_rows(axes: Any, rows: list[Row]) -> None:
    places = np.arange(len(rows))
    axes.axvline(0, color=style.INK, linewidth=1)
    axes.errorbar([row.gain for row in rows], places - 0.12, xerr=[row.spread for row in rows], fmt="o", zorder=3,
                  color=style.BLUE, markersize=10, elinewidth=2)  # fmt: skip
    axes.plot([row.papers for row in rows], places + 0.16, "D", color=style.VERMILION, markersize=9,
              markerfacecolor="white", markeredgewidth=2)  # fmt: skip
    axes.hlines(places[1:] - 0.5, 0, 1, color=style.RULE, linewidth=0.8, transform=axes.get_yaxis_transform())
    axes.set_yticks(places, [row.loss.replace(", ", ",\n") for row in rows], fontsize=13)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=13)
    axes.grid(axis="x")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
