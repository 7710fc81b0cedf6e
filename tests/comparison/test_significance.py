"""The tests between strategies, beside formulas by hand and the numbers of Demšar's paper."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from skcb import StrategyComparison
from skcb.comparison.significance import corrected_t, holm

# Table 6 of Demšar (2006): the AUC of C4.5 with m, cf or both tuned. The third digit after .975 of the 13th row
# decides a tie that the paper's ranks do not have.
DEMSAR = pd.DataFrame(
    {
        "C4.5": [.763, .599, .954, .628, .882, .936, .661, .583, .775, 1.0, .940, .619, .972, .957],
        "C4.5+m": [.768, .591, .971, .661, .888, .931, .668, .583, .838, 1.0, .962, .666, .981, .978],
        "C4.5+cf": [.771, .590, .968, .654, .886, .916, .609, .563, .866, 1.0, .965, .614, .9751, .946],
        "C4.5+m+cf": [.798, .569, .967, .657, .898, .931, .685, .625, .875, 1.0, .962, .669, .975, .970],
    }
)  # fmt: skip


def comparison_of(scores, metric="auc", n_train=None, n_test=None):
    """One row of `scores` is a data set, or with `n_train` a fold."""
    rows = []
    for number, values in enumerate(scores.to_dict("records")):
        where = ("data", number) if n_train else (f"set {number}", 0)
        for strategy, value in values.items():
            cell = (where[0], strategy, where[1])
            rows.append((*cell, metric, value, "" if np.isfinite(value) else "ValueError: too few"))
            rows += [(*cell, name, size, "") for name, size in (("n_train", n_train), ("n_test", n_test)) if size]
    return StrategyComparison(
        pd.DataFrame(rows, columns=["dataset", "strategy", "fold", "metric", "value", "reason"])
    )


def test_ranks_and_critical_difference_are_those_of_demsar():
    at_5, at_10 = (comparison_of(DEMSAR).significance("auc", alpha=alpha) for alpha in (0.05, 0.1))
    published = {"C4.5+m+cf": 1.964, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5": 3.143}
    assert at_5.ranks.round(3).to_dict() == published
    assert at_5.ranks.index.tolist() == list(published)
    assert at_5.critical_difference == pytest.approx(1.25, abs=0.005)
    assert at_10.critical_difference == pytest.approx(1.12, abs=0.005)
    assert at_5.p_value < 0.05
    assert at_5.n_datasets == 14
    # At 10 % the paper tells C4.5 from both variants that tune m, and no other pair.
    different = at_10.pairs[at_10.pairs["significant"]]
    assert {frozenset(pair) for pair in different[["first", "second"]].to_numpy().tolist()} == {
        frozenset({"C4.5", "C4.5+m"}),
        frozenset({"C4.5", "C4.5+m+cf"}),
    }


def test_nemenyi_agrees_with_its_critical_difference():
    result = comparison_of(DEMSAR).significance(alpha=0.1)
    far = result.pairs["statistic"] > result.critical_difference
    assert (far == result.pairs["significant"]).all()
    assert (result.pairs["p_adjusted"] == result.pairs["p_value"]).all()


def test_a_metric_where_less_is_better_is_ranked_so():
    upward = comparison_of(DEMSAR).significance("auc")
    downward = comparison_of(1 - DEMSAR, metric="brier").significance("brier")
    pd.testing.assert_series_equal(upward.ranks, downward.ranks)
    np.testing.assert_allclose(upward.pairs["difference"], -downward.pairs["difference"])


def by_hand(first, second, n_train, n_test):
    difference = [a - b for a, b in zip(first, second, strict=True)]
    mean = sum(difference) / len(difference)
    variance = sum((d - mean) ** 2 for d in difference) / (len(difference) - 1)
    return mean / math.sqrt((1 / len(difference) + n_test / n_train) * variance)


def test_corrected_resampled_t_test_equals_its_formula():
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(rng.normal([0.8, 0.85, 0.81], 0.02, (10, 3)), columns=["a", "b", "c"])
    result = comparison_of(scores, n_train=90, n_test=10).significance("auc")
    for pair in result.pairs.itertuples():
        t = by_hand(scores[pair.first], scores[pair.second], 90, 10)
        assert pair.statistic == pytest.approx(t)
        assert pair.p_value == pytest.approx(2 * stats.t.sf(abs(t), 9))
        plain = stats.ttest_rel(scores[pair.first], scores[pair.second])
        assert abs(plain.statistic) > abs(t)  # folds that overlap say less than the plain test believes
    assert result.ranks.index.tolist()[0] == "b"
    assert math.isnan(result.p_value)
    assert math.isnan(result.critical_difference)
    table = result.p_values()
    assert table.loc["a", "b"] == table.loc["b", "a"] == result.pairs["p_adjusted"].iloc[0]


def test_equal_folds_are_no_difference_and_a_constant_one_is_certain():
    difference = np.array([[0.0, 0.25], [0.0, 0.25], [0.0, 0.25]])
    assert corrected_t(difference, 0.5).tolist() == [0, math.inf]
    with pytest.raises(ValueError, match="1 fold cannot be tested; take at least 2, better repeated folds"):
        corrected_t(difference[:1], 0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_its_steps(p_values):
    got = holm(np.array(p_values))
    so_far = 0.0
    for step, place in enumerate(sorted(range(len(p_values)), key=lambda i: (p_values[i], i))):
        so_far = max(so_far, min(1, (len(p_values) - step) * p_values[place]))
        assert got[place] == so_far


def test_strategies_without_a_value_are_left_out_or_ranked_last():
    scores = DEMSAR.copy()
    scores.loc[3, "C4.5+m"] = np.nan
    comparison = comparison_of(scores)
    dropped = comparison.significance()
    assert dropped.left_out == ["C4.5+m"]
    assert "C4.5+m" not in dropped.ranks
    last = comparison.significance(missing="last")
    assert last.left_out == []
    assert last.ranks["C4.5+m"] == pytest.approx(2 + 3 / 14)  # first became fourth in one of 14


def test_two_strategies_get_wilcoxons_test():
    two = DEMSAR[["C4.5", "C4.5+m"]]
    result = comparison_of(two).significance()
    assert result.test == "Wilcoxon's signed-rank test"
    assert result.p_value == stats.wilcoxon(two["C4.5"] - two["C4.5+m"]).pvalue
    same = comparison_of(pd.DataFrame({"a": [0.5, 0.6], "b": [0.5, 0.6]})).significance()
    assert same.p_value == 1


def test_ties_everywhere_are_no_difference():
    same = pd.DataFrame({name: [0.5, 0.6, 0.7] for name in "abc"})
    result = comparison_of(same).significance()
    assert result.p_value == 1
    assert not result.pairs["significant"].any()


def test_what_cannot_be_tested():
    comparison = comparison_of(DEMSAR)
    with pytest.raises(ValueError, match=r"alpha must lie in \(0, 1\), got 5"):
        comparison.significance(alpha=5)
    with pytest.raises(ValueError, match='missing must be "drop" or "last", got \'first\''):
        comparison.significance(missing="first")
    with pytest.raises(ValueError, match="no metric 'accuracy' in this comparison; there are 'auc'"):
        comparison.significance("accuracy")
    with pytest.raises(ValueError, match="1 strategies have all values of 'auc'; a test needs two"):
        comparison_of(DEMSAR[["C4.5"]]).significance()
    with pytest.raises(ValueError, match="1 strategies have"):
        comparison_of(DEMSAR[["C4.5"]]).significance(missing="last")


def test_it_is_a_sentence():
    folds = pd.DataFrame({"worse": [0.5, 0.6, 0.55, 0.52, 0.58], "better": [0.9, 0.97, 0.95, 0.91, 0.99]})
    one = comparison_of(folds.assign(same=folds["better"]), n_train=80, n_test=20).significance("auc")
    assert repr(one).startswith("auc: 2 of 3 pairs differ at 5 %: ")
    assert "better beats worse" in repr(one)
    assert "same beats worse" in repr(one)
    assert "Holm's correction" in repr(one)
    none = comparison_of(DEMSAR[["C4.5", "C4.5+m"]]).significance("auc", alpha=0.001)
    assert repr(none) == "auc: the pair does not differ at 0.1 % (Wilcoxon's signed-rank test, 14 data sets)"
    all_four = comparison_of(DEMSAR).significance("auc", alpha=0.1)
    pairs = all_four.better_and_worse
    assert repr(all_four).startswith(
        f"auc: {len(pairs)} of 6 pairs differ at 10 %: {pairs[0][0]} beats {pairs[0][1]}, "
    )
    better, worse = pairs[0]
    assert all_four.ranks[better] < all_four.ranks[worse]


def test_in_a_notebook_it_is_a_table_as_well():
    shown = comparison_of(DEMSAR.rename(columns={"C4.5": "<tree>"})).significance("auc", alpha=0.1)._repr_html_()
    assert shown.count("<tr>") == 1 + 6
    assert "pairs differ at 10 %" in shown
    assert "&lt;tree&gt;" in shown
    assert "<tree>" not in shown
