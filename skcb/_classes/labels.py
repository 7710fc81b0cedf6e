"""Turn labels of any in-memory kind into small integer codes and the vocabulary they index."""

import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
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
    if "torch" in sys.modules and isinstance(y, _of_torch()):
        raise TypeError(f"y is {given}, which hands out its labels: skcb.nn.count_targets counts them")
    y = nw.to_native(y, pass_through=True)
    if "pyarrow" in sys.modules and isinstance(y, sys.modules["pyarrow"].Array):
        y = sys.modules["pyarrow"].chunked_array([y])
    if hasattr(y, "detach"):  # a torch tensor, perhaps on a GPU
        y = y.detach().cpu()
        y = y.float().numpy() if str(y.dtype) == "torch.bfloat16" else y.numpy()
    flat = isinstance(y, list | tuple) or nw.dependencies.is_pyarrow_chunked_array(y)
    if not flat and not hasattr(y, "shape"):
        y = _as_array(y)
    shape = (len(y),) if flat else y.shape
    if len(shape) != 1:
        raise ValueError(
            f"y must be 1-D, one label per sample, got {given} of shape {shape}; count_labels counts an indicator "
            "matrix, skcb.nn.count_targets the class indices of masks and tokens"
        )
    if shape[0] == 0:
        raise ValueError("y is empty: there is no label to count")
    if nw.dependencies.is_pyarrow_chunked_array(y):
        return _encode_pyarrow(y)
    if nw.dependencies.is_polars_series(y):
        return _encode_polars(y)
    if _is_pandas(y):
        return _encode_pandas(y)
    return _encode_sequence(y) if isinstance(y, list | tuple) else _encode_array(_as_array(y))


def _of_torch() -> tuple[type, ...]:
    data = sys.modules["torch"].utils.data
    return data.Dataset, data.DataLoader


def family_of(labels: NDArray[Any]) -> str:
    """Return "number", "string" or "bytes": labels of two families are never equal, and do not sort."""
    kind = labels.dtype.kind
    if kind == "O":
        first = labels[0]
        return "string" if isinstance(first, str) else "bytes" if isinstance(first, bytes) else "number"
    return "number" if kind in "biuf" else "bytes" if kind == "S" else "string"


def joint_array(labels: list[Any], *parts: NDArray[Any]) -> NDArray[Any]:
    """Return sorted labels of several arrays as one, of a dtype that keeps all of them apart."""
    dtype = np.result_type(*parts)
    integers = all(part.dtype.kind != "f" for part in parts)  # int64 and uint64 together are float64 in NumPy
    if dtype.kind == "f" and (integers or any(float(label) != label for label in labels)):
        exact = _exact(labels)
        if exact is not None:
            return _as_integers(exact)
    return _object_array(labels) if dtype.kind == "O" else np.array(labels, dtype=dtype)


def _encode_pandas(y: Any) -> Labels:
    pandas = sys.modules["pandas"]
    values = getattr(y, "array", y)
    if isinstance(values, pandas.Categorical):
        return _coded(values.codes, values.categories.to_numpy())
    if isinstance(y.dtype, np.dtype):
        return _encode_array(np.asanyarray(y))
    try:
        codes, vocabulary = pandas.factorize(values)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise _no_labels(y.dtype, error) from error
    return _coded(codes, vocabulary.to_numpy())


def _encode_polars(y: Any) -> Labels:
    if y.null_count():
        _raise_missing(y.is_null().to_numpy())
    polars = sys.modules["polars"]
    if y.dtype == polars.String:
        y = y.cast(polars.Categorical)
    if y.dtype not in (polars.Categorical, polars.Enum):
        return _encode_array(_attempt(y.to_numpy, y.dtype))
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
        return _encode_array(_attempt(y.to_numpy, y.type))
    encoded = _attempt(lambda: y.dictionary_encode().unify_dictionaries().combine_chunks(), y.type)
    return _coded(encoded.indices.to_numpy(), encoded.dictionary.to_numpy(zero_copy_only=False))


def _encode_sequence(y: Sequence[Any]) -> Labels:
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise ValueError("y must be 1-D, one label per sample, got sequences of unlike lengths") from error
    # NumPy would turn ["a", None, 1] or ["a", nan] into strings, so strings are factorized as they are.
    if array.ndim == 1 and array.dtype.kind in "US":
        codes, vocabulary = _factorize(y)
        fixed = _one_type(vocabulary) and not any(label[-1:] in {"\0", b"\0"} for label in vocabulary)
        return _coded(codes, np.asarray(vocabulary) if fixed else _object_array(vocabulary))
    # It would turn integers of two types, or beyond 64 bits, into floats, which tell no large ones apart.
    if array.ndim == 1 and array.dtype.kind == "f" and any(_is_large_integer(label) for label in y):
        exact = _exact(y) if np.isfinite(array).all() else None
        return _encode_array(array if exact is None else _as_integers(exact))
    return _encode_array(array)


