"""How fast runs go side by side on this device, to choose --side-by-side of cifar10_lt.py.

    python probe.py --data cifar10.npz --device cuda --side-by-side 1 4 8 12 --seconds 5

Prints the time of an epoch of one run among so many, and the device's time for each (a number of runs takes that
many times the second), beside what the arithmetic alone would take at the rate of a large matrix product.
"""

import argparse
import os
import tempfile
import time
from itertools import cycle
from pathlib import Path

import torch
from cifar10_data import load_cifar10, long_tailed
from device_runs import DeviceData, DeviceRun
from outcomes import device_name
from runs import LOSSES, RatioFolder, Settings, configurations
from torch.utils.flop_counter import FlopCounterMode


def main(arguments: list[str] | None = None) -> None:
    """Measure every precision with every number of runs."""
    os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", required=True)
    add("--device", default="cuda")
    add("--imbalance-ratio", type=float, default=100.0)
    add("--side-by-side", type=int, nargs="+", default=[1, 4, 8, 12])
    add("--precision", nargs="+", default=["bfloat16", "float32"])
    add("--seconds", type=float, default=5.0, help="to measure each number of runs for, at least (default: 5)")
    add("--depth", type=int, default=32)
    add("--compile", action="store_true")
    options = parser.parse_args(arguments)
    data = long_tailed(load_cifar10(options.data), options.imbalance_ratio)
    held = DeviceData.put(data, options.device)
    print(f"{device_name(options.device)}, torch {torch.__version__}, {len(data.y_train)} training images")
    for precision in options.precision:
        settings = Settings(depth=options.depth, precision=precision)
        started = time.perf_counter()
        runs = make_runs(max(options.side_by_side), held, settings, options)
        print(f"\n{precision}: {len(runs)} runs made and recorded in {time.perf_counter() - started:.1f} s\n")
        print("| side by side | an epoch of one run, s | the device's time for it, s | 200 epochs of each, min |")
        print("|---|---|---|---|", flush=True)
        for number in options.side_by_side:
            seconds = epoch_seconds(runs[:number], options.seconds)
            print(f"| {number} | {seconds:.3f} | {seconds / number:.3f} | {seconds * 200 / 60:.1f} |", flush=True)
        operations = epoch_operations(runs[0])
        del runs
    rate = matrix_rate(options.device)
    print(f"\nan epoch is {operations / 1e12:.1f} Tflop: {operations / rate:.4f} s at {rate / 1e12:.0f} Tflop/s, "
          "the rate of a large matrix product in bfloat16", flush=True)  # fmt: skip


def make_runs(number: int, held: DeviceData, settings: Settings, options: argparse.Namespace) -> list[DeviceRun]:
    """Return runs of as many losses as there are, which write nothing."""
    folder = RatioFolder(Path(tempfile.gettempdir()) / "no results", options.imbalance_ratio)
    losses = cycle(configurations(LOSSES, [0.0, 0.9999], [1.0]))
    return [
        DeviceRun(folder, configuration, seed, data=held, settings=settings, compiled=options.compile)
        for seed, configuration in zip(range(number), losses, strict=False)
    ]


def epoch_seconds(runs: list[DeviceRun], least: float) -> float:
    """Seconds of an epoch of all of them, after one to warm up."""
    take_epoch(runs)
    drain(runs)
    epochs, started = 0, time.perf_counter()
    while not epochs or time.perf_counter() - started < least:
        take_epoch(runs)
        epochs += 1
    drain(runs)
    return (time.perf_counter() - started) / epochs


def take_epoch(runs: list[DeviceRun]) -> None:
    """Put an epoch of each into its queue, the first epoch again and again."""
    for run in runs:
        run.epoch = 0
        run.begin_epoch()
    for size in runs[0].sizes:
        for run in runs:
            run.advance(size)
    for run in runs:
        run.end_epoch()


def drain(runs: list[DeviceRun]) -> None:
    """Wait until all queues are empty."""
    for run in runs:
        run.wait(0)


def epoch_operations(run: DeviceRun) -> int:
    """Floating-point operations of an epoch, forward and backward, counted in a step."""
    run.begin_epoch()
    with run.here(), run.uncompiled(), FlopCounterMode(display=False) as counter:
        run.step(run.sizes[0])
    return counter.get_total_flops() * len(run.labels) // run.sizes[0]


def matrix_rate(device: str, size: int = 8192) -> float:
    """Floating-point operations per second of a product of matrices in bfloat16."""
    if torch.device(device).type != "cuda":
        size = 512
    left, right = torch.randn(2, size, size, device=device).bfloat16()
    times = []
    for _ in range(8):
        started = time.perf_counter()
        (left @ right)[0, 0].item()
        times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times)


if __name__ == "__main__":
    main()
