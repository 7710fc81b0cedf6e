"""Check the target that the fit of an estimator receives."""

from typing import Any

from sklearn.utils.validation import column_or_1d


def check_target(y: Any, owner: object) -> Any:
    """Return `y` where it may be the labels of one target; a column is flattened, with scikit-learn's warning.

    Raises
    ------
    ValueError
        If `y` is None, or holds several targets per sample.
    """
    name = type(owner).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    shape: tuple[int, ...] = tuple(getattr(y, "shape", ()))
    if len(shape) == 2 and shape[1] == 1:
        return column_or_1d(y, warn=True)
    if len(shape) == 2:
        raise ValueError(
            f"y has shape {shape}, several targets per sample; write MultiOutputClassifier({name}(...))"
        )
    return y
