"""Speed and memory of the losses beside torch's own and the PyPI peers', forward and backward.

    pip install balanced-loss imbalanced-losses cbloss && python benchmarks/losses.py

Memory is what the allocator holds at most, beyond what it held before.
"""

import argparse
import ctypes
import gc
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version

import balanced_loss
import cbloss.loss
import imbalanced_losses
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot
from torch.profiler import ProfilerActivity, profile
from turns import take_turns

from skcb import class_weight
from skcb.nn import CBCrossEntropyLoss, CBFocalLoss, CBMultilabelLoss, CBSoftmaxFocalLoss

Contender = Callable[[Tensor], Tensor]


def long_tailed(n_classes: int) -> np.ndarray:
    return np.maximum(1, 5000 * 0.01 ** (np.arange(n_classes) / (n_classes - 1))).astype(int)


def cross_entropies(target: Tensor, counts: np.ndarray) -> dict[str, Contender]:
    weight = torch.tensor(class_weight(counts), dtype=torch.float32, device=target.device)
    ours = CBCrossEntropyLoss(counts).to(target.device)
    return {
        "`F.cross_entropy(weight=w)`": lambda z: cross_entropy(z, target, weight=weight),
        "**skcb** `CBCrossEntropyLoss`": lambda z: ours(z, target),
    }


def focal_losses(target: Tensor, counts: np.ndarray) -> dict[str, Contender]:
    device, n_classes = target.device, len(counts)
    weight = torch.tensor(class_weight(counts), dtype=torch.float32, device=device)
    ready = one_hot(target, n_classes).float()
    sigmoid, softmax = CBFocalLoss(counts).to(device), CBSoftmaxFocalLoss(counts).to(device)
    balanced = balanced_loss.Loss("focal_loss", samples_per_class=counts, class_balanced=True)
    imbalanced = imbalanced_losses.SigmoidFocalLoss(alpha=-1, reduction="sum")
    imbalanced_softmax = imbalanced_losses.SoftmaxFocalLoss(alpha=weight).to(device)
    base = cbloss.loss.FocalLoss(n_classes, reduction="none")
    cb = cbloss.loss.ClassBalancedLoss(counts, 0.999, n_classes, base)
    return {
        "plain BCE, ready one-hot": lambda z: binary_cross_entropy_with_logits(z, ready, reduction="sum"),
        "**skcb** `CBFocalLoss`": lambda z: sigmoid(z, target),
        "balanced-loss, sigmoid focal": lambda z: balanced(z, target),
        "imbalanced-losses, sigmoid focal": lambda z: imbalanced(
            z, one_hot(target, n_classes).float(), sample_weight=weight[target].unsqueeze(1)
        ),
        "the same, ready one-hot, no weights": lambda z: imbalanced(z, ready),
        "**skcb** `CBSoftmaxFocalLoss`": lambda z: softmax(z, target),
        "imbalanced-losses, softmax focal": lambda z: imbalanced_softmax(z, target),
        "cbloss, softmax focal": lambda z: cb(z, target),
    }


def losses_of_several_labels(target: Tensor, counts: np.ndarray, n_samples: int) -> dict[str, Contender]:
    device = target.device
    pos_weight = torch.tensor((n_samples - counts) / counts, dtype=torch.float32, device=device)
    torchs = torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    ours, focused, asymmetric = (
        CBMultilabelLoss(counts, n_samples, **parameters).to(device)
        for parameters in ({}, {"gamma": 2.0}, {"gamma": (4, 1), "clip": 0.05})
    )
    masked = target.masked_fill(torch.rand_like(target) < 0.1, torch.nan)
    known = ~masked.isnan()

    def of_the_known(logits: Tensor) -> Tensor:
        filled = torch.where(known, target, 0)
        cost = binary_cross_entropy_with_logits(logits, filled, pos_weight=pos_weight, reduction="none")
        return (cost * known).sum() / known.sum()

    return {
        "`BCEWithLogitsLoss(pos_weight=w)`": lambda z: torchs(z, target),
        "**skcb** `CBMultilabelLoss`": lambda z: ours(z, target),
        "the same, `gamma=2`": lambda z: focused(z, target),
        "`BCEWithLogitsLoss`, a tenth masked by hand": of_the_known,
        "**skcb** `CBMultilabelLoss`, a tenth masked": lambda z: ours(z, masked),
        "asymmetric loss, its authors' formula": lambda z: asymmetric_loss(z, target),
        "**skcb** `CBMultilabelLoss(gamma=(4, 1), clip=0.05)`": lambda z: asymmetric(z, target),
    }


