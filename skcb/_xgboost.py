"""XGBoost's classifiers, which want labels 0 to K - 1, for labels of any kind: they are trained on their codes."""

import functools
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from xgboost import XGBClassifier, XGBRFClassifier

from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassVector, count

Pair = tuple[Any, Any]


class _TrainedOnCodes(XGBClassifier):
    """``classes_`` and ``predict`` have the labels of `fit`; the booster knows the codes, in their order."""

    _labels: NDArray[Any] | None = None

    @functools.wraps(XGBClassifier.fit)
    def fit(self, X: Any, y: Any, *, eval_set: Any = None, **fit_params: Any) -> Self:
        labels = encode_labels(y)
        classes = count(labels).classes
        self._labels = None  # XGBoost checks the codes against classes_
        super().fit(X, _codes(labels, classes), eval_set=_with_codes(eval_set, classes), **fit_params)
        self._labels = classes
        return self

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels, sorted."""
        return super().classes_ if self._labels is None else self._labels

    @functools.wraps(XGBClassifier.predict)
    def predict(self, X: Any, *, output_margin: bool = False, **options: Any) -> NDArray[Any]:
        predicted = super().predict(X, output_margin=output_margin, **options)
        return predicted if output_margin or self._labels is None else self._labels[predicted.astype(np.intp)]


class XGBClassifierOfLabels(_TrainedOnCodes):
    """``XGBClassifier`` for labels of any kind."""


class XGBRFClassifierOfLabels(_TrainedOnCodes, XGBRFClassifier):
    """``XGBRFClassifier`` for labels of any kind."""


_FOR_LABELS = {XGBClassifier: XGBClassifierOfLabels, XGBRFClassifier: XGBRFClassifierOfLabels}


def let_take_labels(estimator: Any, y: Any) -> None:
    """Let what is XGBoost's in a private clone take the labels `y`; a frozen model in it stays as it is."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    found = [part for part in parts if type(part) in _FOR_LABELS and not part.__sklearn_is_fitted__()]
    if found and np.ndim(y) == 1 and not _are_codes(y):
        for part in found:
            part.__class__ = _FOR_LABELS[type(part)]


def _are_codes(y: Any) -> bool:
    classes = count(encode_labels(y)).classes
    return classes.dtype.kind in "iuf" and np.array_equal(classes, np.arange(len(classes)))


def _codes(labels: Labels, classes: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(ClassVector.codes(classes).of(labels, out_of="the classes that are trained on"))


def _with_codes(eval_set: Any, classes: NDArray[Any]) -> list[Pair] | None:
    if eval_set is None:
        return None
    try:
        return [(X, _codes(encode_labels(y), classes)) for X, y in eval_set]
    except ValueError as error:
        raise ValueError(f"in a validation set of eval_set: {error}") from None
