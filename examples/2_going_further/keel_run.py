"""Run every strategy on data sets of KEEL: an hour on two cores, and it goes on where it was stopped.

Every data set under an estimator is a file of its own, so that nothing is done twice; in the end there is one
file, docs/results/keel_study.csv, with the mean over the folds of everything. plot_keel_study.py shows it.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from keel_data import DATA_SETS, load, prepared
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from skcb import CBNeuralNetClassifier, compare_strategies
from skcb.comparison import STRATEGIES

FIXED = ["none", "balanced", "class-balanced (beta=grid 1/2)", "RandomOverSampler", "SMOTE", "logit adjustment"]
TUNED = ["class-balanced (beta=cv)", "threshold", "tuned decisions", "tuned beta"]
ALL = [name for name in STRATEGIES if name != "prior"]
# Scaled numbers and one-hot categories go in; weights and samplers come after that. The trees are 50 rather than
# 100, for the sake of the time; the net runs under six strategies. By estimator: what runs, and what of it runs
# again for macro F1.
ESTIMATORS = {
    "logistic regression": (prepared(LogisticRegression(max_iter=1000)), ALL, TUNED),
    "gradient boosting": (prepared(HistGradientBoostingClassifier(max_iter=50)), ALL, TUNED),
    "net": (prepared(CBNeuralNetClassifier()), FIXED, []),
}


def for_macro_f1(name):
    return f"{name}, for macro F1"


# The project is where this is run, or above it.
DOCS = next(folder / "docs" for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "docs").is_dir())
RESULTS = DOCS / "results"


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="the strategies on data sets of KEEL")
    parser.add_argument("--jobs", type=int, default=2, help="fits at the same time (default: 2)")
    parser.add_argument("--parts", type=Path, default=Path("build/keel_study"), help="what is done, one file each")
    arguments = parser.parse_args()
    run(arguments.jobs, arguments.parts)
