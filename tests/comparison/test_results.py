"""``StrategyComparison``: the summary, the tables, and frames that come from elsewhere."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from skcb import StrategyComparison, compare_strategies
from skcb.comparison.results import COLUMNS


def comparison_of(rows):
    """From (dataset, strategy, fold, metric, value or reason)."""
    cells = [
        (*place, np.nan if isinstance(value, str) else value, value if isinstance(value, str) else "")
        for *place, value in rows
    ]
    return StrategyComparison(pd.DataFrame(cells, columns=COLUMNS))


ONE = comparison_of(
    [
        ("data", strategy, fold, metric, value)
        for metric, scores in {
            "macro_f1": {"none": [0.5, 0.7], "a|b": [0.8, 0.9], "<c>": ["ValueError: few", 0.99]},
            "log_loss": {"none": [0.1, 0.2], "a|b": [0.3, 0.4], "<c>": ["ValueError: few", 0.01]},
            "n_train": {"none": [20, 20], "a|b": [20, 20], "<c>": [20, 20]},
            "n_test": {"none": [10, 10], "a|b": [10, 10], "<c>": [10, 10]},
        }.items()
        for strategy, values in scores.items()
        for fold, value in enumerate(values)
    ]
)
SEVERAL = comparison_of(
    [
        (dataset, strategy, fold, "macro_f1", value)
        for dataset, scores in {
            "x": {"none": [0.1, 0.3], "balanced": [0.5, 0.7]},
            "y": {"none": [0.9, 0.9], "balanced": [0.8, 0.8]},
            "z": {"none": [0.5, 0.6], "balanced": ["KeyError: 3", "KeyError: 4"]},
        }.items()
        for strategy, values in scores.items()
        for fold, value in enumerate(values)
    ]
)


def test_summary_of_one_data_set_is_of_its_folds():
    summary = ONE.summary(full=True)
    assert summary.index.tolist() == ["a|b", "none", "<c>"]
    assert summary.columns.unique(0).tolist() == ["macro_f1", "log_loss", "note"]
    assert summary.loc["a|b", "macro_f1"].tolist() == pytest.approx([0.85, np.std([0.8, 0.9], ddof=1), 1])
    # a strategy that lacks a fold is last whatever its other folds say
    assert summary.loc["<c>", ("macro_f1", "rank")] == 3
    assert summary.loc["<c>", ("macro_f1", "mean")] == 0.99
    assert summary.loc["<c>", ("note", "")] == "1 fold: ValueError: few"
    assert summary["log_loss", "rank"].to_dict() == {"none": 1, "a|b": 2, "<c>": 3}
    assert ONE.summary("log_loss").index[0] == "none"


def test_summary_of_several_is_of_their_means():
    summary = SEVERAL.summary("macro_f1", full=True)["macro_f1"]
    assert summary.loc["none", "mean"] == pytest.approx(np.mean([0.2, 0.9, 0.55]))
    assert summary.loc["none", "std"] == pytest.approx(np.std([0.2, 0.9, 0.55], ddof=1))
    assert summary["rank"].to_dict() == pytest.approx({"none": 4 / 3, "balanced": 5 / 3})
    note = SEVERAL.summary("macro_f1", full=True).loc["balanced", ("note", "")]
    assert note == "z: KeyError: 3 (and another reason)"
    assert SEVERAL.failures.to_dict("list") == {
        "dataset": ["z", "z"],
        "strategy": ["balanced"] * 2,
        "reason": ["KeyError: 3", "KeyError: 4"],
        "metrics": ["macro_f1"] * 2,
        "folds": ["0", "1"],
    }


def test_intervals_are_those_of_t_with_the_variance_corrected():
    interval = ONE.interval("macro_f1")
    reach = stats.t.ppf(0.975, 1) * np.sqrt((1 / 2 + 10 / 20) * np.var([0.8, 0.9], ddof=1))
    assert interval.loc["a|b"].tolist() == pytest.approx([0.85, 0.85 - reach, 0.85 + reach])
    assert interval.loc["<c>"].isna().all()
    over_sets = SEVERAL.interval("macro_f1", level=0.9).loc["none"]
    values = [0.2, 0.9, 0.55]
    expected = stats.t.interval(0.9, 2, np.mean(values), stats.sem(values))
    assert over_sets[["low", "high"]].tolist() == pytest.approx(expected)
    paired = ONE.scores("macro_f1", relative_to="none")
    assert paired["a|b"].tolist() == pytest.approx([0.3, 0.2])
    with pytest.raises(ValueError, match=r"no strategy 'nothing'; there are 'none', 'a\|b', '<c>'"):
        ONE.scores("macro_f1", relative_to="nothing")


def test_markdown_marks_the_best_and_says_what_is_missing():
    assert ONE.to_markdown(["macro_f1", "log_loss"], digits=2).splitlines() == [
        "| strategy | macro_f1 | log_loss | note |",
        "| --- | --- | --- | --- |",
        r"| a\|b | **0.85 ± 0.07** | 0.35 ± 0.07 |  |",
        "| none | 0.60 ± 0.14 | **0.15 ± 0.07** |  |",
        "| <c> | 0.99 | 0.01 | 1 fold: ValueError: few |",
    ]
    assert "note" not in comparison_of([("d", "none", 0, "ece", 0.1)]).to_markdown()


def test_notebook_and_console_show_the_table():
    shown = ONE._repr_html_()
    assert "<b>0.850 ± 0.071</b>" in shown
    assert "&lt;c&gt;" in shown
    assert "<c>" not in shown
    assert "3 strategies, 1 data set, 2 folds; best macro F1 first" in shown
    assert "log-loss ↓" in shown
    assert ">resampling</td>" in comparison_of([("d", "SMOTE", 0, "ece", 0.1)])._repr_html_()
    assert repr(ONE).startswith("StrategyComparison(3 strategies, 1 data set, 2 folds)\n")
    assert repr(SEVERAL).startswith("StrategyComparison(2 strategies, 3 data sets)\n")
    assert "..." in repr(
        comparison_of([("d", "none", 0, "ece", "ValueError: " + "long " * 30), ("d", "sqrt", 0, "ece", 1.0)])
    )


def test_the_summary_that_is_read_has_a_mean_for_each_metric_and_a_note():
    summary = ONE.summary()
    assert summary.index.tolist() == ["a|b", "none", "<c>"]
    assert summary.columns.tolist() == ["macro_f1", "std", "rank", "log_loss", "note"]
    assert summary.loc["a|b"].tolist() == pytest.approx([0.85, np.std([0.8, 0.9], ddof=1), 1, 0.35, ""])
    assert ONE.summary("log_loss").columns.tolist() == ["log_loss", "std", "rank", "note"]
    assert ONE.summary("log_loss").index[0] == "none"


def test_of_many_metrics_those_that_a_person_reads_are_shown():
    names = ["g_mean", "balanced_accuracy", "macro_f1", "auprc", "auroc", "log_loss", "brier", "ece"]
    rows = [("d", strategy, 0, metric, 0.5) for strategy in ("none", "sqrt") for metric in [*names, "fit_time"]]
    comparison = comparison_of(rows)
    shown = ["g_mean", "std", "rank", "balanced_accuracy", "macro_f1", "auprc", "log_loss", "ece", "fit_time"]
    assert comparison.summary().columns.tolist() == shown
    assert comparison.summary(full=True).columns.unique(0).tolist() == [*names, "fit_time", "note"]
    assert "Brier" not in comparison._repr_html_()


def shaded(comparison):
    """First words of the rows with a shaded cell."""
    rows = comparison._repr_html_().split("<tr>")[2:]
    return [row.split(">")[1].partition("<")[0] for row in rows if "rgba" in row]


def test_what_is_within_one_standard_error_of_the_best_is_shaded():
    def made(second):
        scores = {"best": [0.9, 0.8, 0.7], "second": second, "n": None}
        rows = [
            ("d", name, fold, "macro_f1", value)
            for name in ("best", "second")
            for fold, value in enumerate(scores[name])
        ]
        sizes = [
            ("d", name, fold, fact, size)
            for name in ("best", "second")
            for fold in range(3)
            for fact, size in (("n_train", 20), ("n_test", 10))
        ]
        return comparison_of([*rows, *sizes])

    assert shaded(made([0.89, 0.79, 0.69])) == ["best"]  # one hundredth worse on every fold
    assert shaded(made([0.99, 0.69, 0.69])) == ["best", "second"]
    assert shaded(comparison_of([("d", "none", 0, "ece", 0.1), ("d", "sqrt", 0, "ece", 0.1)])) == []


def test_a_comparison_comes_back_from_a_file_and_adds_up(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 2))
    from sklearn.neighbors import KNeighborsClassifier

    first, second = (
        compare_strategies(
            KNeighborsClassifier(),
            {name: (X, X[:, 0] > 0.5)},
            strategies=["none", "balanced"],
            cv=2,
            random_state=0,
        )
        for name in ("one", "two")
    )
    first.frame.to_csv(tmp_path / "one.csv", index=False)
    back = StrategyComparison(pd.read_csv(tmp_path / "one.csv"))
    pd.testing.assert_frame_equal(back.summary(), first.summary())
    pd.testing.assert_frame_equal(back.failures, first.failures)
    together = StrategyComparison(pd.concat([back.frame, second.frame]))
    assert together.datasets == ["one", "two"]
    assert together.summary("macro_f1").loc["balanced", "note"].startswith("TypeError: ClassBalanced")


def test_a_file_in_which_nothing_failed_is_read_back(tmp_path):
    whole = ONE.frame[ONE.frame["strategy"] == "none"]
    whole.to_csv(tmp_path / "whole.csv", index=False)
    assert StrategyComparison(pd.read_csv(tmp_path / "whole.csv")).failures.empty


def test_wrong_frames_and_names():
    with pytest.raises(ValueError, match=r"frame lacks the columns \['reason'\]; it must have \['dataset'"):
        StrategyComparison(ONE.frame.drop(columns="reason"))
    twice = pd.concat([ONE.frame, ONE.frame.head(1)])
    with pytest.raises(ValueError, match=r"two values for \(dataset, strategy, fold, metric\) = \(data, none, 0"):
        StrategyComparison(twice)
    with pytest.raises(ValueError, match="no metric 'f1' in this comparison; there are 'macro_f1', 'log_loss'"):
        ONE.summary("f1")
    with pytest.raises(ValueError, match="metrics is empty"):
        ONE.summary([])


def test_a_metric_that_no_data_set_has_is_left_blank_and_not_ranked():
    empty = comparison_of(
        [("d", s, 0, m, v) for s in ("none", "sqrt") for m, v in (("ece", 0.5), ("few_shot", np.nan))]
    )
    assert empty.summary(full=True)["few_shot"].isna().all(axis=None)
    assert empty.summary().columns.tolist() == ["ece", "std", "rank"]
    assert empty.failures.empty
    assert "| none | **0.500** |" in empty.to_markdown()
    assert "few-shot" not in empty._repr_html_()


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\), got"):
        ONE.interval("macro_f1", level=level)
