"""Probabilities of samples that a classifier has not seen: clones are fitted on folds, columns put in order."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import check_cv
from sklearn.utils.parallel import Parallel, delayed

from skcb._checks import shown
from skcb._classes.vector import ClassVector
from skcb._decisions.paths import Floats
from skcb._decisions.tuning import N_FOLDS
from skcb._pipelines import fit_clone, has_one_class
from skcb._upstream import params_of_rows, rows_of
from skcb._warnings import warn
from skcb._wrappers import is_fitted_already


class OutOfFold(NamedTuple):
    """Rows that were tested, the fold of each, its probabilities in the order of the classes, and the models."""

    row: NDArray[np.intp]
    fold: NDArray[np.int64]
    probability: Floats
    models: list[Any]


def splits_of(cv: Any, X: Any, y: Any, most: int, split_params: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return the rows of the training and of the test part of each fold.

    A number of folds is lowered to `most`, the samples of the largest class, which is the most that can be had.

    Raises
    ------
    ValueError
        If there is one sample of each class, so that no fold could be tested on a class that was trained on.
    """
    folds = N_FOLDS if cv is None else cv
    if isinstance(folds, int | np.integer) and folds > most:
        if most < 2:
            raise ValueError(
                "each class has 1 sample: none can be both trained on and tested. Give more samples, or tune a "
                "fitted classifier on others: cv='prefit', refit=False"
            )
        warn(f"cv={folds} folds, and no class has more than {most} samples: {most} folds are made", UserWarning)
        folds = most
    splitter = check_cv(folds, y, classifier=True)
    splits = [(_as_rows(train), _as_rows(test)) for train, test in splitter.split(X, y, **split_params)]
    if not splits or not all(len(part) for split in splits for part in split):
        raise ValueError(f"cv={cv!r} gives no split, or one with an empty part")
    return splits


def _as_rows(part: Any) -> NDArray[np.intp]:
    part = np.asarray(part)
    return np.flatnonzero(part) if part.dtype == bool else part


def out_of_fold(
    owner: Any,
    X: Any,
    y: Any,
    *,
    classes: NDArray[Any],
    sample_weight: Floats | None,
    splits: list[tuple[Any, Any]],
    fit_params: dict[str, Any],
) -> OutOfFold:
    """Fit a clone of ``owner.estimator`` on each training part, and ask it about the test part."""
    ask = partial(_fit_and_ask, owner, X, y, classes=classes, sample_weight=sample_weight, fit_params=fit_params)
    answers = Parallel(n_jobs=owner.n_jobs)(delayed(ask)(train=train, test=test) for train, test in splits)
    models, probabilities, unknown = zip(*answers, strict=True)
    _warn_of_unknown(classes, np.array(unknown))
    row = np.concatenate([test for _, test in splits])
    fold = np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])
    return OutOfFold(row, fold, np.concatenate(probabilities, dtype=np.float64), list(models))


def probabilities_of(model: Any, X: Any, classes: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Return what a fitted classifier says of each class, in their order; 0 of one that it does not know.

    What it says in float32 stays so: as float64 its rows would not sum to one closely enough for scikit-learn.

    Raises
    ------
    ValueError
        If they are not finite, or not one number for each class that it knows.
    """
    probability = np.asarray(model.predict_proba(X))
    if probability.dtype != np.float32:
        probability = probability.astype(np.float64, copy=False)
    known = np.asarray(getattr(model, "classes_", classes))
    if probability.ndim != 2 or probability.shape[1] != len(known):
        raise ValueError(
            f"predict_proba of {type(model).__name__} has shape {probability.shape}, not one column for each "
            f"of its {len(known)} classes"
        )
    wrong = ~(np.isfinite(probability).all(axis=1) & (probability >= 0).all(axis=1))
    if wrong.any():
        raise ValueError(
            f"predict_proba of {type(model).__name__} gives {probability[wrong.argmax()]} for row "
            f"{int(wrong.argmax())}: no probabilities"
        )
    if np.array_equal(known, classes):
        return probability
    aligned = np.zeros((len(probability), len(classes)), dtype=probability.dtype)
    aligned[:, ClassVector.codes(classes).in_order_of(known, out_of="the classes of y")] = probability
    return aligned


def _fit_and_ask(
    owner: Any,
    X: Any,
    y: Any,
    *,
    classes: NDArray[Any],
    sample_weight: Floats | None,
    fit_params: dict[str, Any],
    train: NDArray[Any],
    test: NDArray[Any],
) -> tuple[Any, NDArray[np.floating[Any]], NDArray[np.bool_]]:
    X_train, y_train = rows_of(X, train), rows_of(y, train)
    if has_one_class(y_train) and not is_fitted_already(owner):
        # Which many estimators refuse: of a rare label among several, a fold may have none.
        model = DummyClassifier(strategy="most_frequent").fit(X_train, y_train)
    else:
        weight = None if sample_weight is None else sample_weight[train]
        model = fit_clone(owner, X_train, y_train, weight, params_of_rows(X, fit_params, train))
    probability = probabilities_of(model, rows_of(X, test), classes)
    return model, probability, ~np.isin(classes, model.classes_)


def _warn_of_unknown(classes: NDArray[Any], unknown: NDArray[np.bool_]) -> None:
    """Warn of classes that a fold's training part lacks; `unknown` has shape (n_folds, n_classes)."""
    if unknown.any():
        lacking = unknown.any(axis=0)
        warn(
            f"the training parts of {int(unknown.any(axis=1).sum())} of {len(unknown)} folds lack a class: "
            f"{shown(classes[lacking].tolist())} has samples in the test part alone there, which count as missed. "
            "Fewer folds, or more samples of it, would tell more of it",
            UserWarning,
        )
