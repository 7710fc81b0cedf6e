"""Modules and data that the tests of the nets share; importable, so that nets of them pickle."""

import numpy as np
import torch
from torch import nn

from skcb.net import MultilayerPerceptron
from skcb.nn import LOSSES

# Names of the losses of one label per sample, which most tests train with.
OF_ONE_LABEL = [name for name, loss in LOSSES.items() if not loss.takes_indicators]


class Linear(nn.Linear):
    """The smallest module; it asks for its sizes."""

    def __init__(self, n_features_in, n_classes):
        super().__init__(n_features_in, n_classes)


class TwoInputs(nn.Module):
    """Takes a mapping of inputs, by keywords."""

    def __init__(self, n_classes):
        super().__init__()
        self.linear = nn.LazyLinear(n_classes)

    def forward(self, left, right):
        return self.linear(torch.cat([left, right.float()], dim=1))


class Tokens(nn.Module):
    """Looks integers up."""

    def __init__(self, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.linear = nn.Linear(8, n_classes)

    def forward(self, X):
        return self.linear(self.embedding(X).mean(1))


class Noisy(nn.Sequential):
    """Draws from torch's global state while it trains."""

    def __init__(self, n_features_in, n_classes):
        super().__init__(nn.Linear(n_features_in, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, n_classes))


class Perceptron64(MultilayerPerceptron):
    """The default module in double precision."""

    def __init__(self, n_features_in, n_classes):
        super().__init__(n_features_in, n_classes, dtype=torch.float64)


def imbalanced(n_samples=300, n_features=5, seed=0):
    """Three Gaussian classes, of 200, 80 and 20 in 300 samples, in a random order."""
    rng = np.random.default_rng(seed)
    sizes = np.array([10, 4, 1]) * (n_samples // 15)
    y = rng.permutation(np.repeat(np.arange(3), sizes))
    X = rng.normal(size=(len(y), n_features)) + 1.5 * np.eye(3, n_features)[y]
    return X.astype(np.float32), y
