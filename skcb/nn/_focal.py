r"""The kernel of the focal losses: loss and gradient in one walk over the logits, block by block.

Both focal losses are one scalar function of a *margin* :math:`m`, the logit of being wrong:

.. math:: f(m) = \sigma(m)^\gamma \, \mathrm{softplus}(m)

The sigmoid loss sums it over the classes, with :math:`m_j = z_j` but :math:`m_y = -z_y` for the target:
turning that one sign makes every entry a negative, with no one-hot tensor. The softmax loss takes it
once, with :math:`m = \log \sum_{j \ne y} e^{z_j} - z_y`. The modulator is
:math:`\exp(\gamma \log \sigma(m))`, which neither overflows nor has a singular derivative where the power of a
probability does.

Each loss stands here twice. The *kernel* walks through memory once, in place, in blocks that stay in the
cache, and finds value and gradient together. The *formula* is plain torch, differentiable as often as one
likes: it serves second derivatives, ``torch.compile`` (which fuses it) and ``torch.func``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

# Entries per block. On a CPU a block and its three temporaries stay in the cache; an accelerator wants fewer,
# larger launches.
_CPU_BLOCK, _ACCELERATOR_BLOCK = 2**18, 2**24

# (logits, target, gamma, slope) -> loss, on one block; fills `slope` with the gradient.
Kernel = Callable[[Tensor, Tensor, float, Tensor], Tensor]
# (logits, target, gamma) -> loss, differentiable.
Formula = Callable[[Tensor, Tensor, float], Tensor]


def focal(margin: Tensor, gamma: float) -> Tensor:
    """Return f(margin), elementwise and differentiable."""
    cost = -logsigmoid(-margin)
    return cost if gamma == 0 else torch.exp(gamma * logsigmoid(margin)) * cost


def sigmoid_focal(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    """Sum f over the classes: logits (N, C, D), target (N, D), loss (N, D)."""
    return _per_example(logits, target, gamma, _sigmoid_kernel, _sigmoid_formula)


def softmax_focal(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    """Take f at the log-odds against the target: logits (N, C, D), target (N, D), loss (N, D)."""
    return _per_example(logits, target, gamma, _softmax_kernel, _softmax_formula)


def _per_example(logits: Tensor, target: Tensor, gamma: float, kernel: Kernel, formula: Formula) -> Tensor:
    # torch.func differentiates by transforming the operations, so it too must see plain ones.
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():  # noqa: SLF001
        return formula(logits, target, gamma)
    if torch.is_grad_enabled() and logits.requires_grad:
        loss: Tensor = _LossAndGradient.apply(logits, target, gamma, kernel, formula)  # type: ignore[no-untyped-call]
        return loss
    return _walk(logits, target, gamma, kernel, keep_gradient=False)[0]


class _LossAndGradient(torch.autograd.Function):
    """Compute the gradient along with the loss, and hand it out once."""

    @staticmethod
    def forward(  # noqa: PLR0917 (apply takes no keywords)
        ctx: Any, logits: Tensor, target: Tensor, gamma: float, kernel: Kernel, formula: Formula
    ) -> Tensor:
        ctx.save_for_backward(logits, target)
        ctx.gamma, ctx.kernel, ctx.formula = gamma, kernel, formula
        loss, ctx.gradient = _walk(logits, target, gamma, kernel, keep_gradient=True)
        return loss

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor, None, None, None, None]:
        if torch.is_grad_enabled():  # with create_graph=True this very gradient is differentiated
            logits, target = ctx.saved_tensors
            loss = ctx.formula(logits, target, ctx.gamma)
            (gradient,) = torch.autograd.grad(loss, logits, grad_loss, create_graph=True)
            return gradient, None, None, None, None
        # The buffer is given away and scaled in place. Should a retained graph ask again, it is computed anew:
        # nothing that the caller does to the first gradient can spoil the second.
        gradient, ctx.gradient = ctx.gradient, None
        if gradient is None:
            logits, target = ctx.saved_tensors
            _, gradient = _walk(logits, target, ctx.gamma, ctx.kernel, keep_gradient=True)
        return gradient.mul_(grad_loss.unsqueeze(1)), None, None, None, None


def _walk(
    logits: Tensor, target: Tensor, gamma: float, kernel: Kernel, *, keep_gradient: bool
) -> tuple[Tensor, Tensor | None]:
    """Run the kernel block by block: over examples, and over positions where one example exceeds a block."""
    n_classes, n_positions = logits.shape[1:]
    block = _CPU_BLOCK if logits.device.type == "cpu" else _ACCELERATOR_BLOCK
    positions = max(1, min(n_positions, block // n_classes))
    examples = max(1, block // (n_classes * positions))
    new = partial(torch.empty, dtype=torch.promote_types(logits.dtype, torch.float32), device=logits.device)
    gradient = new(logits.shape) if keep_gradient else None
    if logits.numel() <= block:
        slope = new(logits.shape) if gradient is None else gradient
        return kernel(logits, target.unsqueeze(1), gamma, slope), gradient
    loss = new(target.shape)
    for start in range(0, len(logits), examples):
        rows = slice(start, start + examples)
        for left in range(0, n_positions, positions):
            part = slice(left, left + positions)
            z, y = logits[rows, :, part], target[rows, part].unsqueeze(1)
            slope = new(z.shape) if gradient is None else gradient[rows, :, part]
            loss[rows, part] = kernel(z, y, gamma, slope)
    return loss, gradient


def _sigmoid_kernel(logits: Tensor, target: Tensor, gamma: float, slope: Tensor) -> Tensor:
    slope.copy_(logits)
    slope.scatter_(1, target, slope.gather(1, target).neg_())
    loss = _focal_(slope, gamma).sum(1)
    slope.scatter_(1, target, slope.gather(1, target).neg_())
    return loss


def _sigmoid_formula(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    logits = at_least_float32(logits)
    return focal(torch.where(_is_target(logits, target), -logits, logits), gamma).sum(1)


def _softmax_kernel(logits: Tensor, target: Tensor, gamma: float, slope: Tensor) -> Tensor:
    slope.copy_(logits)
    own = slope.gather(1, target)
    slope.scatter_(
        1, target, torch.finfo(slope.dtype).min
    )  # finite, so that a lone class has loss 0, not NaN
    largest = slope.amax(1, keepdim=True)
    total = slope.sub_(largest).exp_().sum(1, keepdim=True)
    margin = total.log().add_(largest).sub_(own)
    loss = _focal_(margin, gamma).squeeze(1)
    slope.mul_(margin / total)
    slope.scatter_(1, target, -margin)
    return loss


def _softmax_formula(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    logits = at_least_float32(logits)
    own = logits.gather(1, target.unsqueeze(1)).squeeze(1)
    others = logits.masked_fill(_is_target(logits, target), torch.finfo(logits.dtype).min)
    return focal(others.logsumexp(1) - own, gamma)


def _focal_(margin: Tensor, gamma: float) -> Tensor:
    """Return f(margin) and leave its derivative in `margin`."""
    cost = softplus(
        margin, threshold=40
    )  # beyond the threshold softplus(m) is m, to every digit of a float64
    if gamma == 0:
        margin.sigmoid_()
        return cost
    modulator = margin.sub(cost).mul_(gamma).exp_()  # log sigmoid(m) = m - softplus(m)
    margin.sigmoid_()
    margin.addcmul_(cost, 1 - margin, value=gamma).mul_(modulator)
    return cost.mul_(modulator)


def _is_target(logits: Tensor, target: Tensor) -> Tensor:
    classes = torch.arange(logits.shape[1], device=logits.device).unsqueeze(1)
    return classes == target.unsqueeze(1)


def at_least_float32(tensor: Tensor) -> Tensor:
    """Return half-precision numbers as float32, others as they are."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
