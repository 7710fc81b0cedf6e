"""Weight validation sets that ``fit`` is given as the training, so that early stopping watches what is trained."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import has_fit_parameter

from skcb._checks import check_target, check_weights
from skcb._classes.labels import encode_labels
from skcb._classes.vector import ClassVector
from skcb._pipelines import own_name, takers

#: From labels, and the weights that they have already or None, to weights.
Weigh = Callable[[Any, Any], NDArray[np.float64]]

# The parameters of `fit` that bring labels of validation sets, and those that take their weights: of XGBoost and
# LightGBM, of LightGBM, and of scikit-learn's HistGradientBoostingClassifier.
_WEIGHTS_OF = {
    "eval_set": ("sample_weight_eval_set", "eval_sample_weight"),
    "eval_y": ("eval_sample_weight",),
    "y_val": ("sample_weight_val",),
}


def with_weighted_validation(owner: Any, fit_params: dict[str, Any], class_weight: ClassVector) -> dict[str, Any]:
    """Return parameters of ``fit`` in which the samples of validation sets weigh as their class does in training.

    Weights that a set has already are multiplied in. What knows no weights of validation sets gets none.

    Raises
    ------
    ValueError
        If a set has a label that is not trained on, or weights that are not one for each of its samples.
    """
    weighted = dict(fit_params)
    for part in takers(owner.estimator):
        for key, given in fit_params.items():
            path, between, asked = key.rpartition("__")
            path, name = path + between, own_name(part, asked)  # the step of a Pipeline, its own parameter
            weigh = partial(_weight_of, owner, class_weight, name)
            if given is not None and name == "eval_set" and _is_catboost(part):
                kinds = _kinds_of_features(part, fit_params, path)
                weighted[key] = [_as_pool(one, kinds, weigh) for one in _sets(given)]
            elif given is not None:
                for parameter in _WEIGHTS_OF.get(name, ()):
                    if has_fit_parameter(part, parameter):
                        had = fit_params.get(path + parameter)
                        weighted[path + parameter] = _weights(name, given, had, weigh)
    return weighted


def _weight_of(owner: Any, class_weight: ClassVector, name: str, y: Any, had: Any) -> NDArray[np.float64]:
    try:
        labels = encode_labels(check_target(y, owner))
        had = None if had is None else check_weights(had, len(labels.codes))
        return np.asarray(class_weight.of(labels, out_of=f"the classes of y, and {name} has it", times=had))
    except ValueError as error:
        raise ValueError(f"in a validation set of {name}: {error}") from None


def _weights(name: str, given: Any, had: Any, weigh: Weigh) -> Any:
    if name == "y_val":
        return weigh(given, had)
    if name == "eval_y":
        labels = list(given) if isinstance(given, tuple) else [given]
    else:
        labels = [_labels_of(one) for one in _sets(given)]
    had = [None] * len(labels) if had is None else list(had)
    if len(had) != len(labels):
        raise ValueError(f"{name} has {len(labels)} sets, and there are weights for {len(had)}")
    return list(map(weigh, labels, had))


def _sets(given: Any) -> list[Any]:
    """The sets of an ``eval_set``: LightGBM and CatBoost take one pair for a list of one."""
    one = isinstance(given, tuple) and not all(isinstance(part, tuple) for part in given)
    return [given] if one or not isinstance(given, list | tuple) else list(given)


def _labels_of(one: Any) -> Any:
    if not isinstance(one, list | tuple) or len(one) != 2:
        raise ValueError(f"eval_set must be a list of pairs (X, y), and has {type(one).__name__} in it")
    return one[1]


def _is_catboost(part: Any) -> bool:
    catboost = sys.modules.get("catboost")
    return catboost is not None and isinstance(part, catboost.CatBoost)


def _kinds_of_features(part: Any, fit_params: dict[str, Any], path: str) -> dict[str, Any]:
    kinds = "cat_features", "text_features", "embedding_features"
    given = {kind: fit_params.get(path + kind) for kind in kinds}
    return {
        kind: part.get_params().get(kind) if features is None else features for kind, features in given.items()
    }


def _as_pool(one: Any, kinds: Mapping[str, Any], weigh: Weigh) -> Any:
    """A set as CatBoost's Pool, which alone has weights; a path stays, since its labels are not read yet."""
    Pool = sys.modules["catboost"].Pool
    if isinstance(one, Pool) and one.has_label():
        pool = one.slice(np.arange(one.num_row()))  # a copy: the user's own stays as it is
        pool.set_weight(weigh(one.get_label(), one.get_weight()))
        return pool
    if isinstance(one, tuple) and len(one) == 2:
        X, y = one
        return Pool(X, y, weight=weigh(y, None), **kinds)
    return one
