"""Time the weights beside scikit-learn, NumPy's floor and pandas, in one run; print the table as Markdown.

Scikit-learn's own, which takes seconds, is timed once. Peak memory is what tracemalloc sees in one call.
"""

import argparse
import platform
import sys
import tracemalloc
from functools import partial

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.class_weight import compute_sample_weight as sklearn_sample_weight
from turns import Turns, seconds, take_turns

import skcb


def row(job: str, turns: Turns, other: str, target: str, *, once: float | None = None) -> None:
    """Print one row: how our time relates to another's, which may have been timed `once`."""
    ours = turns.median("skcb")
    ratio = turns.ratio("skcb", other) if once is None else ours / once
    figure = turns.median(other) if once is None else once
    shown = f"{1 / ratio:.1f} times faster" if ratio <= 1 / 1.75 else f"{ratio:.2f} times its time"
    print(f"| {job} | {ours:.3f} s | {other} | {figure:.3f} s | {shown} | {target} |", flush=True)


def floor(y):
    weight = 1 / np.bincount(y)
    return weight[y]


def integers(n: int, rounds: int, rng: np.random.Generator) -> None:
    for n_classes in (10, 1000):
        y = rng.integers(0, n_classes, n)
        job = f"{n / 1e6:g} million int64 labels, {n_classes} classes"
        lowest = "`w = 1 / np.bincount(y); w[y]`"
        turns = take_turns({"skcb": partial(skcb.compute_sample_weight, y), lowest: partial(floor, y)}, rounds)
        row(job, turns, lowest, "within 1.5 times")
        row(job, turns, "scikit-learn", "25 times faster", once=theirs(y))
    tracemalloc.start()
    weight = skcb.compute_sample_weight(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"| the same, peak memory | {peak / 1e6:.0f} MB | the output | {weight.nbytes / 1e6:.0f} MB "
          f"| {peak / weight.nbytes:.2f} times its size | at most 2 times |")  # fmt: skip


def theirs(y) -> float:
    return seconds(lambda: sklearn_sample_weight("balanced", y))


def strings(n: int, rounds: int, rng: np.random.Generator) -> None:
    names = np.array([f"class {i}" for i in range(20)], dtype=object)
    objects = names[rng.integers(0, 20, n)]
    fixed = objects.astype(str)
    once, fixed_once = theirs(objects), theirs(fixed)
    job, fixed_job = f"{n / 1e6:g} million object strings", f"{n / 1e6:g} million fixed-width strings"
    hidden = sys.modules.pop("pandas", None)  # as where pandas is not installed
    for title, y, time_once, target in (
        (f"{job}, no pandas", objects, once, "10 times faster"),
        (f"{fixed_job}, no pandas", fixed, fixed_once, "twice as fast"),
    ):
        turns = take_turns({"skcb": partial(skcb.compute_sample_weight, y)}, rounds)
        row(title, turns, "scikit-learn", target, once=time_once)
    if hidden is not None:
        sys.modules["pandas"] = hidden
    import pandas as pd

    ours = partial(skcb.compute_sample_weight, objects)
    turns = take_turns({"skcb": ours, "`pandas.factorize`": partial(pd.factorize, objects)}, rounds)
    row(job, turns, "`pandas.factorize`", "within 1.5 times")
    row(job, turns, "scikit-learn", "15 times faster", once=once)
    turns = take_turns({"skcb": partial(skcb.compute_sample_weight, fixed)}, rounds)
    row(fixed_job, turns, "scikit-learn", "twice as fast", once=fixed_once)
    series = pd.Series(objects)
    category, plain = series.astype("category"), "the same as pandas strings"
    calls = {
        "skcb": partial(skcb.compute_sample_weight, category),
        plain: partial(skcb.compute_sample_weight, series),
    }
    row(f"{n / 1e6:g} million labels, pandas category", take_turns(calls, rounds), plain, "-")


def classifier(rounds: int, rng: np.random.Generator) -> None:
    X = rng.normal(size=(20_000, 20))
    y = (X[:, 0] + rng.normal(size=len(X)) > 1.5).astype(int)
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    weight, ready = skcb.compute_sample_weight(y), "fit with ready weights"
    calls = {
        "skcb": lambda: skcb.ClassBalancedClassifier(model).fit(X, y),
        ready: lambda: model.fit(X, y, sample_weight=weight),
    }
    job = "`ClassBalancedClassifier(HistGradientBoosting...).fit`, 20,000 rows"
    row(job, take_turns(calls, rounds), ready, "within 1.05 times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each contest (default: 15)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full sizes (default: 1)")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, scikit-learn {sklearn.__version__}, "
          f"medians of {arguments.rounds} rounds, scikit-learn's own timed once\n")  # fmt: skip
    print("| job | skcb | beside | its figure | ratio | to reach |\n|---|---|---|---|---|---|")
    integers(int(10_000_000 * arguments.scale), arguments.rounds, rng)
    strings(int(2_000_000 * arguments.scale), arguments.rounds, rng)
    classifier(arguments.rounds, rng)


if __name__ == "__main__":
    main()
