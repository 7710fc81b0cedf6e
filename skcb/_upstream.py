"""The privates of scikit-learn that skcb leans on, one name each, which ``tests/test_upstream.py`` holds fast."""

from typing import TYPE_CHECKING, Any, TypeVar

from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils import _safe_indexing as rows_of
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRequest, MetadataRouter
from sklearn.utils.validation import _check_method_params

if TYPE_CHECKING:
    from collections.abc import Callable

    Method = TypeVar("Method", bound=Callable[..., Any])

    # It has no types upstream, and would take those of every `fit` that it decorates.
    def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]: ...

else:
    from sklearn.base import _fit_context as fit_context

__all__ = [
    "DocumentedEstimator",
    "HasMethods",
    "Interval",
    "StrOptions",
    "fit_context",
    "own_requests",
    "params_of_rows",
    "rows_of",
    "scorer_parts",
]


_PAGE = "https://skcb.readthedocs.io/en/stable/api/skcb.{estimator_name}.html"


class DocumentedEstimator:
    """An estimator whose diagram has a "?" that leads to its page, as those of scikit-learn's own do."""

    _doc_link_module = "skcb"
    _doc_link_template = _PAGE

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        return {"estimator_name": type(self).__name__}


def own_requests(router: MetadataRouter) -> MetadataRequest | None:
    """Return what an estimator that hands metadata on requests for itself, None if nothing."""
    return router._self_request  # noqa: SLF001


def params_of_rows(X: Any, params: dict[str, Any], rows: Any) -> dict[str, Any]:
    """Return parameters of ``fit``, those as long as `X` for some of its rows."""
    return _check_method_params(X, params, indices=rows)


def scorer_parts(scorer: Any) -> tuple[Any, int, dict[str, Any], tuple[str, ...]] | None:
    """Return metric, sign, keywords and methods asked for of what ``make_scorer`` makes; None of others."""
    if not isinstance(scorer, _BaseScorer):
        return None
    methods = scorer._response_method  # noqa: SLF001
    methods = (methods,) if isinstance(methods, str) else tuple(methods)
    return scorer._score_func, scorer._sign, scorer._kwargs, methods  # noqa: SLF001
