"""The loader gives out what torch's gives out, in the same order, a batch at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Subset,
    WeightedRandomSampler,
    default_collate,
)

from skcb.net import BatchLoader
from skcb.net.datasets import ArrayDataset, WeightedTarget

X = torch.arange(24.0).reshape(12, 2)
CODES = torch.arange(12) % 3


def dataset(weighted=False):
    return ArrayDataset(X, CODES.numpy(), CODES, torch.arange(12.0) if weighted else None)


def contents(loader):
    torch.manual_seed(0)
    return [
        (inputs.tolist(), [part.tolist() for part in ([y] if torch.is_tensor(y) else y)]) for inputs, y in loader
    ]


@settings(max_examples=60)
@given(
    batch_size=st.integers(1, 14),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    rows=st.none() | st.lists(st.integers(0, 11), min_size=1, max_size=12),
    weighted=st.booleans(),
)
def test_batches_and_order_are_torchs(batch_size, shuffle, drop_last, rows, weighted):
    data = dataset(weighted)
    for part in (data, Subset(data, rows), Subset(Subset(data, range(12)), np.array(rows))) if rows else (data,):
        arguments = {"batch_size": batch_size, "shuffle": shuffle, "drop_last": drop_last}
        ours, theirs = BatchLoader(part, **arguments), DataLoader(part, **arguments)
        assert contents(ours) == contents(theirs)
        assert len(ours) == len(theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_workers": 2, "shuffle": True, "batch_size": 5},
        {"num_workers": 1, "batch_size": 5, "persistent_workers": True},
        {"sampler": WeightedRandomSampler([1.0] * 12, 9), "batch_size": 4},
        {"batch_sampler": BatchSampler(RandomSampler(range(12)), 5, drop_last=True)},
        {"collate_fn": default_collate, "batch_size": 5},
        {"batch_size": None},
    ],
    ids="+".join,
)
def test_parameters_of_torchs_loader_keep_their_meaning(arguments):
    for _ in range(2):
        assert contents(BatchLoader(dataset(), **arguments)) == contents(DataLoader(dataset(), **arguments))


def test_workers_do_not_change_the_order():
    alone, helped = (BatchLoader(dataset(), 5, shuffle=True, num_workers=n) for n in (0, 2))
    assert contents(alone) == contents(helped)


def test_a_generator_is_the_only_source_of_the_order():
    def shuffled(loader):
        return contents(loader(dataset(), batch_size=5, shuffle=True, generator=torch.Generator().manual_seed(3)))

    assert shuffled(BatchLoader) == shuffled(DataLoader)


def test_a_sampler_and_shuffle_contradict_each_other():
    with pytest.raises(ValueError, match="mutually exclusive"):
        BatchLoader(dataset(), 5, shuffle=True, sampler=range(12))


def test_what_is_given_out_is_a_copy():
    data = dataset()
    for inputs, _ in BatchLoader(data, 5):
        inputs.zero_()
    assert data.X.sum() == X.sum() > 0


def test_weights_come_beside_the_codes():
    (_, target), *_ = BatchLoader(dataset(weighted=True), 5)
    assert isinstance(target, WeightedTarget)
    torch.testing.assert_close(target.weight, torch.arange(5.0))