def asymmetric_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return the loss as the code of its paper has it, with a mean in place of the sum."""
    positive = logits.sigmoid()
    negative = (1 - positive + 0.05).clamp(max=1)
    cost = target * positive.clamp(min=1e-8).log() + (1 - target) * negative.clamp(min=1e-8).log()
    focus = (1 - positive * target - negative * (1 - target)) ** (target + 4 * (1 - target))
    return -(cost * focus).mean()


def turn(contender: Contender, logits: Tensor, times: int) -> float:
    """Seconds of one forward and backward pass."""
    start = time.perf_counter()
    for _ in range(times):
        logits.grad = None
        contender(logits).backward()
    if logits.is_cuda:
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / times


def report_times(title: str, contenders: dict[str, Contender], logits: Tensor, turns: int) -> None:
    times = max(3, 300_000 // logits.numel())
    taken = take_turns(contenders, turns, measure=lambda contender: turn(contender, logits, times))
    first = next(iter(contenders))
    print(f"\n{title}, {tuple(logits.shape)}\n\n| loss | median, ms | times {first} |\n|---|---|---|")
    for name in contenders:
        print(f"| {name} | {taken.median(name) * 1e3:.3f} | {taken.ratio(name, first):.2f} |")


def plain(contender: Contender, logits: Tensor) -> None:
    contender(logits).backward()


def retained(contender: Contender, logits: Tensor) -> None:
    loss = contender(logits)
    loss.backward(retain_graph=True)
    logits.grad = None
    loss.backward()


def scaled(contender: Contender, logits: Tensor) -> None:
    (contender(logits) * 65536.0).backward()


def peak(case: Callable[[Contender, Tensor], None], contender: Contender, logits: Tensor) -> float:
    """Most bytes that were held at once, in units of the logits' own."""
    logits.grad = None
    gc.collect()
    if logits.is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        case(contender, logits)
        return (torch.cuda.max_memory_allocated() - before) / logits.nbytes
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as run:
        case(contender, logits)
    changes, events = [], list(run.profiler.kineto_results.experimental_event_tree())
    while events:
        event = events.pop()
        events.extend(event.children)
        if event.name == "[memory]":
            changes.append((event.start_time_ns, event.extra_fields.alloc_size))
    held = np.cumsum([size for _, size in sorted(changes, key=lambda change: change[0])])
    return held.max() / logits.nbytes


def report_memory(contenders: dict[str, Contender], logits: Tensor) -> None:
    print(f"\nPeak memory beyond the logits, in units of the logits, {tuple(logits.shape)}\n")
    print("| loss | plain | retained graph | scaled loss |\n|---|---|---|---|")
    for name, contender in contenders.items():
        peaks = [peak(case, contender, logits) for case in (plain, retained, scaled)]
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in peaks) + " |")


def keep_freed_memory() -> None:
    """Let glibc return nothing to the system: else whoever allocates next pays for page faults, by chance."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(trim_threshold, 2**30)
        mallopt(mmap_threshold, 2**30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=25)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    keep_freed_memory()
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    packages = ("torch", "balanced-loss", "imbalanced-losses", "cbloss")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"{options.device}, {options.threads} threads, {versions}")

    def batch(n: int, n_classes: int) -> tuple[Tensor, Tensor, np.ndarray]:
        logits = torch.randn(n, n_classes, device=options.device, requires_grad=True)
        return logits, torch.randint(n_classes, (n,), device=options.device), long_tailed(n_classes)

    for size in ((1024, 8142), (512, 1000), (128, 10), (128, 100)):
        logits, target, counts = batch(*size)
        report_times("Softmax cross-entropy", cross_entropies(target, counts), logits, options.turns)
    for size in ((1024, 8142), (128, 10), (128, 100)):
        logits, target, counts = batch(*size)
        report_times("Focal losses", focal_losses(target, counts), logits, options.turns)
    n_samples, counts = 100_000, 10 * long_tailed(1000)
    logits, _, _ = batch(1024, 1000)
    target = (torch.rand_like(logits) < torch.tensor(counts / n_samples, device=options.device)).float()
    several = losses_of_several_labels(target, counts, n_samples)
    report_times("Several labels", several, logits, options.turns)
    report_memory(several, logits)
    logits, target, counts = batch(1024, 8142)
    report_memory(cross_entropies(target, counts) | focal_losses(target, counts), logits)


if __name__ == "__main__":
    main()
