"""``ClassBalancedSampler``: shares, permutations, ranks, epochs, and going on where it was killed."""

from itertools import islice

import numpy as np
import pytest
from scipy.stats import chisquare

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402 - after the skip
from hypothesis import strategies as st  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from skcb import class_weight, count_classes, sampling_probability  # noqa: E402
from skcb.nn import CBCrossEntropyLoss, ClassBalancedSampler  # noqa: E402

TARGET = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [900, 90, 10]))


@pytest.mark.parametrize("beta", [0, 0.9, 0.999, 1])
def test_classes_are_drawn_with_their_probability(beta):
    sampler = ClassBalancedSampler(TARGET, beta=beta, num_samples=50_000)
    drawn = np.bincount(TARGET[list(sampler)])
    np.testing.assert_allclose(sampler.counts, 50_000 * sampling_probability([900, 90, 10], beta))
    assert chisquare(drawn, sampler.counts).pvalue > 1e-4


def test_draws_follow_one_another_at_random():
    said = TARGET[list(ClassBalancedSampler(TARGET, beta=1, num_samples=90_000))]
    pairs = np.bincount(3 * said[:-1] + said[1:], minlength=9)
    assert chisquare(pairs).pvalue > 1e-4


@pytest.mark.parametrize("beta", [0, 0.99, 1])
def test_every_sample_of_a_class_is_seen_before_one_comes_again(beta):
    drawn = np.array(list(ClassBalancedSampler(TARGET, beta=beta, num_samples=4000)))
    for label, size in enumerate([900, 90, 10]):
        of_class = drawn[TARGET[drawn] == label]
        for start in range(0, len(of_class), size):
            block = of_class[start : start + size]
            assert len(np.unique(block)) == len(block)


def test_each_permutation_is_another():
    drawn = np.array(list(ClassBalancedSampler(TARGET, beta=1, num_samples=3000)))
    rare = drawn[TARGET[drawn] == 2]
    assert len({tuple(rare[start : start + 10]) for start in range(0, 900, 10)}) == 90


