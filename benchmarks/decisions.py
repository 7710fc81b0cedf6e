"""What a tuned decision costs beyond the fits of its folds, and beside a search; print the tables as Markdown.

The first table is `tune_decision` on made-up probabilities: seconds, and the largest memory in use beside the
probabilities given, in times of them (by tracemalloc, which NumPy reports to). The second is one classifier tuned
by all ways, which take turns.
"""

import argparse
import platform
import time
import tracemalloc
import warnings
from functools import partial

import numpy as np
import sklearn
from scipy.special import softmax
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits
from turns import seconds, take_turns

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    TunedDecisionClassifierCV,
    beta_grid,
    count_classes,
    tune_decision,
)

METHODS = ("prior", "calibrated", "free", "auto")
TARGETS = {(100_000, 10): {"prior": 0.5, "calibrated": 3, "free": 5}, (10_000, 100): dict.fromkeys(METHODS[:3], 5)}


def probabilities(n_rows, n_classes, rng):
    """Labels of a long tail (ratio 100), and what an over-confident model says of them."""
    prior = np.geomspace(1, 0.01, n_classes)
    prior /= prior.sum()
    y = rng.choice(n_classes, n_rows, p=prior)
    y[:n_classes] = np.arange(n_classes)
    logits = rng.normal(size=(n_rows, n_classes)) * 2 + np.log(prior)
    logits[np.arange(n_rows), y] += 3
    return y, softmax(1.3 * logits, axis=1)


def tuning(sizes, scorings, rounds):
    print("| rows x classes | score | method | s | target | memory | target |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for n_rows, n_classes in sizes:
        y, probability = probabilities(n_rows, n_classes, np.random.default_rng(0))
        for scoring in scorings:
            calls = {m: partial(tune_decision, y, probability, scoring, method=m) for m in METHODS}
            turns = take_turns(calls, rounds, warm_up=False)
            for method, call in calls.items():
                tracemalloc.start()
                call()
                memory = tracemalloc.get_traced_memory()[1] / probability.nbytes
                tracemalloc.stop()
                target = TARGETS.get((n_rows, n_classes), {}).get(method, "")
                print(
                    f"| {n_rows:,} x {n_classes} | {scoring} | {method} | {turns.median(method):.2f} | {target} | "
                    f"{memory:.1f} | 4 |",
                    flush=True,
                )


def beside_a_search(n_rows, rounds):
    X, y = make_classification(
        n_rows, n_features=20, n_informative=8, n_classes=3, weights=[0.85, 0.12], class_sep=0.8, random_state=0
    )
    grid = {"beta": beta_grid(count_classes(y))}
    print(f"\n| {n_rows:,} rows, 3 classes | grid search, s (26 fits) | tuned decisions | no refit | tuned beta |")
    print("|---|---|---|---|---|", flush=True)
    for name, model in (
        ("logistic regression", LogisticRegression(max_iter=1000)),
        ("gradient boosting", HistGradientBoostingClassifier(max_iter=50)),
    ):
        contenders = {
            "search": GridSearchCV(ClassBalancedClassifier(model), grid, scoring="balanced_accuracy", cv=5),
            "decisions": TunedDecisionClassifierCV(model),
            "no refit": TunedDecisionClassifierCV(model, refit=False),
            "beta": ClassBalancedClassifierCV(model),
        }
        calls = {key: partial(each.fit, X, y) for key, each in contenders.items()}
        turns = take_turns(calls, rounds, measure=lambda call: seconds(call, time.perf_counter), warm_up=False)
        ratios = " | ".join(
            f"{turns.ratio('search', key):.1f} x faster" for key in ("decisions", "no refit", "beta")
        )
        print(f"| {name} | {turns.median('search'):.1f} | {ratios} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    options = parser.parse_args()
    print(f"NumPy {np.__version__}, scikit-learn {sklearn.__version__}, Python {platform.python_version()}\n")
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        if options.quick:
            tuning([(5000, 10)], ["balanced_accuracy"], 1)
            beside_a_search(2000, 1)
        else:
            tuning([(100_000, 10), (10_000, 100)], ["balanced_accuracy", "f1_macro", "matthews_corrcoef"], 3)
            beside_a_search(20_000, 3)
            print()
            tuning([(10_000, 1000)], ["balanced_accuracy"], 1)
