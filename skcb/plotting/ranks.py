"""Mean ranks with bars over those that do not differ: Demšar's critical-difference picture."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any, Self

import numpy as np

from skcb.plotting import style
from skcb.plotting.drawing import new_axes


class CriticalDifferenceDisplay:
    """Mean ranks of strategies on a line, with a bar over each group that no test tells apart.

    Made by :meth:`from_significance` or :meth:`from_ranks`.

    Parameters
    ----------
    ranks : dict of str to float
        Mean rank of each strategy, 1 for the best, in ascending order.
    groups : list of tuple of str
        First and last strategy of each group.
    critical_difference : float, default=nan
        Drawn as a measure, where it is known.
    title : str, default=""
        What was ranked and tested.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7, 2006.

    Examples
    --------
    >>> from skcb import CriticalDifferenceDisplay
    >>> ranks = {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    >>> CriticalDifferenceDisplay.from_ranks(ranks, critical_difference=1.12).groups
    [('C4.5+m+cf', 'C4.5+cf'), ('C4.5+cf', 'C4.5')]
    """

    def __init__(
        self,
        *,
        ranks: Mapping[str, float],
        groups: Sequence[tuple[str, str]],
        critical_difference: float = np.nan,
        title: str = "",
    ) -> None:
        self.ranks = ranks
        self.groups = groups
        self.critical_difference = critical_difference
        self.title = title

    @classmethod
    def from_ranks(cls, ranks: Mapping[str, float], *, critical_difference: float, ax: Any = None) -> Self:
        """Draw ranks whose critical difference is known.

        Parameters
        ----------
        ranks : mapping of str to float
            Mean rank of each strategy.
        critical_difference : float
            Ranks that differ by less are not told apart.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CriticalDifferenceDisplay
        """
        ordered = dict(sorted(ranks.items(), key=lambda item: item[1]))
        names, values = list(ordered), np.array(list(ordered.values()))
        together = np.abs(values[:, None] - values) < critical_difference
        groups = _groups(names, together)
        return cls(ranks=ordered, groups=groups, critical_difference=critical_difference).plot(ax=ax)

    @classmethod
    def from_significance(cls, significance: Any, *, ax: Any = None) -> Self:
        """Draw the result of ``StrategyComparison.significance``.

        Parameters
        ----------
        significance : Significance
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CriticalDifferenceDisplay
        """
        names = significance.ranks.index.tolist()
        together = significance.p_values().to_numpy() >= significance.alpha
        return cls(
            ranks=significance.ranks.to_dict(),
            groups=_groups(names, together),
            critical_difference=significance.critical_difference,
            title=_title(significance),
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw, on `ax` or a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : CriticalDifferenceDisplay
        """
        names, values = list(self.ranks), np.array(list(self.ranks.values()))
        rows = (len(names) + 1) // 2
        bars = len(self.groups)
        depth = 1 + 0.45 * bars
        self.ax_ = ax = new_axes(ax, 9, 1.3 + 0.26 * (rows + depth))
        self.figure_ = ax.figure
        low, high = 1, max(len(names), 2)
        ax.set(xlim=(low - 0.02 * (high - low), high + 0.02 * (high - low)), ylim=(depth + rows, -0.2))
        ax.xaxis.set_ticks_position("top")
        ax.text(1.04, 1, "mean rank,\n1 is best", transform=ax.transAxes, va="center", fontsize=9)
        ax.spines[["left", "right", "bottom"]].set_visible(False)
        ax.set_yticks([])
        ax.xaxis.get_major_locator().set_params(integer=True)
        for position, (name, rank) in enumerate(zip(names, values, strict=True)):
            left = position < rows
            row = depth + 0.5 + (position if left else len(names) - 1 - position)
            edge = -0.02 if left else 1.02
            side = ax.get_yaxis_transform()
            ax.plot([rank, rank], [-0.2, row], color=style.MUTED, linewidth=1, clip_on=False)
            end = low - 0.03 * (high - low) if left else high + 0.03 * (high - low)
            ax.plot([rank, end], [row, row], color=style.MUTED, linewidth=1, clip_on=False)
            text = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
            ax.text(edge, row, text, transform=side, ha="right" if left else "left", va="center", fontsize=9)
        for number, (first, last) in enumerate(self.groups):
            height = 0.55 + 0.45 * number
            margin = 0.004 * (high - low)
            ends = self.ranks[first] - margin, self.ranks[last] + margin
            ax.plot(ends, [height, height], color=style.BLUE, linewidth=4, solid_capstyle="round")
        if np.isfinite(self.critical_difference):
            self._draw_measure(ax, low)
        if self.title:
            ax.set_title(fill(self.title, 95), fontsize=10, loc="center", pad=44)
        return self

    def _draw_measure(self, ax: Any, low: float) -> None:
        """Show the critical difference as a length above the axis."""
        from matplotlib.transforms import offset_copy

        above = offset_copy(ax.get_xaxis_transform(), ax.figure, y=28, units="points")
        end = low + self.critical_difference
        ax.plot([low, end], [1, 1], "|-", color="black", markersize=8, transform=above, clip_on=False)
        text = f"  critical difference {self.critical_difference:.2f}"
        ax.text(end, 1, text, transform=above, va="center", fontsize=9)


def _groups(names: Sequence[str], together: Any) -> list[tuple[str, str]]:
    """First and last of every longest run, of two or more, in which no two are told apart."""
    runs: list[tuple[int, int]] = []
    for start in range(len(names)):
        stop = start
        while stop + 1 < len(names) and together[start : stop + 2, start : stop + 2].all():
            stop += 1
        if stop > start and not any(stop <= other for _, other in runs):
            runs.append((start, stop))
    return [(names[start], names[stop]) for start, stop in runs]


def _title(significance: Any) -> str:
    over = f"{significance.n_datasets} data sets" if significance.n_datasets > 1 else "one data set"
    p_value = "" if np.isnan(significance.p_value) else f", p = {significance.p_value:.2g}"
    left_out = f"; without a rank: {', '.join(significance.left_out)}" if significance.left_out else ""
    return f"{significance.title} over {over}: {significance.test}{p_value}{left_out}"
