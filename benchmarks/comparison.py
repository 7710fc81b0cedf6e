"""What `compare_strategies` costs beyond fitting, predicting and scoring; print the table as Markdown.

Beside it a bare loop fits the same estimators on the same folds and computes the same scores, and keeps nothing.
What counts is the processor's time of one thread, which other work on the machine disturbs least.
"""

import argparse
import platform
import time
import warnings
from functools import partial

import imblearn
import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from turns import seconds, take_turns

from skcb import compare_strategies
from skcb.comparison.metrics import METRICS, Outcome
from skcb.comparison.strategies import STRATEGIES, TrainingPart

FOLDS = StratifiedKFold(5)
# Without those that search within, in which the harness has less of a share.
NAMES = ["none", "balanced", "class-balanced (beta=grid 1/2)", "RandomOverSampler", "SMOTE", "logit adjustment"]


def bare_loop(estimator, X, y, names):
    classes = np.unique(y)
    for name in names:
        for train, test in FOLDS.split(X, y):
            training = TrainingPart(np.bincount(y[train]), seed=0)
            model = STRATEGIES[name].build(clone(estimator), training).fit(X[train], y[train])
            outcome = Outcome(model, X[test], y[test], y[train], classes)
            for metric in METRICS.values():
                metric.score(outcome)


def row(job, estimator, X, y, *, names, rounds, target="1.05"):
    compare_strategies(estimator, X, y, strategies=names[:1], cv=2)  # warm up
    calls = {
        "ours": partial(compare_strategies, estimator, X, y, strategies=names, cv=FOLDS, random_state=0),
        "bare": partial(bare_loop, estimator, X, y, names),
    }
    turns = take_turns(calls, rounds, measure=partial(seconds, clock=time.process_time), warm_up=False)
    fits = len(names) * FOLDS.n_splits
    each = 1000 * turns.difference("ours", "bare") / fits
    print(
        f"| {job}, {fits} fits | {turns.median('ours'):.2f} s | {turns.median('bare'):.2f} s | "
        f"{turns.ratio('ours', 'bare'):.3f} | {each:.2f} ms | {target} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="turns of each contest (default: 25)")
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    threadpool_limits(1)
    # The loop by hand leaves random_state unset, so that estimators which draw must be told.
    binary = make_classification(1000, n_informative=6, weights=[0.9], random_state=0)
    several = make_classification(
        1000, n_classes=5, n_informative=8, weights=[0.6, 0.2, 0.1, 0.07], random_state=0
    )
    regression = make_pipeline(StandardScaler(), LogisticRegression())
    boosting = HistGradientBoostingClassifier(max_iter=30, random_state=0)
    print(f"Python {platform.python_version()}, scikit-learn {sklearn.__version__}, imbalanced-learn "
          f"{imblearn.__version__}, one job, medians of {rounds} turns\n")  # fmt: skip
    print("| job | compare_strategies | bare loop | times its time | more for each fit | to reach |")
    print("|---|---|---|---|---|---|")
    job = "scaled logistic regression, 1000 rows, 2 classes"
    row(job, regression, *binary, names=NAMES, rounds=rounds)
    row("the same, 5 classes", regression, *several, names=NAMES, rounds=rounds)
    row("boosting of 30 trees, 2 classes", boosting, *binary, names=NAMES, rounds=rounds)
    dummy = DummyClassifier()
    row("`DummyClassifier`, nothing to fit", dummy, *binary, names=["none", "SMOTE"], rounds=rounds, target="-")


if __name__ == "__main__":
    main()
