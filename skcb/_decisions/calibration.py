"""Calibrate out-of-fold probabilities: one temperature, and one bias for each class with samples enough."""

from typing import NamedTuple

import numpy as np

from skcb._decisions.evidence import Evidence
from skcb._decisions.paths import Floats

# So many numbers at a time stay in the cache; and so many rows at least make a product of matrices worth its call.
_CACHED = 1 << 15
_ROWS = 256

_STEPS = 50
# Fractions of a step, and what is left to gain, of the likelihood, when it ends.
_LENGTHS = (1.0, 0.5, 0.25, 0.1, 0.01, 0.001)
_PRECISION = 1e-12
_JUMP = 3.0


class Calibration(NamedTuple):
    """The map from log p to softmax(log p / temperature + bias)."""

    temperature: float
    bias: Floats

    def logits(self, log_probability: Floats) -> Floats:
        """Calibrated logits, of the shape of what is given."""
        logits = log_probability / self.temperature
        logits += self.bias
        return logits

    def probability(self, log_probability: Floats) -> Floats:
        """Calibrated probabilities, of the shape of what is given."""
        probability = self.logits(log_probability)
        for start in range(0, len(probability), size := _block(probability)):
            _softmax(probability[start : start + size])
        return probability


def calibrate(evidence: Evidence) -> Calibration:
    r"""Fit temperature T and biases b by their likelihood, drawn towards 1 and 0.

    .. math:: \min_{T, b} \; -\sum_i w_i \log \mathrm{softmax}(\log p_i / T + b)_{y_i} + (\log T)^2 + \|b\|^2

    A class without samples enough keeps bias 0. Newton's steps: four or five are enough, where quasi-Newton
    methods need thirty looks at the probabilities, and a hundred where there are many classes, most of them rare.
    """
    free = np.append(True, evidence.biased)
    likelihood = _Likelihood(evidence)
    parameters = np.zeros(len(free))
    value, gradient, curvature = likelihood(parameters)
    for _ in range(_STEPS):
        step = np.zeros(len(free))
        step[free] = -np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        # A scale that jumps would overflow before it is found to be too large.
        step /= max(1.0, abs(step[0]) / _JUMP)
        gain = -(gradient @ step)
        if gain <= _PRECISION * max(1.0, abs(value)):
            break
        for length in _LENGTHS:
            there = parameters + length * step
            found = likelihood(there)
            if found[0] <= value - 1e-4 * length * gain:
                break
        else:  # rounding hides what is left to gain
            break
        parameters, (value, gradient, curvature) = there, found
    return Calibration(float(np.exp(-parameters[0])), parameters[1:])


class _Likelihood:
    """Minus the penalised log-likelihood of (-log T, b), with its gradient and its curvature."""

    def __init__(self, evidence: Evidence) -> None:
        self.logits, self.weight = evidence.log_probability, evidence.weight
        n_rows, n_classes = self.logits.shape
        self.total = np.bincount(evidence.true, self.weight, n_classes)
        self.of_true = float(self.weight @ self.logits[np.arange(n_rows), evidence.true])

    def __call__(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        scale, bias = np.exp(parameters[0]), parameters[1:]
        value, slope = -(scale * self.of_true + self.total @ bias), -self.of_true
        expected, crossed, bend = np.zeros(len(bias)), np.zeros(len(bias)), 0.0
        curvature = np.zeros((len(parameters), len(parameters)))
        for start in range(0, len(self.logits), size := _block(self.logits)):
            part, weight = self.logits[start : start + size], self.weight[start : start + size]
            probability = scale * part + bias
            value += weight @ _softmax(probability)
            mean = np.einsum("ij,ij->i", probability, part)
            weighted = probability * weight[:, None]
            curvature[1:, 1:] -= weighted.T @ probability
            expected += weighted.sum(axis=0)
            slope += weight @ mean
            crossed -= mean @ weighted
            bend -= weight @ mean**2
            weighted *= part
            crossed += weighted.sum(axis=0)
            bend += np.vdot(weighted, part)
        value += parameters @ parameters
        gradient = np.concatenate([[slope * scale], expected - self.total]) + 2 * parameters
        curvature[0, 1:] = curvature[1:, 0] = scale * crossed
        # Where the slope is negative its part of the curvature would not be that of a minimum.
        curvature[0, 0] = scale**2 * bend + max(scale * slope, 0)
        curvature[np.arange(len(parameters)), np.arange(len(parameters))] += 2 + np.append(0, expected)
        return float(value), gradient, curvature


def _block(matrix: Floats) -> int:
    return max(_ROWS, _CACHED // matrix.shape[1])


def _softmax(logits: Floats) -> Floats:
    """Turn rows of logits into probabilities where they stand; return the log of each row's sum."""
    largest = logits.max(axis=1, keepdims=True)
    logits -= largest
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    logits /= total
    return np.asarray((largest + np.log(total))[:, 0])
