"""The formula of each paper, slowly: loops over examples and classes, in 60 digits, one loss per example."""

from collections.abc import Callable
from functools import partial

import mpmath
import numpy as np
from mpmath import mpf

mpmath.mp.dps = 60


def log_softmax(logits):
    total = mpmath.log(sum(mpmath.exp(z) for z in logits))
    return [z - total for z in logits]


def log_one_minus_exp(x):
    """log(1 - e^x), minus infinity at 0."""
    return mpmath.log(-mpmath.expm1(x)) if x < 0 else -mpmath.inf


def power(log_base, exponent):
    return mpf(1) if exponent == 0 else mpmath.exp(exponent * log_base)


def cross_entropy_of(logits, y):
    return -log_softmax(logits)[y]


def softmax_focal_of(logits, y, gamma):
    """-(1 - p_y)^gamma log p_y, with 1 - p_y as the sum of the others' probabilities."""
    log_p = log_softmax(logits)
    others = sum((mpmath.exp(log_p[j]) for j in range(len(logits)) if j != y), mpf(0))
    modulator = mpf(1) if gamma == 0 else others**gamma
    return -modulator * mpmath.log1p(-others) if others < 0.5 else -modulator * log_p[y]


def sigmoid_focal_of(logits, y, gamma):
    total = mpf(0)
    for j, z in enumerate(logits):
        sign = 1 if j == y else -1
        wrong = 1 / (1 + mpmath.exp(sign * z))  # 1 - q
        total += (mpf(1) if gamma == 0 else wrong**gamma) * mpmath.log1p(mpmath.exp(-sign * z))
    return total


def margin_of(logits, y, counts, max_margin, scale):
    smallest = min(n for n in counts if n > 0)
    margin = max_margin * (mpf(smallest) / counts[y]) ** mpf("0.25")
    return cross_entropy_of([scale * (z - (margin if j == y else 0)) for j, z in enumerate(logits)], y)


def vector_scaling_of(logits, y, counts, gamma, tau):
    total, largest = mpf(sum(counts)), mpf(max(counts))
    return cross_entropy_of(
        [
            (n / largest) ** mpf(gamma) * z + tau * mpmath.log(n / total)
            for z, n in zip(logits, counts, strict=True)
        ],
        y,
    )


def class_weights(counts, beta):
    """1 / E_n, with mean 1 over the classes present."""
    inverse = [(1 - mpf(beta)) / (1 - mpf(beta) ** int(n)) if n else mpf(0) for n in counts]
    present = sum(1 for n in counts if n)
    return [value * present / sum(inverse) for value in inverse]


def losses(of: Callable, logits, target):
    """One loss per example, float64."""
    return np.array(
        [float(of([mpf(float(z)) for z in row], int(y))) for row, y in zip(logits, target, strict=True)]
    )


def gradients(of: Callable, logits, target):
    """Central differences in 60 digits: right to every digit of a float64."""
    step = mpf(10) ** -20
    result = np.zeros(np.shape(logits))
    for i, (row, y) in enumerate(zip(logits, target, strict=True)):
        for j in range(len(row)):
            up, down = [mpf(float(z)) for z in row], [mpf(float(z)) for z in row]
            up[j] += step
            down[j] -= step
            result[i, j] = float((of(up, int(y)) - of(down, int(y))) / (2 * step))
    return result


def of(name: str, **parameters) -> Callable:
    return partial(globals()[f"{name}_of"], **parameters)
