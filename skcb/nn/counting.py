"""Count the class indices of masks, tokens, datasets and loaders, part by part."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset

from skcb._checks import check_integer
from skcb._progress import with_progress

# So many indices at a time, which stay in the cache while they are looked at and counted.
_CHUNK = 1 << 16
# More classes than this are to be announced: an index beyond is a label, an identifier or a mistake.
_MOST_CLASSES = 1 << 24
# What masks of eight bits mark their borders with.
_BORDER = 255


def count_targets(
    data: Any, *, n_classes: int | None = None, ignore_index: int = -100, verbose: int = 0
) -> NDArray[np.int64]:
    """Count the class indices of segmentation masks, token labels, a dataset or a loader, without holding them.

    Parameters
    ----------
    data : array-like or Tensor of any shape, Dataset, DataLoader or iterable of (input, target)
        Class indices: integers, or booleans for two classes. A list is an array, or holds arrays of several
        shapes. Of a dataset that keeps its tensors, or indices as ``targets``, no item is loaded; of others, of a
        loader and of an iterator the second of each pair is counted, or of each mapping what stands under
        ``"labels"`` or ``"label"``. Give the dataset rather than its loader where its inputs take time to load.
    n_classes : int, default=None
        Number of classes. None takes the largest index and one.
    ignore_index : int, default=-100
        An index that is not counted.
    verbose : int, default=0
        1 shows a progress bar over the items or batches.

    Returns
    -------
    counts : ndarray of shape (n_classes,), int64
        For ``counts=`` of a loss.

    Raises
    ------
    ValueError
        If an index is negative or not below `n_classes` and is not `ignore_index`; if there is none to count; or
        if without `n_classes` the largest is 255 and stands alone above the others, as the border of a mask does.
    TypeError
        If targets are not integers, or nothing that can be counted.

    See Also
    --------
    skcb.count_classes : for labels of any other kind, one per sample.

    Examples
    --------
    >>> import numpy as np
    >>> from skcb.nn import CBCrossEntropyLoss, count_targets
    >>> masks = np.array([[[0, 0, 1], [0, 0, 255]], [[0, 2, 2], [0, 0, 255]]], dtype=np.uint8)
    >>> counts = count_targets(masks, ignore_index=255)
    >>> counts
    array([7, 1, 2])
    >>> loss = CBCrossEntropyLoss(counts, ignore_index=255)
    """
    check_integer("ignore_index", ignore_index)
    if n_classes is not None and check_integer("n_classes", n_classes) < 1:
        raise ValueError(f"n_classes must be at least 1, got {n_classes!r}")
    tally = _Tally(n_classes, ignore_index)
    targets, total = _targets(data)
    for place, target in enumerate(with_progress(targets, total, verbose, title="targets", unit="part")):
        tally.add(target, "" if total == 1 else f" in part {place} of the data")
    return tally.counts()


class _Tally:
    """Counts so far of indices 0 to C - 1; one more entry behind them is of those that are ignored."""

    def __init__(self, n_classes: int | None, ignore_index: int) -> None:
        self.n_classes, self.ignore_index = n_classes, ignore_index
        self.so_far: NDArray[np.int64] = np.zeros(n_classes or 0, dtype=np.int64)

    def add(self, target: Any, place: str) -> None:
        """Count one array or tensor."""
        if isinstance(target, Tensor) and not target.is_cpu:
            self._add_on_device(target, place)
            return
        indices = _as_indices(target, place)
        flat = indices.ravel(order="K")  # in the order in which they lie, without a copy
        for start in range(0, flat.size, _CHUNK):
            self._add_chunk(flat[start : start + _CHUNK], place)

    def _add_chunk(self, chunk: NDArray[Any], place: str) -> None:
        # Without a sign a negative index is an enormous one, so that a single look finds all strangers.
        unsigned = chunk.view(chunk.dtype.str.replace("i", "u"))
        if unsigned.max() >= min(self._limit, np.iinfo(chunk.dtype).max + 1):
            chunk = chunk[chunk != self.ignore_index]
            if chunk.size:
                least = int(chunk.min())
                self._refuse(least if least < 0 else int(chunk.max()), place)
        self._take(np.bincount(chunk.astype(np.int64, copy=False)), place)

    def _add_on_device(self, target: Tensor, place: str) -> None:
        _check_dtype(str(target.dtype).removeprefix("torch."), target.dtype in _INTEGERS, place)
        flat = target.reshape(-1)
        flat = flat[flat != self.ignore_index].long()
        if len(flat):
            least, most = (int(value) for value in torch.aminmax(flat))
            self._refuse(least if least < 0 else most, place)
            self._take(torch.bincount(flat).cpu().numpy(), place)

    def _take(self, counted: NDArray[np.int64], place: str) -> None:
        if 0 <= self.ignore_index < len(counted):
            counted[self.ignore_index] = 0
        if self.n_classes is not None and counted[self.n_classes :].any():
            self._refuse(self.n_classes + int(counted[self.n_classes :].argmax()), place)
        counted = counted[: self.n_classes]
        if len(counted) > len(self.so_far):
            self.so_far = np.concatenate([self.so_far, np.zeros(len(counted) - len(self.so_far), dtype=np.int64)])
        self.so_far[: len(counted)] += counted

    @property
    def _limit(self) -> int:
        return _MOST_CLASSES if self.n_classes is None else self.n_classes

    def _refuse(self, index: int, place: str) -> None:
        if 0 <= index < self._limit:
            return
        if index >= 0 and self.n_classes is None:
            raise ValueError(
                f"the index {index}{place} would make {index + 1} classes; name n_classes= if there are so many, "
                "count labels of other kinds with skcb.count_classes, or leave it out with ignore_index="
            )
        of = "" if self.n_classes is None else f", and not below n_classes={self.n_classes}"
        raise ValueError(
            f"the index {index}{place} is {'negative' if index < 0 else 'too large' + of}, and is not "
            f"ignore_index={self.ignore_index}; name what is to be left out: ignore_index={index}"
        )

    def counts(self) -> NDArray[np.int64]:
        """Return what has been counted."""
        counts = self.so_far if self.n_classes is not None else np.trim_zeros(self.so_far, "b")
        if not counts.any():
            raise ValueError(f"there is no target to count: data is empty, or all are {self.ignore_index}")
        if self.n_classes is None and len(counts) == _BORDER + 1 and not counts[_BORDER - 1]:
            raise ValueError(
                "the largest index is 255, alone above the others, as the border of a mask is: leave it out with "
                "ignore_index=255, or name n_classes=256 if it is a class"
            )
        return counts


_INTEGERS = {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}


def _check_dtype(name: str, is_integer: bool, place: str) -> None:
    if not is_integer:
        raise TypeError(
            f"targets{place} have dtype {name}, and class indices are integers; convert them (.long()), sum the "
            "rows of a one-hot or soft target, and count labels of other kinds with skcb.count_classes"
        )


def _as_indices(target: Any, place: str) -> NDArray[Any]:
    if isinstance(target, Tensor):
        _check_dtype(str(target.dtype).removeprefix("torch."), not target.is_floating_point(), place)
        target = target.detach()
    try:
        indices = np.asarray(target)
    except ValueError as error:
        raise TypeError(
            f"targets{place} are no array of class indices ({error}); of a list of pairs give iter(data)"
        ) from error
    if not indices.size:
        indices = indices.astype(np.int64)  # of no element NumPy makes floats
    _check_dtype(str(indices.dtype), indices.dtype.kind in "iub", place)
    return indices.view(np.uint8) if indices.dtype.kind == "b" else indices


def _targets(data: Any) -> tuple[Iterable[Any], int | None]:
    """Return the arrays that the data hold or hand out one by one, and how many these are, if that is known."""
    if isinstance(data, list | tuple) and data and all(hasattr(part, "__array__") for part in data):
        return data, len(data)
    if isinstance(data, list | tuple) or hasattr(data, "__array__"):
        return [data], 1
    held = _held(data) if isinstance(data, Dataset) else None
    if held is not None:
        return held, len(held)
    if isinstance(data, Dataset) and not isinstance(data, IterableDataset):
        data = _Items(data)
    if isinstance(data, str | bytes | Mapping) or not hasattr(data, "__iter__"):
        raise TypeError(
            f"data is {type(data).__name__}; it must be an array or a tensor of class indices, a dataset, a "
            "loader, or an iterable of (input, target)"
        )
    stream = isinstance(getattr(data, "dataset", data), IterableDataset)
    return map(_second, data), None if stream or not hasattr(data, "__len__") else len(data)


class _Items:
    """The items of a dataset one after the other: it need not stop where it ends."""

    def __init__(self, dataset: Any) -> None:
        self.items = dataset

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return (self.items[i] for i in range(len(self)))


def _second(item: Any) -> Any:
    if isinstance(item, Mapping):
        for name in ("labels", "label"):
            if name in item:
                return item[name]
    elif isinstance(item, tuple | list) and len(item) == 2:
        return item[1]
    raise TypeError(
        f"an item of the data is {type(item).__name__}, not a pair (input, target) and not a mapping with labels; "
        "hand out such: (target_of(item) for item in data) with None in place of the input"
    )


def _held(dataset: Any) -> list[Any] | None:
    """Return the targets that a dataset keeps, in parts; None where they are to be had from its items alone."""
    if type(dataset) is Subset:
        parts = _held(dataset.dataset)
        if parts is None or len(parts) != 1:
            return None
        whole, places = parts[0], np.asarray(dataset.indices, dtype=np.int64)
        return [whole[torch.from_numpy(places) if isinstance(whole, Tensor) else places]]
    if type(dataset) is ConcatDataset:
        several = [_held(part) for part in dataset.datasets]
        return (
            None
            if any(parts is None for parts in several)
            else [part for parts in several for part in parts or ()]
        )
    if type(dataset) is TensorDataset and len(dataset.tensors) == 2:
        return [dataset.tensors[1]]
    kept = _kept_targets(dataset)
    return None if kept is None else [kept]


def _kept_targets(dataset: Any) -> Any:
    """Return the indices that a dataset keeps under torchvision's name, as its items have them; None of others."""
    targets = getattr(dataset, "targets", None)
    if isinstance(dataset, IterableDataset | Subset) or targets is None or len(targets) != len(dataset):
        return None
    joint = getattr(dataset, "transforms", None)
    if joint is not None and not hasattr(joint, "target_transform"):  # in which the input has a part
        return None
    with suppress(ValueError):  # of lists of unlike lengths
        targets = targets if isinstance(targets, Tensor) else np.asarray(targets)
        if isinstance(targets, Tensor) or targets.dtype.kind in "iub":  # else files, say, that hold the targets
            own = getattr(dataset, "target_transform", None)
            return targets if own is None else np.asarray([own(target) for target in targets.tolist()])
    return None
