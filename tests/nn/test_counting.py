"""``count_targets``: masks, tokens, datasets and loaders, beside ``numpy.bincount`` and ``count_classes``."""

import re

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as arrays  # noqa: E402
from torch.utils.data import (  # noqa: E402
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
)

from skcb import count_classes  # noqa: E402
from skcb.nn import CBCrossEntropyLoss, count_targets  # noqa: E402

MASKS = np.random.default_rng(0).choice([0, 1, 2, 3, 255], p=[0.6, 0.2, 0.1, 0.05, 0.05], size=(6, 17, 23))
MASKS = MASKS.astype(np.uint8)
EXPECTED = np.bincount(MASKS.ravel())[:4]


class Folder(Dataset):
    """Like torchvision's ImageFolder: its targets are there without an image being loaded."""

    def __init__(self, targets, target_transform=None, transforms=None):
        self.targets, self.target_transform = targets, target_transform
        if transforms:
            self.transforms = transforms

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        raise AssertionError("an image was loaded")


class Pairs(Dataset):
    def __init__(self, targets):
        self.items = targets

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return torch.zeros(2), self.items[i]


class Stream(IterableDataset):
    def __iter__(self):
        return ((torch.zeros(1), mask) for mask in MASKS)


@pytest.mark.parametrize(
    "data",
    [
        MASKS,
        MASKS.astype(np.int64),
        MASKS.astype(">i4"),
        MASKS.astype(np.uint64),
        MASKS[:, ::2, ::-1],
        MASKS.transpose(2, 0, 1),
        torch.from_numpy(MASKS),
        torch.from_numpy(MASKS).long(),
        MASKS.tolist(),
        list(MASKS),
        [torch.from_numpy(mask) for mask in MASKS],
        [MASKS[0], MASKS[1, :3], MASKS[2].ravel()],
        TensorDataset(torch.zeros(6, 2), torch.from_numpy(MASKS)),
        Subset(TensorDataset(torch.zeros(6, 2), torch.from_numpy(MASKS)), [0, 5, 5]),
        Subset(Subset(Pairs(MASKS), range(4)), [3, 1]),
        ConcatDataset([Pairs(MASKS[:2]), TensorDataset(torch.zeros(4), torch.from_numpy(MASKS[2:]))]),
        Pairs(MASKS),
        Stream(),
        DataLoader(Pairs(MASKS), batch_size=4),
        DataLoader(Stream(), batch_size=4),
    ],
    ids=lambda data: type(data).__name__,
)
def test_it_is_the_bincount_of_what_is_handed_out(data):
    if isinstance(data, np.ndarray | torch.Tensor):
        everything = np.asarray(data).ravel()
    elif isinstance(data, list):
        everything = np.concatenate([np.asarray(part).ravel() for part in data])
    else:
        items = data if isinstance(data, Stream | DataLoader) else (data[i] for i in range(len(data)))
        everything = np.concatenate([np.asarray(target).ravel() for _, target in items])
    everything = everything.astype(np.int64)
    counts = count_targets(data, ignore_index=255)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, np.bincount(everything[everything != 255]))
    np.testing.assert_array_equal(count_targets(data, n_classes=7, ignore_index=255)[:4], counts)
    np.testing.assert_array_equal(counts, count_classes(everything[everything != 255]).counts)


def test_an_iterator_of_pairs_and_of_mappings():
    pairs = ((None, mask) for mask in MASKS)
    np.testing.assert_array_equal(count_targets(pairs, ignore_index=255), EXPECTED)
    tokens = [{"input_ids": [7, 8, 9], "labels": [-100, 0, 2]}, {"input_ids": [7, 8], "labels": [1, 2]}]
    np.testing.assert_array_equal(count_targets(iter(tokens)), [1, 1, 2])
    np.testing.assert_array_equal(count_targets(iter([{"label": 1}, {"label": 0}, {"label": 1}])), [1, 2])


def test_targets_that_are_kept_are_counted_without_loading():
    np.testing.assert_array_equal(count_targets(Folder([0, 2, 2, 1])), [1, 1, 2])
    np.testing.assert_array_equal(count_targets(Folder(torch.tensor([0, 2, 2, 1]))), [1, 1, 2])
    np.testing.assert_array_equal(count_targets(Subset(Folder([0, 2, 2, 1]), [1, 2])), [0, 0, 2])
    np.testing.assert_array_equal(count_targets(Folder([0, 2, 2, 1], target_transform=lambda t: t % 2)), [3, 1])


def test_where_the_input_has_a_part_in_the_target_items_are_loaded():
    class Joint(Folder):
        def __getitem__(self, i):
            return None, 1 - self.targets[i]

    joint = Joint([0, 0, 1], transforms=lambda image, target: (image, 1 - target))
    np.testing.assert_array_equal(count_targets(joint), [1, 2])


