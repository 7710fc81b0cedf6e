"""Time of the losses on a GPU, forward and backward, beside torch's own and beside what memory alone would take.

    python benchmarks/device.py            # about 20 seconds
    python benchmarks/device.py --compile  # torch.compile as well: some seconds for each loss

*As called* is with the processor's work, which small batches wait for; *recorded* is the device's time alone, of a
CUDA graph replayed. The inputs are many and take turns, so that none is in the cache from the time before. The
floor is the time to read the logits and to write the gradient, once each, at the rate of a large copy.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from skcb import class_weight
from skcb.nn import (
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
)

BYTES_IN_TURN = 2**29  # several times the cache of any GPU
LOSSES = {
    "**skcb** `CBCrossEntropyLoss`": CBCrossEntropyLoss,
    "**skcb** `LogitAdjustedLoss`": LogitAdjustedLoss,
    "**skcb** `LDAMLoss`": LDAMLoss,
    "**skcb** `CBSoftmaxFocalLoss`": CBSoftmaxFocalLoss,
    "**skcb** `CBSigmoidLoss`": CBSigmoidLoss,
    "**skcb** `CBFocalLoss`": CBFocalLoss,
}
Loss = Callable[[Tensor, Tensor], Tensor]


def contenders(n_classes: int, device: str) -> dict[str, tuple[Loss, bool]]:
    """Return each loss, and whether its target is a one-hot tensor, which it reads beside the logits."""
    counts = np.maximum(1, 5000 * 0.01 ** (np.arange(n_classes) / (n_classes - 1))).astype(int)
    weight = torch.tensor(class_weight(counts), dtype=torch.float32, device=device)
    return {
        "`F.cross_entropy`": (cross_entropy, False),
        "`F.cross_entropy(weight=w)`": (partial(cross_entropy, weight=weight), False),
        "plain BCE, ready one-hot": (partial(binary_cross_entropy_with_logits, reduction="sum"), True),
        **{name: (loss(counts).to(device), False) for name, loss in LOSSES.items()},
    }


def pass_through(loss: Loss, logits: Tensor, target: Tensor) -> Tensor:
    return torch.autograd.grad(loss(logits, target), logits)[0]


def seconds(calls: list[Callable[[], object]], device: str, rounds: int) -> float:
    """Median seconds of a round, in which each is called once."""
    if torch.device(device).type != "cuda":
        return statistics.median(_by_the_clock(calls) for _ in range(rounds))
    events = [torch.cuda.Event(enable_timing=True) for _ in range(rounds + 1)]
    for call in calls:
        call()
    torch.cuda.synchronize()
    events[0].record()
    for event in events[1:]:
        for call in calls:
            call()
        event.record()
    torch.cuda.synchronize()
    taken = [before.elapsed_time(after) for before, after in pairwise(events)]
    return statistics.median(taken) / 1e3


def _by_the_clock(calls: list[Callable[[], object]]) -> float:
    started = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - started


def recorded(loss: Loss, batches: list[tuple[Tensor, Tensor]]) -> tuple[torch.cuda.CUDAGraph, list[Tensor]]:
    """Record the two passes of all batches; return the recording and the gradients that it writes."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            pass_through(loss, *batches[0])
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        gradients = [pass_through(loss, *batch) for batch in batches]
    return graph, gradients  # which, if they were freed, would all lie in the same memory, and in the cache


def copy_rate(device: str) -> float:
    """Bytes per second of a large copy, those read and those written."""
    source = torch.randn(2**28 if torch.device(device).type == "cuda" else 2**22, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds([lambda: target.copy_(source)], device, 20)


def report(n: int, n_classes: int, rate: float, options: argparse.Namespace) -> None:
    number = 2 if options.device == "cpu" else max(3, BYTES_IN_TURN // (4 * n * n_classes))
    logits = [torch.randn(n, n_classes, device=options.device, requires_grad=True) for _ in range(number)]
    index = [torch.randint(n_classes, (n,), device=options.device) for _ in range(number)]
    floor = 2 * logits[0].nbytes / rate
    columns = ["as called", "recorded", "recorded / floor"]
    if options.compile:
        columns += ["compiled, as called", "compiled, recorded", "compiled, recorded / floor"]
    print(f"\n({n}, {n_classes}), float32, {number} batches in turn; the floor is {1e6 * floor:.1f} µs\n")
    print(f"| microseconds | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, (loss, wants_one_hot) in contenders(n_classes, options.device).items():
        target = [one_hot(each, n_classes).float() for each in index] if wants_one_hot else index
        batches = list(zip(logits, target, strict=True))
        cells = cells_of(loss, batches, floor, options)
        if options.compile:
            torch.compiler.reset()
            cells += cells_of(torch.compile(loss, dynamic=False), batches, floor, options)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def cells_of(
    loss: Loss, batches: list[tuple[Tensor, Tensor]], floor: float, options: argparse.Namespace
) -> list[str]:
    calls = [partial(pass_through, loss, *batch) for batch in batches]
    called = f"{1e6 * seconds(calls, options.device, options.rounds) / len(batches):.1f}"
    if torch.device(options.device).type != "cuda":
        return [called, "", ""]
    graph, gradients = recorded(loss, batches)
    device = seconds([graph.replay], options.device, options.rounds) / len(gradients)
    return [called, f"{1e6 * device:.1f}", f"{device / floor:.2f}"]


def size(text: str) -> tuple[int, int]:
    n, _, n_classes = text.partition("x")
    return int(n), int(n_classes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument(
        "--sizes", type=size, nargs="+", default=[(1024, 8142), (4096, 1000)], metavar="ROWSxCLASSES"
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    rate = copy_rate(options.device)
    card = torch.cuda.get_device_name(options.device) if torch.device(options.device).type == "cuda" else "CPU"
    print(f"{card}, torch {torch.__version__}; a large copy moves {rate / 1e12:.2f} TB/s, read and written")
    for n, n_classes in options.sizes:
        report(n, n_classes, rate, options)


if __name__ == "__main__":
    main()
