"""The privates of scikit-learn that skcb leans on, one name each, which ``tests/test_upstream.py`` holds fast."""

from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as rows_of
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRequest, MetadataRouter

__all__ = ["HasMethods", "Interval", "StrOptions", "fit_context", "own_requests", "rows_of"]


def own_requests(router: MetadataRouter) -> MetadataRequest | None:
    """Return what an estimator that hands metadata on requests for itself, None if nothing."""
    return router._self_request  # noqa: SLF001
