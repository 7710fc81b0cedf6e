"""A loader that asks the dataset for whole batches instead of collating single examples."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler, SequentialSampler, Subset

from skcb.net.datasets import ArrayDataset


class BatchLoader(DataLoader[Any]):
    """A :class:`torch.utils.data.DataLoader` that fetches a whole batch at once where the data are in memory.

    The order of the examples is that of torch's loader with the same seed, with and without workers. Datasets
    that give out single examples, and a `collate_fn`, which joins single examples, are left to torch.

    Parameters
    ----------
    dataset : Dataset
        What to load from.
    batch_size : int, default=1
        Examples per batch; the last one may be smaller.
    shuffle : bool, default=False
        Whether every pass has an order of its own.
    sampler, batch_sampler, collate_fn, drop_last, generator
        As for torch's loader.
    **kwargs
        Any other parameter of torch's loader: ``num_workers``, ``pin_memory``, ``persistent_workers``, ...
    """

    def __init__(  # noqa: PLR0917 - torch's
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        generator: torch.Generator | None = None,
        **kwargs: Any,
    ) -> None:
        held, rows = _held(dataset)
        if held is not None and collate_fn is None and batch_size is not None:
            dataset, collate_fn = _WholeBatches(held, rows), _as_it_is
            if sampler is None and batch_sampler is None and shuffle:
                sampler, shuffle = Permutation(dataset, generator), None
        if batch_sampler is None:  # which says what a batch is; torch refuses a batch_size beside it
            kwargs["batch_size"] = batch_size
        super().__init__(
            dataset,
            shuffle=shuffle,
            sampler=sampler,
            batch_sampler=batch_sampler,
            collate_fn=collate_fn,
            drop_last=drop_last,
            generator=generator,
            **kwargs,
        )

    def __iter__(self) -> Any:
        direct = isinstance(self.dataset, _WholeBatches) and type(self.batch_sampler) is BatchSampler
        return self._fetch() if direct and self.num_workers == 0 and not self.pin_memory else super().__iter__()

    def _fetch(self) -> Iterator[Any]:
        dataset: Any = self.dataset
        batches: Any = self.batch_sampler
        # torch's loader draws a seed for its workers first, so an order is the same with and without them.
        torch.empty((), dtype=torch.int64).random_(generator=self.generator)
        order = _order(batches.sampler, dataset.rows)
        n_samples = len(dataset) if order is None else len(order)
        size = batches.batch_size
        for start in range(0, n_samples - (size - 1 if batches.drop_last else 0), size):
            batch = slice(start, min(start + size, n_samples))
            yield dataset.held[batch if order is None else order[batch]]


class _WholeBatches(Dataset[Any]):
    """Rows of data in memory (None: all), of which torch's workers fetch whole batches too."""

    def __init__(self, held: ArrayDataset, rows: Tensor | None) -> None:
        self.held, self.rows = held, rows

    def __len__(self) -> int:
        return len(self.held) if self.rows is None else len(self.rows)

    def __getitem__(self, i: Any) -> Any:
        return self.held[i if self.rows is None else self.rows[i]]

    __getitems__ = __getitem__


def _as_it_is(batch: Any) -> Any:
    return batch


class Permutation(Sampler[int]):
    """A random order as one tensor: that of torch's ``RandomSampler`` with the same seed.

    Without a generator it follows from torch's global state, which an epoch seeds alike in every process. It is no
    ``RandomSampler`` and has no ``generator``, since accelerate gives these one of its own, seeded once.
    """

    def __init__(self, dataset: Any, generator: torch.Generator | None = None) -> None:
        self.dataset, self._generator = dataset, generator

    def __len__(self) -> int:
        return len(self.dataset)

    def permutation(self) -> Tensor:
        """Draw an order."""
        generator = self._generator
        if generator is None:
            generator = torch.Generator()
            generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
        return torch.randperm(len(self), generator=generator)

    def __iter__(self) -> Iterator[int]:
        yield from self.permutation().tolist()


def _held(dataset: Any) -> tuple[ArrayDataset | None, Tensor | None]:
    """Return the data in memory behind a dataset, and which of its rows the dataset is (None for all)."""
    if isinstance(dataset, Subset):
        held, rows = _held(dataset.dataset)
        indices = torch.as_tensor(np.asarray(dataset.indices))
        return held, indices if rows is None else rows[indices]
    return (dataset if type(dataset) is ArrayDataset else None), None


def _order(sampler: Sampler[int], rows: Tensor | None) -> Tensor | None:
    """Return the rows in the order of a sampler; None for all of them as they stand."""
    if isinstance(sampler, SequentialSampler):
        return rows
    order = sampler.permutation() if isinstance(sampler, Permutation) else torch.as_tensor(list(sampler))
    return order if rows is None else rows[order]
