"""Counts of classes, one number for each class, and the one road from labels to weights."""

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from skcb._checks import check_sample_weight, check_weighted_counts, check_weights, shown
from skcb._classes.blocks import Blocks, as_blocks, is_blocked
from skcb._classes.labels import Labels, encode_labels, family_of, joint_array
from skcb._classes.tables import short_table, table_with_bars
from skcb.balancing import Normalization, class_weight

Floats = NDArray[np.float64]

#: From the counts of the classes to one number for each.
Rule = Callable[[Floats], Floats]

# A slice of labels, its codes and its results stay in the second-level cache.
_CACHED = 1 << 16


class ClassCounts(NamedTuple):
    """The classes, sorted, and the number of samples of each.

    It unpacks in two, ``classes, counts = count_classes(y)``. Counts of parts add up to the counts of the whole,
    also by ``sum``: ``count_classes(a) + count_classes(b)``. Every function that takes counts takes it too.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels, sorted.
    counts : ndarray of shape (n_classes,)
        int64, or float64 where samples are weighted.

    Examples
    --------
    >>> from skcb import count_classes
    >>> count_classes(["cat", "dog", "cat"]) + count_classes(["elk", "dog"])
    class  count
    'cat'      2
    'dog'      2
    'elk'      1
    """

    classes: NDArray[Any]
    counts: NDArray[Any]

    def __mul__(self, other: object) -> NoReturn:
        """Refuse: a pair is no vector.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("ClassCounts hold the classes and their counts; calculate with the vector, counts.counts")

    def __rmul__(self, other: object) -> NoReturn:
        """Refuse, as from the left."""
        self.__mul__(other)

    def __add__(self, other: object) -> "ClassCounts":
        """Count two parts together; a class may be in one of them alone.

        Raises
        ------
        TypeError
            If the labels are of other kinds, numbers and strings, say.
        """
        if not isinstance(other, ClassCounts):
            return NotImplemented
        first, second = family_of(self.classes), family_of(other.classes)
        if first != second:
            raise TypeError(
                f"labels of dtype {_dtype(other.classes)} cannot join classes of dtype {_dtype(self.classes)}; "
                "convert all parts to one type"
            )
        count_of = dict(zip(self.classes.tolist(), self.counts.tolist(), strict=True))
        for label, count in zip(other.classes.tolist(), other.counts.tolist(), strict=True):
            count_of[label] = count_of.get(label, 0) + count
        labels = sorted(count_of)
        counts = [count_of[label] for label in labels]
        dtype = np.result_type(self.counts, other.counts)
        return ClassCounts(joint_array(labels, self.classes, other.classes), np.array(counts, dtype=dtype))

    def __radd__(self, other: object) -> "ClassCounts":
        """Let ``sum`` begin with its 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassCounts) and all(map(np.array_equal, self, other))

    def __ne__(self, other: object) -> bool:  # that of tuples would compare the arrays
        return not self == other

    def __hash__(self) -> int:
        raise TypeError("ClassCounts holds arrays, which have no hash")

    def __repr__(self) -> str:
        rows = zip(map(repr, self.classes.tolist()), map(str, self.counts), strict=True)
        return short_table(("class", "count"), rows)

    def _repr_html_(self) -> str:
        share = self.counts / max(self.counts.max(initial=0), np.finfo(float).tiny)
        return table_with_bars(("class", "count"), self.classes, self.counts, share=share)


# NumPy would take the pair for two rows, and calculate with the labels.
setattr(ClassCounts, "__array_ufunc__", None)  # noqa: B010 - type checkers know no such attribute


@dataclass(frozen=True, eq=False)
class ClassVector:
    """One value for each class, of any dtype; every look-up by label is :meth:`of`."""

    classes: NDArray[Any]
    values: NDArray[Any]

    @classmethod
    def codes(cls, classes: NDArray[Any]) -> "ClassVector":
        """Return the position of each class."""
        return cls(classes, np.arange(len(classes)))

    @classmethod
    def by(cls, rule: Rule, counted: ClassCounts) -> "ClassVector":
        """Turn counts into one number per class."""
        return cls(counted.classes, rule(counted.counts.astype(np.float64)))

    def of(self, labels: Labels | Blocks, *, out_of: str = "the classes", times: Any = None) -> Any:
        """Value of each sample's class, in memory, or lazily in the blocks of the labels.

        Parameters
        ----------
        labels : Labels or Blocks
        out_of : str
            What the classes are, for the message.
        times : array-like of shape (n_samples,), optional
            Multiplied in.

        Raises
        ------
        ValueError
            If a label is not among the classes, or is of another kind than they (a string, say, among numbers).
        """
        if isinstance(labels, Blocks):
            look_up = functools.partial(_look_up, out_of=out_of)
            beside = _beside(labels, times)
            return labels.map(look_up, *beside, dtype=self.values.dtype, classes=self.classes, values=self.values)
        taken = self._take(labels, out_of)
        return taken if times is None else taken * np.asarray(times, dtype=np.float64)

    def in_order_of(self, classes: Any, *, out_of: str = "the classes") -> NDArray[Any]:
        """Values in the order of `classes`, each of which must be among ours."""
        return np.asarray(self.of(encode_labels(classes), out_of=out_of))

    def _take(self, labels: Labels, out_of: str) -> NDArray[Any]:
        self._check_family(labels, out_of)
        position_of = dict(zip(self.classes.tolist(), itertools.count()))
        position = np.array([position_of.get(label, -1) for label in labels.vocabulary.tolist()], dtype=np.intp)
        table, stranger = self.values[position], position < 0
        any_stranger = bool(stranger.any())
        taken = np.empty(len(labels.codes), dtype=table.dtype)
        for where, places in table_places(labels):
            if any_stranger and (found := stranger[places]).any():
                (label,) = labels.vocabulary[[places[found.argmax()]]].tolist()
                raise ValueError(f"label {label!r} is not among {out_of}: {shown(self.classes.tolist())}")
            # Every place lies within the table, so clipping never happens; it only spares take a second buffer.
            np.take(table, places, out=taken[where], mode="clip")
        return taken

    def _check_family(self, labels: Labels, out_of: str) -> None:
        if family_of(labels.vocabulary) != family_of(self.classes):
            label = labels.vocabulary[labels.codes[:1].astype(np.intp) - labels.offset].tolist()[0]
            raise ValueError(
                f"label {label!r} is a {family_of(labels.vocabulary)}, and {out_of} are of type "
                f"{family_of(self.classes)}: {shown(self.classes.tolist())}; give both the same type"
            )


