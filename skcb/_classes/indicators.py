"""Indicator matrices of any in-memory kind: their checks, and how many samples have each label."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skcb._checks import check_sample_weight, shown
from skcb._classes.tables import short_table, table_with_bars

# So many entries at a time, which stay in the cache while they are looked at and counted.
_BLOCK = 1 << 18


class LabelCounts(NamedTuple):
    """The labels of an indicator matrix, how many samples have each, and of how many it is known.

    It unpacks in three, ``labels, counts, n_samples = count_labels(Y)``. Counts of parts add up to the counts of
    the whole, also by ``sum``. :class:`skcb.nn.CBMultilabelLoss` and the `class_counts` of a net take it as it is.

    Parameters
    ----------
    labels : ndarray of shape (n_labels,)
        Names of the columns, or their positions where they have none.
    counts : ndarray of shape (n_labels,)
        Samples that have the label: int64, or float64 where samples are weighted.
    n_samples : ndarray of shape (n_labels,)
        Samples of which it is known whether they have it, of the same dtype.

    Examples
    --------
    >>> from skcb import count_labels
    >>> count_labels([[1, 0], [1, 0], [1, 1]]) + count_labels([[0, 1]])
    label  count  samples
    0          3        4
    1          2        4
    """

    labels: NDArray[Any]
    counts: NDArray[Any]
    n_samples: NDArray[Any]

    def __add__(self, other: object) -> "LabelCounts":
        """Count two parts of the same labels together.

        Raises
        ------
        ValueError
            If the other part has other labels, or has them in another order.
        """
        if not isinstance(other, LabelCounts):
            return NotImplemented
        if not np.array_equal(self.labels, other.labels):
            raise ValueError(
                f"the labels [{shown(other.labels.tolist())}] are not those counted so far, "
                f"[{shown(self.labels.tolist())}]; give all parts the same columns, in one order"
            )
        return LabelCounts(self.labels, self.counts + other.counts, self.n_samples + other.n_samples)

    def __radd__(self, other: object) -> "LabelCounts":
        """Let ``sum`` begin with its 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelCounts) and all(map(np.array_equal, self, other))

    def __ne__(self, other: object) -> bool:  # that of tuples would compare the arrays
        return not self == other

    def __hash__(self) -> int:
        raise TypeError("LabelCounts holds arrays, which have no hash")

    def __repr__(self) -> str:
        numbers = (map(str, column) for column in (self.counts, self.n_samples))
        return short_table(
            ("label", "count", "samples"), zip(map(repr, self.labels.tolist()), *numbers, strict=True)
        )

    def _repr_html_(self) -> str:
        share = self.counts / np.where(self.n_samples > 0, self.n_samples, 1)
        header = ("label", "count", "samples")
        return table_with_bars(header, self.labels, self.counts, self.n_samples, share=share)


class Indicator(NamedTuple):
    """Which labels each sample has: 1 it has it, 0 it has not, NaN not known.

    Parameters
    ----------
    codes : ndarray or CSR matrix of shape (n_samples, n_labels)
        Booleans or numbers; a sparse matrix stays one.
    labels : ndarray of shape (n_labels,)
        Names of the columns, or their positions where they have none.
    """

    codes: Any
    labels: NDArray[Any]

    def dense(self) -> NDArray[Any]:
        """Return the codes as an array."""
        return self.codes if isinstance(self.codes, np.ndarray) else np.asarray(self.codes.toarray())


def as_indicator(y: Any, *, name: str = "y") -> Indicator:
    """Return an array, list, sparse matrix, frame or tensor of zeros and ones, and NaN, with its labels.

    Raises
    ------
    TypeError
        If it holds something else than numbers or booleans.
    ValueError
        If it has another shape than (n_samples, n_labels), or another value than 0, 1 and NaN.
    """
    labels = _names_of(y)
    codes = _as_csr(y) if hasattr(y, "tocsr") else _as_array(y, name)
    if codes.ndim != 2 or 0 in codes.shape:
        raise ValueError(_of_wrong_shape(codes, name))
    labels = np.arange(codes.shape[1]) if labels is None else labels
    _check_values(codes, labels, name)
    return Indicator(codes, labels)


