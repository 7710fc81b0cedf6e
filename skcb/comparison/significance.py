"""Which strategies differ: tests on paired folds of one data set, and on ranks over several."""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from skcb._checks import check_share
from skcb._html import Cell, as_table
from skcb.comparison.scoring import title_of

_MOST_NAMED = 5


@dataclass(frozen=True, repr=False)
class Significance:
    """Which strategies differ by a metric, pair by pair: as text a sentence, in a notebook a table as well.

    Attributes
    ----------
    metric : str
        The score that was compared.
    test : str
        What was tested, and how for many pairs.
    alpha : float
        Level of the tests.
    pairs : pandas.DataFrame
        A row for each two strategies: `first`, `second`, `difference` (mean of the first's score less the
        second's), `statistic`, `p_value` (of the pair alone; under Nemenyi it is adjusted already),
        `p_adjusted` and `significant`.
    ranks : pandas.Series
        Mean rank of each strategy, 1 for the best, sorted.
    n_datasets : int
        How many data sets.
    p_value : float
        Friedman's: whether any strategies differ at all; NaN where one data set gives none.
    critical_difference : float
        The difference of mean ranks that Nemenyi's test asks for; NaN where another test is used.
    left_out : list of str
        Strategies that lack a value somewhere.
    """

    metric: str
    test: str
    alpha: float
    pairs: pd.DataFrame
    ranks: pd.Series
    n_datasets: int = 1
    p_value: float = np.nan
    critical_difference: float = np.nan
    left_out: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What people call the metric."""
        return title_of(self.metric)

    @property
    def better_and_worse(self) -> list[tuple[str, str]]:
        """The pairs that differ, the better strategy first, the most certain difference first."""
        different = self.pairs[self.pairs["significant"]].sort_values("p_adjusted", kind="stable")
        return [self._in_order(pair.first, pair.second) for pair in different.itertuples()]

    def __repr__(self) -> str:
        found, level = self.better_and_worse, f"{100 * self.alpha:g} %"
        named = ", ".join(f"{better} beats {worse}" for better, worse in found[:_MOST_NAMED])
        more = f", and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        total = len(self.pairs)
        if not found:
            said = (
                f"the pair does not differ at {level}" if total == 1 else f"no pair of {total} differs at {level}"
            )
        else:
            differ = "differs" if len(found) == 1 else "differ"
            said = f"{len(found)} of {total} pairs {differ} at {level}: {named}{more}"
        over = f", {self.n_datasets} data sets" if self.n_datasets > 1 else ""
        left_out = f"; left out, for want of values: {', '.join(self.left_out)}" if self.left_out else ""
        return f"{self.title}: {said} ({self.test}{over}){left_out}"

    def _repr_html_(self) -> str:
        ordered = self.pairs.sort_values("p_adjusted", kind="stable")
        rows = [
            (
                *self._in_order(pair.first, pair.second),
                f"{abs(pair.difference):.3f}",
                Cell(f"{pair.p_adjusted:.3g}", bold=pair.significant, shaded=pair.significant),
            )
            for pair in ordered.itertuples()
        ]
        return as_table(
            ("better", "worse", "difference", "p, adjusted"), rows, words={"worse"}, caption=repr(self)
        )

    def _in_order(self, first: str, second: str) -> tuple[str, str]:
        return (first, second) if self.ranks[first] <= self.ranks[second] else (second, first)

    def p_values(self) -> pd.DataFrame:
        """The adjusted p-values as a symmetric table, with strategies in the order of their ranks."""
        names = self.ranks.index
        table = pd.DataFrame(1.0, index=names, columns=names)
        for pair in self.pairs.itertuples():
            table.loc[pair.first, pair.second] = table.loc[pair.second, pair.first] = pair.p_adjusted
        return table

    def plot(self, *, ax: Any = None) -> Any:
        """Draw the ranks with the critical difference, see ``CriticalDifferenceDisplay``."""
        from skcb.plotting import CriticalDifferenceDisplay

        return CriticalDifferenceDisplay.from_significance(self, ax=ax)


def compare_on_folds(
    scores: pd.DataFrame, *, metric: str, higher: bool, alpha: float, test_share: float
) -> Significance:
    r"""Corrected resampled t-test of Nadeau and Bengio on paired folds, Holm's correction over the pairs.

    .. math:: t = \bar d \Big/ \sqrt{(1/J + n_{test}/n_{train}) \, s_d^2}, \qquad J - 1 \text{ degrees of freedom}

    `scores` has a row for each of the J folds and a column for each strategy; `test_share` is
    :math:`n_{test}/n_{train}`.
    """
    alpha = check_share("alpha", alpha)
    scores, left_out = _without_missing(scores, metric)
    first, second = _pairs(scores.shape[1])
    values = scores.to_numpy()
    difference = values[:, first] - values[:, second]
    mean, statistic = difference.mean(axis=0), corrected_t(difference, test_share)
    p_value = 2 * stats.t.sf(np.abs(statistic), len(difference) - 1)
    direction = -1 if higher else 1
    return Significance(
        metric=metric,
        test="corrected resampled t-test (Nadeau and Bengio), Holm's correction",
        alpha=alpha,
        pairs=_pair_frame(
            scores.columns,
            alpha,
            difference=mean,
            statistic=statistic,
            p_value=p_value,
            p_adjusted=holm(p_value),
        ),
        ranks=(direction * scores.mean()).rank().sort_values(kind="stable"),
        left_out=left_out,
    )


def compare_on_data_sets(
    scores: pd.DataFrame, *, metric: str, higher: bool, alpha: float, rank_missing_last: bool
) -> Significance:
    r"""Friedman's test on ranks over data sets, and Nemenyi's for the pairs, as Demšar recommends.

    .. math:: CD = \frac{q_\alpha}{\sqrt 2} \sqrt{\frac{k (k + 1)}{6 N}}

    `scores` has a row for each of the N data sets and a column for each of the k strategies. With two strategies
    there is Wilcoxon's signed-rank test instead.
    """
    alpha = check_share("alpha", alpha)
    left_out: list[str] = []
    if rank_missing_last:
        scores = scores.loc[:, scores.notna().any()]
    else:
        scores, left_out = _without_missing(scores, metric)
    direction = -1 if higher else 1
    ranks = (direction * scores).rank(axis=1, na_option="bottom")
    count, size = ranks.shape
    if size < 2:
        raise ValueError(f"{size} strategies have values of {metric!r}; a test needs two")
    first, second = _pairs(size)
    mean_ranks = ranks.mean()
    statistic = np.abs(mean_ranks.to_numpy()[first] - mean_ranks.to_numpy()[second])
    if size == 2:
        test, critical = "Wilcoxon's signed-rank test", np.nan
        overall = float(_wilcoxon((scores.iloc[:, 0] - scores.iloc[:, 1]).to_numpy()))
        p_value = np.array([overall])
    else:
        test = "Friedman's test, Nemenyi's for the pairs"
        unit = np.sqrt(size * (size + 1) / (6 * count))
        critical = float(stats.studentized_range.ppf(1 - alpha, size, np.inf) / np.sqrt(2) * unit)
        overall = _friedman(ranks)
        p_value = stats.studentized_range.sf(statistic / unit * np.sqrt(2), size, np.inf)
    mean = scores.mean().to_numpy()
    return Significance(
        metric=metric,
        test=test,
        alpha=alpha,
        pairs=_pair_frame(
            scores.columns,
            alpha,
            difference=mean[first] - mean[second],
            statistic=statistic,
            p_value=p_value,
            p_adjusted=p_value,
        ),
        ranks=mean_ranks.sort_values(kind="stable"),
        n_datasets=count,
        p_value=overall,
        critical_difference=critical,
        left_out=left_out,
    )


def corrected_t(difference: NDArray[np.float64], test_share: float) -> NDArray[np.float64]:
    """Statistic of Nadeau and Bengio for paired differences, folds first; 0 where no fold differs."""
    folds = len(difference)
    if folds < 2:
        raise ValueError(f"{folds} fold cannot be tested; take at least 2, better repeated folds")
    mean = difference.mean(axis=0)
    error = np.sqrt((1 / folds + test_share) * difference.var(axis=0, ddof=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mean == 0, 0.0, mean / error)


def holm(p_value: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values with Holm's correction: the i-th smallest of m times m - i, in ascending order and at most 1."""
    order = np.argsort(p_value, kind="stable")
    stepped = p_value[order] * np.arange(len(p_value), 0, -1)
    adjusted = np.empty_like(p_value)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted


