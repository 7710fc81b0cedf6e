"""Probabilities at other prevalences than the training's: change the prior, and estimate a new one."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls
from sklearn.exceptions import ConvergenceWarning

from skcb._checks import as_counts, check_integer, check_non_negative, shown
from skcb._decisions.evidence import check_probability
from skcb._warnings import warn

__all__ = ["change_prior", "estimate_prior"]

Floats = NDArray[np.float64]


def change_prior(probability: ArrayLike, from_prior: ArrayLike, to_prior: ArrayLike) -> Floats:
    r"""Take probabilities from the prior that a model was trained with to another.

    .. math:: p'_c \propto p_c \, \pi'_c / \pi_c

    It is exact where the classes look as they did and only their shares have changed, and where the
    probabilities are right: over-confident ones are to be calibrated first.

    Parameters
    ----------
    probability : array-like of shape (n_samples, n_classes)
        Rows sum to 1.
    from_prior : array-like of shape (n_classes,)
        What the probabilities are of, in the order of the columns: counts of the training data do, for a model
        with class weights weight times count. It need not sum to 1.
    to_prior : array-like of shape (n_classes,)
        The prior to go to, likewise. A class of 0 gets 0.

    Returns
    -------
    probability : ndarray of shape (n_samples, n_classes)

    Raises
    ------
    ValueError
        If an argument is not valid, if `from_prior` is 0 where a row is not, or if a row is 0 wherever
        `to_prior` is not.

    See Also
    --------
    LogitAdjustedClassifier : the same as a classifier.
    estimate_prior : where the other prior is not known.

    References
    ----------
    Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001.

    Examples
    --------
    >>> from skcb import change_prior
    >>> change_prior([[0.5, 0.5]], from_prior=[900, 100], to_prior=[0.5, 0.5]).round(2)
    array([[0.1, 0.9]])
    """
    matrix = check_probability(probability)
    old, new = (
        check_prior(prior, matrix.shape[1], name)
        for prior, name in ((from_prior, "from_prior"), (to_prior, "to_prior"))
    )
    _check_support(matrix, old, "from_prior")
    changed = matrix * np.divide(new, old, out=np.zeros(len(old)), where=old > 0)
    total = changed.sum(axis=1, keepdims=True)
    if not total.all():
        row = int((total[:, 0] == 0).argmax())
        raise ValueError(
            f"row {row} of probability, {matrix[row]}, is 0 for all classes that to_prior={new} leaves: it "
            "says that the sample is of none of them"
        )
    changed /= total
    return changed


def estimate_prior(
    probability: ArrayLike,
    prior: ArrayLike,
    *,
    method: Literal["em", "confusion"] = "em",
    confusion: ArrayLike | None = None,
    max_iter: int = 1000,
    tol: float = 1e-8,
) -> Floats:
    r"""Estimate the shares of the classes in unlabelled data from what a model says about it.

    Both methods take it that the classes look as they did in training and only their shares have changed.
    ``"em"`` finds the most likely shares by expectation and maximisation,

    .. math:: q_c \leftarrow \frac{1}{n} \sum_i \frac{q_c \, p_{ic} / \pi_c}{\sum_k q_k \, p_{ik} / \pi_k},
        \qquad q = \pi \text{ at first},

    which leans on the probabilities: over-confident ones run to a corner, so calibrate first.
    ``"confusion"`` leans on decisions alone: it solves :math:`\sum_c P(\hat y = k \mid c) \, q_c = P(\hat y =
    k)` with the rates of a confusion matrix on held-out labelled data, by least squares over shares that are
    not negative.

    Parameters
    ----------
    probability : array-like of shape (n_samples, n_classes)
        Of the unlabelled samples. Rows sum to 1.
    prior : array-like of shape (n_classes,)
        The prior that the model was trained with, in the order of the columns: counts do.
    method : {"em", "confusion"}, default="em"
        How.
    confusion : array-like of shape (n_classes, n_classes), default=None
        For ``"confusion"``: counts on held-out data, rows true and columns predicted (the largest probability), as
        scikit-learn's ``confusion_matrix`` has them.
    max_iter : int, default=1000
        Most iterations of ``"em"``.
    tol : float, default=1e-8
        ``"em"`` ends when no share changes by more.

    Returns
    -------
    prior : ndarray of shape (n_classes,)
        Shares in the order of the columns, which sum to 1.

    Raises
    ------
    ValueError
        If an argument is not valid, if `prior` is 0 where a row is not, or if the confusion matrix cannot tell the
        classes apart.

    Warns
    -----
    ConvergenceWarning
        If ``"em"`` has not converged, with the last change.

    Notes
    -----
    It is a call of its own, and never part of ``predict``: what a sample gets must not depend on the samples
    that it comes with. Hand the result to ``LogitAdjustedClassifier(FrozenEstimator(model), prior=...)``.

    References
    ----------
    Saerens, Latinne, Decaestecker, Adjusting the Outputs of a Classifier to New a Priori Probabilities, 2002.

    Lipton, Wang, Smola, Detecting and Correcting for Label Shift with Black Box Predictors, ICML 2018,
    :arxiv:`1802.03916`.

    Alexandari, Kundaje, Shrikumar, Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label
    Shift Adaptation, ICML 2020, :arxiv:`1901.06852`.

    Examples
    --------
    >>> import numpy as np
    >>> from skcb import estimate_prior
    >>> # Trained at 90 : 10. Half of the new samples look much more as the rare class does.
    >>> probability = np.repeat([[0.99, 0.01], [0.5, 0.5]], 500, axis=0)
    >>> estimate_prior(probability, [900, 100]).round(2)
    array([0.51, 0.49])
    """
    matrix = check_probability(probability)
    old = check_prior(prior, matrix.shape[1], "prior")
    if method == "em":
        if confusion is not None:
            raise ValueError("confusion is for method='confusion'; method='em' has no use for it")
        if check_integer("max_iter", max_iter) < 1:
            raise ValueError(f"max_iter must be at least 1, got {max_iter}")
        return _by_em(matrix, old, max_iter, check_non_negative("tol", tol))
    if method == "confusion":
        return _by_confusion(matrix, old, confusion)
    raise ValueError(f"method must be 'em' or 'confusion', got {method!r}")


def check_prior(prior: Any, n_classes: int, name: str = "prior") -> Floats:
    """Return a prior as shares that sum to 1.

    Raises
    ------
    ValueError
        If it is not one finite number, not negative, for each class, or is 0 throughout.
    """
    if isinstance(prior, Mapping) or np.ndim(prior) == 0:
        raise ValueError(
            f"{name} must be one number per class, in the order of the columns, which have no labels: a list such "
            f"as [1 - p, p]; got {prior!r}"
        )
    shares = as_counts(prior, name=name)
    if len(shares) != n_classes:
        raise ValueError(f"{name} has {len(shares)} numbers for {n_classes} classes")
    if not shares.any():
        raise ValueError(f"{name} is 0 for all {n_classes} classes")
    shares = shares / shares.max()  # so that the sum cannot overflow
    return shares / shares.sum()


def _check_support(matrix: Floats, prior: Floats, name: str) -> None:
    missing = (prior == 0) & (matrix > 0).any(axis=0)
    if missing.any():
        raise ValueError(
            f"{name} is 0 for the classes at {shown(np.flatnonzero(missing).tolist())}, and probability is not: a "
            "model cannot know a class that it was not trained on. Leave the column out, or give its prior"
        )


def _by_em(matrix: Floats, prior: Floats, max_iter: int, tol: float) -> Floats:
    _check_support(matrix, prior, "prior")
    likelihood = matrix / np.where(prior > 0, prior, 1)
    estimate, change = prior, np.inf
    for _ in range(max_iter):
        # The sum over the samples of q_c l_ic / sum_k q_k l_ik, without a matrix for it.
        updated = estimate * (likelihood.T @ (1 / (likelihood @ estimate))) / len(likelihood)
        updated /= updated.sum()
        change = float(np.abs(updated - estimate).max())
        estimate = updated
        if change <= tol:
            return estimate
    warn(
        f"EM has not converged: the shares changed by {change:.2g} in the last of {max_iter} iterations, "
        f"tol={tol:g}; raise max_iter, or tol",
        ConvergenceWarning,
    )
    return estimate


def _by_confusion(matrix: Floats, prior: Floats, confusion: ArrayLike | None) -> Floats:
    n_classes = matrix.shape[1]
    if confusion is None:
        raise ValueError(
            "method='confusion' needs confusion, the counts of held-out data: confusion_matrix(y, y_predicted)"
        )
    counts = np.asarray(confusion, dtype=np.float64)
    if counts.shape != (n_classes, n_classes):
        raise ValueError(f"confusion has shape {counts.shape} for {n_classes} columns of probability")
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("confusion must be counts: finite, not negative")
    of_class = counts.sum(axis=1)
    known = prior > 0
    if not of_class[known].all():
        empty = np.flatnonzero(known & (of_class == 0)).tolist()
        raise ValueError(
            f"confusion has no samples of the classes at {shown(empty)}: nothing says how they are seen"
        )
    rates = (counts[known] / of_class[known, None]).T
    if np.linalg.matrix_rank(rates) < rates.shape[1]:
        raise ValueError(
            "confusion cannot tell the classes apart: its rows, as rates, are linearly dependent (a class that is "
            "never predicted, say). Use method='em'"
        )
    predicted = np.bincount(matrix.argmax(axis=1), minlength=n_classes) / len(matrix)
    solution, _ = nnls(rates, predicted)
    if not solution.any():
        raise ValueError(
            f"the classes predicted here, in shares {predicted}, are none that confusion has predicted: it says "
            "nothing about them"
        )
    estimate = np.zeros(n_classes)
    estimate[known] = solution / solution.sum()
    return estimate
