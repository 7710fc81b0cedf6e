"""Walk along Pipelines and meta-estimators: their last step, and sample weights delivered to what takes them."""

import copy
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from inspect import Parameter, signature
from typing import Any

import numpy as np
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

from skcb._upstream import own_requests

# Not "score": a Pipeline's own fails where its last step refuses weights; what scores is told apart by `scoring`.
_METHODS = ("fit", "partial_fit", "transform", "inverse_transform", "predict")


def last_step(estimator: Any) -> Any:
    """Return the classifier at the end of a Pipeline, however nested; the estimator itself if it is none."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def last_step_parameter(estimator: Any, name: str) -> str:
    """Return the name, for ``set_params`` or ``fit`` of the estimator, of a parameter of its last step."""
    path = []
    while isinstance(estimator, Pipeline):
        step, estimator = estimator.steps[-1]
        path.append(step)
    return "__".join([*path, name])


def takes_weight(estimator: Any) -> bool:
    """Whether sample weights given to ``fit`` reach what is fitted in the end, all of it."""
    estimator = last_step(estimator)
    if isinstance(estimator, FrozenEstimator):
        return False
    if has_fit_parameter(estimator, "sample_weight"):
        return True
    # A meta-estimator that hands on what its fit gets, whatever its name.
    open_ended = any(p.kind is Parameter.VAR_KEYWORD for p in signature(estimator.fit).parameters.values())
    parts = list(inner(estimator))
    return open_ended and bool(parts) and all(map(takes_weight, parts))


def takers(estimator: Any) -> Iterator[Any]:
    """What weights are to reach: the last step, and in a meta-estimator whatever it fits in the end."""
    last = last_step(estimator)
    yield last
    for part in inner(last):
        yield from takers(part)


def own_name(part: Any, name: str) -> str:
    """Return what an estimator's ``fit`` calls a parameter that metadata routing may ask for by an alias."""
    requests = _requests_of(part)
    aliases = {} if requests is None else requests.fit.requests
    return next((own for own, alias in aliases.items() if alias == name), name)


def named_weight(owner: Any, fit_params: dict[str, Any]) -> str | None:
    """Return the name under which `fit_params` carry weights for the last step, None if they do not."""
    name = last_step_parameter(owner.estimator, "sample_weight")
    return name if name in fit_params else None


def fit_clone(owner: Any, X: Any, y: Any, sample_weight: Any, fit_params: dict[str, Any]) -> Any:
    """Fit a clone of ``owner.estimator``; `sample_weight` may be None, and then none is passed.

    With metadata routing on, `fit_params` are those that :func:`route` gives the estimator.

    Raises
    ------
    TypeError
        If there is no way for the weights to reach the estimator, or if it is a Pipeline with a sampler in it,
        which would leave the weights with other samples than those they belong to.
    ValueError
        If `y` has one class alone, and the estimator wants more.
    """
    if sample_weight is not None:
        check_takes_weight(owner)
    try:
        return _fit_clone(owner, X, y, sample_weight, fit_params)
    except ValueError as error:
        if not has_one_class(y):
            raise
        wrapper, name = type(owner).__name__, type(last_step(owner.estimator)).__name__
        raise ValueError(
            f"y has one class alone, {np.asarray(y).tolist()[0]!r}, which {name} is not fitted on: {error}. Where "
            f"it is one label of several, leave it out, or write OneVsRestClassifier({wrapper}({name}(...))), "
            "which predicts such a label as it is, and the others by their scores alone"
        ) from error


def has_one_class(y: Any) -> bool:
    """Whether all labels are the same one."""
    labels = np.asarray(y)
    return labels.ndim == 1 and len(labels) > 0 and bool((labels == labels[0]).all())


def for_labels(estimator: Any, y: Any) -> Any:
    """Return a clone that can be fitted on the labels `y`, where XGBoost would take 0 to K - 1 alone."""
    estimator = clone(estimator)
    if "xgboost" in sys.modules and hasattr(estimator, "get_params"):
        from skcb._xgboost import let_take_labels

        let_take_labels(estimator, y)
    return estimator


def _fit_clone(owner: Any, X: Any, y: Any, sample_weight: Any, fit_params: dict[str, Any]) -> Any:
    estimator = for_labels(owner.estimator, y)
    if sample_weight is None:
        return estimator.fit(X, y, **fit_params)
    routing = get_config()["enable_metadata_routing"]
    if not (_routes(estimator) and (routing or _hands_on(last_step(estimator)))):
        name = last_step_parameter(estimator, "sample_weight")
        return estimator.fit(X, y, **fit_params, **{name: sample_weight})
    # Without routing a search would score with the weights that it fits with, a Pipeline would stop them: so they
    # are routed, whatever the global flag, and the fit is the same.
    with nullcontext() if routing else config_context(enable_metadata_routing=True):
        replaced = _request_weight(estimator, tuple(fit_params))
        estimator.fit(X, y, **fit_params, sample_weight=sample_weight)
    for part, name, value in replaced:
        setattr(part, name, value)
    return estimator


