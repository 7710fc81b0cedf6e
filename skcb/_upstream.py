"""The privates of scikit-learn that skcb leans on, one name each, which ``tests/test_upstream.py`` holds fast."""

from typing import Any

from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as rows_of
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import MetadataRequest

__all__ = ["HasMethods", "Interval", "StrOptions", "fit_context", "own_requests", "rows_of"]


def own_requests(part: Any) -> MetadataRequest | None:
    """Return what an estimator itself requests, whether it hands metadata on to others or not."""
    get = getattr(part, "_get_metadata_request", None)
    return None if get is None else get()