def _friedman(ranks: pd.DataFrame) -> float:
    if (ranks.min(axis=1) == ranks.max(axis=1)).all():  # every rank is tied, for which SciPy divides by 0
        return 1.0
    if len(ranks) == 1:
        raise ValueError("one data set gives no test over data sets")
    return float(stats.friedmanchisquare(*ranks.to_numpy().T).pvalue)


def _wilcoxon(difference: NDArray[np.float64]) -> float:
    return 1.0 if not difference.any() else stats.wilcoxon(difference).pvalue


def _pairs(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.array(list(combinations(range(size), 2)), dtype=np.intp).reshape(-1, 2).T
    return first, second


def _pair_frame(names: Any, alpha: float, **columns: NDArray[np.float64]) -> pd.DataFrame:
    first, second = _pairs(len(names))
    pairs = pd.DataFrame({"first": np.asarray(names)[first], "second": np.asarray(names)[second], **columns})
    return pairs.assign(significant=pairs["p_adjusted"] < alpha)


def _without_missing(scores: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, list[str]]:
    complete = scores.notna().all()
    if complete.sum() < 2:
        raise ValueError(
            f"{int(complete.sum())} strategies have all values of {metric!r}; a test needs two. See failures"
        )
    return scores.loc[:, complete], scores.columns[~complete].tolist()