@dataclass(frozen=True)
class Weighed:
    """Labels on their way to weights: the counts, the weight of each class, and that of each sample."""

    labels: Labels | Blocks
    given: Any
    counts: ClassCounts
    class_weight: ClassVector

    @property
    def sample_weight(self) -> Any:
        """Weight of each sample: its class's, times the one given; lazy for blocks."""
        return self.class_weight.of(self.labels, out_of="the classes of y", times=self.given)


def weigh(labels: Labels | Blocks, sample_weight: Any, rule: Rule) -> Weighed:
    """Count the labels and turn the counts into weights."""
    if isinstance(labels, Labels):
        sample_weight = check_sample_weight(sample_weight, len(labels.codes))
    counted = count(labels, sample_weight)
    return Weighed(labels, sample_weight, counted, ClassVector.by(rule, counted))


def effective_number_rule(beta: float, normalize: Normalization) -> Rule:
    """One over the effective number, normalised."""
    return functools.partial(class_weight, beta=beta, normalize=normalize)


def inverse_square_root(counts: Floats) -> Floats:
    """Weights half way to inverse frequency, with mean 1 over the samples; 0 for a class without any."""
    weight = np.where(counts > 0, counts, np.inf) ** -0.5
    return np.asarray(weight * (counts.sum() / (counts @ weight)))


def as_labels(y: Any) -> Labels | Blocks:
    """Encode labels in memory; leave those of Dask in their blocks."""
    return as_blocks(y) if is_blocked(y) else encode_labels(y)


def count(labels: Labels | Blocks, sample_weight: Any = None) -> ClassCounts:
    """Count the samples of each class, in memory or block by block."""
    if isinstance(labels, Labels):
        weight = check_sample_weight(sample_weight, len(labels.codes))
        counted: ClassCounts | None = _count_in_memory(labels, weight)
    else:
        counted = None
        if not labels.known_empty:
            counted = labels.reduce(_count_block, _add_all, *_beside(labels, sample_weight))
        if counted is None:
            raise ValueError("y is empty: there is no label to count")
        if not counted.counts.any():
            raise ValueError("sample_weight is zero for all samples: there is nothing to count")
    assert counted is not None  # noqa: S101 - for the type checker
    if sample_weight is not None:
        check_weighted_counts(counted.counts, counted.classes)
    return counted


def table_places(labels: Labels) -> Iterator[tuple[slice, NDArray[np.intp]]]:
    """Slices of the samples, and the table positions of their labels: no second array as long as y."""
    codes, offset, vocabulary = labels
    step = max(_CACHED, len(vocabulary))
    for start in range(0, len(codes), step):
        where = slice(start, start + step)
        places = codes[where].astype(np.intp, copy=False)
        yield where, places - offset if offset else places


def _count_in_memory(labels: Labels, sample_weight: Floats | None) -> ClassCounts:
    size = len(labels.vocabulary)
    occurrences = np.zeros(size, dtype=np.int64)
    mass = np.zeros(size)
    for where, places in table_places(labels):
        occurrences += np.bincount(places, minlength=size)
        if sample_weight is not None:
            mass += np.bincount(places, sample_weight[where], minlength=size)
    present = np.flatnonzero(occurrences)  # a class whose samples all weigh 0 is still a class
    order = present[np.argsort(labels.vocabulary[present], kind="stable")]
    return ClassCounts(labels.vocabulary[order], (occurrences if sample_weight is None else mass)[order])


def _beside(labels: Blocks, sample_weight: Any) -> list[Blocks]:
    """Sample weights in the blocks of the labels: one array, or none."""
    return [] if sample_weight is None else [labels.cut(as_blocks(sample_weight, "sample_weight", "number"))]


def _count_block(block: Any, *sample_weight: Any) -> ClassCounts | None:
    weights = [check_weights(weight, len(block)) for weight in sample_weight]
    return _count_in_memory(encode_labels(block), weights[0] if weights else None) if len(block) else None


def _add_all(parts: list[ClassCounts | None]) -> ClassCounts | None:
    counted = [part for part in parts if part is not None]
    return functools.reduce(ClassCounts.__add__, counted) if counted else None


def _look_up(block: Any, *times: Any, classes: NDArray[Any], values: NDArray[Any], out_of: str) -> Any:
    if not len(block):
        return np.empty(0, dtype=values.dtype)
    checked = [check_weights(weight, len(block)) for weight in times]
    return ClassVector(classes, values).of(
        encode_labels(block), out_of=out_of, times=checked[0] if checked else None
    )


def _dtype(classes: NDArray[Any]) -> str:
    return f"object ({family_of(classes)})" if classes.dtype.kind == "O" else str(classes.dtype)
