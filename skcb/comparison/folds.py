"""Check what is to be compared, and split it: the same folds and seeds for every strategy."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, check_cv
from sklearn.utils import check_consistent_length, check_random_state

from skcb._checks import check_integer
from skcb._classes.labels import encode_labels
from skcb._classes.row_weights import as_known_indicator, has_several_labels
from skcb._classes.vector import ClassCounts, count
from skcb.comparison.stratification import folds_with_shares


class Fold(NamedTuple):
    """Rows to train and test on, and the seed of everything that draws."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    seed: int


class DataSet(NamedTuple):
    """A data set that has been checked, with its folds."""

    name: str
    X: Any
    y: NDArray[Any]
    classes: NDArray[Any]
    folds: list[Fold]

    @property
    def several_labels(self) -> bool:
        """Whether `y` is an indicator matrix; `classes` are its labels then."""
        return self.y.ndim == 2

    @property
    def counts(self) -> NDArray[np.int64]:
        """Samples of each class; or without and with each label, in two columns."""
        return self.counts_of(slice(None))

    def counts_of(self, rows: Any) -> NDArray[np.int64]:
        """Samples of each class that occurs among some rows; or without and with each label."""
        y = self.y[rows]
        if not self.several_labels:
            return np.unique(y, return_counts=True)[1]
        having = y.sum(axis=0, dtype=np.int64)
        return np.column_stack([len(y) - having, having])


def check_estimator_is_classifier(estimator: Any) -> None:
    """Raise where there is nothing to compare strategies of."""
    if isinstance(estimator, type):
        raise TypeError(f"estimator must be an instance, got the class: write {estimator.__name__}()")
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise TypeError(f"estimator must have fit and predict, got {estimator!r}")
    if is_regressor(estimator):
        raise TypeError(f"compare_strategies needs a classifier, got {type(estimator).__name__}")


def as_data_sets(X: Any, y: Any, cv: Any, groups: Any, random_state: Any) -> list[DataSet]:
    """Check one data set, or a dict of several, and split each with seeds that no other depends on."""
    if isinstance(X, Mapping):
        if y is not None:
            raise ValueError("X is a dict of data sets, name -> (X, y), so y is to be left out")
        if not X:
            raise ValueError("X is an empty dict: no data set to compare on")
        if groups is not None and not (isinstance(groups, Mapping) and groups.keys() == X.keys()):
            raise ValueError("X is a dict of data sets, so groups must be a dict of groups by the same names")
        given = dict(X)
    elif y is None:
        raise ValueError("y is missing; pass X and y, or several data sets as a dict from name to (X, y)")
    else:
        given, groups = {"data": (X, y)}, {"data": groups}
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    data_sets = [_as_data_set(name, pair, cv, (groups or {}).get(name), seed) for name, pair in given.items()]
    kinds = {data.several_labels: data.name for data in data_sets}
    if len(kinds) > 1:
        raise ValueError(
            f"data set {kinds[True]!r} has several labels per sample and {kinds[False]!r} has one: they have "
            "other scores, so compare them in two calls"
        )
    return data_sets


def _as_data_set(name: Any, pair: Any, cv: Any, groups: Any, seed: int) -> DataSet:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(f"data set {name!r} must be a pair (X, y), got {type(pair).__name__}")
    X, y = pair
    try:
        if has_several_labels(y):
            indicator = as_known_indicator(y)
            Y = indicator.dense().astype(np.int8)
            check_consistent_length(X, Y, groups)
            return DataSet(str(name), X, Y, indicator.labels, _split_labels(X, Y, cv, seed, groups=groups))
        labels = encode_labels(y)
        counted = count(labels)
        y = labels.decode()
        check_consistent_length(X, y, groups)
        if len(counted.classes) < 2:
            raise ValueError(  # noqa: TRY301 - the name of the data set goes before it
                f"y has one class alone, {counted.classes.tolist()[0]!r}: nothing to tell apart"
            )
        folds = _split(X, y, counted, cv, seed, groups=groups)
    except (TypeError, ValueError) as error:
        raise type(error)(f"data set {name!r}: {error}") from error
    return DataSet(str(name), X, y, counted.classes, folds)


def _split_labels(X: Any, Y: NDArray[np.int8], cv: Any, seed: int, *, groups: Any) -> list[Fold]:
    rng = np.random.RandomState(seed)
    if isinstance(cv, int | np.integer):
        parts = folds_with_shares(Y, _check_number_of_folds(cv, most=len(Y)), rng)
    else:
        parts = [
            (np.arange(len(Y))[train], np.arange(len(Y))[test]) for train, test in check_cv(cv).split(X, Y, groups)
        ]
    for number, (train, _) in enumerate(parts):
        if (Y[train] == Y[train][0]).all():
            raise ValueError(f"in the training part of fold {number} every label has one value alone")
    return [Fold(train, test, rng.randint(np.iinfo(np.int32).max)) for train, test in parts]


def _split(X: Any, y: NDArray[Any], counted: ClassCounts, cv: Any, seed: int, *, groups: Any) -> list[Fold]:
    rng = np.random.RandomState(seed)
    _check_class_sizes(counted, cv)
    if isinstance(cv, int | np.integer):
        cv = StratifiedKFold(int(cv), shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max))
    parts = list(check_cv(cv, y, classifier=True).split(X, y, groups))
    for number, (train, _) in enumerate(parts):
        if (y[train] == y[train][0]).all():
            raise ValueError(
                f"the training part of fold {number} has one class alone, {y[train].tolist()[0]!r}; "
                "a stratified splitter keeps them all"
            )
    return [Fold(train, test, rng.randint(np.iinfo(np.int32).max)) for train, test in parts]


def _check_class_sizes(counted: ClassCounts, cv: Any) -> None:
    """Every class must have a sample for each stratified fold."""
    if isinstance(cv, int | np.integer):
        folds = _check_number_of_folds(cv)
    elif isinstance(cv, StratifiedKFold):
        folds = cv.n_splits
    elif isinstance(cv, RepeatedStratifiedKFold):
        folds = cv.cvargs["n_splits"]
    else:
        return
    smallest = int(counted.counts.min())
    if smallest >= folds:
        return
    few = [
        f"{label!r} ({count})"
        for label, count in zip(counted.classes.tolist(), counted.counts.tolist(), strict=True)
        if count < folds
    ]
    shown = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
    way_out = f"cv={smallest} works" if smallest > 1 else "no number of folds works for a single sample"
    raise ValueError(
        f"fewer samples than the {folds} folds in the classes {shown}: {way_out}; or leave these classes out, "
        "or join them with others"
    )


def _check_number_of_folds(cv: Any, most: float = np.inf) -> int:
    folds = check_integer("cv", cv)
    if folds < 2:
        raise ValueError(f"cv must be at least 2 folds, a splitter or a list of (train, test), got {cv!r}")
    if folds > most:
        raise ValueError(f"cv={folds} folds are more than there are samples, {most}")
    return folds
