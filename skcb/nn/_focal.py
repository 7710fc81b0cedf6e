r"""The kernel of the focal losses: loss and gradient in one walk over the logits, block by block.

Both focal losses are one scalar function of a *margin* :math:`m`, the logit of being wrong:

.. math:: f(m) = \sigma(m)^\gamma \, \mathrm{softplus}(m)

The sigmoid loss sums it over the classes, with :math:`m_j = z_j` but :math:`m_y = -z_y` for the target: by
the turn of that sign every entry is a negative, and there is no one-hot tensor. The softmax loss takes it
once, with :math:`m = \log \sum_{j \ne y} e^{z_j} - z_y`. The modulator is
:math:`\exp(\gamma \log \sigma(m))`, which neither overflows nor has a singular derivative where the power of
a probability does.

Each loss stands here twice. The *kernel* walks through memory once, in place, in blocks that stay in the
cache, and finds value and gradient together. The *formula* is plain torch, differentiable as often as one
likes: it serves second derivatives, ``torch.compile`` (which fuses it) and ``torch.func``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from skcb.nn._upstream import transforms_are_active

# Entries per block. On a CPU a block and its three temporaries stay in the cache; an accelerator wants fewer,
# larger launches.
_CPU_BLOCK, _ACCELERATOR_BLOCK = 2**18, 2**24

# These powers are a multiplication or two, or a square root. No derivative of them is taken.
FAST_POWERS = (0.5, 1.0, 2.0, 3.0)

# (logits, target, parameters, slope) -> loss, on one block; fills `slope` with the gradient. The target has the
# shape of the logits, or 1 in the place of the classes.
Kernel = Callable[[Tensor, Tensor, Any, Tensor], Tensor]
# (logits, target, parameters) -> loss, differentiable.
Formula = Callable[[Tensor, Tensor, Any], Tensor]


def focal(margin: Tensor, gamma: float) -> Tensor:
    """Return f(margin), elementwise and differentiable."""
    cost = -logsigmoid(-margin)
    return cost if gamma == 0 else torch.exp(gamma * logsigmoid(margin)) * cost


class Twofold(NamedTuple):
    """A loss in its two forms."""

    kernel: Kernel
    formula: Formula


def focal_loss(
    loss: Twofold,
    logits: Tensor,
    target: Tensor,
    gamma: float,
    *,
    ignore_index: int,
    weight: Tensor | None = None,
) -> Tensor:
    """Return the loss of each example, 0 where it is ignored; or, given their weights, the weighted sum.

    The weights are 0 where an example is ignored. No gradient flows to them.
    """
    ignored = target == ignore_index
    index = target.long().masked_fill(ignored, 0)
    if logits.ndim > 3:
        logits, index = logits.flatten(2), index.flatten(1)
        weight = weight if weight is None else weight.flatten(1)
    result = evaluated(loss, logits, index, gamma, weight)
    return result if weight is not None else result.view(target.shape).masked_fill(ignored, 0)


def evaluated(loss: Twofold, logits: Tensor, target: Tensor, parameters: Any, weight: Tensor | None) -> Tensor:
    """Return the loss of each example, or given their weights the weighted sum, in the form that is called for.

    Logits have one dimension of positions at most; a target is of an example, or of each of its classes.
    """
    # torch.func differentiates by transforming the operations, so it too must see plain ones.
    if torch.compiler.is_compiling() or transforms_are_active():
        return _weighted_sum(loss.formula(logits, target, parameters), weight)
    if torch.is_grad_enabled() and logits.requires_grad:
        result: Tensor = _LossAndGradient.apply(loss, logits, target, parameters, weight)  # type: ignore[no-untyped-call]
        return result
    return _weighted_sum(_walk(loss.kernel, logits, target, parameters, keep_gradient=False)[0], weight)


def _weighted_sum(loss: Tensor, weight: Tensor | None) -> Tensor:
    return loss if weight is None else (loss * weight).sum()


class _LossAndGradient(torch.autograd.Function):
    """Compute the gradient along with the loss, and hand it out once."""

    @staticmethod
    def forward(  # noqa: PLR0917 (apply takes no keywords)
        ctx: Any, loss: Twofold, logits: Tensor, target: Tensor, parameters: Any, weight: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(logits, target, weight)
        ctx.loss, ctx.parameters = loss, parameters
        value, ctx.gradient = _walk(loss.kernel, logits, target, parameters, keep_gradient=True)
        return _weighted_sum(value, weight)

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[None, Tensor, None, None, None]:
        logits, target, weight = ctx.saved_tensors
        if torch.is_grad_enabled():  # with create_graph=True this very gradient is differentiated
            loss = _weighted_sum(ctx.loss.formula(logits, target, ctx.parameters), weight)
            (gradient,) = torch.autograd.grad(loss, logits, grad_loss, create_graph=True)
            return None, gradient, None, None, None
        # The buffer is given away and scaled in place. Asked again, by a retained graph, it is computed anew:
        # nothing that the caller does to the first gradient can spoil the second.
        gradient, ctx.gradient = ctx.gradient, None
        if gradient is None:
            _, gradient = _walk(ctx.loss.kernel, logits, target, ctx.parameters, keep_gradient=True)
        per_example = grad_loss if weight is None else grad_loss * weight
        return None, gradient.mul_(per_example.unsqueeze(1)), None, None, None


def _walk(
    kernel: Kernel, logits: Tensor, target: Tensor, parameters: Any, *, keep_gradient: bool
) -> tuple[Tensor, Tensor | None]:
    """Run the kernel block by block: over examples, and positions where one example exceeds a block."""
    new = partial(torch.empty, dtype=torch.promote_types(logits.dtype, torch.float32), device=logits.device)
    gradient = new(logits.shape) if keep_gradient else None
    block = _CPU_BLOCK if logits.device.type == "cpu" else _ACCELERATOR_BLOCK
    if target.ndim < logits.ndim:
        target = target.unsqueeze(1)
    if logits.numel() <= block:
        slope = new(logits.shape) if gradient is None else gradient
        return kernel(logits, target, parameters, slope), gradient
    n_classes = logits.shape[1]
    n_positions = logits[0, 0].numel()
    positions = max(1, min(n_positions, block // n_classes))
    examples = max(1, block // (n_classes * positions))
    loss = new(logits.shape[:1] + logits.shape[2:])
    for start in range(0, len(logits), examples):
        rows = slice(start, start + examples)
        for left in range(0, n_positions, positions):
            part = (rows, ..., slice(left, left + positions)) if logits.ndim > 2 else (rows,)
            z = logits[part]
            slope = new(z.shape) if gradient is None else gradient[part]
            loss[part] = kernel(z, target[part], parameters, slope)
    return loss, gradient


def _sigmoid_kernel(logits: Tensor, target: Tensor, gamma: float, slope: Tensor) -> Tensor:
    slope.copy_(logits)
    slope.scatter_(1, target, slope.gather(1, target).neg_())
    loss = focal_(slope, gamma).sum(1)
    slope.scatter_(1, target, slope.gather(1, target).neg_())
    return loss


def _sigmoid_formula(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    logits = at_least_float32(logits)
    return focal(torch.where(_is_target(logits, target), -logits, logits), gamma).sum(1)


def _softmax_kernel(logits: Tensor, target: Tensor, gamma: float, slope: Tensor) -> Tensor:
    logits = logits.to(slope.dtype)
    own = logits.gather(1, target)
    # The least finite number, so that a lone class has loss 0, not NaN.
    others = logits.scatter(1, target, torch.finfo(slope.dtype).min)
    torch.softmax(others, 1, out=slope)
    # logsumexp is the largest minus the logarithm of its share; the large numbers first, they cancel exactly.
    margin = others.amax(1, keepdim=True).sub_(own).sub_(slope.amax(1, keepdim=True).log_())
    loss = focal_(margin, gamma).squeeze(1)
    slope.mul_(margin).scatter_(1, target, margin.neg_())
    return loss


def _softmax_formula(logits: Tensor, target: Tensor, gamma: float) -> Tensor:
    logits = at_least_float32(logits)
    own = logits.gather(1, target.unsqueeze(1))
    others = logits.masked_fill(_is_target(logits, target), torch.finfo(logits.dtype).min)
    # The shift is a constant, as in the kernel: it cancels, and what is left is too small to round much.
    largest = others.detach().amax(1, keepdim=True)
    return focal((others - largest).logsumexp(1) + (largest - own).squeeze(1), gamma)


def focal_(margin: Tensor, gamma: float) -> Tensor:
    """Return f(margin) and leave its derivative in `margin`."""
    cost = softplus(margin, threshold=40)  # beyond it softplus(m) is m, to every digit of a float64
    if gamma == 0:
        margin.sigmoid_()
        return cost
    if gamma in FAST_POWERS:
        modulator = margin.sigmoid_().pow(gamma)
    elif gamma == 4:
        modulator = margin.sigmoid_().square().square_()
    else:
        modulator = margin.sub(cost).mul_(gamma).exp_()  # log sigmoid(m) = m - softplus(m)
        margin.sigmoid_()
    margin.addcmul_(cost, 1 - margin, value=gamma).mul_(modulator)
    return cost.mul_(modulator)


SIGMOID = Twofold(_sigmoid_kernel, _sigmoid_formula)
SOFTMAX = Twofold(_softmax_kernel, _softmax_formula)


def _is_target(logits: Tensor, target: Tensor) -> Tensor:
    classes = torch.arange(logits.shape[1], device=logits.device)
    return along_classes(classes, logits) == target.unsqueeze(1)


def along_classes(vector: Tensor, logits: Tensor) -> Tensor:
    """Shape a vector of shape (C,) so that it broadcasts over the logits."""
    return vector.view(-1, *[1] * (logits.ndim - 2))


def at_least_float32(tensor: Tensor) -> Tensor:
    """Return half-precision numbers as float32, others as they are."""
    return tensor.float() if tensor.dtype.itemsize < 4 else tensor
