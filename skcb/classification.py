"""The meta-estimator that makes any classifier class-balanced, from the labels that each ``fit`` receives."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.ensemble import StackingClassifier
from sklearn.utils.validation import check_is_fitted

from skcb._classes.vector import Rule, effective_number_rule
from skcb._upstream import HasMethods, Interval, StrOptions
from skcb._wrappers import WeightedClassifier, estimator_has
from skcb.balancing import Normalization

__all__ = ["ClassBalancedClassifier"]


class ClassBalancedClassifier(WeightedClassifier):
    r"""Fit a classifier with class-balanced sample weights, computed from the labels that `fit` receives.

    .. math:: w_i \propto (1 - \beta) / (1 - \beta^{n_{y_i}})

    Because the weights are computed in `fit`, every fold of a cross-validation has its own, and `beta` can be
    searched like any parameter, alone or in a Pipeline.

    Parameters
    ----------
    estimator : classifier
        Anything whose ``fit`` takes ``sample_weight``, or a Pipeline that ends in one. It is cloned, never
        changed.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, scikit-learn's ``class_weight="balanced"``.
        :func:`beta_grid` proposes values between.
    normalize : {"classes", "samples"} or None, default="samples"
        What the weights average one over. ``"samples"`` leaves the sum of the weights, and with it the
        meaning of a regularisation strength, as it was. See :func:`class_weight`.
    prior_correction : bool, default=False
        Divide the class weights back out of ``predict_proba``, so that probabilities match the prevalence of
        the classes in training. ``predict`` keeps the class-balanced decision, so the two then differ.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of the columns of ``predict_proba``.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class.

    Raises
    ------
    TypeError
        In `fit`, if the weights cannot reach the estimator or a sampler stands in the Pipeline.
    ValueError
        In `fit`, if `y` or `sample_weight` is not valid.

    See Also
    --------
    LogitAdjustedClassifier : for estimators that take no weights.
    EffectiveNumberStrategy : re-sampling to the same effect.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skcb import ClassBalancedClassifier, beta_grid, count_classes, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> search = GridSearchCV(
    ...     make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression())),
    ...     {"classbalancedclassifier__beta": beta_grid(count_classes(y).counts)},
    ...     scoring="balanced_accuracy",
    ... ).fit(X, y)
    >>> search.score(X_test, y_test) > LogisticRegression().fit(X / 16, y).score(X_test / 16, y_test)
    True
    """

    _parameter_constraints = {  # noqa: RUF012 - as scikit-learn has it
        # A StackingClassifier shows its predict only once it is fitted.
        "estimator": [HasMethods(["fit", "predict"]), StackingClassifier],
        "beta": [Interval(Real, 0, 1, closed="both")],
        "normalize": [StrOptions({"classes", "samples"}), None],
        "prior_correction": ["boolean"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        beta: float = 0.999,
        normalize: Normalization = "samples",
        prior_correction: bool = False,
    ) -> None:
        self.estimator = estimator
        self.beta = beta
        self.normalize = normalize
        self.prior_correction = prior_correction

    def _rule(self) -> Rule:
        return effective_number_rule(self.beta, self.normalize)

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class: the estimator's, or with `prior_correction` the training prevalence's.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        if not self.prior_correction:
            check_is_fitted(self)
            return self.estimator_.predict_proba(X)
        return np.exp(self._corrected(X))

    @estimator_has("predict_log_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        if not self.prior_correction:
            check_is_fitted(self)
            return self.estimator_.predict_log_proba(X)
        return self._corrected(X)

    def _corrected(self, X: Any) -> NDArray[np.float64]:
        log_proba = self._log_proba(X)
        # A class whose samples all weigh 0 has nothing to divide by.
        return log_softmax(log_proba - np.log(np.where(self.class_weight_ > 0, self.class_weight_, 1)), axis=1)
