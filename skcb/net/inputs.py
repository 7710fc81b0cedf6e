"""Check what users pass as X, and turn it into tensors of the dtype that the network computes in."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data
from skorch.dataset import get_len
from skorch.utils import is_dataset
from torch import Tensor, nn

from skcb.net.datasets import in_memory


def check_inputs(net: Any, X: Any, *, reset: bool) -> Any:
    """Return a valid X: a dataset as it is; tensors, mappings and sequences of inputs; a checked array.

    Anything that scikit-learn takes as an array (a list, a DataFrame, a sparse matrix) is checked as it does
    there, features and their names included; with `reset` they are taken down on `net`, else compared.

    Raises
    ------
    ValueError
        If X holds NaN or infinity, if lengths or the number of features differ.
    """
    if reset and hasattr(net, "n_features_in_"):
        del net.n_features_in_
    if is_dataset(X):
        held = in_memory(X)
        if held is not None:
            return check_inputs(net, held[0], reset=reset)
        _check_n_features(net, X, reset=reset)
        return X
    if not issparse(X) and isinstance(X, Mapping):  # a scipy dok_array is a mapping
        if not X:
            raise ValueError("X is an empty mapping; it must hold at least one input")
        inputs: Any = {name: _finite(f"X[{name!r}]", _as_input(values)) for name, values in X.items()}
        _check_lengths({f"X[{name!r}]": values for name, values in inputs.items()})
        return inputs
    if _is_several(X):
        inputs = [_finite(f"X[{i}]", _as_input(values)) for i, values in enumerate(X)]
        _check_lengths({f"X[{i}]": values for i, values in enumerate(inputs)})
        return inputs
    if isinstance(X, Tensor):
        if X.ndim == 0 or len(X) == 0:
            raise ValueError(f"X is a tensor of shape {tuple(X.shape)}: there is no sample in it")
        _check_n_features(net, X, reset=reset)
        return _finite("X", X)
    return validate_data(net, X, reset=reset, accept_sparse="csr", allow_nd=True, dtype="numeric")


def as_tensors(X: Any, module: nn.Module) -> Any:
    """Return valid inputs as tensors; floating ones, and the integers of a table, in the dtype of `module`.

    Integers in a tensor or a mapping stay what they are, and so do those that an embedding looks up first.

    Raises
    ------
    ValueError
        If a number is too large for that dtype.
    """
    if isinstance(X, Mapping):
        return {name: _as_floating(f"X[{name!r}]", values, module) for name, values in X.items()}
    if isinstance(X, list):
        return [_as_floating(f"X[{i}]", values, module) for i, values in enumerate(X)]
    if isinstance(X, Tensor):
        return _as_floating("X", X, module)
    dtype = floating_dtype(module)
    numpy_dtype = torch.empty(0, dtype=dtype).numpy().dtype if dtype not in _NOT_IN_NUMPY else np.dtype("f4")
    if not issparse(X) and X.dtype.kind in "iub" and _looks_up(module):
        return _from_numpy(X)
    with np.errstate(over="ignore"):  # what overflows is found below
        cast = X.astype(numpy_dtype, copy=False)
    return _finite("X", cast if issparse(X) else _from_numpy(cast), X)


def cast_floating(X: Any, dtype: torch.dtype) -> Any:
    """Return a batch with its floating tensors in a dtype."""
    if isinstance(X, Tensor):
        return X if X.dtype == dtype or not X.is_floating_point() else X.to(dtype)
    if isinstance(X, Mapping):
        return {name: cast_floating(values, dtype) for name, values in X.items()}
    return [cast_floating(values, dtype) for values in X] if isinstance(X, list | tuple) else X


def floating_dtype(module: nn.Module) -> torch.dtype:
    """Return the dtype of the module's first floating parameter; torch's default if it has none."""
    return next(
        (parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()),
        torch.get_default_dtype(),
    )


_NOT_IN_NUMPY = {torch.bfloat16}


def n_features_of(X: Any) -> int | None:
    """Number of features of a table, of channels of images; None where X does not have one such number."""
    if is_dataset(X):
        try:
            X = X[0][0][None]
        except (TypeError, IndexError, KeyError, NotImplementedError):
            return None
    shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
    return int(shape[1]) if len(shape) > 1 else None


def _as_floating(name: str, values: Any, module: nn.Module) -> Any:
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        values = _from_numpy(values)
    dtype = floating_dtype(module)
    if not isinstance(values, Tensor) or not values.is_floating_point() or values.dtype == dtype:
        return values
    return _finite(name, values.to(dtype), values)


def _as_input(values: Any) -> Any:
    if isinstance(values, Tensor) or issparse(values):
        return values
    if hasattr(values, "to_numpy"):  # a Series or a DataFrame
        return values.to_numpy()
    return np.asarray(values)


def _from_numpy(X: np.ndarray) -> Tensor:
    # torch cannot mark memory as read-only (nor go through it backwards), so such an array is copied.
    return torch.from_numpy(np.require(X, requirements=["C", "W"]))


def _is_several(X: Any) -> bool:
    return (
        isinstance(X, list | tuple)
        and bool(X)
        and all(isinstance(values, np.ndarray | Tensor) and values.ndim > 1 for values in X)
    )


def _looks_up(module: nn.Module) -> bool:
    first = next(
        (part for part in module.modules() if next(part.parameters(recurse=False), None) is not None), None
    )
    return isinstance(first, nn.Embedding | nn.EmbeddingBag)


def _finite(name: str, values: Any, before: Any = None) -> Any:
    """Return `values` if all are finite; `before` is what they were cast from, and known to be finite."""
    numbers = values.data if issparse(values) else values
    if isinstance(numbers, np.ndarray):
        if numbers.dtype.kind != "f":
            return values
        numbers = torch.from_numpy(np.require(numbers, requirements=["C", "W"]))
    if not numbers.is_floating_point() or (before is not None and before.dtype == values.dtype):
        return values
    # The sum of finite numbers is finite unless it overflows, and takes no second array to find out.
    if not torch.isfinite(numbers.sum()) and not (finite := torch.isfinite(numbers)).all():
        worst = numbers[~finite][0].item()
        if before is not None:
            raise ValueError(f"Input {name} contains infinity or a value too large for {numbers.dtype}")
        kind = "NaN" if worst != worst else "infinity"  # noqa: PLR0124
        first = (~finite).nonzero()[0].tolist()
        raise ValueError(f"Input {name} contains {kind}, first at {first}; impute it or leave the sample out")
    return values


def _check_lengths(inputs: Mapping[str, Any]) -> None:
    lengths = {name: get_len(values) for name, values in inputs.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            "inputs differ in length: " + ", ".join(f"{name} has {length}" for name, length in lengths.items())
        )


def _check_n_features(net: Any, X: Any, *, reset: bool) -> None:
    n_features = n_features_of(X)
    if reset:
        if n_features is not None:
            net.n_features_in_ = n_features
    elif n_features != (known := getattr(net, "n_features_in_", n_features)):
        raise ValueError(
            f"X has {n_features} features, but {type(net).__name__} is expecting {known} features as input"
        )
