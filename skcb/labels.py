"""Turn labels of any in-memory kind into small integer codes and the vocabulary they index."""

import itertools
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

# A table over the span of integer labels stays within the caches that counting and looking up live on.
_LARGEST_SPAN = 1 << 20


class Labels(NamedTuple):
    """Labels as codes: the i-th label is ``vocabulary[codes[i] - offset]``; not every entry need occur."""

    codes: NDArray[Any]
    offset: int
    vocabulary: NDArray[Any]

    def decode(self) -> NDArray[Any]:
        """Return the labels as one array."""
        return self.vocabulary[self.codes.astype(np.intp) - self.offset]


def encode_labels(y: Any) -> Labels:
    """Encode a list, array, tensor or Series of labels, without a copy where they are small integers.

    Raises
    ------
    TypeError
        If the labels have a dtype that classes cannot have, or mix types.
    ValueError
        If `y` is empty or not one-dimensional, has missing labels, or is continuous.
    """
    given = type(y).__name__
    y = nw.to_native(y, pass_through=True)
    if "pyarrow" in sys.modules and isinstance(y, sys.modules["pyarrow"].Array):
        y = sys.modules["pyarrow"].chunked_array([y])
    if hasattr(y, "detach"):  # a torch tensor, perhaps on a GPU
        y = y.detach().cpu().numpy()
    flat = isinstance(y, list | tuple) or nw.dependencies.is_pyarrow_chunked_array(y)
    if not flat and not hasattr(y, "shape"):
        y = np.asarray(y)
    shape = (len(y),) if flat else y.shape
    if len(shape) != 1:
        raise ValueError(f"y must be 1-D, one label per sample, got {given} of shape {shape}")
    if shape[0] == 0:
        raise ValueError("y is empty: there is no label to count")
    if nw.dependencies.is_pyarrow_chunked_array(y):
        return _encode_pyarrow(y)
    if nw.dependencies.is_polars_series(y):
        return _encode_polars(y)
    if "pandas" in sys.modules and hasattr(y, "dtype"):
        return _encode_pandas(y)
    return _encode_sequence(y) if isinstance(y, list | tuple) else _encode_array(np.asanyarray(y))


def _encode_pandas(y: Any) -> Labels:
    pandas = sys.modules["pandas"]
    values = getattr(y, "array", y)
    if isinstance(values, pandas.Categorical):
        return _coded(values.codes, values.categories.to_numpy())
    if isinstance(y.dtype, np.dtype):
        return _encode_array(np.asanyarray(y))
    codes, vocabulary = pandas.factorize(values)
    return _coded(codes, vocabulary.to_numpy())


def _encode_polars(y: Any) -> Labels:
    if y.null_count():
        _raise_missing(y.is_null().to_numpy())
    polars = sys.modules["polars"]
    if y.dtype == polars.String:
        y = y.cast(polars.Categorical)
    if y.dtype not in (polars.Categorical, polars.Enum):
        return _encode_array(y.to_numpy())
    labels = _encode_array(y.to_physical().to_numpy())
    used = y.unique()
    vocabulary = np.full(len(labels.vocabulary), "", dtype=object)
    position = np.searchsorted(labels.vocabulary, used.to_physical().to_numpy())
    vocabulary[position] = used.cast(polars.String).to_list()
    return labels._replace(vocabulary=vocabulary)


def _encode_pyarrow(y: Any) -> Labels:
    if y.null_count:
        _raise_missing(y.is_null().to_numpy())
    types = sys.modules["pyarrow"].types
    if types.is_primitive(y.type):
        return _encode_array(y.to_numpy())
    encoded = y.dictionary_encode().unify_dictionaries().combine_chunks()
    return _coded(encoded.indices.to_numpy(), encoded.dictionary.to_numpy(zero_copy_only=False))


def _encode_sequence(y: Sequence[Any]) -> Labels:
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise ValueError("y must be 1-D, one label per sample, got sequences of unlike lengths") from error
    # NumPy would turn ["a", None, 1] or ["a", nan] into strings, so strings are factorized as they are.
    if array.ndim == 1 and array.dtype.kind in "US":
        codes, vocabulary = _factorize(y)
        return _coded(codes, np.asarray(vocabulary) if _one_type(vocabulary) else _object_array(vocabulary))
    return _encode_array(array)


