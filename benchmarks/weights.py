"""Time the weights beside scikit-learn, NumPy's floor and pandas, in one run; print the table as Markdown.

Every row's contenders run in turn, round after round, so that a noisy machine troubles all of them; the ratio
is that of the medians. Peak memory is what tracemalloc sees in one call.
"""

import argparse
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.class_weight import compute_sample_weight as sklearn_sample_weight

import skcb


def seconds(contenders: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median seconds of each contender, run in turn."""
    taken: list[list[float]] = [[] for _ in contenders]
    for call in contenders:
        call()  # warm up
    for _ in range(rounds):
        for call, times in zip(contenders, taken, strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def once(call: Callable[[], object]) -> float:
    """Seconds of one call, for what takes many."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def row(job: str, ours: float, other: float, name: str, target: str) -> None:
    """Print one row: how the time relates to another's."""
    ratio = other / ours
    shown = f"{ratio:.1f} times faster" if ratio >= 1.75 else f"{ours / other:.2f} times its time"
    print(f"| {job} | {ours:.3f} s | {name} | {other:.3f} s | {shown} | {target} |", flush=True)


def floor(y):
    weight = 1 / np.bincount(y)
    return weight[y]


def integers(n: int, rounds: int, rng: np.random.Generator) -> None:
    for n_classes in (10, 1000):
        y = rng.integers(0, n_classes, n)
        job = f"{n / 1e6:g} million int64 labels, {n_classes} classes"
        ours, lowest = seconds([lambda y=y: skcb.compute_sample_weight(y), lambda y=y: floor(y)], rounds)
        row(job, ours, lowest, "`w = 1 / np.bincount(y); w[y]`", "within 1.5 times")
        row(job, ours, once(lambda y=y: sklearn_sample_weight("balanced", y)), "scikit-learn", "25 times faster")
    tracemalloc.start()
    weight = skcb.compute_sample_weight(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"| the same, peak memory | {peak / 1e6:.0f} MB | the output | {weight.nbytes / 1e6:.0f} MB "
          f"| {peak / weight.nbytes:.2f} times its size | at most 2 times |")  # fmt: skip


def strings(n: int, rounds: int, rng: np.random.Generator) -> None:
    names = np.array([f"class {i}" for i in range(20)], dtype=object)
    objects = names[rng.integers(0, 20, n)]
    fixed = objects.astype(str)
    theirs = once(lambda: sklearn_sample_weight("balanced", objects))
    fixed_theirs = once(lambda: sklearn_sample_weight("balanced", fixed))
    job = f"{n / 1e6:g} million object strings"
    hidden = sys.modules.pop("pandas", None)  # as where pandas is not installed
    ours, fixed_ours = seconds(
        [lambda: skcb.compute_sample_weight(objects), lambda: skcb.compute_sample_weight(fixed)], rounds
    )
    if hidden is not None:
        sys.modules["pandas"] = hidden
    row(f"{job}, no pandas", ours, theirs, "scikit-learn", "10 times faster")
    row(
        f"{n / 1e6:g} million fixed-width strings, no pandas",
        fixed_ours,
        fixed_theirs,
        "scikit-learn",
        "twice as fast",
    )
    import pandas as pd

    ours, factorize, fixed_ours = seconds(
        [
            lambda: skcb.compute_sample_weight(objects),
            lambda: pd.factorize(objects),
            lambda: skcb.compute_sample_weight(fixed),
        ],
        rounds,
    )
    row(job, ours, factorize, "`pandas.factorize`", "within 1.5 times")
    row(job, ours, theirs, "scikit-learn", "15 times faster")
    row(f"{n / 1e6:g} million fixed-width strings", fixed_ours, fixed_theirs, "scikit-learn", "twice as fast")
    series = pd.Series(objects)
    category = series.astype("category")
    as_series, as_category = seconds(
        [lambda: skcb.compute_sample_weight(series), lambda: skcb.compute_sample_weight(category)], rounds
    )
    row(f"{n / 1e6:g} million labels, pandas category", as_category, as_series, "the same as pandas strings", "-")


def classifier(rounds: int, rng: np.random.Generator) -> None:
    X = rng.normal(size=(20_000, 20))
    y = (X[:, 0] + rng.normal(size=len(X)) > 1.5).astype(int)
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    weight = skcb.compute_sample_weight(y)
    ours, precomputed = seconds(
        [lambda: skcb.ClassBalancedClassifier(model).fit(X, y), lambda: model.fit(X, y, sample_weight=weight)],
        rounds,
    )
    row("`ClassBalancedClassifier(HistGradientBoosting...).fit`, 20,000 rows", ours, precomputed,
        "fit with ready weights", "within 1.05 times")  # fmt: skip


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
