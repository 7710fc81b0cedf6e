"""The kernels of the losses, as Triton compiles them for a GPU.

All losses are the scalar function of a margin that `_focal` explains; the cross-entropies are that with gamma 0.
The logit of class c is taken as ``scale[c] * (z[c] - margin[c] * (c == target)) + shift[c]``. A program has a tile
of examples with all their classes. Of (N, C, d1, ...) each of N and d1, ... together is an example.
"""

import triton
import triton.language as tl


@triton.jit
def _parts(margin):
    """The probability of being wrong, of being right, softplus(margin), and that of -|margin|."""
    far = tl.exp(-tl.abs(margin))
    # One reciprocal serves 1 / (1 + far) and 1 / (2 + far); log(1 + far) is 2 artanh(far / (2 + far)), which keeps
    # all digits where far is small.
    inverse = 1 / ((1 + far) * (2 + far))
    likelier = inverse * (2 + far)
    ratio = far * inverse * (1 + far)
    square = ratio * ratio
    series = square * (1 / 9 + square * (1 / 11 + square * (1 / 13 + square * (1 / 15))))
    log_rest = 2 * ratio * (1 + square * (1 / 3 + square * (1 / 5 + square * (1 / 7 + series))))
    wrong = tl.where(margin >= 0, likelier, far * likelier)
    right = tl.where(margin >= 0, far * likelier, likelier)
    return wrong, right, tl.maximum(margin, 0) + log_rest, log_rest


@triton.jit
def _modulator(margin, wrong, log_rest, gamma, FOCUS: tl.constexpr):
    """The probability of being wrong to the power of gamma."""
    if FOCUS == 1:
        return wrong
    elif FOCUS == 2:
        return wrong * wrong
    else:
        return tl.exp(gamma * (tl.minimum(margin, 0) - log_rest))


@triton.jit
def _cost(margin, gamma, FOCUS: tl.constexpr):
    """f(margin)."""
    wrong, _right, cost, log_rest = _parts(margin)
    if FOCUS != 0:
        cost *= _modulator(margin, wrong, log_rest, gamma, FOCUS)
    return cost


@triton.jit
def _slope(margin, gamma, FOCUS: tl.constexpr):
    """The derivative of f."""
    wrong, right, cost, log_rest = _parts(margin)
    if FOCUS != 0:
        wrong = (wrong + gamma * right * cost) * _modulator(margin, wrong, log_rest, gamma, FOCUS)
    return wrong


@triton.jit
def _examples(target, n, n_positions, by_example, by_position, ignore_index, ROWS: tl.constexpr):
    """The examples of this program's tile: number, whether there, offset of the logits, class, whether counted."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    there = row < n
    y = tl.load(target + row, mask=there, other=ignore_index)
    counted = y != ignore_index
    start = (row // n_positions) * by_example + (row % n_positions) * by_position
    return row, there, start, tl.where(counted, y, 0), counted


@triton.jit
def _scaled_and_shifted(z, column, there, scale, scales, shifts):
    if scales is not None:
        z *= tl.load(scales + column, mask=there, other=1).to(tl.float32)
    else:
        z *= scale
    if shifts is not None:
        z += tl.load(shifts + column, mask=there, other=0).to(tl.float32)
    return z


@triton.jit
def _of_targets(logits, y, counted, by_class, scale, scales, shifts, margins):
    """The adjusted logits of the targets of examples whose logits begin at `logits`."""
    z = tl.load(logits + y * by_class, mask=counted, other=0).to(tl.float32)
    if margins is not None:
        z -= tl.load(margins + y, mask=counted, other=0).to(tl.float32)
    return _scaled_and_shifted(z, y, counted, scale, scales, shifts)


@triton.jit(debug=True)
def loss_kernel(
    logits, target, weight, scales, shifts, margins, log_others, losses, counts,
    n, n_classes, n_positions, by_example, by_class, by_position, ignore_index, scale, gamma,
    SOFTMAX: tl.constexpr, FOCUS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Write a tile's sum of weighted losses and how many are counted; of each example the others' log-sum-exp."""
    row, there, start, y, counted = _examples(target, n, n_positions, by_example, by_position, ignore_index, ROWS)
    tl.device_assert((y >= 0) & (y < n_classes), "a target lies outside the classes that were counted")
    column = tl.arange(0, COLUMNS)[None, :]
    is_class = column < n_classes
    place = start[:, None] + column.to(tl.int64) * by_class
    z = tl.load(logits + place, mask=counted[:, None] & is_class, other=0).to(tl.float32)
    is_target = column == y.to(tl.int32)[:, None]
    if SOFTMAX:
        own = _of_targets(logits + start, y, counted, by_class, scale, scales, shifts, margins)
        others = _scaled_and_shifted(z, column, is_class, scale, scales, shifts)
        others = tl.where(is_target | (column >= n_classes), -float("inf"), others)
        # Where no other class can be, the logarithm of 0 is far below any logit: infinity would become NaN.
        largest = tl.maximum(tl.max(others, 1), -1e30)
        log_sum = tl.maximum(largest + tl.log(tl.sum(tl.exp(others - largest[:, None]), 1)), -1e30)
        tl.store(log_others + row, log_sum, mask=there)
        cost = _cost(log_sum - own, gamma, FOCUS)
    else:
        costs = _cost(tl.where(is_target, -z, z), gamma, FOCUS)
        cost = tl.sum(tl.where(is_class, costs, 0), 1)
    of_class = tl.load(weight + y, mask=counted, other=0).to(tl.float32)
    tl.store(losses + tl.program_id(0), tl.sum(tl.where(counted, cost * of_class, 0)))
    tl.store(counts + tl.program_id(0), tl.sum(counted.to(tl.int32)))