def _encode_array(array: NDArray[Any]) -> Labels:
    kind = array.dtype.kind
    if array.ndim != 1:
        raise ValueError(f"y must be 1-D, one label per sample, got an array of shape {array.shape}")
    if isinstance(array, np.ma.MaskedArray):
        if np.ma.is_masked(array):
            _raise_missing(np.ma.getmaskarray(array))
        array = array.data
    if kind == "b":
        return Labels(array.view(np.uint8), 0, np.array([False, True]))
    if kind in "iu":
        return _encode_integers(array)
    if kind == "f":
        missing = np.isnan(array)
        if missing.any():
            _raise_missing(missing)
        with np.errstate(invalid="ignore"):
            whole = array.astype(np.int64)
        _check_whole(array, whole)
        labels = _encode_integers(whole)
        return labels._replace(vocabulary=labels.vocabulary.astype(array.dtype))
    if kind in "OUST":
        objects = array.astype(object, copy=False)
        codes, vocabulary = _factorize(objects)
        return _coded(codes, _object_array(vocabulary).astype(array.dtype, copy=False))
    if kind == "c":
        raise ValueError(f"Complex data not supported: y has dtype {array.dtype}, which cannot be sorted")
    raise TypeError(
        f"y has dtype {array.dtype}; class labels are integers, booleans or strings: convert y to one of them"
    )


def _encode_integers(array: NDArray[Any]) -> Labels:
    low, high = int(array.min()), int(array.max())
    span = high - low + 1
    if span <= min(max(len(array), 1 << 10), _LARGEST_SPAN) and high <= np.iinfo(np.int64).max:
        return Labels(array, low, np.arange(span).astype(array.dtype) + array.dtype.type(low))
    if "pandas" in sys.modules:  # hashing beats sorting
        codes, vocabulary = sys.modules["pandas"].factorize(array)
    else:
        vocabulary, codes = np.unique(array, return_inverse=True)
    return Labels(codes, 0, vocabulary)


def _factorize(labels: Sequence[Any] | NDArray[Any]) -> tuple[NDArray[Any], Sequence[Any]]:
    try:
        if "pandas" in sys.modules and isinstance(labels, np.ndarray):
            codes, vocabulary = sys.modules["pandas"].factorize(labels)
            return codes, vocabulary.tolist()
        # One look-up per label in C: a label that is not in the dict yet gets the next number.
        code_of: defaultdict[Any, int] = defaultdict(itertools.count().__next__)
        values = labels.tolist() if isinstance(labels, np.ndarray) else labels
        codes = np.fromiter(map(code_of.__getitem__, values), dtype=np.int64, count=len(values))
        return codes, list(code_of)
    except TypeError as error:  # unhashable
        raise TypeError(f"y must hold one label per sample, a number or a string: {error}") from error


def _coded(codes: NDArray[Any], vocabulary: NDArray[Any]) -> Labels:
    """Labels from codes in which -1, or the code of a missing value in the vocabulary, is missing."""
    absent = np.array([_is_missing(label) for label in vocabulary.tolist()], dtype=bool)
    missing = (codes == -1) | np.isin(codes, np.flatnonzero(absent))
    if missing.any():
        _raise_missing(missing)
    if vocabulary.dtype.kind == "O" and not _one_type(vocabulary.tolist()):
        types = sorted({type(label).__name__ for label in vocabulary.tolist()})
        raise TypeError(f"y holds labels of type {' and '.join(types)}; convert them to integers or strings")
    natural = np.asarray(vocabulary.tolist()) if vocabulary.dtype.kind == "O" else vocabulary
    if natural.dtype.kind not in "biuUST":
        _encode_array(natural)  # raises where these are no class labels
    return Labels(codes, 0, vocabulary)


def _check_whole(array: NDArray[Any], whole: NDArray[np.int64]) -> None:
    fractional = array != whole
    if fractional.any():
        first = int(fractional.argmax())
        raise ValueError(
            f"Unknown label type: continuous. y holds {array[first]}, which is no class label; "
            "bin a continuous target, or name its classes with integers or strings"
        )


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)  # noqa: PLR0124 - NaN and NaT differ from themselves
    except TypeError:  # pandas.NA has no truth value
        return True


def _one_type(labels: Sequence[Any]) -> bool:
    """Whether labels can be sorted: all strings, all bytes, or all numbers."""
    return any(
        all(isinstance(label, kind) for label in labels)
        for kind in (str, bytes, int | float | np.number | np.bool_)
    )


def _object_array(labels: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(labels), dtype=object)
    array[:] = labels
    return array


def _raise_missing(missing: NDArray[np.bool_]) -> NoReturn:
    raise ValueError(
        f"y has {np.count_nonzero(missing)} missing labels, the first at position {int(missing.argmax())}; "
        "drop these samples or give them a label of their own"
    )