def test_an_epoch_follows_from_its_number_and_the_seed():
    first = ClassBalancedSampler(TARGET, seed=3)
    epochs = [list(first) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    again = ClassBalancedSampler(TARGET, seed=3)
    again.set_epoch(2)
    assert list(again) == epochs[2]
    again.set_epoch(0)
    assert list(again) == epochs[0]
    assert list(ClassBalancedSampler(TARGET, seed=4)) != epochs[0]


def test_an_iteration_that_was_left_is_followed_by_the_next_epoch():
    sampler, whole = ClassBalancedSampler(TARGET), ClassBalancedSampler(TARGET)
    next(iter(sampler))
    epochs = [list(whole) for _ in range(2)]
    assert list(sampler) == epochs[1]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("num_replicas", [1, 2, 3, 7])
def test_ranks_share_one_order(num_replicas, drop_last):
    ranks = [
        ClassBalancedSampler(TARGET, rank=rank, num_replicas=num_replicas, drop_last=drop_last)
        for rank in range(num_replicas)
    ]
    shares = [list(sampler) for sampler in ranks]
    assert {len(share) for share in shares} == {len(ranks[0])}
    n_draws = len(ranks[0]) * num_replicas
    assert n_draws <= 1000 if drop_last else n_draws >= 1000
    assert abs(n_draws - 1000) < num_replicas
    alone = list(ClassBalancedSampler(TARGET, num_samples=n_draws))
    assert np.array(shares).T.ravel().tolist() == alone
    np.testing.assert_allclose(ranks[-1].counts.sum(), n_draws)


def test_padding_goes_on_in_the_order():
    def padded(rank):
        return list(ClassBalancedSampler(TARGET, num_samples=10, rank=rank, num_replicas=4))

    assert [len(padded(rank)) for rank in range(4)] == [3, 3, 3, 3]


@given(position=st.integers(0, 1000), epoch=st.integers(0, 5))
def test_killed_and_resumed_it_gives_the_same_order(position, epoch):
    sampler, whole = (ClassBalancedSampler(TARGET, seed=1) for _ in range(2))
    for one in (sampler, whole):
        one.set_epoch(epoch)
    list(islice(sampler, position))
    state = sampler.state_dict()
    resumed = ClassBalancedSampler(TARGET, seed=1)
    resumed.load_state_dict(state)
    expected = [*list(whole)[position:], *list(whole)]
    got = list(resumed) if position < 1000 else []
    assert got + list(resumed) == expected


def test_loops_that_resume_set_the_epoch_as_well():
    sampler = ClassBalancedSampler(TARGET)
    sampler.set_epoch(4)
    begun = list(islice(sampler, 300))
    state = sampler.state_dict()
    assert state == {"epoch": 4, "position": 300, "beta": 0.999, "next_beta": 0.999}
    resumed = ClassBalancedSampler(TARGET)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    resumed.set_epoch(4)
    whole = ClassBalancedSampler(TARGET)
    whole.set_epoch(4)
    assert begun + list(resumed) == list(whole)
    resumed.set_epoch(4)  # no longer what was restored
    assert len(list(resumed)) == 1000


def test_an_epoch_that_was_trained_on_whole_is_followed_by_the_next():
    whole, resumed = ClassBalancedSampler(TARGET), ClassBalancedSampler(TARGET)
    epochs = [list(whole) for _ in range(2)]
    resumed.load_state_dict({"epoch": 0, "position": 1000, "beta": 0.999, "next_beta": 0.999})
    assert list(resumed) == epochs[1]


def test_beta_changes_from_epoch_to_epoch_and_not_within_one():
    sampler = ClassBalancedSampler(TARGET, beta=0)
    whole = list(ClassBalancedSampler(TARGET, beta=0))
    under_way = iter(sampler)
    begun = list(islice(under_way, 100))
    sampler.set_beta(1)
    resumed = ClassBalancedSampler(TARGET)
    resumed.load_state_dict(sampler.state_dict())
    assert begun + list(under_way) == whole
    assert begun + list(resumed) == whole
    assert list(sampler) == list(resumed)
    assert np.bincount(TARGET[list(resumed)]).min() > 250
    np.testing.assert_allclose(resumed.counts, 1000 / 3)


@pytest.mark.parametrize("workers", [{}, {"num_workers": 2}, {"num_workers": 2, "persistent_workers": True}])
def test_it_works_in_a_loader(workers):
    data = TensorDataset(torch.arange(1000), torch.from_numpy(TARGET))
    sampler = ClassBalancedSampler(TARGET, num_samples=200)
    loader = DataLoader(data, batch_size=32, sampler=sampler, **workers)
    whole = ClassBalancedSampler(TARGET, num_samples=200)
    for _ in range(2):
        assert torch.cat([index for index, _ in loader]).tolist() == list(whole)


def test_a_loss_with_the_counts_of_the_draws_weighs_no_further():
    sampler = ClassBalancedSampler(TARGET, beta=1)
    loss = CBCrossEntropyLoss([900, 90, 10], beta=0.99)
    loss.set_counts(sampler.counts)
    np.testing.assert_allclose(loss.weight.numpy(), 1)
    assert class_weight([900, 90, 10], 0.99).max() > 2


@pytest.mark.parametrize(
    "target",
    [np.array(["a", "b", "c"])[TARGET], torch.from_numpy(TARGET), TARGET.tolist(), TARGET.astype(np.uint8)],
    ids=["strings", "tensor", "list", "uint8"],
)
def test_labels_of_every_kind(target):
    sampler = ClassBalancedSampler(target)
    assert len(sampler.classes) == 3
    assert list(sampler) == list(ClassBalancedSampler(TARGET))


def test_more_samples_than_single_precision_counts():
    n_samples = 2**24 + 1
    target = np.zeros(n_samples, dtype=np.uint8)
    target[-1] = 1
    sampler = ClassBalancedSampler(target, beta=1, num_samples=1000)
    drawn = np.array(list(sampler))
    assert 400 < np.sum(drawn == n_samples - 1) < 600
    assert drawn.min() >= 0
    assert len(np.unique(drawn[drawn != n_samples - 1])) == np.sum(drawn != n_samples - 1)


def test_one_class_and_one_sample():
    assert sorted(ClassBalancedSampler(["a"] * 5)) == [0, 1, 2, 3, 4]
    assert list(ClassBalancedSampler(["a"], num_samples=3)) == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"beta": 1.5}, ValueError, "beta"),
        ({"num_samples": 0}, ValueError, "num_samples must be at least 1, got 0"),
        ({"num_samples": 2.5}, TypeError, "num_samples must be an integer"),
        ({"rank": 2, "num_replicas": 2}, ValueError, "rank=2 of num_replicas=2"),
        ({"rank": -1}, ValueError, "rank must be at least 0"),
        ({"num_replicas": 0}, ValueError, "num_replicas must be at least 1"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"num_samples": 2, "num_replicas": 3, "drop_last": True}, ValueError, "leaves no draw for each"),
    ],
)
def test_parameters_that_cannot_be_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        ClassBalancedSampler(TARGET, **arguments)


