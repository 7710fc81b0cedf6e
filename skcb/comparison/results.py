"""``StrategyComparison``: what the strategies scored, summed up, tested, drawn and written down."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from skcb._checks import check_share
from skcb.comparison.scoring import FACTS, greater_is_better, title_of
from skcb.comparison.significance import Significance, compare_on_data_sets, compare_on_folds
from skcb.comparison.strategies import family_of
from skcb.comparison.tables import as_html, as_markdown, as_text, note_on

if TYPE_CHECKING:
    from skcb.plotting import CriticalDifferenceDisplay, StrategyComparisonDisplay

COLUMNS = ["dataset", "strategy", "fold", "metric", "value", "reason"]
# What a person reads where there are more metrics than columns in sight.
_READ = frozenset({"balanced_accuracy", "macro_f1", "auprc", "log_loss", "ece"})
_MOST_READ = 6
_NOT_SUMMED_UP = ("fits_saved", "n_train", "n_test")


class StrategyComparison:
    """What every strategy scored on every fold of every data set.

    Made by :func:`compare_strategies`; also from the frames of several runs,
    ``StrategyComparison(pd.concat([first.frame, second.frame]))``, or from a file that a frame was written to,
    ``StrategyComparison(pd.read_csv(path))``.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each number, with the columns `dataset`, `strategy`, `fold`, `metric`, `value` and
        `reason`: empty, or why there is no value. Beside the scores, `metric` has ``fit_time`` (in seconds),
        ``n_train`` and ``n_test`` (rows of the fold's parts), ``n_resampled`` (rows after resampling) and
        ``fits_saved`` (1 where a strategy decides by a fit that another made, whose time is in its own). A
        column `family` says as which pictures show a strategy: none, weights, resampling, decisions or other.

    Attributes
    ----------
    frame : pandas.DataFrame
        As given.

    Raises
    ------
    ValueError
        If a column is missing, or if a data set, strategy, fold and metric have two values.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skcb import compare_strategies, load_long_tailed_digits
    >>> X, _, y, _ = load_long_tailed_digits()
    >>> comparison = compare_strategies(
    ...     KNeighborsClassifier(), X, y, strategies=["none", "balanced", "RandomOverSampler"], cv=3,
    ...     scoring=["balanced_accuracy", "ece"], random_state=0,
    ... )
    >>> comparison.summary()["balanced_accuracy"].round(2)
    strategy
    RandomOverSampler    0.91
    none                 0.76
    balanced              NaN
    Name: balanced_accuracy, dtype: float64
    >>> print(comparison.failures["reason"].iloc[0])
    TypeError: ClassBalancedClassifier cannot weight KNeighborsClassifier, whose fit takes no sample_weight...
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        missing = [column for column in COLUMNS if column not in frame.columns]
        if missing:
            raise ValueError(f"frame lacks the columns {missing}; it must have {COLUMNS}")
        if frame.duplicated(COLUMNS[:4]).any():
            first = frame.loc[frame.duplicated(COLUMNS[:4]), COLUMNS[:4]].iloc[0].tolist()
            raise ValueError(f"two values for (dataset, strategy, fold, metric) = ({', '.join(map(str, first))})")
        # Read from a file in which nothing failed, the reasons are a column of NaN, and floating.
        reason = frame["reason"].astype(object).where(frame["reason"].notna(), "")
        # A frame of other making may have no families; then a strategy that is known by its name has its own.
        family = frame.get("family", pd.Series(np.nan, frame.index, dtype=object))
        known = {name: family_of(name) for name in frame.loc[family.isna(), "strategy"].unique()}
        family = family.where(family.notna(), frame["strategy"].map(known))
        self.frame = frame[COLUMNS].assign(reason=reason, family=family).reset_index(drop=True)

    @property
    def strategies(self) -> list[str]:
        """Names of the strategies, in the order they were run."""
        return self.frame["strategy"].unique().tolist()

    @property
    def datasets(self) -> list[str]:
        """Names of the data sets."""
        return self.frame["dataset"].unique().tolist()

    @property
    def metrics(self) -> list[str]:
        """Names of the scores."""
        return [metric for metric in self.frame["metric"].unique().tolist() if metric not in FACTS]

    @property
    def families(self) -> dict[str, str]:
        """Family of each strategy: none, weights, resampling, decisions or other."""
        return dict(self.frame.drop_duplicates("strategy")[["strategy", "family"]].to_numpy().tolist())

    @property
    def fits_saved(self) -> int:
        """Fits that were saved: strategies that decide by a plain fit share one in each fold."""
        return int(self.frame.loc[self.frame["metric"] == "fits_saved", "value"].sum())

    @staticmethod
    def title_of(metric: str) -> str:
        """Return what people call a metric, for pictures and tables."""
        return title_of(metric)

    @property
    def failures(self) -> pd.DataFrame:
        """What could not be computed and why: one row for each data set, strategy and reason.

        Columns `dataset`, `strategy`, `reason`, `metrics` (those left empty) and `folds` (where).
        """
        empty = self.frame[self.frame["reason"] != ""]
        return empty.groupby(["dataset", "strategy", "reason"], sort=False, as_index=False).agg(
            metrics=("metric", lambda metrics: ", ".join(metrics.unique())),
            folds=("fold", lambda folds: ", ".join(map(str, folds.unique()))),
        )

    def wide(self, metric: str) -> pd.DataFrame:
        """Values of one metric: a row for each data set and fold, a column for each strategy.

        Parameters
        ----------
        metric : str
            One of `metrics`, ``"fit_time"`` or ``"n_resampled"``.

        Returns
        -------
        wide : pandas.DataFrame
            NaN where there is no value.

        Raises
        ------
        ValueError
            If there is no such metric.
        """
        rows = self.frame[self.frame["metric"] == metric]
        if rows.empty:
            raise ValueError(
                f"no metric {metric!r} in this comparison; there are {', '.join(map(repr, self.metrics))}"
            )
        wide = rows.set_index(["dataset", "fold", "strategy"])["value"].unstack("strategy")  # noqa: PD010 - keeps NaN
        return wide.reindex(index=pd.Index(self.datasets, name="dataset"), level="dataset")[
            [name for name in self.strategies if name in wide]
        ]

    def means(self, metric: str) -> pd.DataFrame:
        """Mean over the folds: a row for each data set, a column for each strategy.

        NaN where a fold has no value, since the mean over the rest would be of other data.
        """
        return self.wide(metric).groupby(level="dataset", sort=False).agg(lambda folds: folds.mean(skipna=False))

    def scores(self, metric: str, *, relative_to: str | None = None) -> pd.DataFrame:
        """What is averaged: the folds' values of one data set, or the data sets' means.

        Parameters
        ----------
        metric : str
            See :meth:`wide`.
        relative_to : str, default=None
            A strategy whose values are subtracted, fold by fold.

        Returns
        -------
        scores : pandas.DataFrame
            A row for each fold or data set, a column for each strategy.

        Raises
        ------
        ValueError
            If there is no such metric or strategy.
        """
        scores = self.means(metric) if len(self.datasets) > 1 else self.wide(metric)
        if relative_to is None:
            return scores
        if relative_to not in scores:
            raise ValueError(f"no strategy {relative_to!r}; there are {', '.join(map(repr, scores.columns))}")
        return scores.sub(scores[relative_to], axis=0)

    def interval(self, metric: str, *, relative_to: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """Mean of every strategy with a t interval.

        Over the folds of one data set its width takes account of their overlapping training parts, as Nadeau
        and Bengio do; over several data sets, which are independent, there is nothing to correct.

        Parameters
        ----------
        metric : str
            See :meth:`wide`.
        relative_to : str, default=None
            See :meth:`scores`.
        level : float in (0, 1), default=0.95
            Coverage.

        Returns
        -------
        interval : pandas.DataFrame
            Columns `mean`, `low` and `high`, a row for each strategy; NaN where a value is missing.

        Raises
        ------
        ValueError
            If there is no such metric or strategy, or if `level` lies outside (0, 1).
        """
        level = check_share("level", level)
        scores = self.scores(metric, relative_to=relative_to)
        mean, spread = scores.mean(skipna=False), scores.std(skipna=False)
        overlap = self._test_share() if len(self.datasets) == 1 else 0.0
        reach = stats.t.ppf((1 + level) / 2, max(len(scores) - 1, 1)) * np.sqrt(1 / len(scores) + overlap) * spread
        return pd.DataFrame({"mean": mean, "low": mean - reach, "high": mean + reach})

    def summary(self, metrics: str | Iterable[str] | None = None, *, full: bool = False) -> pd.DataFrame:
        """Mean of every score for every strategy, the best strategy first.

        Parameters
        ----------
        metrics : str or list of str, default=None
            The first decides the order of the rows. None takes those that a person reads: all, where there are
            six at most, else the first, balanced accuracy, macro F1, the area under precision and recall, log-loss
            and calibration error.
        full : bool, default=False
            Whether mean, spread and rank are given for each metric; None then takes all metrics that were
            computed, with the time to fit and the rows after resampling.

        Returns
        -------
        summary : pandas.DataFrame
            A row for each strategy, the best first. A column for each metric, its mean; after the first of them
            its spread, `std`, and `rank`; then `fit_time` in seconds, and `note` where something is missing: what
            and why, and a mean is then of the folds that have a value. Over one data set, mean and sample standard
            deviation are of the folds; over several, of the data sets' means. The rank, 1 for the best, is taken
            within each data set and averaged; ties share it, and a strategy without a value in every fold is last.
            Columns without any value are left out.

            With ``full=True`` columns of two levels: for each metric `mean`, `std` and `rank`, and last `note`.

        Raises
        ------
        ValueError
            If there is no such metric.
        """
        if not full:
            return self._read(metrics)
        chosen = self._chosen(metrics)
        parts = {metric: self._summed_up(metric) for metric in chosen}
        summary = pd.concat(parts, axis=1).reindex(self.strategies)
        summary["note", ""] = pd.Series({name: note_on(self.frame, name, chosen) for name in self.strategies})
        summary.index.name = "strategy"
        return summary.sort_values((chosen[0], "rank"), kind="stable")

    def significance(
        self, metric: str | None = None, *, alpha: float = 0.05, missing: Literal["drop", "last"] = "drop"
    ) -> Significance:
        """Test which strategies differ.

        On one data set, the corrected resampled t-test of Nadeau and Bengio on the paired folds, for every two
        strategies, with Holm's correction. On several, Friedman's test on the ranks of the data sets' means, and
        Nemenyi's for every two strategies (Wilcoxon's signed ranks where there are two only).

        Parameters
        ----------
        metric : str, default=None
            Which score; None takes the first.
        alpha : float in (0, 1), default=0.05
            Level of the tests; the chance of one false alarm among all the pairs.
        missing : {"drop", "last"}, default="drop"
            What becomes of a strategy that lacks a value: it is left out, and the result names it; or, over
            several data sets, it is ranked last where it could not run.

        Returns
        -------
        significance : Significance

        Raises
        ------
        ValueError
            If there is no such metric, if fewer than two strategies are left, or if an argument is wrong.

        References
        ----------
        Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003,
        :doi:`10.1023/A:1024068626366`.
        Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7, 2006.
        """
        metric = self.metrics[0] if metric is None else metric
        if missing not in ("drop", "last"):
            raise ValueError(f'missing must be "drop" or "last", got {missing!r}')
        higher = greater_is_better(metric)
        if len(self.datasets) > 1:
            return compare_on_data_sets(
                self.means(metric), metric=metric, higher=higher, alpha=alpha, rank_missing_last=missing == "last"
            )
        return compare_on_folds(
            self.wide(metric), metric=metric, higher=higher, alpha=alpha, test_share=self._test_share()
        )

    def plot(
        self,
        kind: Literal["score", "calibration", "ranks"] = "score",
        *,
        metric: str | None = None,
        ax: Any = None,
        **options: Any,
    ) -> "StrategyComparisonDisplay | CriticalDifferenceDisplay":
        """Draw the strategies.

        Parameters
        ----------
        kind : {"score", "calibration", "ranks"}, default="score"
            ``"score"``: each strategy's mean with an interval; ``"calibration"``: score against calibration
            error; ``"ranks"``: mean ranks over several data sets, with the critical difference.
        metric : str, default=None
            Which score; None takes the first.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options : dict
            Passed on to ``StrategyComparisonDisplay.from_comparison``.

        Returns
        -------
        display : StrategyComparisonDisplay or CriticalDifferenceDisplay

        Raises
        ------
        ValueError
            If `kind` or `metric` is unknown.
        """
        from skcb.plotting import CriticalDifferenceDisplay, StrategyComparisonDisplay

        metric = self.metrics[0] if metric is None else metric
        if kind == "ranks":
            return CriticalDifferenceDisplay.from_significance(self.significance(metric, **options), ax=ax)
        return StrategyComparisonDisplay.from_comparison(self, kind=kind, metric=metric, ax=ax, **options)

    def to_markdown(self, metrics: str | Iterable[str] | None = None, *, digits: int = 3) -> str:
        """Write the summary as a Markdown table: mean ± spread, the best in bold, and what is missing.

        Parameters
        ----------
        metrics : str or list of str, default=None
            See :meth:`summary`.
        digits : int, default=3
            Digits after the point.

        Returns
        -------
        table : str
        """
        return as_markdown(self.summary(metrics, full=True), digits) + self._footnote("\n\n{}")

    def __repr__(self) -> str:
        table = as_text(self.summary(self._read_columns(None), full=True))
        return f"StrategyComparison({self._size()})\n{table}" + self._footnote("\n{}")

    def _repr_html_(self) -> str:
        columns = self._read_columns(None)
        scores = [metric for metric in columns if metric not in FACTS]
        tied = {metric: self._tied(metric) for metric in scores}
        shaded = "Bold: the best of its column."
        if any(tied.values()):
            shaded += " Shaded: no further from it than one standard error."
        return as_html(
            self.summary(columns, full=True),
            self.families,
            tied,
            caption=f"{self._size()}; best {title_of(scores[0])} first" if scores else self._size(),
            notes=[f"Mean ± standard deviation. {shaded}", *filter(None, [self._footnote("{}")])],
        )

    def _size(self) -> str:
        parts = [(len(self.strategies), "strategy", "strategies"), (len(self.datasets), "data set", "data sets")]
        if len(self.datasets) == 1:
            parts.append((self.frame["fold"].nunique(), "fold", "folds"))
        return ", ".join(f"{number} {one if number == 1 else many}" for number, one, many in parts)

    def _read(self, metrics: str | Iterable[str] | None) -> pd.DataFrame:
        columns = self._read_columns(metrics)
        full = self.summary(columns, full=True)
        first = columns[0]
        parts = {metric: full[metric, "mean"] for metric in columns}
        beside = {first: parts.pop(first), "std": full[first, "std"], "rank": full[first, "rank"]}
        read = pd.DataFrame({**beside, **parts})
        read = read.drop(columns=[name for name in parts if read[name].isna().all()])
        return read.assign(note=full["note", ""]) if (full["note", ""] != "").any() else read

    def _read_columns(self, metrics: str | Iterable[str] | None) -> list[str]:
        """The metrics asked for, or those that a person reads, and the time to fit if it is known."""
        if metrics is not None:
            chosen = self._chosen(metrics)
        elif len(self.metrics) <= _MOST_READ:
            chosen = self.metrics
        else:
            chosen = [name for place, name in enumerate(self.metrics) if place == 0 or name in _READ]
        timed = (self.frame["metric"] == "fit_time").any() and "fit_time" not in chosen
        return [*chosen, *(["fit_time"] if timed else [])]

    def _tied(self, metric: str) -> set[str]:
        """The best by a metric, and what is no further from it than one standard error of its mean.

        What folds or data sets have in common for all strategies is no error of theirs, and is taken out.
        """
        scores = self.scores(metric).dropna(axis=1)
        several = len(self.datasets) > 1
        sizes = {"n_train", "n_test"} <= set(self.frame["metric"])
        if scores.shape[1] < 2 or len(scores) < 2 or not (several or sizes):
            return set()
        mean = scores.mean()
        best = mean.idxmax() if greater_is_better(metric) else mean.idxmin()
        own = scores[best] - scores.mean(axis=1)
        # Of k strategies the mean over all has a k-th of this one in it, which Morey's factor puts back.
        variance = own.var() * scores.shape[1] / (scores.shape[1] - 1)
        error = np.sqrt((1 / len(scores) + (0.0 if several else self._test_share())) * variance)
        return set(scores.columns[(mean - mean[best]).abs() <= error])

    def _footnote(self, form: str) -> str:
        """Say under a table which strategies share fits; nothing where none do."""
        rows = self.frame[self.frame["metric"] == "fits_saved"]
        sharing = rows.loc[rows["value"] > 0, "strategy"].unique()
        if not len(sharing):
            return ""
        saved = self.fits_saved
        names = ", ".join(sharing)
        verb = "decide" if len(sharing) > 1 else "decides"
        fits = "fit" if saved == 1 else "fits"
        return form.format(f"{saved} {fits} saved: {names} {verb} by the plain fit of another strategy.")

    def _test_share(self) -> float:
        """Test rows for each training row, which the corrected variance of the folds asks for."""
        return float((self.wide("n_test") / self.wide("n_train")).to_numpy().mean())

    def _chosen(self, metrics: str | Iterable[str] | None) -> list[str]:
        if metrics is None:
            known = self.frame["metric"].unique().tolist()
            return [metric for metric in known if metric not in _NOT_SUMMED_UP]
        chosen = [metrics] if isinstance(metrics, str) else list(metrics)
        if not chosen:
            raise ValueError("metrics is empty; None takes all")
        return chosen

    def _summed_up(self, metric: str) -> pd.DataFrame:
        complete = self.means(metric)
        present = self.wide(metric)
        if len(self.datasets) > 1:
            present = present.groupby(level="dataset", sort=False).mean()
        direction = -1 if greater_is_better(metric) else 1
        ranks = (direction * complete).rank(axis=1, na_option="bottom").where(complete.notna().any(axis=1))
        # Ranks of classes that no data set has (few-shot where all are many) are left empty, not tied.
        return pd.DataFrame({"mean": present.mean(), "std": present.std(), "rank": ranks.mean()})
