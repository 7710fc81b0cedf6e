"""What the pictures share: axes to draw on, ticks for classes, labels that do not overlap."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb.plotting import style

_MOST_NAMED_CLASSES = 25
#: Where a label is tried around its mark: beside it first, then obliquely, above and below.
_AROUND = np.pi / 8 * np.array([0, 8, 2, 6, 14, 10, 4, 12, 1, 7, 15, 9, 3, 5, 13, 11])


def new_axes(ax: Any, width: float, height: float) -> Any:
    """The axes to draw on: those given, or those of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError as error:
        if error.name not in ("matplotlib", "matplotlib.pyplot"):
            raise
        raise ImportError("drawing needs matplotlib: pip install 'skcb[plot]'", name="matplotlib") from error
    return plt.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def tidy(ax: Any) -> None:
    """Leave the frame out that says nothing, and put a faint grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(visible=True, color=style.RULE, linewidth=0.7)


def label_at_right(
    ax: Any, x: ArrayLike, y: ArrayLike, texts: Sequence[str], *, colors: Sequence[Any], size: float = style.SMALL
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
            color=style.INK,
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


def label_beside(ax: Any, x: ArrayLike, y: ArrayLike, texts: Sequence[str], *, size: float = style.SMALL) -> None:
    """Write a short text at each mark, on the nearest free place around it, with a line where that is far."""
    ax.figure.canvas.figure.draw_without_rendering()
    pixels = ax.figure.dpi / 72  # to a point
    points = np.column_stack([x, y]).astype(np.float64)
    marks = ax.transData.transform(points) / pixels
    room = ax.get_window_extent()
    low, high = np.array([room.p0, room.p1]) / pixels
    taken: list[NDArray[np.float64]] = []
    for point, mark, text in zip(points, marks, texts, strict=True):
        half = np.array([0.34 * size * len(text) + 1, 0.62 * size])
        for radius, angle in product(range(13, 400, 7), _AROUND):
            at = mark + radius * np.array([np.cos(angle), np.sin(angle)])
            inside = (at - half >= low).all() and (at + half <= high).all()
            apart = all((np.abs(at - other) >= 2 * half).any() for other in taken)
            if inside and apart and (np.abs(marks - at) >= half + 4).any(axis=1).all():
                break
        taken.append(at)
        line = {"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 3}
        ax.annotate(
            text,
            point,
            at - mark,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            bbox={"boxstyle": "square,pad=0.05", "facecolor": ax.get_facecolor(), "edgecolor": "none"},
            arrowprops=line if np.hypot(*(at - mark)) > 15 else None,
        )


def point_to_better(ax: Any, x: ArrayLike, y: ArrayLike) -> None:
    """An arrow to the upper left, which is better, where it hides no mark."""
    marks = ax.transAxes.inverted().transform(ax.transData.transform(np.column_stack([x, y]).astype(np.float64)))
    places = np.array(list(product(np.linspace(0.2, 0.9, 8), np.linspace(0.15, 0.85, 8))))
    distance = np.abs(places[:, None] - marks).max(axis=2).min(axis=1)
    across, up = places[distance.argmax()]
    ax.annotate(
        "better",
        (across - 0.1, up + 0.13),
        (across, up),
        xycoords="axes fraction",
        ha="center",
        va="center",
        fontsize=style.NORMAL,
        color=style.GREEN,
        arrowprops={"arrowstyle": "-|>", "color": style.GREEN, "linewidth": 2, "shrinkB": 0},
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
