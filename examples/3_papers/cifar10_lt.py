"""The experiment of the class-balanced loss: ResNet-32 on long-tailed CIFAR-10.

Trains one net per loss and seed, by the recipe of Cui et al. (CVPR 2019, arXiv:1901.05555), and writes a file of
results for each; report.py turns them into a table and a picture. A command that was stopped goes on where it was
when it is given again: finished runs are kept, unfinished ones continue after their last checkpoint.

On a CPU the nets are trained by skcb.CBNeuralNetClassifier, `--jobs` at a time, each in its own process. On a GPU
one process trains `--side-by-side` of them, with skcb.nn's losses in a loop of its own that keeps the GPU busy.

    python cifar10_lt.py --data cifar10.npz --loss softmax --beta 0 0.9999 --device cuda --results results
    python cifar10_lt.py --data cifar10.npz --loss all --seed 0 1 2 --device cuda --results results
    python report.py --results results
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from cifar10_data import N_CLASSES, OPENML, load_cifar10, long_tailed
from joblib import Parallel, delayed
from resnet import CifarResNet
from runs import LOSSES, Configuration, RatioFolder, Settings, configurations
from side_by_side import Run, train_side_by_side


def main(arguments: list[str] | None = None) -> None:
    """Check everything, then train what is not trained yet."""
    os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")  # else runs beyond the eighth share a queue
    options = parse(arguments)
    try:
        planned = plan(options)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    pending = [run for run in planned if not run[0].result(*run[1:3]).exists()]
    print(f"{len(planned)} runs, {len(planned) - len(pending)} of them finished before", flush=True)
    started = time.perf_counter()
    results = train_on_gpu(pending, options) if on_gpu(options) else train_on_cpu(pending, options)
    for finished, result in enumerate(results, start=1):
        title = Configuration(result["loss"], result["beta"], result["gamma"]).title
        minutes = (time.perf_counter() - started) / 60
        print(
            f"[{finished}/{len(pending)}] {title}, ratio {result['imbalance_ratio']:g}, seed {result['seed']}: "
            f"test error {100 * result['error']:.2f} %   ({minutes:.1f} min, "
            f"{minutes / finished * (len(pending) - finished):.0f} min left)",
            flush=True,
        )
    print(f"results: {options.results}; the table: python {Path(__file__).with_name('report.py')} "
          f"--results {options.results}")  # fmt: skip


def train_on_cpu(pending: list[Run], options: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """Train each run in a process of its own, or one after the other in this one."""
    from training import train  # noqa: PLC0415 - skorch, which a GPU does without

    alone = options.jobs == 1
    workers = {} if alone else {"threads": max(1, (os.cpu_count() or 1) // options.jobs), "command": os.getpid()}
    work = Parallel(n_jobs=options.jobs, return_as="generator_unordered", pre_dispatch=options.jobs)
    return work(
        delayed(train)(folder, configuration, seed, data=data, settings=settings, device=options.device, **workers)
        for folder, configuration, seed, data, settings in pending
    )


def train_on_gpu(pending: list[Run], options: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """Train several runs in this process, those first that answer the first questions."""
    return train_side_by_side(
        sorted(pending, key=lambda run: not run[1].is_among_the_first),
        device=options.device,
        at_a_time=options.side_by_side,
        minutes=options.minutes,
        compiled=options.compile,
        keep_logits=options.keep_logits,
    )


def on_gpu(options: argparse.Namespace) -> bool:
    """Whether the runs are trained on a GPU of CUDA."""
    return torch.device(options.device).type == "cuda"


def plan(options: argparse.Namespace) -> list[Run]:
    """Return all runs, seed by seed, so that a table of fewer seeds is there early.

    Raises
    ------
    OSError, ValueError
        If the data, the network, the device or what the results folder holds stand in the way.
    """
    CifarResNet(N_CLASSES, depth=options.depth, width=options.width, stride=options.stride)
    check_device(options.device)
    if options.precision is None:
        options.precision = "bfloat16" if on_gpu(options) else "float32"
    elif options.precision != "float32" and not on_gpu(options):
        raise ValueError(f"{options.precision} is for a GPU, the device is {options.device!r}")
    whole = load_cifar10(options.data)
    parts = []
    for ratio in options.imbalance_ratio:
        folder, data = RatioFolder(options.results, ratio), long_tailed(whole, ratio)
        settings = Settings(
            epochs=options.epochs,
            depth=options.depth,
            width=options.width,
            stride=options.stride,
            precision=options.precision,
            data=data.fingerprint(),
        )
        folder.check(settings)
        parts.append((folder, data, settings))
    for folder, _, settings in parts:
        folder.keep(settings)
    return [
        (folder, configuration, seed, data, settings)
        for seed in options.seed
        for folder, data, settings in parts
        for configuration in configurations(options.loss, options.beta, options.gamma)
    ]


def check_device(device: str) -> None:
    """Raise an error if nothing can be computed there."""
    try:
        torch.zeros(1, device=device).item()
    except (AssertionError, RuntimeError) as error:
        raise ValueError(f"the device {device!r} cannot be used: {str(error).splitlines()[0]}") from error


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", required=True, help=f"an .npz file, the folder cifar-10-batches-py, or {OPENML!r} to download")
    add("--results", type=Path, required=True, help="folder for the results, one per schedule and network")
    add("--loss", nargs="+", choices=[*LOSSES, "all"], default=["softmax"])
    add("--beta", nargs="+", type=number("beta", 0, 1), default=[0.0, 0.9999],
        help="0 is the plain loss; of LDAM it is that of the deferred weights (default: 0 0.9999)")  # fmt: skip
    add("--gamma", nargs="+", type=number("gamma", 0), default=[0.5, 1.0, 2.0],
        help="focusing of the focal loss (default: 0.5 1 2)")  # fmt: skip
    add("--imbalance-ratio", nargs="+", type=number("imbalance ratio", 1), default=[100.0],
        help="training images of the largest class per image of the smallest (default: 100)")  # fmt: skip
    add("--seed", nargs="+", type=number("seed", 0, 2**32 - 1, int), default=[0],
        help="of the initial parameters and the order of the images (default: 0)")  # fmt: skip
    add("--epochs", type=number("epochs", 5, kind=int), default=200, help="the paper's are 200")
    add("--depth", type=int, default=32, help="layers of the ResNet, 6 n + 2 (default: 32)")
    add("--width", type=int, default=16, help="channels of its first stage (default: 16)")
    add("--stride", type=int, choices=[1, 2], default=1, help="of its first convolution (default: 1)")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--jobs", type=number("jobs", 1, kind=int), default=1, help="runs at a time on a CPU (default: 1)")
    gpu = parser.add_argument_group("on a GPU").add_argument
    gpu("--side-by-side", type=number("side by side", 1, kind=int), default=6,
        help="runs at a time (default: 6)")  # fmt: skip
    gpu("--precision", choices=["bfloat16", "float32"],
        help="of the convolutions (default: bfloat16; float32 is TF32 there)")  # fmt: skip
    gpu("--minutes", type=number("minutes", 0), default=float("inf"),
        help="begin no run that would not end within them (default: no limit)")  # fmt: skip
    gpu("--compile", action="store_true", help="let torch.compile fuse what is between the convolutions")
    gpu("--keep-logits", action="store_true", help="write the logits of the test images beside each result")
    options = parser.parse_args(arguments)
    if "all" in options.loss:
        options.loss = LOSSES
    return options


def number(
    name: str, least: float, most: float = float("inf"), kind: Callable[[str], Any] = float
) -> Callable[[str], Any]:
    """Return a reader of numbers from `least` to `most`."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{name} must be a number, got {text!r}") from None
        if not least <= value <= most or value == float("inf"):
            to = f" and at most {most}" if most < float("inf") else ""
            raise argparse.ArgumentTypeError(f"{name} must be at least {least}{to}, got {text}")
        return value

    return read


if __name__ == "__main__":
    main()
