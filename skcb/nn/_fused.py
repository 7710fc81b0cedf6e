"""The losses on a GPU: one kernel over the logits gives the loss, one more the gradient.

As operations of torch each of these losses passes ten times and more over the logits, and on a GPU memory is what
they wait for. Here the first kernel reads the logits once, and keeps one number of each example; the second reads
them again, largely from the cache, and writes the gradient as it is to be.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from triton import next_power_of_2

from skcb.nn._device import Form
from skcb.nn._kernels import gradient_kernel, loss_kernel, total_kernel

ENTRIES = 1024  # of a tile, where one example has no more classes
MAX_TILES = 4096  # whose sums one program adds up
_FOCUS = {0.0: 0, 1.0: 1, 2.0: 2}  # these powers need no logarithm


class _Sum(torch.autograd.Function):
    """Give the loss by one kernel, and its gradient by another, as often as it is asked for."""

    @staticmethod
    def forward(  # noqa: PLR0917 (apply takes no keywords)
        ctx: Any,
        logits: Tensor,
        target: Tensor,
        weight: Tensor,
        form: Form,
        ignore_index: int,
        mean: bool,
        by_operations: Callable[[Tensor], Tensor] | None,
    ) -> Tensor:
        plan = _Plan(logits, form, ignore_index)
        scales = form.scale if isinstance(form.scale, Tensor) else None
        given = (target.contiguous(), weight, scales, form.shift, form.margin)
        total, share, log_others = plan.loss(logits, given, mean=mean)
        ctx.save_for_backward(logits, share, log_others, *given)
        ctx.plan, ctx.by_operations = plan, by_operations
        return total

    @staticmethod
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor | None, ...]:
        logits, share, log_others, *given = ctx.saved_tensors
        if torch.is_grad_enabled():  # with create_graph=True this very gradient is differentiated
            (gradient,) = torch.autograd.grad(ctx.by_operations(logits), logits, grad_total, create_graph=True)
        else:
            gradient = ctx.plan.gradient(logits, (grad_total, share), given, log_others)
        return gradient, None, None, None, None, None, None


class _Plan:
    """What the kernels are told beside the tensors: sizes, numbers, and how the work is divided."""

    def __init__(self, logits: Tensor, form: Form, ignore_index: int) -> None:
        n_examples, n_classes, *positions = logits.shape
        n_positions = math.prod(positions)
        columns = next_power_of_2(n_classes)
        rows = max(1, ENTRIES // columns)
        self.n = n_examples * n_positions
        self.n_tiles = -(-self.n // rows)
        self.sizes = self.n, n_classes, n_positions
        self.numbers = ignore_index, 1.0 if isinstance(form.scale, Tensor) else float(form.scale), form.gamma
        self.is_softmax = form.is_softmax
        self.constants = {
            "SOFTMAX": form.is_softmax,
            "FOCUS": _FOCUS.get(form.gamma, 3),
            "ROWS": rows,
            "COLUMNS": columns,
            "num_warps": min(16, max(2, rows * columns // 1024)),
        }

    def loss(self, logits: Tensor, given: Sequence[Tensor | None], *, mean: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Return the sum, or its share of each counted example, that share, and what the gradient needs."""
        new = partial(torch.empty, dtype=torch.float32, device=logits.device)
        log_others = new(self.n if self.is_softmax else 0)
        losses, total, share = new(self.n_tiles), new(()), new(())
        counts = new(self.n_tiles, dtype=torch.int32)
        if self.n_tiles:
            logits, strides = _examples_first(logits)
            loss_kernel[self.n_tiles,](
                logits, *given, log_others, losses, counts, *self.sizes, *strides, *self.numbers, **self.constants
            )
        if self.n_tiles > MAX_TILES:
            losses, counts = losses.sum(0, keepdim=True, dtype=torch.float64), counts.sum(0, keepdim=True)
        tiles = next_power_of_2(max(1, len(losses)))
        total_kernel[1,](losses, counts, total, share, len(losses), MEAN=mean, TILES=tiles)
        return total, share, log_others

    def gradient(
        self, logits: Tensor, factors: tuple[Tensor, Tensor], given: Sequence[Tensor | None], log_others: Tensor
    ) -> Tensor:
        """Return the gradient by the logits, times two factors; it lies as they do."""
        gradient = torch.empty_like(logits)
        if self.n_tiles:
            logits, strides = _examples_first(logits)
            written, to = _examples_first(gradient)
            gradient_kernel[self.n_tiles,](
                *factors, logits, *given, log_others, written, *self.sizes, *strides, *to, *self.numbers,
                **self.constants,
            )  # fmt: skip
        return gradient


def _examples_first(logits: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return logits and the strides of examples, classes and positions, of which there may be one."""
    if logits.ndim == 2:
        return logits, (*logits.stride(), 1)
    flat = logits.flatten(2)
    return flat, flat.stride()


def fused_loss(
    form: Form,
    logits: Tensor,
    target: Tensor,
    weight: Tensor,
    *,
    ignore_index: int,
    mean: bool,
    by_operations: Callable[[Tensor], Tensor] | None,
) -> Tensor:
    """Return the weighted sum of the losses, or its mean over the examples that are not ignored."""
    total: Tensor = _Sum.apply(logits, target, weight, form, ignore_index, mean, by_operations)  # type: ignore[no-untyped-call]
    return total
