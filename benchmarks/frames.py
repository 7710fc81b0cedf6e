"""Count and weight labels in Parquet files through polars and DuckDB; print the tables as Markdown.

Every measurement is a process of its own, whose peak memory is counted from its start. The engine's own group-by
and join, written by hand, takes turns with ours.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from turns import take_turns

N_CLASSES, BETA = 1000, 0.9999


def write_labels(path, rows, n_features=0):
    """Write long-tailed labels, and features, a part at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    share = np.geomspace(1000, 1, N_CLASSES)
    edges = np.cumsum(share / share.sum())
    writer = None
    for start in range(0, rows, 1_000_000):
        size = min(1_000_000, rows - start)
        labels = np.searchsorted(edges, rng.random(size)).clip(max=N_CLASSES - 1).astype(np.int32)
        columns = {"label": labels} | {
            f"x{i}": rng.normal(size=size).astype(np.float32) for i in range(n_features)
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def polars_ours(source, target):
    import polars as pl

    from skcb import with_sample_weight

    with_sample_weight(pl.scan_parquet(source), "label", beta=BETA).sink_parquet(target)


def polars_by_hand(source, target):
    import polars as pl

    from skcb import class_weight

    frame = pl.scan_parquet(source)
    counts = frame.group_by("label").agg(pl.len().alias("n")).collect(engine="streaming")
    weight = class_weight(counts["n"].to_numpy(), BETA, normalize="samples")
    weights = counts.select("label", pl.Series("sample_weight", weight)).lazy()
    frame.join(weights, on="label", how="left", maintain_order="left").sink_parquet(target)


def duckdb_connection():
    import duckdb

    connection = duckdb.connect()
    connection.execute("set memory_limit = '600MB'; set threads = 2")
    return connection


def duckdb_ours(source, target):
    from skcb import with_sample_weight

    with_sample_weight(duckdb_connection().read_parquet(source), "label", beta=BETA).write_parquet(target)


def duckdb_by_hand(source, target):
    duckdb_connection().execute(f"""
        copy (
            with counts as (select label, count(*) as n from '{source}' group by label),
                 weights as (select label, n, (1 - {BETA}) / (1 - {BETA} ** n) as w from counts),
                 scale as (select sum(n) / sum(n * w) as scale from weights)
            select a.*, w * scale as sample_weight from '{source}' a left join weights using (label), scale
        ) to '{target}' (format parquet)
    """)  # noqa: S608 - a benchmark's own files


def polars_counts(source, _target):
    import polars as pl

    from skcb import class_counts

    class_counts(pl.scan_parquet(source), "label")


def duckdb_counts(source, _target):
    from skcb import class_counts

    class_counts(duckdb_connection().read_parquet(source), "label")


TASKS = {
    task.__name__: task
    for task in (polars_ours, polars_by_hand, duckdb_ours, duckdb_by_hand, polars_counts, duckdb_counts)
}


def measured(task, source, target):
    """Seconds, and peak MiB, of a task in a process of its own."""
    command = [sys.executable, __file__, "--task", task, str(source), str(target)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def measure_here(task, source, target):
    for module in ("polars", "duckdb", "skcb.frames"):
        __import__(module)
    start = time.perf_counter()
    TASKS[task](source, target)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak}))


def beside_the_engine(folder, rows, rounds):
    source, target = folder / f"{rows}.parquet", folder / "weighted.parquet"
    print(
        f"| {rows / 1e6:g} million labels, {N_CLASSES} classes | time | by hand | times its time | peak memory |"
    )
    print("|---|---|---|---|---|")
    for engine in ("polars", "duckdb"):
        peaks = []
        by_hand, ours = (partial(measured, f"{engine}_{who}", source, target) for who in ("by_hand", "ours"))

        def peak_and_seconds(call, peaks=peaks, ours=ours):
            result = call()
            if call is ours:
                peaks.append(result["peak"])
            return result["seconds"]

        turns = take_turns({"ours": ours, "by hand": by_hand}, rounds, measure=peak_and_seconds, warm_up=False)
        print(
            f"| {engine} | {turns.median('ours'):.2f} s | {turns.median('by hand'):.2f} s | "
            f"{turns.ratio('ours', 'by hand'):.2f} | {max(peaks):.0f} MiB |",
            flush=True,
        )


def slope(folder, sizes, rounds):
    print("\n| seconds per million rows | " + " | ".join(f"{size / 1e6:g} million" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for engine in ("polars", "duckdb"):
        each = [
            min(
                measured(f"{engine}_ours", folder / f"{size}.parquet", folder / "weighted.parquet")["seconds"]
                for _ in range(rounds)
            )
            / (size / 1e6)
            for size in sizes
        ]
        print(f"| {engine} | " + " | ".join(f"{seconds:.3f}" for seconds in each) + " |", flush=True)


def feature_columns(folder, rows, rounds):
    print(f"\n| counting {rows / 1e6:g} million labels beside | 1 feature | 50 features |\n|---|---|---|")
    for n_features in (1, 50):
        write_labels(folder / f"features{n_features}.parquet", rows, n_features)
    for engine in ("polars", "duckdb"):
        times = [
            min(
                measured(f"{engine}_counts", folder / f"features{n}.parquet", "-")["seconds"]
                for _ in range(rounds)
            )
            for n in (1, 50)
        ]
        print(f"| {engine} | {times[0]:.3f} s | {times[1]:.3f} s |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000_000, help="of the largest file (default: 100 million)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contest (default: 3)")
    parser.add_argument("--task", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        measure_here(*options.task)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = [options.rows // 100, options.rows // 10, options.rows]
        for size in sizes:
            write_labels(folder / f"{size}.parquet", size)
        beside_the_engine(folder, options.rows, options.rounds)
        slope(folder, sizes, options.rounds)
        feature_columns(folder, min(options.rows // 10, 2_000_000), options.rounds)


if __name__ == "__main__":
    main()
