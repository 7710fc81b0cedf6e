"""Draw the thumbnails of the examples at scale: what travels is the counts, not the data.

python docs/images/thumbnails/draw.py
"""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from skcb.plotting import style

HERE = Path(__file__).parent
#: File: title, what each part of the data is, what joins their counts, how many parts.
THUMBNAILS = {
    "dask_cluster": ("Dask", "worker", "sum of\ncounts", 3),
    "out_of_core": ("A file larger\nthan memory", "block", "sum of\ncounts", 4),
    "spark_ml": ("Spark", "partition", "join\nof weights", 3),
    "two_processes": ("Two processes", "process", "counts\nof all", 2),
}


def box(axes: Any, middle: tuple[float, float], size: tuple[float, float], text: str, *, color: str) -> None:
    """Draw a box around its middle, with words in it."""
    corner = (middle[0] - size[0] / 2, middle[1] - size[1] / 2)
    area = {"facecolor": style.tint(color, 0.2), "edgecolor": color, "linewidth": 3}
    axes.add_patch(FancyBboxPatch(corner, *size, boxstyle="round,pad=0.02", **area))
    axes.text(*middle, text, ha="center", va="center", fontsize=17)


def draw(title: str, part: str, centre: str, parts: int) -> Figure:
    """Parts at the left, one box at the right, and between them the arrows of counts and weights."""
    with rc_context(style.RC):
        figure = Figure(figsize=(5.6, 4))
        axes = figure.subplots()
        axes.set(xlim=(0, 10), ylim=(0, 7), xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(title, loc="center", fontsize=24)
        box(axes, (8, 3.5), (2.9, 2.2), centre, color=style.GREEN)
        for place in range(parts):
            height = 7 * (place + 0.5) / parts
            box(axes, (2, height), (3, 5.2 / parts), f"{part} {place + 1}", color=style.BLUE)
            axes.annotate("", (6.4, 3.5 + 0.5 * (height - 3.5) / parts), (3.6, height),
                          arrowprops={"arrowstyle": "<|-|>", "color": style.INK, "linewidth": 2.5})  # fmt: skip
    return figure


if __name__ == "__main__":
    for name, words in THUMBNAILS.items():
        draw(*words).savefig(HERE / f"{name}.png", dpi=100)
