"""Long-tailed data: how many samples each class keeps, a maker for any data, and the embedded digits."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.utils import check_consistent_length, check_random_state

from skcb._checks import check_integer, check_real
from skcb._classes.labels import encode_labels
from skcb._classes.vector import ClassVector, count
from skcb._upstream import rows_of as take_rows
from skcb.counting import count_classes

__all__ = ["load_long_tailed_digits", "long_tailed_counts", "make_long_tailed"]

Profile = Literal["exp", "step"]


def long_tailed_counts(
    n_max: int, n_classes: int, imbalance_ratio: float = 100.0, *, profile: Profile = "exp"
) -> NDArray[np.int64]:
    r"""Samples per class of a long-tailed data set.

    .. math:: n_i = \lfloor n_{\max} \, \rho^{-i / (C - 1)} \rfloor

    Parameters
    ----------
    n_max : int >= 1
        Samples of the largest class, the first.
    n_classes : int >= 2
        Number of classes C.
    imbalance_ratio : float >= 1, default=100
        Ratio :math:`\rho` between the largest and the smallest class; 1 is balanced.
    profile : {"exp", "step"}, default="exp"
        ``"exp"`` falls geometrically; in ``"step"`` the first half of the classes has `n_max` samples and the
        rest ``n_max / imbalance_ratio``.

    Returns
    -------
    counts : ndarray of shape (n_classes,), int64

    Raises
    ------
    ValueError
        If an argument is out of range, or if the smallest class would have no samples.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    CIFAR-10-LT of the paper:

    >>> from skcb import long_tailed_counts
    >>> long_tailed_counts(5000, 10, 100)
    array([5000, 2997, 1796, 1077,  645,  387,  232,  139,   83,   50])
    """
    check_integer("n_max", n_max)
    if check_integer("n_classes", n_classes) < 2:
        raise ValueError(f"n_classes must be at least 2, got {n_classes!r}")
    counts = np.array([_floor(n_max * share) for share in _shares(n_classes, imbalance_ratio, profile)])
    if counts.min() < 1:
        raise ValueError(
            f"the smallest class would have {counts.min()} samples: n_max={n_max!r} is less than "
            f"imbalance_ratio={imbalance_ratio!r}"
        )
    return counts


def make_long_tailed(
    X: Any,
    y: Any,
    *,
    imbalance_ratio: float = 100.0,
    profile: Profile = "exp",
    random_state: int | np.random.RandomState | None = None,
) -> tuple[Any, Any]:
    """Draw a long-tailed part of a data set; the classes shrink in sorted order.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n_samples, ...)
        Data, of any kind that scikit-learn can take rows of.
    y : array-like of shape (n_samples,)
        Labels.
    imbalance_ratio : float >= 1, default=100
        Ratio between the largest and the smallest class; 1 is balanced.
    profile : {"exp", "step"}, default="exp"
        See :func:`long_tailed_counts`, whose `n_max` is the largest that every class has samples for.
    random_state : int, RandomState instance or None, default=None
        Which samples are drawn. They stay in their order.

    Returns
    -------
    X, y : of the same kinds, with fewer rows

    Raises
    ------
    ValueError
        If an argument is out of range, or if a class has too few samples for the ratio.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skcb import count_classes, make_long_tailed
    >>> X, y = make_long_tailed(*load_iris(return_X_y=True), imbalance_ratio=10, random_state=0)
    >>> count_classes(y).counts
    array([50, 15,  5])
    """
    check_consistent_length(X, y)
    encoded = encode_labels(y)
    classes, available = count(encoded)
    codes = ClassVector.codes(classes).of(encoded)
    if len(classes) < 2:
        raise ValueError(f"y has one class alone, {classes[0]!r}: there is nothing to make a tail of")
    n_max = min(map(_floor, available / _shares(len(classes), imbalance_ratio, profile)))
    counts = long_tailed_counts(n_max, len(classes), imbalance_ratio, profile=profile)
    rng = check_random_state(random_state)
    # Rows in the order of their classes: one sort in place of a pass for each class.
    rows_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(available)[:-1])
    drawn = [rng.choice(rows, size, replace=False) for rows, size in zip(rows_of, counts, strict=True)]
    kept = np.sort(np.concatenate(drawn))
    return take_rows(X, kept), take_rows(y, kept)


def load_long_tailed_digits(
    *,
    imbalance_ratio: float = 20.0,
    profile: Profile = "exp",
    test_size: int = 50,
    random_state: int | np.random.RandomState | None = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Load scikit-learn's handwritten digits: a long-tailed training part and a balanced test part.

    Parameters
    ----------
    imbalance_ratio : float >= 1, default=20
        Ratio between the largest class, the zeros, and the smallest, the nines.
    profile : {"exp", "step"}, default="exp"
        See :func:`long_tailed_counts`.
    test_size : int, default=50
        Test samples of each class.
    random_state : int, RandomState instance or None, default=0
        Which samples go where.

    Returns
    -------
    X_train, X_test, y_train, y_test : ndarrays
        In the order of ``train_test_split``; 64 pixels from 0 to 16 per row.

    Raises
    ------
    ValueError
        If an argument is out of range, or if a class has too few samples for the ratio.

    Examples
    --------
    >>> from skcb import count_classes, load_long_tailed_digits
    >>> X_train, X_test, y_train, y_test = load_long_tailed_digits()
    >>> count_classes(y_train).counts
    array([...])
    >>> count_classes(y_test).counts
    array([50, 50, 50, 50, 50, 50, 50, 50, 50, 50])
    """
    rng = check_random_state(random_state)
    X, y = load_digits(return_X_y=True)
    smallest = int(count_classes(y).counts.min())
    if not 1 <= check_integer("test_size", test_size) < smallest:
        raise ValueError(
            f"test_size must be at least 1 and below {smallest}, the size of the smallest class, got {test_size!r}"
        )
    rows = np.arange(len(y))
    test = np.concatenate([rng.choice(rows[y == digit], test_size, replace=False) for digit in range(10)])
    train = np.setdiff1d(rows, test)
    X_train, y_train = make_long_tailed(
        X[train], y[train], imbalance_ratio=imbalance_ratio, profile=profile, random_state=rng
    )
    return X_train, X[test], y_train, y[test]


def _floor(size: float) -> int:
    """Round down, but for what a rounding of the share itself took away."""
    nearest = round(size)
    return nearest if abs(size - nearest) <= 1e-9 * max(nearest, 1) else int(size)


def _shares(n_classes: int, imbalance_ratio: float, profile: Profile) -> NDArray[np.float64]:
    """Size of each class as a share of the largest."""
    if not 1 <= check_real("imbalance_ratio", imbalance_ratio) < np.inf:
        raise ValueError(f"imbalance_ratio must be finite and at least 1, got {imbalance_ratio!r}")
    if profile == "exp":
        return np.array([imbalance_ratio ** (-i / (n_classes - 1)) for i in range(n_classes)])
    if profile == "step":
        return np.where(np.arange(n_classes) < n_classes / 2, 1.0, 1 / imbalance_ratio)
    raise ValueError(f'profile must be "exp" or "step", got {profile!r}')
