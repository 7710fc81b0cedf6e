"""Deliver sample weights to the estimator that takes them: through Pipelines, with metadata routing on or off."""

from collections.abc import Iterator
from typing import Any

from sklearn import get_config
from sklearn.base import clone
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter


def fit_clone(owner: Any, X: Any, y: Any, sample_weight: Any, fit_params: dict[str, Any]) -> Any:
    """Fit a clone of ``owner.estimator``; `sample_weight` may be None, and then none is passed.

    Raises
    ------
    TypeError
        If there is no way for the weights to reach the estimator, or if it is a Pipeline with a sampler in it,
        which would leave the weights with other samples than those they belong to.
    """
    estimator = clone(owner.estimator)
    _refuse_samplers(owner, estimator)
    routing = get_config()["enable_metadata_routing"]
    if routing:
        fit_params = process_routing(owner, "fit", **fit_params).estimator.fit
    if sample_weight is not None:
        name = _request_weight(estimator) if routing else _weight_parameter(estimator)
        if name is None:
            raise TypeError(_takes_no_weight(owner, estimator))
        fit_params = {**fit_params, name: sample_weight}
    return estimator.fit(X, y, **fit_params)


def router_of(owner: Any) -> MetadataRouter:
    """Routing of a meta-estimator that consumes ``sample_weight`` itself and passes the rest on to ``fit``."""
    estimator = clone(owner.estimator)
    # The owner makes the weights that its estimator gets, so none are routed past it.
    for part in _parts(estimator):
        _set_requests(part, fit=False, unset_only=False)
    return (
        MetadataRouter(owner=owner)
        .add_self_request(owner)
        .add(estimator=estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
    )


def _weight_parameter(estimator: Any) -> str | None:
    """Name under which ``estimator.fit`` hands weights to the part that takes them; None if there is none."""
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        inner = _weight_parameter(last)
        return None if inner is None else f"{name}__{inner}"
    if isinstance(estimator, BaseSearchCV):
        return _weight_parameter(estimator.estimator)
    return "sample_weight" if has_fit_parameter(estimator, "sample_weight") else None


def _request_weight(estimator: Any) -> str | None:
    """Request weights for the part that takes them, in a private clone, and for no other part left unset."""
    taker = estimator
    while isinstance(taker, Pipeline | BaseSearchCV):
        taker = taker.steps[-1][1] if isinstance(taker, Pipeline) else taker.estimator
    if hasattr(taker, "set_fit_request"):
        _set_requests(taker, fit=True, unset_only=False)
    for part in _parts(taker):
        _set_requests(part, fit=True)
    for part in _parts(estimator):
        _set_requests(part, fit=False)
    if not hasattr(estimator, "get_metadata_routing"):  # CatBoost's, say: no part of routing
        return _weight_parameter(estimator)
    try:
        consumed = get_routing_for_object(estimator).consumes("fit", ["sample_weight"])
    except NotImplementedError:  # AdaBoost, say: fit itself tells the user that it has no routing
        return _weight_parameter(estimator)
    return "sample_weight" if consumed else None


def _set_requests(part: Any, *, fit: bool, unset_only: bool = True) -> None:
    """Set the requests for ``sample_weight`` of a consumer: `fit` for fit, False for every other method."""
    try:
        requests = get_routing_for_object(part)
    except NotImplementedError:
        return
    if not isinstance(requests, MetadataRequest):
        return
    for method in ("fit", "partial_fit", "transform", "inverse_transform", "predict", "score"):
        requested = getattr(requests, method).requests
        if "sample_weight" in requested and (
            requested["sample_weight"] is None or (method == "fit" and not unset_only)
        ):
            getattr(part, f"set_{method}_request")(sample_weight=fit if method == "fit" else False)


def _parts(estimator: Any) -> Iterator[Any]:
    """The estimator and every estimator nested in it."""
    yield estimator
    if hasattr(estimator, "get_params"):
        for value in estimator.get_params(deep=True).values():
            if hasattr(value, "get_metadata_routing") and not isinstance(value, type):
                yield value


def _refuse_samplers(owner: Any, estimator: Any) -> None:
    for part in _parts(estimator):
        for name, step in part.steps if isinstance(part, Pipeline) else ():
            if hasattr(step, "fit_resample"):
                wrapper = type(owner).__name__
                raise TypeError(
                    f"step {name!r} of the Pipeline inside {wrapper} is a sampler, {type(step).__name__}: the "
                    f"weights belong to the samples before it. Put it in front instead: "
                    f"make_pipeline({type(step).__name__}(...), {wrapper}(...)) of imbalanced-learn"
                )


def _takes_no_weight(owner: Any, estimator: Any) -> str:
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    name = type(estimator).__name__
    return (
        f"{type(owner).__name__} cannot weight {name}, whose fit takes no sample_weight. Choose an estimator that "
        f"does; or shift its decisions, LogitAdjustedClassifier({name}(...)); or resample, imbalanced-learn's "
        f"make_pipeline(RandomOverSampler(sampling_strategy=EffectiveNumberStrategy()), {name}(...))"
    )