def test_other_input_that_cannot_be_is_named():
    with pytest.raises(ValueError, match="empty"):
        ClassBalancedSampler([])
    sampler = ClassBalancedSampler(TARGET)
    with pytest.raises(ValueError, match="position=2000 lies beyond the 1000 draws"):
        sampler.load_state_dict({"epoch": 0, "position": 2000, "beta": 0.9, "next_beta": 0.9})
    with pytest.raises(ValueError, match="state lacks position, beta, next_beta"):
        sampler.load_state_dict({"epoch": 1})
    with pytest.raises(ValueError, match="epoch must be at least 0"):
        sampler.set_epoch(-1)


def test_progressive_sampling_is_resumed_between_epochs_as_it_ran():
    schedule = [0, 0.9, 0.99, 1]

    def run(sampler, epochs):
        drawn = []
        for epoch in epochs:
            sampler.set_epoch(epoch)
            sampler.set_beta(schedule[epoch])
            drawn.append(list(sampler))
        return drawn

    whole = run(ClassBalancedSampler(TARGET), range(4))
    first, second = ClassBalancedSampler(TARGET), ClassBalancedSampler(TARGET)
    run(first, range(2))
    second.load_state_dict(first.state_dict())
    assert run(second, [2, 3]) == whole[2:]


def test_loaders_that_ask_twice_for_an_iterator_skip_no_epoch_and_no_place():
    data = TensorDataset(torch.arange(1000))

    def handed_out(loader):
        return [int(index) for (index,) in loader]

    whole = ClassBalancedSampler(TARGET)
    epochs = [list(whole) for _ in range(3)]
    for persistent in (False, True):
        sampler = ClassBalancedSampler(TARGET)
        loader = DataLoader(data, sampler=sampler, batch_size=None, num_workers=1, persistent_workers=persistent)
        assert [handed_out(loader) for _ in range(3)] == epochs
    sampler = ClassBalancedSampler(TARGET)
    sampler.load_state_dict({"epoch": 1, "position": 300, "beta": 0.999, "next_beta": 0.999})
    assert handed_out(DataLoader(data, sampler=sampler, batch_size=None, num_workers=1)) == epochs[1][300:]


@pytest.mark.parametrize("beta", [0, 0.99, 1])
@pytest.mark.parametrize("num_replicas", [3, 7, 16])
def test_whatever_the_number_of_ranks_the_order_is_one(beta, num_replicas):
    single = list(ClassBalancedSampler(TARGET, beta=beta, seed=2))
    for drop_last in (False, True):
        ranks = [
            list(
                ClassBalancedSampler(
                    TARGET, beta=beta, seed=2, rank=rank, num_replicas=num_replicas, drop_last=drop_last
                )
            )
            for rank in range(num_replicas)
        ]
        union = np.array(ranks).T.ravel().tolist()
        length = min(len(union), len(single))
        assert union[:length] == single[:length]


def test_class_counts_are_refused():
    with pytest.raises(TypeError, match="one label for each sample"):
        ClassBalancedSampler(count_classes([0, 0, 1]))


@pytest.mark.parametrize("as_target", [list, np.array, torch.tensor])
def test_numbers_that_may_be_counts_are_warned_of(as_target):
    with pytest.warns(UserWarning, match="one label for each sample"):
        sampler = ClassBalancedSampler(as_target([500, 50, 5]))
    assert len(sampler) == 3  # they may be the labels of a few samples of many classes


@pytest.mark.parametrize("labels", [[0, 1], [7], [-5, 7, 100], [5, 5, 90], ["500", "50"], range(1, 9)])
@pytest.mark.filterwarnings("error")
def test_few_labels_are_no_counts(labels):
    assert len(ClassBalancedSampler(labels)) == len(labels)


def test_it_says_what_it_draws():
    text = repr(ClassBalancedSampler([0, 0, 1], beta=0.5, rank=1, num_replicas=2))
    assert text == "ClassBalancedSampler(3 samples of 2 classes, beta=0.5, rank=1 of 2, epoch=0)"