@triton.jit
def total_kernel(losses, counts, total, share, n_tiles, MEAN: tl.constexpr, TILES: tl.constexpr):
    """Add the tiles up, always in the same order; with MEAN divide by the number of examples that are counted."""
    tile = tl.arange(0, TILES)
    there = tile < n_tiles
    loss = tl.sum(tl.load(losses + tile, mask=there, other=0).to(tl.float64))
    number = tl.sum(tl.load(counts + tile, mask=there, other=0).to(tl.int64))
    divisor = tl.maximum(number, 1).to(tl.float64) if MEAN else 1.0
    tl.store(total, (loss / divisor).to(tl.float32))
    tl.store(share, (1.0 / divisor).to(tl.float32) if MEAN else 1.0)


@triton.jit
def gradient_kernel(
    grad_total, share, logits, target, weight, scales, shifts, margins, log_others, gradient,
    n, n_classes, n_positions, by_example, by_class, by_position, to_example, to_class, to_position,
    ignore_index, scale, gamma,
    SOFTMAX: tl.constexpr, FOCUS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Write the gradient of a tile, 0 where an example is ignored."""
    row, there, start, y, counted = _examples(target, n, n_positions, by_example, by_position, ignore_index, ROWS)
    column = tl.arange(0, COLUMNS)[None, :]
    is_class = column < n_classes
    place = start[:, None] + column.to(tl.int64) * by_class
    z = tl.load(logits + place, mask=counted[:, None] & is_class, other=0).to(tl.float32)
    is_target = column == y.to(tl.int32)[:, None]
    factor = tl.load(weight + y, mask=counted, other=0).to(tl.float32)
    factor *= tl.load(grad_total).to(tl.float32) * tl.load(share)
    if SOFTMAX:
        own = _of_targets(logits + start, y, counted, by_class, scale, scales, shifts, margins)
        log_sum = tl.load(log_others + row, mask=counted, other=0)
        factor *= _slope(log_sum - own, gamma, FOCUS)
        others = _scaled_and_shifted(z, column, is_class, scale, scales, shifts)
        g = factor[:, None] * tl.where(is_target, -1, tl.exp(tl.where(is_target, 0, others - log_sum[:, None])))
        g = _scaled_and_shifted(g, column, is_class, scale, scales, None)
    else:
        slopes = _slope(tl.where(is_target, -z, z), gamma, FOCUS)
        g = factor[:, None] * tl.where(is_target, -slopes, slopes)
    g = tl.where(counted[:, None], g, 0)
    place = (row // n_positions) * to_example + (row % n_positions) * to_position
    place = place[:, None] + column.to(tl.int64) * to_class
    tl.store(gradient + place, g.to(gradient.dtype.element_ty), mask=there[:, None] & is_class)
