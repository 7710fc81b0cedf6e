"""What the pictures share: axes to draw on, colours that also read in grey, labels that do not overlap."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Colour and marker of a family of strategies: Okabe and Ito's palette, told apart by shape in grey.
FAMILIES = {
    "none": ("#000000", "X", "no strategy"),
    "weights": ("#0072b2", "o", "weights"),
    "resampling": ("#d55e00", "s", "resampling"),
    "decisions": ("#009e73", "D", "moved decisions"),
    "other": ("#cc79a7", "^", "other"),
}
_MOST_NAMED_CLASSES = 25


def new_axes(ax: Any, width: float, height: float) -> Any:
    """The axes to draw on: those given, or those of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError as error:
        if error.name not in ("matplotlib", "matplotlib.pyplot"):
            raise
        raise ImportError("drawing needs matplotlib: pip install 'skcb[plot]'", name="matplotlib") from error
    return plt.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def in_order(number: int) -> list[tuple[float, ...]]:
    """Colours for a sequence, from dark to light: their order is seen in grey too."""
    from matplotlib import colormaps

    return [colormaps["viridis"](position) for position in np.linspace(0, 0.8, number)]


def tidy(ax: Any) -> None:
    """Leave the frame out that says nothing, and put a faint grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(visible=True, alpha=0.25, linewidth=0.6)


def label_at_right(
    ax: Any, x: ArrayLike, y: ArrayLike, texts: Sequence[str], *, colors: Sequence[Any], size: float = 9
) -> None:
    """Write the text of each point beside the right edge, near its height, with a line to it."""
    # Of the whole figure, also where the axes are in a part of one:
    ax.figure.canvas.figure.draw_without_rendering()  # for constrained layout to give the axes their size
    points = np.column_stack(np.broadcast_arrays(x, y)).astype(np.float64)
    height = ax.get_window_extent().height / ax.figure.dpi * 72
    wanted = ax.transAxes.inverted().transform(ax.transData.transform(points))[:, 1]
    heights = spread(wanted, min(1.25 * size / height, 1.04 / max(len(texts), 1)))
    for point, at, text, color in zip(points, heights, texts, colors, strict=True):
        ax.annotate(
            text,
            point,
            (1.04, at),
            textcoords="axes fraction",
            va="center",
            fontsize=size,
            color="#222222",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "linewidth": 0.9,
                "alpha": 0.7,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
        )


def spread(wanted: ArrayLike, gap: float) -> NDArray[np.float64]:
    """Positions in [0, 1], if they fit, as near to those wanted as a gap between neighbours allows."""
    wanted = np.asarray(wanted, dtype=np.float64)
    order = np.argsort(wanted, kind="stable")
    # In units of gaps already used the positions only have to ascend: pools of neighbours share their mean.
    pools: list[tuple[float, int]] = []
    for value in wanted[order] - gap * np.arange(len(wanted)):
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, many), (second, more) = pools[-2:]
            pools[-2:] = [((first * many + second * more) / (many + more), many + more)]
    flat = np.repeat([value for value, _ in pools], [many for _, many in pools])
    room = max(1 - gap * (len(wanted) - 1), 0)
    placed = np.empty_like(wanted)
    placed[order] = np.clip(flat, 0, room) + gap * np.arange(len(wanted))
    return placed


def ticks_for_classes(ax: Any, classes: Sequence[Any], counts: NDArray[np.float64]) -> None:
    """Name the classes and their samples under ranks 1, 2, ...; where there are too many, a few ranks."""
    number = len(counts)
    if number <= _MOST_NAMED_CLASSES:
        names = [str(label) for label in classes]
        upright = number * max(map(len, [*names, *(f"{count:g}" for count in counts)])) <= 60
        labels = [
            f"{name}\n{count:g}" if upright else f"{name} ({count:g})"
            for name, count in zip(names, counts, strict=True)
        ]
        ax.set_xticks(
            range(1, number + 1),
            labels,
            rotation=0 if upright else 60,
            ha="center" if upright else "right",
            rotation_mode="anchor",
        )
        ax.set_xlabel("class and its training samples")
        ax.set_xlim(0.4, number + 0.6)
        return
    ranks = np.unique(np.linspace(1, number, 6).round().astype(int))
    ax.set_xticks(ranks, [f"{rank}\n{counts[rank - 1]:g}" for rank in ranks])
    ax.set_xlabel("rank of the class, and its training samples")
    ax.set_xlim(1 - number / 100, number * 1.01)