def test_what_items_do_to_the_targets_counts():
    class Relabelled(Subset):
        def __getitem__(self, i):
            return None, super().__getitem__(i)[1] + 3

        def __getitems__(self, indices):
            return [self[i] for i in indices]

    class Files(Pairs):
        """Like torchvision's VOCSegmentation, whose targets are paths."""

        targets = ("a.png", "b.png", "c.png")

    class Ragged(Pairs):
        targets = ([0], [1, 2], [3])

    np.testing.assert_array_equal(count_targets(Relabelled(Pairs([0, 1, 1]), [1, 2])), [0, 0, 0, 0, 2])
    np.testing.assert_array_equal(count_targets(Files([0, 1, 1])), [1, 2])
    np.testing.assert_array_equal(count_targets(Ragged([0, 1, 1])), [1, 2])


def test_other_kinds():
    np.testing.assert_array_equal(count_targets(np.array([True, False, True])), [1, 2])
    np.testing.assert_array_equal(count_targets(torch.tensor([True, False, True])), [1, 2])
    np.testing.assert_array_equal(count_targets(pd.Series([0, 1, 1])), [1, 2])
    np.testing.assert_array_equal(count_targets(np.int64(2)), [0, 0, 1])
    np.testing.assert_array_equal(count_targets(np.arange(256, dtype=np.uint8)), np.ones(256))
    np.testing.assert_array_equal(count_targets(np.array([0, 255]), n_classes=256)[[0, 255]], [1, 1])
    np.testing.assert_array_equal(count_targets([2, -1, 0], ignore_index=-1), [1, 0, 1])
    np.testing.assert_array_equal(count_targets([0, 1, 10**9], ignore_index=10**9), [1, 1])
    np.testing.assert_array_equal(count_targets([[0, 1], []][0]), [1, 1])


@given(
    arrays.arrays(
        st.sampled_from([np.int8, np.int16, np.int32, np.int64]),
        arrays.array_shapes(max_dims=3, max_side=5),
        elements=st.integers(-3, 9),
    ),
    st.integers(-3, 9),
)
def test_of_any_array_it_is_the_loop(array, ignore_index):
    kept = [int(index) for index in array.ravel() if index != ignore_index]
    if not kept or min(kept) < 0:
        with pytest.raises(ValueError, match=r"no target to count|is negative"):
            count_targets(array, ignore_index=ignore_index)
    else:
        expected = [kept.count(index) for index in range(max(kept) + 1)]
        assert count_targets(array, ignore_index=ignore_index).tolist() == expected


def test_a_generator_is_read_item_by_item():
    alive = []

    def items():
        for _ in range(50):
            alive.append(1)
            yield None, np.zeros(1000, dtype=np.int64)
            alive.pop()

    assert count_targets(items()).tolist() == [50_000]
    assert not alive


def test_a_bar_grows_with_the_items(capsys):
    count_targets(Pairs(MASKS), ignore_index=255, verbose=1)
    assert "6/6" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "keywords", "error", "message"),
    [
        (MASKS, {}, ValueError, "ignore_index=255, or name n_classes=256"),
        (MASKS, {"n_classes": 4}, ValueError, "index 255 is too large, and not below n_classes=4"),
        ([0, -1], {}, ValueError, "index -1 is negative, and is not ignore_index=-100"),
        ([0, 5], {"n_classes": 3}, ValueError, "index 5 is too large"),
        ([0, 10**10], {}, ValueError, "would make 10000000001 classes"),
        (iter([(0, 1), (0, -7)]), {}, ValueError, "index -7 in part 1 of the data"),
        ([], {}, ValueError, "no target to count"),
        ([-100, -100], {}, ValueError, "no target to count"),
        (iter([]), {}, ValueError, "no target to count"),
        ([0.5, 1.0], {}, TypeError, "dtype float64"),
        (torch.rand(3), {}, TypeError, "dtype float32"),
        (["cat", "dog"], {}, TypeError, re.escape("skcb.count_classes")),
        ([(torch.zeros(2), 1), (torch.zeros(2), 0)], {}, TypeError, re.escape("iter(data)")),
        (iter([1, 2]), {}, TypeError, "an item of the data is int"),
        (iter([{"y": 1}]), {}, TypeError, "not a mapping with labels"),
        ("masks", {}, TypeError, "data is str"),
        (None, {}, TypeError, "data is NoneType"),
        ([0, 1], {"n_classes": 0}, ValueError, "n_classes must be at least 1"),
        ([0, 1], {"n_classes": 2.5}, TypeError, "n_classes must be an integer"),
        ([0, 1], {"ignore_index": "255"}, TypeError, "ignore_index must be an integer"),
    ],
)
def test_errors_name_value_place_and_way_out(data, keywords, error, message):
    with pytest.raises(error, match=message):
        count_targets(data, **keywords)


def test_counts_of_masks_and_datasets_by_label_name_the_function():
    for data in (MASKS, TensorDataset(torch.zeros(3), torch.tensor([0, 1, 1])), DataLoader(Pairs([0, 1]))):
        with pytest.raises((ValueError, TypeError), match=r"skcb\.nn\.count_targets"):
            count_classes(data)


def test_it_is_what_a_loss_wants():
    loss = CBCrossEntropyLoss(count_targets(MASKS, ignore_index=255), ignore_index=255)
    assert torch.isfinite(loss(torch.randn(6, 4, 17, 23), torch.from_numpy(MASKS)))