def count_indicator(indicator: Indicator, sample_weight: Any = None) -> LabelCounts:
    """Count the samples of each label, and those of which it is known; a sample counts as much as it weighs.

    Raises
    ------
    ValueError
        If the weights are of another length, negative, not finite or all 0.
    """
    n_samples, n_labels = indicator.codes.shape
    weight = check_sample_weight(sample_weight, n_samples)
    of_rows = np.ones(n_samples) if weight is None else weight
    has, missing = np.zeros(n_labels), np.zeros(n_labels)
    step = max(1, _BLOCK // n_labels)
    for start in range(0, n_samples, step):
        rows = slice(start, start + step)
        codes, of_block = indicator.codes[rows], of_rows[rows]
        if not isinstance(codes, np.ndarray):
            of_entries = np.repeat(of_block, np.diff(codes.indptr))
            values = codes.data.astype(np.float64)
            unknown = np.isnan(values)
            has += np.bincount(codes.indices, of_entries * np.where(unknown, 0, values), minlength=n_labels)
            missing += np.bincount(codes.indices, of_entries * unknown, minlength=n_labels)
            continue
        if codes.dtype.kind == "f":
            unknown = np.isnan(codes)
            if unknown.any():
                missing += of_block @ unknown
                codes = np.where(unknown, 0, codes)
        has += of_block @ codes
    known = of_rows.sum() - missing
    if weight is not None:
        return LabelCounts(indicator.labels, has, known)
    return LabelCounts(indicator.labels, has.astype(np.int64), known.astype(np.int64))


def _names_of(y: Any) -> NDArray[Any] | None:
    """Return the names of the columns as they are: neither tuples nor numbers among strings become others."""
    names = getattr(y, "column_names", None)  # of pyarrow, whose columns are no names
    if names is None:
        if hasattr(y, "collect") and hasattr(y, "collect_schema"):
            raise TypeError(f"a {type(y).__name__} is not read before it is asked for; give its .collect()")
        names = getattr(y, "columns", None)
    if names is None:
        return None
    names = list(names)
    labels = np.asarray(names) if len({type(name) for name in names}) == 1 else np.empty(0)
    if labels.shape != (len(names),):
        labels = np.empty(len(names), dtype=object)
        labels[:] = names
    return labels


def _as_csr(y: Any) -> Any:
    matrix = y.tocsr()
    if not matrix.has_canonical_format:  # an entry that stands twice is the sum
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix


def _as_array(y: Any, name: str) -> NDArray[Any]:
    if hasattr(y, "detach"):  # a torch tensor, perhaps on a GPU
        y = y.detach().cpu()
        y = y.float() if str(y.dtype) == "torch.bfloat16" else y
    try:
        if np.ma.is_masked(y):
            y = np.ma.filled(y.astype(np.float64), np.nan)
        array = np.asarray(y)
    except (TypeError, ValueError) as error:
        if isinstance(y, list | tuple):  # rows of unlike lengths
            raise ValueError(_LISTS.format(name)) from error  # noqa: TRY004
        raise TypeError(f"{name} cannot be read as a NumPy array, got {type(y).__name__}: {error}") from error
    if array.ndim == 2 and array.dtype.kind == "O":
        array = _as_floats(array)
    if array.ndim == 1 and array.dtype.kind == "O" and array.size and not np.isscalar(array[0]):
        raise ValueError(_LISTS.format(name))
    if array.ndim == 2 and array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} has dtype {array.dtype}; an indicator matrix holds 1 where a sample has a label and 0 where "
            "it has not. " + _MAKES_ONE
        )
    return array


def _as_floats(objects: NDArray[Any]) -> NDArray[Any]:
    """Return numbers among missing values, as frames hand them out, as floats; anything else as it is."""
    try:
        return np.where(np.frompyfunc(_is_missing, 1, 1)(objects).astype(bool), np.nan, objects).astype(np.float64)
    except (TypeError, ValueError):
        return objects


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)  # noqa: PLR0124
    except TypeError:  # pandas.NA has no truth value
        return True


_MAKES_ONE = "sklearn.preprocessing.MultiLabelBinarizer makes one of lists of labels"
_LISTS = "{} holds a collection of labels for each sample, and not an indicator matrix. " + _MAKES_ONE


def _of_wrong_shape(codes: Any, name: str) -> str:
    said = f"{name} has shape {codes.shape}; an indicator matrix has shape (n_samples, n_labels)"
    if codes.ndim == 1 and codes.size:
        return (
            f"{said}, with 1 where a sample has the label. One label per sample (class indices, names) is "
            "counted by count_classes, and learnt with the losses of classes"
        )
    return f"{said}, with a row and a column at least"


def _check_values(codes: Any, labels: NDArray[Any], name: str) -> None:
    entries = codes if isinstance(codes, np.ndarray) else codes.data.reshape(-1, 1)
    if entries.dtype.kind == "b":
        return
    step = max(1, _BLOCK // entries.shape[1])
    for start in range(0, len(entries), step):
        block = entries[start : start + step]
        wrong = (block != 0) & (block != 1)
        if wrong.any() and block.dtype.kind == "f":
            wrong &= ~np.isnan(block)
        if wrong.any():
            row, column = (int(place[0]) for place in np.nonzero(wrong))
            value = block[row, column].item()
            row += start
            if entries is not codes:
                row, column = int(np.searchsorted(codes.indptr, row, side="right")) - 1, int(codes.indices[row])
            raise ValueError(
                f"{name} holds {value!r} in row {row} for the label {labels.tolist()[column]!r}; an indicator is "
                "1, 0, or NaN where it is not known. " + _MAKES_ONE + "; targets of several classes each are for "
                "sklearn.multioutput.MultiOutputClassifier"
            )
