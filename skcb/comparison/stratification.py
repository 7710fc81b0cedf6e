"""Folds of samples with several labels, each with its share of every label."""

import numpy as np
from numpy.typing import NDArray


def folds_with_shares(
    Y: NDArray[np.int8], n_folds: int, rng: np.random.RandomState
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    r"""Return training and test rows of folds among which the samples of every label are spread evenly.

    Iterative stratification of Sechidis, Tsoumakas and Vlahavas (ECML PKDD 2011,
    :doi:`10.1007/978-3-642-23808-6_10`): the label with the fewest samples left is dealt out first, each sample of
    it to the fold that lacks it most, and among these to the fold that lacks samples most; the samples without
    labels come last. Ties are broken by `rng`.

    `Y` is an indicator matrix of shape (n_samples, n_labels).
    """
    n_samples = len(Y)
    wanted = np.full(n_folds, n_samples / n_folds)
    wanted_of_label = np.repeat(Y.sum(axis=0, dtype=np.float64) / n_folds, n_folds).reshape(-1, n_folds)
    left = Y.sum(axis=0, dtype=np.int64)
    fold = np.full(n_samples, -1)
    shuffled = rng.permutation(n_samples)
    while left.any():
        label = int(np.where(left > 0, left, n_samples + 1).argmin())
        for row in shuffled[(Y[shuffled, label] > 0) & (fold[shuffled] < 0)]:
            fold[row] = taken = _most_in_want(wanted_of_label[label], wanted, rng)
            wanted[taken] -= 1
            wanted_of_label[Y[row] > 0, taken] -= 1
            left -= Y[row]
    for row in shuffled[fold[shuffled] < 0]:
        fold[row] = taken = _most_in_want(wanted, wanted, rng)
        wanted[taken] -= 1
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(n_folds)]


def _most_in_want(first: NDArray[np.float64], then: NDArray[np.float64], rng: np.random.RandomState) -> int:
    best = np.flatnonzero(first == first.max())
    best = best[then[best] == then[best].max()]
    return int(best[0] if len(best) == 1 else rng.choice(best))
