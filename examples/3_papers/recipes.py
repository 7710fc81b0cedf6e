"""The logit-adjusted loss on long-tailed CIFAR-10 with another recipe, chosen without the test images.

    python recipes.py --data cifar10.npz --device cuda --results results/recipes

Each recipe is a weight decay, and whether images are mixed (mixup: Zhang et al., 2018, arXiv:1710.09412). It is
trained on nine tenths of the training images and judged by its balanced accuracy on the tenth, mean over the
seeds, each of which has a tenth of its own. The best is then trained on all of them, and alone is tested. A
command that was stopped goes on where it was when it is given again.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from cifar10_data import Cifar10, load_cifar10, long_tailed, nine_tenths
from report import spread
from runs import Configuration, RatioFolder, Settings, read_json
from side_by_side import Run, train_side_by_side

LOSS = Configuration("logit_adjusted", 0.0)


class Recipe(NamedTuple):
    """What is chosen."""

    weight_decay: float
    mixup: bool

    @property
    def title(self) -> str:
        """What the table calls it."""
        return f"weight decay {self.weight_decay:g}{', mixup' * self.mixup}"

    @property
    def name(self) -> str:
        """Its folder."""
        return f"decay-{self.weight_decay:g}{'_mixup' * self.mixup}"


RECIPES = (Recipe(2e-4, mixup=False), Recipe(5e-4, mixup=False), Recipe(5e-4, mixup=True))


def main(arguments: list[str] | None = None) -> None:
    """Train every recipe on nine tenths, and the best of them on all images; print both tables."""
    os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")  # else runs beyond the eighth share a queue
    options = parse(arguments)
    try:
        data = long_tailed(load_cifar10(options.data), options.imbalance_ratio)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    held_out = {seed: nine_tenths(data, seed) for seed in options.seed}
    runs = {
        (recipe, seed): run_of(recipe, seed, held_out[seed], options, part=f"seed-{seed}")
        for seed in options.seed
        for recipe in RECIPES
    }
    train(list(runs.values()), options)
    print("| recipe | balanced accuracy on the held-out tenths, % |\n|---|---|")
    scores = {}
    for recipe in RECIPES:
        recalls = [100 * np.mean(result_of(runs[recipe, seed])["recall"]) for seed in options.seed]
        scores[recipe] = np.mean(recalls)
        print(f"| {recipe.title} | {spread(recalls)} |", flush=True)
    best = max(scores, key=scores.__getitem__)
    final = [run_of(best, seed, data, options, part="all") for seed in options.seed]
    train(final, options)
    errors = [100 * result_of(run)["error"] for run in final]
    recall = 100 * (1 - np.array([result_of(run)["recall"] for run in final]))
    print(f"\n{best.title}, on all training images, seeds {options.seed}:")
    print(f"test error {spread(errors)} %; of the three largest classes {spread(recall[:, :3].mean(1))}, "
          f"of the three smallest {spread(recall[:, -3:].mean(1))}")  # fmt: skip


def run_of(recipe: Recipe, seed: int, data: Cifar10, options: argparse.Namespace, *, part: str) -> Run:
    """Return what is to be trained, whose folder has its settings written down."""
    folder = RatioFolder(options.results / recipe.name / part, options.imbalance_ratio)
    settings = Settings(
        epochs=options.epochs, depth=options.depth, stride=options.stride, precision=options.precision,
        weight_decay=recipe.weight_decay, mixup=recipe.mixup, data=data.fingerprint(),
    )  # fmt: skip
    folder.check(settings)
    folder.keep(settings)
    return folder, LOSS, seed, data, settings


def train(runs: list[Run], options: argparse.Namespace) -> None:
    """Train what is not trained yet."""
    pending = [run for run in runs if not run[0].result(*run[1:3]).exists()]
    for result in train_side_by_side(
        pending,
        device=options.device,
        at_a_time=options.side_by_side,
        minutes=options.minutes,
        compiled=options.compile,
    ):
        print(f"  seed {result['seed']}: {100 * result['error']:.2f} % error", flush=True)
    if not all(run[0].result(*run[1:3]).exists() for run in runs):
        sys.exit("not all runs are through; give the command again")


def result_of(run: Run) -> dict:
    """Read the result of a finished run."""
    return read_json(run[0].result(*run[1:3]))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", required=True, help="as of cifar10_lt.py")
    add("--results", type=Path, default=Path("results/recipes"))
    add("--seed", nargs="+", type=int, default=[0, 1, 2])
    add("--imbalance-ratio", type=float, default=100.0)
    add("--epochs", type=int, default=200)
    add("--depth", type=int, default=32)
    add("--stride", type=int, choices=[1, 2], default=1)
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    add("--side-by-side", type=int, default=6)
    add("--minutes", type=float, default=float("inf"))
    add("--compile", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
