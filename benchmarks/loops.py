"""What a training loop needs besides a loss: sampler, counts, posteriors: ``python benchmarks/loops.py``.

The sampler beside torch's ``WeightedRandomSampler`` on a long tail of 1000 classes, each run through to its end;
``count_targets`` beside ``numpy.bincount`` over the same masks; ``posterior`` beside a softmax. One thread.
"""

import argparse
import collections
import tracemalloc
from functools import partial

import numpy as np
import torch
from torch.utils.data import WeightedRandomSampler
from turns import take_turns

from skcb.nn import (
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedSampler,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
    count_targets,
)


def exhaust(sampler):
    collections.deque(sampler, maxlen=0)


def samplers(n_samples, n_classes, rounds):
    share = np.geomspace(1, 1e-3, n_classes)
    y = np.random.default_rng(0).choice(n_classes, n_samples, p=share / share.sum())
    y[:n_classes] = np.arange(n_classes)

    def torchs():
        return WeightedRandomSampler((1 / np.bincount(y))[y], len(y))

    def ours():
        return ClassBalancedSampler(y, beta=1)

    epochs = take_turns({"torch": partial(exhaust, torchs()), "skcb": partial(exhaust, ours())}, rounds)
    both = take_turns({"torch": lambda: exhaust(torchs()), "skcb": lambda: exhaust(ours())}, rounds, warm_up=False)
    tracemalloc.start()
    next(iter(ours()))
    memory = tracemalloc.get_traced_memory()[1] / (8 * n_samples)
    tracemalloc.stop()
    print(f"| {n_samples:,} draws, {n_classes} classes | torch, s | skcb, s | times faster | to reach |")
    print("|---|---|---|---|---|")
    for title, turns, aim in (("an epoch", epochs, 6), ("building and an epoch", both, 4)):
        ratio = turns.ratio("torch", "skcb")
        print(f"| {title} | {turns.median('torch'):.2f} | {turns.median('skcb'):.2f} | {ratio:.1f} | {aim} |")
    print(f"\nMemory at its peak, building included: {memory:.1f} times the indices as int64 (to reach: 3).\n")


def targets(n_masks, rounds):
    rng = np.random.default_rng(0)
    print(
        f"| {n_masks} masks of 512 x 512, 150 classes | times np.bincount of the whole | of each mask | to reach |"
    )
    print("|---|---|---|---|", flush=True)
    for dtype in (np.uint8, np.int64):
        masks = rng.integers(0, 150, size=(n_masks, 512, 512), dtype=dtype)
        turns = take_turns(
            {
                "whole": lambda masks=masks: np.bincount(masks.reshape(-1), minlength=150),
                "each": lambda masks=masks: sum(np.bincount(mask.reshape(-1), minlength=150) for mask in masks),
                "skcb": lambda masks=masks: count_targets(masks, n_classes=150),
                "stream": lambda masks=masks: count_targets(((None, mask) for mask in masks), n_classes=150),
            },
            rounds,
        )
        for name, title in (("skcb", "an array"), ("stream", "an iterator")):
            cells = f"{turns.ratio(name, 'whole'):.2f} | {turns.ratio(name, 'each'):.2f}"
            print(f"| {np.dtype(dtype).name}, {title} | {cells} | 1.3 |", flush=True)


def posteriors(rounds):
    losses = [
        CBCrossEntropyLoss,
        LogitAdjustedLoss,
        VSLoss,
        CBSigmoidLoss,
        CBSoftmaxFocalLoss,
        CBFocalLoss,
        LDAMLoss,
    ]
    shapes = [(128, 10), (512, 1000), (1024, 8142)]
    print("\n| posterior, times a softmax (to reach: 1.2) |" + "".join(f" {shape} |" for shape in shapes))
    print("|---|" + "---|" * len(shapes))
    cells = {loss: [] for loss in losses}
    for rows, n_classes in shapes:
        logits = torch.randn(rows, n_classes)
        times = max(1, 2_000_000 // logits.numel())
        counts = np.geomspace(1000, 5, n_classes).astype(int)

        def repeated(function, logits=logits, times=times):
            for _ in range(times):
                function(logits)

        contenders = {"softmax": partial(repeated, partial(torch.softmax, dim=1))}
        contenders |= {loss: partial(repeated, loss(counts).posterior) for loss in losses}
        with torch.no_grad():
            turns = take_turns(contenders, rounds)
        for loss in losses:
            cells[loss].append(f" {turns.ratio(loss, 'softmax'):.2f} |")
    for loss in losses:
        print(f"| {loss.__name__} |" + "".join(cells[loss]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, NumPy {np.__version__}\n")
    samplers(400_000 if quick else 4_000_000, 1000, 3 if quick else 7)
    targets(100 if quick else 1000, 3 if quick else 5)
    posteriors(3 if quick else 9)
