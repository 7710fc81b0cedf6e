"""Probabilities of a model that is nearly right, of classes that are not equally frequent."""

import numpy as np
from scipy.special import softmax

from skcb._decisions.evidence import Evidence, floored_log


def made(n_rows, n_classes, seed=0, *, ratio=10.0, temperature=1.3):
    """Return labels and probabilities; every class has a sample."""
    rng = np.random.default_rng(seed)
    prior = np.geomspace(1, 1 / ratio, n_classes)
    prior /= prior.sum()
    y = rng.choice(n_classes, n_rows, p=prior)
    y[:n_classes] = np.arange(n_classes)
    logits = rng.normal(size=(n_rows, n_classes)) * 1.5 + np.log(prior)
    logits[np.arange(n_rows), y] += 2
    return y, softmax(temperature * logits, axis=1)


def evidence_of(y, probability, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    n_classes = probability.shape[1]
    counts = np.bincount(y, weight, n_classes)
    return Evidence(
        floored_log(probability), y, weight, np.arange(len(y)), counts / counts.sum(), np.ones(n_classes, bool)
    )
