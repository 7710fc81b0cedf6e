"""Decisions other than the largest probability: the prior of the classes divided out."""

import functools
import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator

from skcb._classes.vector import ClassVector, count
from skcb._pipelines import fit_clone, last_step, takes_no_weight, takes_weight
from skcb._upstream import HasMethods, Interval, fit_context
from skcb._wrappers import ClassifierAround, estimator_has
from skcb.balancing import logit_adjustment

__all__ = ["LogitAdjustedClassifier"]


class _TakesWeightsAsItsEstimator:
    """A ``fit`` whose signature has ``sample_weight`` on those instances alone whose estimator takes it.

    Meta-estimators around look there (``has_fit_parameter``), and hand weights to whom advertises it.
    """

    def __init__(self, fit: Callable[..., Any]) -> None:
        self.fit = fit
        functools.update_wrapper(self, fit)  # type: ignore[arg-type]

    def __get__(self, owner: Any, kind: type) -> Callable[..., Any]:
        if owner is None:
            return self.fit
        bound = self.fit.__get__(owner, kind)
        estimator = owner.estimator
        if not hasattr(estimator, "fit") or takes_weight(estimator):
            return bound
        if isinstance(last_step(estimator), FrozenEstimator):
            return bound

        @functools.wraps(bound)
        def without_weight(X: Any, y: Any, **fit_params: Any) -> Any:
            if fit_params.get("sample_weight") is not None:
                raise TypeError(takes_no_weight(owner, estimator))
            return bound(X, y, **fit_params)

        signature = _without(inspect.signature(bound), "sample_weight")
        without_weight.__signature__ = signature  # type: ignore[attr-defined]
        return without_weight


def _without(signature: inspect.Signature, name: str) -> inspect.Signature:
    return signature.replace(parameters=[p for p in signature.parameters.values() if p.name != name])


class LogitAdjustedClassifier(ClassifierAround):
    r"""Fit a classifier as it is, and divide the prior of the classes out of its decisions.

    .. math:: \hat y = \arg\max_c \; \log p_c(x) - \tau \log \pi_c, \qquad \pi_c = n_c / \textstyle\sum_k n_k

    Needs probabilities, not weights, so it serves nearest neighbours and other estimators that take none.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba``, or a Pipeline that ends in one. It is cloned, never changed.
    tau : float >= 0, default=1.0
        Strength of the adjustment: 0 keeps the estimator's decisions; 1 is the decision for balanced classes,
        if the probabilities are right.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone; its ``predict_proba`` is the posterior before the adjustment.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of the columns of ``predict_proba``.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.

    Raises
    ------
    TypeError
        In `fit`, if the estimator has no ``predict_proba``, if it takes no weights though `sample_weight` is
        given, or if a sampler stands in the Pipeline.
    ValueError
        In `fit`, if `y` or `sample_weight` is not valid.

    References
    ----------
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.

    Examples
    --------
    >>> from sklearn.metrics import balanced_accuracy_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skcb import LogitAdjustedClassifier, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> plain = KNeighborsClassifier(10)
    >>> adjusted = LogitAdjustedClassifier(plain).fit(X, y)
    >>> adjusted.score(X_test, y_test) > plain.fit(X, y).score(X_test, y_test)
    True
    """

    _parameter_constraints = {  # noqa: RUF012 - as scikit-learn has it
        # A StackingClassifier shows its predict only once it is fitted.
        "estimator": [HasMethods(["fit", "predict"]), StackingClassifier],
        "tau": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, estimator: Any, *, tau: float = 1.0) -> None:
        self.estimator = estimator
        self.tau = tau

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Count the classes of `y` and fit a clone of the estimator without class weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Goes to the estimator, and weights the prior. Where the estimator takes none, neither does this
            method: its signature has no ``sample_weight`` then. A frozen estimator stays as it is.
        **fit_params : dict
            Passed on to ``estimator.fit``; with metadata routing on, routed.

        Returns
        -------
        self : LogitAdjustedClassifier
        """
        y, labels, given = self._check_fit(y, sample_weight, fit_params)
        classes, counts = count(labels, given)
        if not hasattr(self.estimator, "predict_proba"):
            raise TypeError(
                f"LogitAdjustedClassifier needs probabilities, and {type(self.estimator).__name__} has no "
                "predict_proba; wrap it: LogitAdjustedClassifier(CalibratedClassifierCV(...))"
            )
        shift = logit_adjustment(counts.astype(np.float64), self.tau)
        self.estimator_ = fit_clone(self, X, y, None if self._is_frozen() else given, fit_params)
        self.class_count_ = self._align(ClassVector(classes, counts)).astype(np.float64)
        # A class whose samples all weigh 0 has no prior to divide out.
        self._shift = self._align(ClassVector(classes, np.where(np.isfinite(shift), shift, 0)))
        return self

    fit = _TakesWeightsAsItsEstimator(fit)

    def _is_frozen(self) -> bool:
        return isinstance(last_step(self.estimator), FrozenEstimator)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class with the largest adjusted posterior.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        adjusted = self._adjusted(X)
        return self.classes_[adjusted.argmax(axis=1)]

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Adjusted posterior, normalised.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        return softmax(self._adjusted(X), axis=1)

    @estimator_has("predict_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        return log_softmax(self._adjusted(X), axis=1)

    def _adjusted(self, X: Any) -> NDArray[np.float64]:
        return self._log_proba(X) - self._shift
