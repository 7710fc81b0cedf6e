"""Apply a function to the blocks of Dask arrays and Series where they lie, and reduce the results in a tree."""

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

# Results of this many blocks meet in one task, so that no process gathers those of all blocks.
_FAN_IN = 16


def is_blocked(y: Any) -> bool:
    """Whether `y` is a Dask collection; Dask is not imported to find out."""
    return "dask" in sys.modules and bool(sys.modules["dask"].is_dask_collection(y))


def as_blocks(y: Any, name: str = "y", what: str = "label") -> "Blocks":
    """Return the blocks of a Dask array, or the partitions of a Dask Series.

    Raises
    ------
    TypeError
        If `y` is anything else.
    ValueError
        If `y` is not 1-D.
    """
    kind = type(y).__name__
    if not is_blocked(y) or not isinstance(y.ndim, int):  # a Delayed has any attribute
        raise TypeError(
            f"{name} must be a Dask array or Series, got {kind}; dask.array.from_array makes an array of what is "
            "in memory, dask.array.from_delayed of a Delayed"
        )
    if y.ndim != 1:
        raise ValueError(f"{name} must be 1-D, one {what} per sample, got a Dask {kind} of {y.ndim} dimensions")
    return Blocks(y, name) if hasattr(y, "rechunk") else Partitions(y, name)


class Blocks:
    """The blocks of a 1-D Dask array, of known or unknown (NaN) sizes.

    Nothing is computed but in :meth:`reduce`, and no block leaves the process that computes it.
    """

    def __init__(self, lazy: Any, name: str) -> None:
        self.lazy, self.name = lazy, name

    def __len__(self) -> int:
        """Return the number of blocks."""
        return int(self.lazy.npartitions)

    @property
    def known_empty(self) -> bool:
        """Whether it is known that there is no sample in any block."""
        return bool(self.lazy.shape[0] == 0)

    def cut(self, beside: "Blocks") -> Self:
        """Return what stands beside these samples, one number for each, in blocks like these.

        Raises
        ------
        ValueError
            If the lengths differ; or, where sizes are not known, if the numbers of blocks do. Whether unknown
            sizes agree is for the function to see, block by block.
        """
        other = self._convert(beside.lazy)
        if other.npartitions != len(self):
            raise ValueError(
                f"{beside.name} has {other.npartitions} blocks and {self.name} has {len(self)}, and not all sizes "
                "are known; repartition one like the other, or call compute_chunk_sizes() on both arrays"
            )
        return type(self)(other, beside.name)

    def map(self, function: Callable[..., Any], *others: Self, dtype: Any, **shared: NDArray[Any]) -> Any:
        """Return the lazy results of ``function(block, *blocks of others, **shared)``.

        Parameters
        ----------
        function : callable
            Returns an array as long as the block. Its ValueError and TypeError are raised again with the number
            of the block.
        *others : Blocks
            Cut like these.
        dtype : dtype
            Of the results.
        **shared : ndarray
            What every call gets; it is sent to a worker once, not with every task.

        Returns
        -------
        lazy : dask.array.Array in blocks of the same sizes
        """
        return self._apply(_NumberedBlock(function), dtype, *others, **shared)

    def reduce(self, function: Callable[..., Any], combine: Callable[[list[Any]], Any], *others: Self) -> Any:
        """Compute ``function`` of every block, as :meth:`map` calls it, and `combine` lists of results to one."""
        dask = _dask()
        results = list(self._results(function, *others).to_delayed())
        combine = dask.delayed(combine, pure=True)
        while len(results) > 1:
            results = [combine(results[i : i + _FAN_IN]) for i in range(0, len(results), _FAN_IN)]
        (result,) = dask.compute(results[0])
        return result

    def _results(self, function: Callable[..., Any], *others: Self) -> Any:
        return self._apply(_NumberedBlock(function), np.dtype(object), *others)

    def _convert(self, beside: Any) -> Any:
        y, beside = self.lazy, beside if hasattr(beside, "rechunk") else beside.to_dask_array()
        if np.isnan(y.shape[0]) or np.isnan(beside.shape[0]):
            return beside
        if y.shape != beside.shape:
            raise ValueError(f"sample_weight must be one number per sample, shape {y.shape}, got {beside.shape}")
        return beside.rechunk(y.chunks)

    def _apply(self, function: "_Numbered", dtype: Any, *others: Self, **shared: NDArray[Any]) -> Any:
        da = _dask("array")
        numbers = da.arange(len(self), chunks=1)
        arrays = [self.lazy, numbers, *(other.lazy for other in others)]
        # Dask would compare the sizes of blocks, were it to align them: those of `numbers` are all one.
        return da.blockwise(
            function,
            "i",
            *(part for array in arrays for part in (array, "i")),
            align_arrays=False,
            dtype=dtype,
            meta=np.empty(0, dtype=dtype),
            **{name: _dask().delayed(value, pure=True, traverse=False) for name, value in shared.items()},
        )


