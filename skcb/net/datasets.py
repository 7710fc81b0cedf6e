"""What a net trains on: inputs with the codes of their labels, in memory or in a dataset of the user's."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.dataset import Dataset as SkorchDataset
from skorch.dataset import unpack_data
from skorch.utils import data_from_dataset
from torch import Tensor
from torch.utils.data import Dataset, Subset, TensorDataset


class WeightedTarget(NamedTuple):
    """The codes of a batch's labels, and the weights of its samples."""

    codes: Tensor
    weight: Tensor


class Target(NamedTuple):
    """What a net is to learn: labels as the user knows them, their codes and, if any, the samples' weights."""

    y: Any
    codes: Tensor | None
    weight: Tensor | None


class ArrayDataset(SkorchDataset):
    """Inputs in memory, given out one at a time or, for a list, tensor or slice of indices, a batch at a time.

    `y` holds the labels as the user knows them, which is what callbacks read; items hold their codes.
    """

    def __init__(self, X: Any, y: Any = None, codes: Tensor | None = None, weight: Tensor | None = None) -> None:
        super().__init__(X, y)
        self.codes, self.weight = codes, weight

    def __getitem__(self, i: Any) -> tuple[Any, Any]:
        if isinstance(i, Integral):
            i = int(i)
        elif not isinstance(i, Tensor | slice):
            i = torch.as_tensor(i)
        X = take(self.X, i)
        if self.codes is None:
            return X, torch.zeros(1)  # a loader cannot give out None
        codes = take(self.codes, i)
        return X, codes if self.weight is None else WeightedTarget(codes, take(self.weight, i))


class LabelledDataset(Dataset[Any]):
    """A dataset of the user's whose items get the codes of their labels, and weights, in place of the labels."""

    def __init__(self, dataset: Any, y: Any, codes: Tensor, weight: Tensor | None = None) -> None:
        self.dataset, self.y, self.codes, self.weight = dataset, y, codes, weight

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        return self._labelled(self.dataset[i], i)

    def __getitems__(self, indices: list[int]) -> list[tuple[Any, Any]]:
        fetch = getattr(self.dataset, "__getitems__", None)
        items = fetch(indices) if fetch else [self.dataset[i] for i in indices]
        return [self._labelled(item, i) for item, i in zip(items, indices, strict=True)]

    def _labelled(self, item: Any, i: int) -> tuple[Any, Any]:
        X, _ = unpack_data(item)
        code = self.codes[i]
        return X, code if self.weight is None else WeightedTarget(code, self.weight[i])


def take(X: Any, i: int | slice | Tensor) -> Any:
    """Return sample or samples `i` of a tensor, an array, a sparse matrix, or a mapping or sequence of them."""
    if isinstance(X, Tensor):
        if isinstance(i, int):
            return X[i]
        # A slice is copied too: a module that works in place must not reach the user's data.
        return X[i].clone() if isinstance(i, slice) else X.index_select(0, i.to(X.device))
    if isinstance(X, Mapping):
        return {name: take(values, i) for name, values in X.items()}
    if isinstance(X, list | tuple):
        return [take(values, i) for values in X]
    rows = X[i.numpy() if isinstance(i, Tensor) else i]
    if issparse(rows):
        rows = rows.toarray()
        return torch.from_numpy(rows[0] if isinstance(i, int) else rows)
    return rows


def in_memory(dataset: Any) -> tuple[Any, Any] | None:
    """Return the X and y that a dataset does nothing but hold, None for any other dataset."""
    if type(dataset) is TensorDataset and len(dataset.tensors) == 2:
        return dataset.tensors
    if type(dataset) is SkorchDataset:
        return dataset.X, dataset.y
    return None


def labels_of(dataset: Any) -> Any:
    """Read the labels of a dataset: from what it holds, as far as that is known, else in one pass over it."""
    if isinstance(dataset, Subset):
        labels = labels_of(dataset.dataset)
        indices = np.asarray(dataset.indices)
        return [labels[i] for i in indices.tolist()] if isinstance(labels, list) else labels[indices]
    if isinstance(dataset, LabelledDataset):
        return dataset.y
    with suppress(AttributeError):
        _, labels = data_from_dataset(dataset)
        if labels is not None:
            return np.asarray(labels)
    targets = getattr(dataset, "targets", None)  # torchvision's name
    if targets is not None and len(targets) == len(dataset):
        return np.asarray(targets)
    return [_as_label(label) for label in _each_label(dataset)]


def target_of(dataset: Any) -> tuple[Tensor, Tensor | None] | None:
    """Return the codes and the weights of a dataset, or of a part of one; None where it has no codes."""
    if isinstance(dataset, Subset):
        whole = target_of(dataset.dataset)
        if whole is None:
            return None
        indices = torch.as_tensor(np.asarray(dataset.indices))
        codes, weight = whole
        return codes[indices], None if weight is None else weight[indices]
    if isinstance(dataset, ArrayDataset | LabelledDataset) and dataset.codes is not None:
        return dataset.codes, dataset.weight
    return None


def _as_label(label: Any) -> Any:
    if not isinstance(label, Tensor):
        return label
    return label.item() if label.numel() == 1 and label.ndim == 0 else label.numpy(force=True)


def _each_label(dataset: Any) -> Iterator[Any]:
    for i in range(len(dataset)):
        item = dataset[i]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise ValueError(
                f"item {i} of the dataset is {type(item).__name__}, not a pair (X, y) of an input and its label"
            )
        yield item[1]
