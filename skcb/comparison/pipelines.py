"""Reach into an estimator: change its last step, put a sampler before it, count the rows it gets, seed it."""

from collections.abc import Callable
from typing import Any, Self

import imblearn.pipeline
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline


def change_last_step(estimator: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of the estimator, its last step replaced by ``change(last step)``."""
    if not isinstance(estimator, Pipeline):
        return change(clone(estimator))
    copy = clone(estimator)
    name, last = copy.steps[-1]
    return copy.set_params(steps=[*copy.steps[:-1], (name, change_last_step(last, change))])


def put_sampler_before_last_step(estimator: Any, sampler: Any) -> Any:
    """A copy of the estimator that resamples what its last step is fitted on, after scalers and encoders."""
    # Imbalanced-learn's Pipeline takes no Pipeline as an inner step, so only the end of the user's becomes one.
    return change_last_step(estimator, lambda last: imblearn.pipeline.make_pipeline(clone(sampler), last))


def resamples(estimator: Any) -> bool:
    """Whether a sampler stands before the last step."""
    while isinstance(estimator, Pipeline):
        if any(hasattr(step, "fit_resample") for _, step in estimator.steps):
            return True
        estimator = estimator.steps[-1][1]
    return False


def count_rows_before_last_step(estimator: Any) -> tuple[Any, "RowCounter"]:
    """A copy of the estimator, and the counter in it that knows, once fitted, the rows of the last step."""
    counter = RowCounter()
    copy = change_last_step(estimator, lambda last: Pipeline([("rows", counter), ("classifier", last)]))
    return copy, counter


def with_seed(estimator: Any, seed: int) -> Any:
    """The estimator, with the seed wherever a ``random_state`` is None."""
    unset = {
        name: seed
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return estimator.set_params(**unset) if unset else estimator


def n_rows(X: Any) -> int:
    """How many samples `X` has."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


class RowCounter(TransformerMixin, BaseEstimator):
    """A step that changes nothing and keeps how many rows it was fitted on."""

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 - a step of a Pipeline
        """Count the rows of `X`."""
        self.n_rows_ = n_rows(X)
        return self

    def transform(self, X: Any) -> Any:
        """Return `X` as it is."""
        return X