class Partitions(Blocks):
    """The partitions of a Dask Series or Index; the results are a Series with the same index."""

    @property
    def known_empty(self) -> bool:
        """Whether it is known that there is no sample in any partition; it never is."""
        return False

    def map(self, function: Callable[..., Any], *others: Self, dtype: Any, **shared: NDArray[Any]) -> Any:
        """Return the lazy results as a Dask Series, see :meth:`Blocks.map`."""
        # `shared` goes with every task: Delayed arguments of Dask's expressions fail in 2025.1.
        return self._apply(_Indexed(functools.partial(function, **shared)), dtype, *others)

    def _results(self, function: Callable[..., Any], *others: Self) -> Any:
        return self._apply(_NumberedPartition(function), np.dtype(object), *others)

    def _convert(self, beside: Any) -> Any:
        if hasattr(beside, "rechunk"):  # Dask may read a Series in other partitions than it has, but no array
            raise TypeError(
                "sample_weight is a Dask array beside labels in a Dask Series; pass two columns of one frame, or "
                f"{self.name}.to_dask_array(lengths=True)"
            )
        return beside

    def _apply(self, function: "_Numbered", dtype: Any, *others: Self, **shared: NDArray[Any]) -> Any:
        meta = _dask("dataframe").utils.make_meta((None, dtype))
        return _dask("dataframe").map_partitions(
            function,
            self.lazy,
            *(other.lazy for other in others),
            meta=meta,
            enforce_metadata=False,
            align_dataframes=False,
            **shared,
        )


class _Numbered:
    """A function of blocks whose errors say which block it was called for."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = "skcb-blocks"  # what Dask's keys begin with

    def call(self, number: int, *blocks: Any, **shared: Any) -> Any:
        try:
            return self.function(*blocks, **shared)
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"in block {number}: {error}") from error

    def __dask_tokenize__(self) -> Any:
        return _dask("base").normalize_token((type(self).__qualname__, self.function))


class _NumberedBlock(_Numbered):
    def __call__(self, block: Any, number: Any, *others: Any, **shared: Any) -> Any:
        return self.call(int(number[0]), block, *others, **shared)


class _NumberedPartition(_Numbered):
    def __call__(self, *partitions: Any, partition_info: Any = None, **shared: Any) -> Any:
        return self.call(partition_info["number"], *partitions, **shared)


class _Indexed(_NumberedPartition):
    def __call__(self, *partitions: Any, partition_info: Any = None, **shared: Any) -> Any:
        values = super().__call__(*partitions, partition_info=partition_info, **shared)
        index = getattr(partitions[0], "index", partitions[0])
        return sys.modules["pandas"].Series(values, index=index)


def _dask(part: str = "") -> Any:
    return importlib.import_module(f"dask.{part}" if part else "dask")
