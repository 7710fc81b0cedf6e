"""What every wrapper of a classifier shares: its checks, what it shows of the fitted estimator, tags, routing."""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags, get_tags
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skcb._checks import check_sample_weight, check_target
from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassVector, Rule, Weighed, weigh
from skcb._guards import warn_of_weights_on_weights
from skcb._pipelines import fit_clone, last_step, named_weight, route, router_of, takes_no_weight, takes_weight
from skcb._upstream import DocumentedEstimator, fit_context
from skcb._validation_sets import with_weighted_validation

Method = TypeVar("Method", bound=Callable[..., Any])


def estimator_has(method: str) -> Callable[[Method], Method]:
    """Whether the fitted estimator, or before `fit` the one given, has the method."""

    def has(self: Any) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return available_if(has)


def as_vector(predicted: Any) -> Any:
    """Return predictions of shape (n_samples,); CatBoost gives a column where there are several classes."""
    return predicted[:, 0] if getattr(predicted, "ndim", 1) == 2 and predicted.shape[1] == 1 else predicted


class TakesWeightsAsItsEstimator:
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
        if not hasattr(estimator, "fit") or takes_weight(estimator) or is_fitted_already(owner):
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


def forget(estimator: Any, *names: str) -> None:
    """Drop what an earlier `fit` left and this one may not set."""
    for name in names:
        vars(estimator).pop(name, None)


def is_fitted_already(owner: Any) -> bool:
    """Whether a wrapper's estimator is not fitted in its `fit`: it is frozen, or said to be fitted."""
    return isinstance(last_step(owner.estimator), FrozenEstimator) or is_prefit(owner)


def is_prefit(owner: Any) -> bool:
    """Whether a wrapper that tunes on folds is given a fitted estimator in their place."""
    cv = getattr(owner, "cv", None)
    return isinstance(cv, str) and cv == "prefit"


def check_has_probabilities(owner: Any) -> None:
    """Raise where a wrapper's estimator cannot give what the wrapper decides by."""
    if not hasattr(owner.estimator, "predict_proba"):
        wrapper, name = type(owner).__name__, type(last_step(owner.estimator)).__name__
        raise TypeError(
            f"{wrapper} needs probabilities, and {name} has no predict_proba; wrap it: "
            f"{wrapper}(CalibratedClassifierCV({name}(...)))"
        )


def prior_of_probabilities(estimator: Any, class_count: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the prior, up to a factor, that a fitted classifier's probabilities are of.

    That of what skcb weights or shifts in training is its own; of anything else `class_count`, the counts.
    """
    while True:
        inner = last_step(estimator)
        if isinstance(inner, FrozenEstimator):
            inner = inner.estimator
        inner = getattr(inner, "best_estimator_", inner)  # of a search
        if inner is estimator:
            break
        estimator = inner
    if not hasattr(estimator, "_prior_of_probabilities"):
        return class_count
    return estimator._prior_of_probabilities(class_count)  # noqa: SLF001 - among the classifiers of skcb


class ClassifierAround(DocumentedEstimator, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier around another, `estimator`, whose fitted clone is `estimator_`."""

    if TYPE_CHECKING:  # what comes from scikit-learn, which has no types

        def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float: ...

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

    def _check_fit(
        self, y: Any, sample_weight: ArrayLike | None, fit_params: dict[str, Any]
    ) -> tuple[Any, Labels, NDArray[np.float64] | None]:
        """Check what `fit` receives; weights under a Pipeline's name are taken out of `fit_params`."""
        if is_regressor(self.estimator):
            raise TypeError(f"{type(self).__name__} needs a classifier, got {type(self.estimator).__name__}")
        name = named_weight(self, fit_params)
        if name is not None:
            if sample_weight is not None:
                raise TypeError(f"sample_weight and {name} are both given; pass weights once, as sample_weight")
            sample_weight = fit_params.pop(name)
        y = check_target(y, self)
        labels = encode_labels(y)
        return y, labels, check_sample_weight(sample_weight, len(labels.codes))

    def _align(self, per_class: ClassVector) -> NDArray[np.float64]:
        """Put a vector over the counted classes in the order of the estimator's columns."""
        return per_class.in_order_of(self.classes_, out_of="the classes of y")

    def _log_proba(self, X: Any) -> NDArray[np.float64]:
        """The estimator's own log-probabilities, which stay finite where a probability rounds to 0."""
        check_is_fitted(self)
        if hasattr(self.estimator_, "predict_log_proba"):
            with np.errstate(divide="ignore"):  # of a probability that is 0
                return np.asarray(self.estimator_.predict_log_proba(X), dtype=np.float64)
        with np.errstate(divide="ignore"):
            return np.log(self.estimator_.predict_proba(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
        return tags


class WeightedClassifier(ClassifierAround):
    """A classifier fitted with weights that follow from the counts by a rule, which a subclass gives."""

    def _rule(self) -> Rule:
        """Return what turns counts into class weights."""
        raise NotImplementedError

    def _says_prevalence(self) -> bool:
        """Whether the probabilities are to be of the prevalence in training, which any weights would change."""
        return False

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Count the classes of `y` and fit a clone of the estimator with their weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that the samples have already: they weight the counts and are multiplied in. So are weights
            under the name of a Pipeline's last step, ``logisticregression__sample_weight``.
        **fit_params : dict
            Passed on to ``estimator.fit``; with metadata routing on, routed. Validation sets (``eval_set`` of
            XGBoost, LightGBM and CatBoost, ``eval_y``, ``y_val``) get the weight of each class in training.

        Returns
        -------
        self : object
        """
        y, labels, given = self._check_fit(y, sample_weight, fit_params)
        of_estimator, _ = route(self, fit_params)
        return self._fit_weighted(X, y, weigh(labels, given, self._rule()), of_estimator)

    def _fit_weighted(self, X: Any, y: Any, weighed: Weighed, fit_params: dict[str, Any]) -> Self:
        if self._says_prevalence() or np.ptp(weighed.class_weight.values) > 0:
            warn_of_weights_on_weights(self)
        fit_params = with_weighted_validation(self, fit_params, weighed.class_weight)
        self.estimator_ = fit_clone(self, X, y, weighed.sample_weight, fit_params)
        self.class_count_ = self._align(ClassVector(*weighed.counts)).astype(np.float64)
        self.class_weight_ = self._align(weighed.class_weight)
        return self

    def _prior_of_probabilities(self, _: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.class_weight_ * prior_of_probabilities(self.estimator_, self.class_count_)

    @estimator_has("predict")
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the classes: the decision of the weighted estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return as_vector(self.estimator_.predict(X))

    @estimator_has("decision_function")
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
