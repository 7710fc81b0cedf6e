"""Meta-estimators that make any classifier class-balanced, from the labels that each ``fit`` receives."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, is_regressor
from sklearn.utils import Tags, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skcb._checks import check_sample_weight, check_target
from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassCounts, ClassVector, count
from skcb.balancing import Normalization, class_weight, logit_adjustment
from skcb.fitting import fit_clone, router_of


def _estimator_has(method: str) -> Any:
    """Whether the fitted estimator, or before `fit` the one given, has the method."""

    def has(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return available_if(has)


class _ClassifierAround(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """What every wrapper of a classifier shares: what it shows of the fitted estimator, tags and routing."""

    @property
    def classes_(self) -> NDArray[Any]:
        return self.estimator_.classes_

    @property
    def n_features_in_(self) -> int:
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        return self.estimator_.feature_names_in_

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing: ``sample_weight`` is consumed here, the rest goes to the estimator."""
        return router_of(self)

    def _count(
        self, y: Any, sample_weight: ArrayLike | None
    ) -> tuple[Any, Labels, NDArray[np.float64] | None, ClassCounts]:
        """Check what `fit` receives and count its classes."""
        if is_regressor(self.estimator):
            raise TypeError(f"{type(self).__name__} needs a classifier, got {type(self.estimator).__name__}")
        y = check_target(y, self)
        labels = encode_labels(y)
        sample_weight = check_sample_weight(sample_weight, len(labels.codes))
        return y, labels, sample_weight, count(labels, sample_weight)

    def _align(self, per_class: NDArray[np.float64], classes: NDArray[Any]) -> NDArray[np.float64]:
        """Put a vector over the counted classes in the order of the estimator's columns."""
        return ClassVector(classes, per_class).in_order_of(self.classes_, out_of="the classes of y")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


class ClassBalancedClassifier(_ClassifierAround):
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
        "estimator": [HasMethods(["fit", "predict"])],
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

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Count the classes of `y` and fit a clone of the estimator with their weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that the samples have already: they weight the counts and are multiplied in.
        **fit_params : dict
            Passed on to ``estimator.fit``; with metadata routing on, routed.

        Returns
        -------
        self : ClassBalancedClassifier
        """
        y, labels, given, (classes, counts) = self._count(y, sample_weight)
        weight = self._weight(counts)
        per_sample = ClassVector(classes, weight).of(labels, out_of="the classes of y")
        if given is not None:
            per_sample *= given
        self.estimator_ = fit_clone(self, X, y, per_sample, fit_params)
        self.class_count_ = self._align(counts, classes)
        self.class_weight_ = self._align(weight, classes)
        return self

    def _weight(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weight of each class from its count."""
        return class_weight(counts, self.beta, normalize=self.normalize)

    @_estimator_has("predict")
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the classes: the estimator's class-balanced decision.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @_estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class: the estimator's, or with `prior_correction` the training prevalence's.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        probability = self.estimator_.predict_proba(X)
        if not self.prior_correction:
            return probability
        # A class whose samples all weigh 0 has nothing to divide by.
        probability = probability / np.where(self.class_weight_ > 0, self.class_weight_, 1)
        return probability / probability.sum(axis=1, keepdims=True)

    @_estimator_has("predict_log_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        if not self.prior_correction:
            return self.estimator_.predict_log_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @_estimator_has("decision_function")
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Decision function of the fitted estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        score : ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)


class LogitAdjustedClassifier(_ClassifierAround):
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
        "estimator": [HasMethods(["fit", "predict"])],
        "tau": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, estimator: Any, *, tau: float = 1.0) -> None:
        self.estimator = estimator
        self.tau = tau

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Count the classes of `y` and fit a clone of the estimator without class weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Goes to the estimator, and weights the prior.
        **fit_params : dict
            Passed on to ``estimator.fit``; with metadata routing on, routed.

        Returns
        -------
        self : LogitAdjustedClassifier
        """
        y, _, given, (classes, counts) = self._count(y, sample_weight)
        if not hasattr(self.estimator, "predict_proba"):
            raise TypeError(
                f"LogitAdjustedClassifier needs probabilities, and {type(self.estimator).__name__} has no "
                "predict_proba; wrap it: LogitAdjustedClassifier(CalibratedClassifierCV(...))"
            )
        shift = logit_adjustment(counts, self.tau)
        self.estimator_ = fit_clone(self, X, y, given, fit_params)
        self.class_count_ = self._align(counts, classes)
        # A class whose samples all weigh 0 has no prior to divide out.
        self._shift = self._align(np.where(np.isfinite(shift), shift, 0), classes)
        return self

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

    @_estimator_has("predict_proba")
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

    @_estimator_has("predict_proba")
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
        check_is_fitted(self)
        with np.errstate(divide="ignore"):
            return np.log(self.estimator_.predict_proba(X)) - self._shift
