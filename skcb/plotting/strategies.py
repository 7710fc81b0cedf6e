"""Strategies side by side: their scores with intervals, and scores against calibration."""

from collections.abc import Sequence
from itertools import compress
from textwrap import fill
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from skcb.plotting import style
from skcb.plotting.drawing import label_beside, new_axes, point_to_better, tidy
from skcb.plotting.style import FAMILIES

_KINDS = ("score", "calibration")


class StrategyComparisonDisplay:
    """Scores of strategies: with intervals, or against another score such as the calibration error.

    Made by :meth:`from_comparison`, or by ``StrategyComparison.plot``.

    Parameters
    ----------
    strategies : list of str
        Names, the best first.
    mean : ndarray of shape (n_strategies,)
        Mean score.
    interval : ndarray of shape (2, n_strategies)
        Where the 95 % intervals begin and end; NaN where there is none.
    values : list of ndarray
        The scores that were averaged: of the folds, or of the data sets.
    metric : str
        Name of the score.
    families : list of str
        Family of each strategy, for colour and marker.
    calibration : ndarray of shape (n_strategies,), default=None
        The second score, which ``kind="calibration"`` needs.
    calibration_metric : str, default="ece"
        Its name.
    calibration_label : str, default=""
        What people call it.
    kind : {"score", "calibration"}, default="score"
        Which view.
    axis_label : str, default=""
        What stands at the axis of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skcb import StrategyComparisonDisplay, compare_strategies, load_long_tailed_digits
    >>> X, _, y, _ = load_long_tailed_digits()
    >>> comparison = compare_strategies(
    ...     DecisionTreeClassifier(), X, y, strategies=["none", "balanced"], cv=3, random_state=0
    ... )
    >>> display = StrategyComparisonDisplay.from_comparison(comparison, metric="macro_f1")
    >>> print(display.ax_.get_xlabel())
    macro F1
    mean, and 95 % interval over 3 folds
    """

    def __init__(
        self,
        *,
        strategies: Sequence[str],
        mean: NDArray[np.float64],
        interval: NDArray[np.float64],
        values: Sequence[NDArray[np.float64]],
        metric: str,
        families: Sequence[str],
        calibration: NDArray[np.float64] | None = None,
        calibration_metric: str = "ece",
        calibration_label: str = "",
        kind: Literal["score", "calibration"] = "score",
        axis_label: str = "",
    ) -> None:
        self.strategies = strategies
        self.mean = mean
        self.interval = interval
        self.values = values
        self.metric = metric
        self.families = families
        self.calibration = np.full(len(mean), np.nan) if calibration is None else calibration
        self.calibration_metric = calibration_metric
        self.calibration_label = calibration_label
        self.kind = kind
        self.axis_label = axis_label

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        kind: Literal["score", "calibration"] = "score",
        metric: str | None = None,
        calibration: str = "ece",
        relative_to: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a comparison.

        Parameters
        ----------
        comparison : StrategyComparison
        kind : {"score", "calibration"}, default="score"
            ``"score"``: each strategy's mean with a 95 % interval; ``"calibration"``: the mean against that of
            a second score.
        metric : str, default=None
            Which score; None takes the first.
        calibration : str, default="ece"
            The second score.
        relative_to : str, default=None
            A strategy whose score is subtracted, fold by fold: the interval is then of the difference, and is
            shorter, since folds are paired.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : StrategyComparisonDisplay

        Raises
        ------
        ValueError
            If `kind`, `metric`, `calibration` or `relative_to` is unknown.
        """
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, _KINDS))}, got {kind!r}")
        metric = comparison.metrics[0] if metric is None else metric
        scores = comparison.scores(metric, relative_to=relative_to)
        mean, low, high = (
            column.to_numpy() for _, column in comparison.interval(metric, relative_to=relative_to).items()
        )
        ranks = comparison.summary(metric, full=True)[metric, "rank"].reindex(scores.columns).to_numpy()
        order = np.lexsort((np.arange(len(ranks)), ranks, np.isnan(mean)))
        second = comparison.interval(calibration)["mean"].to_numpy()[order] if kind == "calibration" else None
        several = len(comparison.datasets) > 1
        unit = f"{len(scores)} {'data sets' if several else 'folds'}"
        shown = comparison.title_of(metric) + (f", less that of {relative_to!r}" if relative_to else "")
        return cls(
            strategies=[scores.columns[position] for position in order],
            mean=mean[order],
            interval=np.array([low, high])[:, order],
            values=[scores.iloc[:, position].dropna().to_numpy() for position in order],
            metric=metric,
            families=[comparison.families[scores.columns[position]] for position in order],
            calibration=second,
            calibration_metric=calibration,
            calibration_label=comparison.title_of(calibration)
            + " of the predicted class" * (calibration == "ece"),
            kind=kind,
            axis_label=f"{shown}\nmean, and 95 % interval over {unit}"
            if kind == "score"
            else f"{shown}, mean over {unit}",
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw, on `ax` or a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : StrategyComparisonDisplay
        """
        number = len(self.strategies)
        self.ax_ = ax = new_axes(
            ax, 8, max(2.5, 1.4 + 0.27 * number) if self.kind == "score" else 5.2 + 0.1 * number
        )
        self.figure_ = ax.figure
        if self.kind == "score":
            self._plot_scores(ax)
        else:
            self._plot_against_calibration(ax)
        tidy(ax)
        present = [family for family in FAMILIES if family in self.families]
        handles = [_mark(family, FAMILIES[family][2]) for family in present] if len(present) > 1 else []
        handles += ax.get_legend_handles_labels()[0]
        if handles:
            layout = {"borderaxespad": 0.2, "handletextpad": 0.4, "columnspacing": 1.2, "frameon": False}
            ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, **layout)
        if self.kind == "calibration":
            self._number_marks(ax)
        return self

    def _plot_scores(self, ax: Any) -> None:
        for row, (family, values) in enumerate(zip(self.families, self.values, strict=True)):
            color, marker, _ = FAMILIES[family]
            if np.isnan(self.mean[row]):
                ax.annotate("could not run in every fold", (0.01, row), xycoords=("axes fraction", "data"),
                            va="center", fontsize=style.SMALL, color=style.MUTED)  # fmt: skip
                continue
            ax.plot(values, np.full(len(values), row), "|", color=color, markersize=7, alpha=0.45, zorder=2)
            ax.plot(self.interval[:, row], [row, row], color=color, linewidth=2, solid_capstyle="butt", zorder=3)
            ax.plot(self.mean[row], row, marker, color=color, markersize=7, markeredgecolor="white", zorder=4)
        ax.set_yticks(range(len(self.strategies)), self.strategies)
        ax.set(ylim=(len(self.strategies) - 0.4, -0.6), xlabel=self.axis_label)

    def _plot_against_calibration(self, ax: Any) -> None:
        """Marks, the front of those that none beats in both, and what the numbers beside the marks mean."""
        x, y, names, families = self._with_both()
        front = _front(x, y)
        steps = {"drawstyle": "steps-post", "color": style.MUTED, "linewidth": 1.2, "linestyle": "--", "zorder": 1}
        ax.plot(x[front], y[front], label="front: none is better in both", **steps)
        for across, up, family in zip(x, y, families, strict=True):
            color, marker, _ = FAMILIES[family]
            ax.plot(across, up, marker, color=color, markersize=style.MARK, markeredgecolor="white", zorder=3)
        meaning = [
            _mark(family, f"{n}  {name}") for n, (name, family) in enumerate(zip(names, families, strict=True), 1)
        ]
        ax.figure.legend(handles=meaning, loc="outside lower center", ncols=2, frameon=False, handletextpad=0.2,
                         fontsize=style.SMALL, columnspacing=1.5, labelspacing=0.35)  # fmt: skip
        left_out = [name for name in self.strategies if name not in names]
        missing = "\n" + fill(f"without a value: {', '.join(left_out)}", 80) if left_out else ""
        ax.set_xlabel(f"{self.calibration_label or self.calibration_metric} (less is better){missing}")
        ax.set_ylabel(self.axis_label)
        ax.margins(0.1)

    def _number_marks(self, ax: Any) -> None:
        """Write the numbers at the marks: last, for what else is drawn decides how large the axes are."""
        x, y, names, _ = self._with_both()
        label_beside(ax, x, y, [str(number) for number in range(1, len(names) + 1)])
        point_to_better(ax, x, y)

    def _with_both(self) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str], list[str]]:
        """Both scores, name and family of the strategies that have both."""
        finite = np.isfinite(self.calibration) & np.isfinite(self.mean)
        if not finite.any():
            raise ValueError(f"no strategy has values of both {self.metric!r} and {self.calibration_metric!r}")
        names, families = (list(compress(of_each, finite)) for of_each in (self.strategies, self.families))
        return self.calibration[finite], self.mean[finite], names, families


def _mark(family: str, text: str) -> Any:
    """A line of a legend."""
    from matplotlib.lines import Line2D

    color, marker, _ = FAMILIES[family]
    return Line2D([], [], linestyle="", marker=marker, color=color, markersize=style.MARK, label=text)


def _front(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """Points that no other beats both in a smaller x and in a larger y, from left to right."""
    order = np.lexsort((-y, x))
    best = np.concatenate([[-np.inf], np.maximum.accumulate(y[order])[:-1]])
    front: NDArray[np.intp] = order[y[order] > best]
    return front
