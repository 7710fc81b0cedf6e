"""The picture of skcb's speed beside its peers, from the tables of README.md in this folder.

    python benchmarks/speed_picture.py docs/images/speed.png

Nothing is measured here, and no number stands here: a row that the tables no longer have is an error.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.figure import Figure

from skcb.plotting import style

TABLES = Path(__file__).with_name("README.md")


class Bar(NamedTuple):
    """What is shown, and where it stands: the section, and words of the row's job and of what it is beside."""

    job: str
    peer: str
    section: str
    row: str
    beside: str


BARS = [
    Bar("weights of 10 million labels,\n1000 classes", "scikit-learn", "Weights", "int64 labels, 1000 classes",
        "scikit-learn"),
    Bar("weights of 2 million strings", "scikit-learn", "Weights", "2 million object strings", "scikit-learn"),
    Bar("tuned decision, boosting", "grid search of beta", "Decisions", "gradient boosting", ""),
    Bar("an epoch of balanced draws", "WeightedRandomSampler", "Loops", "an epoch", ""),
    Bar("an epoch of a net", "skorch", "Networks", "one epoch, batch 1024", "stock skorch"),
    Bar("sigmoid focal loss,\n8142 classes", "imbalanced-losses", "Losses", "sigmoid focal, (1024, 8142)",
        "imbalanced-losses"),
    Bar("cross-entropy, 8142 classes", "torch", "Losses", "softmax cross-entropy, (1024, 8142)",
        "F.cross_entropy"),
    Bar("softmax focal loss,\n8142 classes", "cbloss", "Losses", "softmax focal, (1024, 8142)", "cbloss"),
    Bar("an epoch of a net", "a bare torch loop", "Networks", "one epoch, batch 1024", "a raw torch loop"),
]  # fmt: skip


def times_faster(bar: Bar, text: str) -> float:
    """Return how many times faster than its peer skcb is, below 1 where it is slower; of a range the middle."""
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (lines,) = (part.splitlines() for part in section if part.startswith(f"{bar.section}\n"))
    header: list[str] = []
    job = ""
    for line in lines:
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip("| ").split("|")] if header else None
        if cells is None:
            header = [cell.strip() for cell in line.strip().strip("|").split("|")]
            continue
        job = job if cells[0] == "the same" else cells[0]
        if job.endswith(bar.row) and any(bar.beside in cell for cell in cells[1:]):
            found = [_ratio(name, cell) for name, cell in zip(header, cells, strict=False)]
            ratios = [ratio for ratio in found if ratio is not None]
            if ratios:
                return ratios[0]
    raise ValueError(
        f"{TABLES} has no row for {bar.job!r} beside {bar.peer}: {bar.section}, {bar.row}, {bar.beside}"
    )


def _ratio(header: str, cell: str) -> float | None:
    """Return what a cell says of the ratio, or None; its own words go before the header's."""
    number = r"([\d.]+)(?: to ([\d.]+))?"
    for way, power in (("times faster", 1), ("times its time", -1)):
        if said := re.search(f"{number} {way}", cell):
            return _middle(said) ** power
    for way, power in (("times faster", 1), ("times its time", -1)):
        if way in header and (said := re.match(number, cell)):
            return _middle(said) ** power
    return None


def _middle(said: re.Match[str]) -> float:
    low, high = said[1], said[2] or said[1]
    return (float(low) + float(high)) / 2


def draw(text: str) -> Figure:
    """Draw a bar for each: to the right faster than the peer, to the left slower."""
    speeds = [times_faster(bar, text) for bar in BARS]
    with rc_context(style.RC):
        figure = Figure(figsize=(8, 7.2))
        axes = figure.subplots()
        faster = [speed >= 1 for speed in speeds]
        colors = [style.BLUE if ahead else style.VERMILION for ahead in faster]
        axes.barh(range(len(BARS)), [speed - 1 for speed in speeds], left=1, color=colors, height=0.62)
        for row, (bar, speed, ahead) in enumerate(zip(BARS, speeds, faster, strict=True)):
            digits = 0 if speed >= 10 else 1 if speed >= 1 else 2
            said = f"{speed:.{digits}f}×" if round(speed, 1) != 1 else "level:"  # noqa: RUF001 - times
            axes.annotate(f"{said}  {bar.peer}", (max(speed, 1), row), (6, 0), textcoords="offset points",
                          va="center", fontsize=13, fontweight="bold" if ahead else "normal")  # fmt: skip
        axes.axvline(1, color=style.INK, linewidth=1)
        axes.set_xscale("log")
        axes.set_xlim(0.7, 2500)
        axes.set_xticks([1, 10, 100], ["as fast", "10 times", "100 times"], fontsize=13)
        axes.set_yticks(range(len(BARS)), [bar.job for bar in BARS], fontsize=13)
        axes.tick_params(axis="y", length=0)
        axes.minorticks_off()
        axes.invert_yaxis()
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("speed beside the peer (more is better)", fontsize=13)
        slower = sum(speed < 0.95 for speed in speeds)
        found = f"Up to {max(speeds):.0f} times as fast as the peers; {slower} of {len(BARS)} are faster"
        figure.suptitle(found, fontsize=16)
    return figure


if __name__ == "__main__":
    picture = draw(TABLES.read_text(encoding="utf-8"))
    for file in map(Path, sys.argv[1:]):
        picture.savefig(file, dpi=150)
