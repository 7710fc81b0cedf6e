"""When a loss is computed on a GPU by kernels of its own, and by which of them."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from skcb._warnings import warn
from skcb.nn._adjustments import Margin, ScaleAndShift, Shift
from skcb.nn._terms import CosineCrossEntropy, CrossEntropy, SigmoidCrossEntropy, SigmoidFocal, SoftmaxFocal
from skcb.nn._upstream import transforms_are_active

MAX_CLASSES = 2**15  # a program holds all logits of an example in its registers
_DTYPES = {torch.float32, torch.float16, torch.bfloat16}


class Form(NamedTuple):
    """Which of the kernels' losses it is, and what the counts do to its logits before."""

    is_softmax: bool
    gamma: float = 0.0
    scale: float | Tensor = 1.0
    shift: Tensor | None = None
    margin: Tensor | None = None


def device_loss(
    loss: Any,
    logits: Tensor,
    target: Tensor,
    weight: Tensor,
    *,
    mean: bool,
    by_operations: Callable[[Tensor], Tensor],
) -> Tensor | None:
    """Return the sum of the loss or its mean over what is not ignored; None where the kernels cannot give it.

    `by_operations` is the same loss in operations of torch, for second derivatives.
    """
    if not logits.is_cuda or logits.dtype not in _DTYPES or len(weight) > MAX_CLASSES:
        return None
    if target.is_floating_point() or loss.reduction not in {"mean", "sum"} or weight.requires_grad:
        return None
    if torch.compiler.is_compiling() or transforms_are_active():  # which want to see plain operations
        return None
    form = form_of(loss)
    if form is None or not _kernels_run(logits.device):
        return None
    from skcb.nn._fused import fused_loss

    with torch.cuda.device(logits.device):
        return fused_loss(
            form, logits, target, weight, ignore_index=loss.ignore_index, mean=mean,
            by_operations=by_operations,
        )  # fmt: skip


def form_of(loss: Any) -> Form | None:
    """Return the form of a loss, None if it has none; terms and adjustments of one's own have none."""
    term, adjustment = type(loss.term), type(loss.adjustment)
    if getattr(loss, "label_smoothing", 0):
        return None
    if adjustment is type(None):
        if term in {SigmoidCrossEntropy, SigmoidFocal}:
            return Form(is_softmax=False, gamma=loss.term.focus(loss))
        if term in {CrossEntropy, SoftmaxFocal}:
            return Form(is_softmax=True, gamma=float(loss.gamma) if term is SoftmaxFocal else 0.0)
    if term not in {CrossEntropy, CosineCrossEntropy} or adjustment not in {Shift, ScaleAndShift, Margin}:
        return None
    vectors = {name: getattr(loss, name) for name in loss.adjustment.of_logits}
    if "shift" in vectors and loss.has_empty_class and loss.tau:
        vectors["shift"] = vectors["shift"].masked_fill(loss.present == 0, -torch.inf)
    return Form(is_softmax=True, **vectors)


@cache
def _kernels_run(device: torch.device) -> bool:
    """Whether Triton is there and can compile: it wants a compiler of C on the machine."""
    try:
        from skcb.nn._fused import fused_loss

        logits = torch.zeros(1, 2, device=device)
        with torch.cuda.device(device):
            fused_loss(
                Form(is_softmax=True), logits, torch.zeros(1, dtype=torch.int64, device=device), logits[0],
                ignore_index=-100, mean=True, by_operations=None,
            )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - whatever it is, torch's operations give the same
        reason = str(error).strip().splitlines()
        warn(
            f"the fused kernels of the losses do not run on {device} ({type(error).__name__}: "
            f"{reason[0] if reason else ''}); the losses are made of torch's operations, which are several times "
            "slower on a GPU. Triton and a compiler of C are what the kernels need",
            UserWarning,
        )
        return False
    return True
