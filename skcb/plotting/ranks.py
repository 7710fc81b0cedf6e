"""Mean ranks with bars beside those that do not differ: Demšar's critical-difference picture, one row for each."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any, Self

import numpy as np

from skcb.plotting import style
from skcb.plotting.drawing import new_axes


class CriticalDifferenceDisplay:
    """Mean ranks of strategies, the best above, with a bar beside each group that no test tells apart.

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
        number = len(names)
        self.ax_ = ax = new_axes(ax, 8, 2.2 + 0.27 * number)
        self.figure_ = ax.figure
        top = max(number, 2)
        ax.hlines(range(number), 1, values, color=style.RULE, linewidth=1)
        ax.plot(values, range(number), "o", color=style.BLUE, markersize=style.MARK, clip_on=False)
        for row, rank in enumerate(values):
            ax.annotate(f"{rank:.1f}", (rank, row), (7, 0), textcoords="offset points", va="center",
                        fontsize=style.SMALL)  # fmt: skip
        ax.set_yticks(range(number), names, fontsize=style.SMALL)
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(1, top), ylim=(number - 0.4, -0.6))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["left", "right", "top"]].set_visible(False)
        beside = ax.get_yaxis_transform()
        for place, (first, last) in enumerate(self.groups):
            rows = names.index(first) - 0.15, names.index(last) + 0.15
            at = 1.08 + 0.03 * place
            ax.plot([at, at], rows, color=style.MUTED, linewidth=4, solid_capstyle="round", transform=beside,
                    clip_on=False)  # fmt: skip
        if self.groups:
            ax.annotate("bars: not\ntold apart", (1.055, 1), (0, 4), xycoords="axes fraction", va="bottom",
                        textcoords="offset points", fontsize=style.SMALL)  # fmt: skip
        ax.set_xlabel("\n".join(["mean rank, 1 is best", *([fill(self.title, 70)] if self.title else [])]))
        if np.isfinite(self.critical_difference):
            self._draw_measure(ax, number)
        ax.set_title(fill(self._finding(names), 50), loc="left", fontsize=style.NORMAL, pad=36)
        return self

    def _finding(self, names: Sequence[str]) -> str:
        """What the ranks say: which is first, and how many could be."""
        level = max((names.index(last) for first, last in self.groups if first == names[0]), default=0)
        others = f"{level} more not told apart from it" if level else "told apart from all others"
        return f"Best mean rank: {names[0]} ({others})"

    def _draw_measure(self, ax: Any, number: int) -> None:
        """Show the critical difference as a length above the rows."""
        from matplotlib.transforms import offset_copy

        above = offset_copy(ax.get_xaxis_transform(), ax.figure, y=8, units="points")
        end = min(1 + self.critical_difference, max(number, 2))
        ax.plot([1, end], [1, 1], "|-", color=style.INK, markersize=8, transform=above, clip_on=False)
        text = f"critical difference {self.critical_difference:.1f}"
        ax.annotate(text, (1, 1), (0, 7), xycoords=above, textcoords="offset points", fontsize=style.SMALL)


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