def check_takes_weight(owner: Any) -> None:
    """Raise where weights cannot reach ``owner.estimator``, or would belong to other samples than its own."""
    refuse_samplers(owner, owner.estimator)
    if not takes_weight(owner.estimator):
        raise TypeError(takes_no_weight(owner, owner.estimator))


def route(owner: Any, fit_params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what ``estimator.fit`` gets of the parameters of `fit`, and what ``split`` of the splitter gets.

    Without metadata routing ``groups`` are the splitter's, as in scikit-learn's searches, where there is one.
    """
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(owner, "fit", **fit_params)
        return routed.estimator.fit, routed.splitter.split if hasattr(owner, "cv") else {}
    of_splitter = {name: value for name, value in fit_params.items() if name == "groups" and hasattr(owner, "cv")}
    return {name: value for name, value in fit_params.items() if name not in of_splitter}, of_splitter


def router_of(owner: Any) -> MetadataRouter:
    """Routing of a meta-estimator that consumes ``sample_weight`` itself and passes the rest on.

    To ``fit`` of its estimator, and where it has `cv` to ``split`` of that.
    """
    estimator = clone(owner.estimator)
    _thaw(estimator)
    # The owner makes the weights that its estimator gets, so none are routed past it.
    for part in _parts(estimator):
        _set_requests(part, fit=False, unset_only=False)
    router = (
        MetadataRouter(owner=owner)
        .add_self_request(owner)
        .add(estimator=estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
    )
    if hasattr(owner, "cv"):
        router.add(splitter=owner.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
    return router


def takes_no_weight(owner: Any, estimator: Any) -> str:
    """Say that an estimator cannot be weighted, and what to do instead."""
    wrapper, last = type(owner).__name__, last_step(estimator)
    name = type(last).__name__
    if isinstance(last, FrozenEstimator):
        return (
            f"{wrapper} cannot weight {name}: what is frozen is not fitted again. Thaw it, "
            f"{wrapper}({type(last.estimator).__name__}(...)), or shift its decisions, "
            f"LogitAdjustedClassifier({name}(...))"
        )
    others = [type(last_step(part)).__name__ for part in inner(last) if not takes_weight(part)]
    inside = f" (of {' and '.join(others)} inside it)" if others else ""
    resample = (
        f"imbalanced-learn's make_pipeline(RandomOverSampler(sampling_strategy=EffectiveNumberStrategy()), "
        f"{name}(...))"
    )
    if wrapper in {"LogitAdjustedClassifier", "TunedDecisionClassifierCV"}:  # which need no weights
        return (
            f"{wrapper} has no use for sample_weight: {name}, whose fit takes no sample_weight{inside}, cannot be "
            f"weighted. Leave sample_weight out, choose an estimator that takes it, or resample, {resample}"
        )
    return (
        f"{wrapper} cannot weight {name}, whose fit takes no sample_weight{inside}. Choose an estimator that "
        f"does; or shift its decisions, LogitAdjustedClassifier({name}(...)); or resample, {resample}"
    )


def _hands_on(last: Any) -> bool:
    """Whether a last step gives what its fit gets to scorers as well, or takes it under no name of its own."""
    return _is_router(last) and (hasattr(last, "scoring") or not has_fit_parameter(last, "sample_weight"))


def _is_router(part: Any) -> bool:
    return isinstance(_routing_of(part), MetadataRouter)


def _routing_of(part: Any) -> MetadataRouter | MetadataRequest | None:
    """Return how an estimator routes metadata; None where it has no routing, as AdaBoost, or knows none."""
    if not hasattr(part, "get_metadata_routing"):  # CatBoost's, say
        return None
    try:
        with config_context(enable_metadata_routing=True):
            return get_routing_for_object(part)
    except NotImplementedError:
        return None


def _requests_of(part: Any) -> MetadataRequest | None:
    """Return what an estimator itself requests."""
    routing = _routing_of(part)
    return own_requests(routing) if isinstance(routing, MetadataRouter) else routing


def _routes(estimator: Any) -> bool:
    """Whether an estimator, and all in it, takes part in metadata routing."""
    return _routing_of(estimator) is not None


def _request_weight(estimator: Any, also: tuple[str, ...]) -> list[tuple[Any, str, Any]]:
    """Request weights, in a private clone, for what takes them, for no other part left unset, nor for scorers.

    Returns what parameters were replaced for that, to be put back: part, name and value.
    """
    _thaw(estimator)
    replaced = [*_with_named_defaults(estimator), *_with_unweighted_scoring(estimator)]
    for taker in takers(estimator):
        _set_requests(taker, fit=True, unset_only=False)
        requests = _requests_of(taker)
        if requests is not None and hasattr(taker, "set_fit_request"):
            named = {key.rpartition("__")[2]: key for key in also}  # by the name of a step, where one is given
            unset = {name: key for name, key in named.items() if requests.fit.requests.get(name, True) is None}
            taker.set_fit_request(**{name: True if name == key else key for name, key in unset.items()})
    for part in _parts(estimator):
        _set_requests(part, fit=False)
    return replaced


def _with_named_defaults(estimator: Any) -> Iterator[tuple[Any, str, Any]]:
    """Put the estimators that None stands for where requests can be set on them."""
    for part in list(_parts(estimator)):
        if isinstance(part, BaggingClassifier) and part.estimator is None:
            part.estimator = DecisionTreeClassifier()
            yield part, "estimator", None
        if isinstance(part, StackingClassifier) and part.final_estimator is None:
            part.final_estimator = LogisticRegression()
            yield part, "final_estimator", None


def _with_unweighted_scoring(estimator: Any) -> Iterator[tuple[Any, str, Any]]:
    for part in list(_parts(estimator)):
        if hasattr(part, "scoring") and _is_router(part):
            scoring = part.scoring
            part.scoring = _unweighted(_default_scoring(part) if _is_default(scoring) else scoring)
            yield part, "scoring", scoring


def _is_default(scoring: Any) -> bool:
    # "warn" is None in LogisticRegressionCV, with a warning that its default is to change.
    return scoring is None or (isinstance(scoring, str) and scoring == "warn")


def _default_scoring(part: Any) -> Any:
    # LogisticRegressionCV has no estimator inside that could score.
    return "accuracy" if isinstance(part, LogisticRegressionCV) else _own_score


def _own_score(estimator: Any, X: Any, y: Any) -> float:
    """The score of the estimator itself, as it is where no scoring is given."""
    return estimator.score(X, y)


def _unweighted(scoring: Any) -> Any:
    """Return scorers that leave weights alone, unless they were told to ask for them."""
    if isinstance(scoring, dict):
        return {name: _unweighted(scorer) for name, scorer in scoring.items()}
    if isinstance(scoring, list | tuple | set):
        return {name: _unweighted(name) for name in scoring}
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    if not hasattr(scorer, "set_score_request"):
        return scorer
    if get_routing_for_object(scorer).score.requests.get("sample_weight") is not None:
        return scorer
    return copy.deepcopy(scorer).set_score_request(sample_weight=False)


def _thaw(estimator: Any) -> None:
    """Copy what is frozen in a clone: `clone` hands over the user's own, whose requests are not ours to set."""
    for path, part in list(estimator.get_params(deep=True).items()) if hasattr(estimator, "get_params") else []:
        if isinstance(part, FrozenEstimator):
            estimator.set_params(**{path: FrozenEstimator(copy.deepcopy(part.estimator))})


def _set_requests(part: Any, *, fit: bool, unset_only: bool = True) -> None:
    """Set what a part requests of ``sample_weight``: `fit` for fit, False for every other method."""
    requests = _requests_of(part)
    if requests is None:
        return
    for method in _METHODS:
        requested = getattr(requests, method).requests
        if "sample_weight" in requested and (
            requested["sample_weight"] is None or (method == "fit" and not unset_only)
        ):
            getattr(part, f"set_{method}_request")(sample_weight=fit if method == "fit" else False)


def inner(estimator: Any) -> Iterator[Any]:
    """The estimators directly inside a meta-estimator."""
    if not hasattr(estimator, "get_params") or isinstance(estimator, FrozenEstimator):
        return
    for value in estimator.get_params(deep=False).values():
        named = value if isinstance(value, list) else [("", value)]
        listed = [pair[1] for pair in named if isinstance(pair, tuple) and len(pair) > 1]
        yield from (part for part in listed if hasattr(part, "fit") and not isinstance(part, type))


def _parts(estimator: Any) -> Iterator[Any]:
    """The estimator and every estimator nested in it."""
    yield estimator
    if hasattr(estimator, "get_params"):
        for value in estimator.get_params(deep=True).values():
            if hasattr(value, "get_metadata_routing") and not isinstance(value, type):
                yield value


def refuse_samplers(owner: Any, estimator: Any) -> None:
    """Raise where a sampler in a Pipeline would leave weights, or a prior, with other samples than theirs."""
    for part in _parts(estimator):
        for name, step in part.steps if isinstance(part, Pipeline) else ():
            if hasattr(step, "fit_resample"):
                wrapper = type(owner).__name__
                raise TypeError(
                    f"step {name!r} of the Pipeline inside {wrapper} is a sampler, {type(step).__name__}: the "
                    f"weights belong to the samples before it. Put it in front instead: "
                    f"make_pipeline({type(step).__name__}(...), {wrapper}(...)) of imbalanced-learn"
                )
