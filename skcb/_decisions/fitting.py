"""What both classifiers share that tune on out-of-fold probabilities: the evidence, from `X` and `y`."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, indexable

from skcb._classes.labels import Labels
from skcb._classes.vector import ClassVector, count
from skcb._decisions.evidence import Evidence
from skcb._decisions.out_of_fold import out_of_fold, probabilities_of, splits_of
from skcb._decisions.paths import Floats
from skcb._decisions.tuning import N_FOLDS
from skcb._wrappers import check_has_probabilities, is_fitted_already, is_prefit


class Gathered(NamedTuple):
    """Evidence for a classifier, the fold of each of its rows, and the models that it is from."""

    evidence: Evidence
    fold: NDArray[np.int64] | None
    models: list[Any]
    classes: NDArray[Any]
    class_count: Floats


def gather(
    owner: Any,
    X: Any,
    y: Any,
    *,
    labels: Labels,
    sample_weight: Floats | None,
    fit_params: dict[str, Any],
    split_params: dict[str, Any],
) -> Gathered:
    """Ask clones of ``owner.estimator``, or itself with ``cv="prefit"``, about samples that they have not seen.

    Raises
    ------
    TypeError
        If the estimator has no ``predict_proba``.
    """
    estimator = owner.estimator
    check_has_probabilities(owner)
    (X,), (y,) = indexable(X), indexable(y)  # one at a time: what X is made of may have no length
    counted = count(labels, sample_weight)
    if is_prefit(owner):
        try:
            check_is_fitted(estimator)
        except NotFittedError as error:
            raise NotFittedError(f"cv='prefit' needs a fitted estimator: {error}") from None
        classes = np.asarray(estimator.classes_)
        true = ClassVector.codes(classes).of(labels, out_of="the classes of the fitted estimator")
        probability = probabilities_of(estimator, X, classes).astype(np.float64, copy=False)
        row, fold, models, n_folds = np.arange(len(true)), None, [estimator], float(N_FOLDS)
    else:
        classes = counted.classes
        true = ClassVector.codes(classes).of(labels)
        splits = splits_of(owner.cv, X, y, int(np.bincount(true).max()), split_params)
        weight_of_fits = None if is_fitted_already(owner) else sample_weight
        row, fold, probability, models = out_of_fold(
            owner, X, y, classes=classes, sample_weight=weight_of_fits, splits=splits, fit_params=fit_params
        )
        # As many as there would be if each sample was tested once.
        n_folds = len(true) * len(splits) / len(row)
    class_count = np.zeros(len(classes))
    class_count[ClassVector.codes(classes).in_order_of(counted.classes)] = counted.counts
    evidence = Evidence.of(
        probability, true, row=row, sample_weight=sample_weight, class_count=class_count, n_folds=n_folds
    )
    return Gathered(evidence, fold, models, classes, class_count)