def _encode_array(array: NDArray[Any]) -> Labels:
    kind = array.dtype.kind
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
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
        return _encode_floats(array)
    if kind in "OUST":
        objects = array.astype(object, copy=False)
        codes, vocabulary = _factorize(objects)
        return _coded(codes, _object_array(vocabulary).astype(array.dtype, copy=False))
    if kind == "c":
        raise ValueError(f"Complex data not supported: y has dtype {array.dtype}, which cannot be sorted")
    raise _no_labels(array.dtype)


def _encode_floats(array: NDArray[Any]) -> Labels:
    missing = np.isnan(array)
    if missing.any():
        _raise_missing(missing)
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64)
    _check_whole(array, whole)
    _check_exact(array)
    labels = _encode_integers(whole)
    return labels._replace(vocabulary=labels.vocabulary.astype(array.dtype))


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
        pandas = sys.modules.get("pandas")
        # Before version 3 pandas read strings up to their first NUL.
        if (
            isinstance(labels, np.ndarray)
            and pandas is not None
            and int(pandas.__version__.partition(".")[0]) >= 3
        ):
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
    if vocabulary.dtype.kind == "O" and family_of(vocabulary) == "number":
        if _exact(vocabulary.tolist()) is None:
            _encode_array(np.asarray(vocabulary.tolist(), dtype=np.float64))  # raises: not all are whole
    elif vocabulary.dtype.kind not in "biuUSTO":
        _encode_array(vocabulary)  # raises where these are no class labels
    return Labels(codes, 0, vocabulary)


def _check_whole(array: NDArray[Any], whole: NDArray[np.int64]) -> None:
    fractional = array != whole
    if fractional.any():
        first = int(fractional.argmax())
        raise ValueError(
            f"Unknown label type: continuous. y holds {array[first]}, which is no class label; "
            "bin a continuous target, or name its classes with integers or strings"
        )


def _check_exact(array: NDArray[Any]) -> None:
    """Refuse floats so large that neighbouring integers are one float: ids may have been rounded together."""
    largest = np.abs(array).max()
    if largest > 2 ** (np.finfo(array.dtype).nmant + 1):
        raise ValueError(
            f"y holds {largest} as {array.dtype}, which does not tell integers of that size apart, so that "
            "classes may have been joined already; convert y to int64 (or strings) where it is still exact"
        )


def _exact(labels: Sequence[Any]) -> list[int] | None:
    """Return whole numbers as Python's integers, checked to fit in 64 bits; None if not all are whole."""
    if not all(isinstance(label, int | np.integer | np.bool_) or float(label).is_integer() for label in labels):
        return None
    exact = [int(label) for label in labels]
    low, high = min(exact), max(exact)
    if low < -(2**63) or high >= 2**64 or (low < 0 and high >= 2**63):
        which = low if low < -(2**63) else high
        mixed = " beside negative ones" if -(2**63) <= low < 0 and high < 2**64 else ""
        raise ValueError(
            f"y holds the integer {which}{mixed}, which no integer type of 64 bits holds; number the classes, or "
            "convert them to strings"
        )
    return exact


def _as_integers(exact: list[int]) -> NDArray[Any]:
    return np.array(exact, dtype=np.uint64 if max(exact) >= 2**63 else np.int64)


def _is_large_integer(label: Any) -> bool:
    return isinstance(label, int | np.integer) and abs(int(label)) > 2**53


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


def _attempt(convert: Callable[[], Any], dtype: object) -> Any:
    try:
        return convert()
    except Exception as error:
        raise _no_labels(dtype, error) from error


def _as_array(y: Any) -> NDArray[Any]:
    """Return an array of any library as NumPy's."""
    try:
        return np.asanyarray(y)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise TypeError(f"y cannot be read as a NumPy array, got {type(y).__name__}: {error}") from error


def _is_pandas(y: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(
        y, pandas.Series | pandas.Index | pandas.api.extensions.ExtensionArray
    )


def _no_labels(dtype: object, error: Exception | None = None) -> TypeError:
    said = f" ({error})" if error is not None else ""
    return TypeError(
        f"y has dtype {dtype}; class labels are integers, booleans or strings: convert y to one of them{said}"
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
