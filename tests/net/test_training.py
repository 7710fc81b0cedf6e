"""What a net learns from: counts of the training part, weights, a loop written by hand, seeds, parts."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold, cross_val_score
from skorch.dataset import ValidSplit
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import TensorDataset

import skcb
from skcb import CBNeuralNetClassifier, DeferredReweighting, EmptyClassWarning, class_weight
from skcb.nn import CBFocalLoss, ClassBalancedLoss

from .modules import OF_ONE_LABEL, Linear, Noisy, imbalanced

X, y = imbalanced()


def parameters_of(net):
    return [parameter.detach().numpy().copy() for parameter in net.module_.parameters()]


def assert_same_parameters(first, second):
    for one, other in zip(parameters_of(first), parameters_of(second), strict=True):
        np.testing.assert_array_equal(one, other)


def full_batch(**kwargs):
    defaults = {"batch_size": -1, "max_epochs": 5, "optimizer": torch.optim.SGD, "lr": 0.5, "random_state": 0}
    return CBNeuralNetClassifier(Linear, **{**defaults, **kwargs})


@pytest.mark.parametrize("beta", [0, 0.99, 1])
def test_training_is_the_loop_written_by_hand(beta):
    net = full_batch(beta=beta).fit(X, y)
    fresh = full_batch(max_epochs=0).fit(X, y).module_
    optimizer = torch.optim.SGD(fresh.parameters(), lr=0.5)
    counts = np.bincount(y)
    effective = counts if beta == 1 else (1 - beta**counts) / (1 - beta)
    weight = torch.tensor((1 / effective) * 3 / (1 / effective).sum(), dtype=torch.float32)
    for _ in range(5):
        log_p = fresh(torch.from_numpy(X)).log_softmax(1)[np.arange(len(y)), y]
        loss = -(weight[y] * log_p).sum() / len(y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for ours, theirs in zip(net.module_.parameters(), fresh.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_counts_are_those_of_the_training_part():
    net = full_batch(train_split=ValidSplit(KFold(5)), beta=0.99).fit(X, y)
    train, _ = next(iter(KFold(5).split(X)))
    expected = np.bincount(y[train], minlength=3)
    np.testing.assert_array_equal(net.class_count_, expected)
    np.testing.assert_allclose(net.criterion_.weight, class_weight(expected, 0.99), rtol=1e-6)


def test_each_fold_has_its_own_counts():
    seen = []

    class Watching(CBNeuralNetClassifier):
        def get_split_datasets(self, *args, **kwargs):
            parts = super().get_split_datasets(*args, **kwargs)
            seen.append(self.class_count_)
            return parts

    folds = KFold(3, shuffle=True, random_state=0)
    cross_val_score(Watching(Linear, max_epochs=1, random_state=0), X, y, cv=folds)
    np.testing.assert_array_equal(seen, [np.bincount(y[train], minlength=3) for train, _ in folds.split(X)])


def test_passes_over_the_same_part_do_not_add_up():
    net = full_batch(max_epochs=1)
    for _ in range(100):
        net.partial_fit(X, y)
    np.testing.assert_array_equal(net.class_count_, np.bincount(y))


def test_partial_fit_counts_the_part_it_is_given():
    net = full_batch(max_epochs=1).partial_fit(X, y).partial_fit(X[:90], y[:90])
    np.testing.assert_array_equal(net.class_count_, np.bincount(y[:90], minlength=3))


@pytest.mark.parametrize("counts", [[2000, 800, 200], {2: 200, 0: 2000, 1: 800}])
def test_class_counts_fix_the_counts(counts):
    net = full_batch(class_counts=counts, max_epochs=1, beta=0.999)
    for start in range(0, 300, 100):
        net.partial_fit(X[start : start + 100], y[start : start + 100], classes=[0, 1, 2])
        np.testing.assert_allclose(net.criterion_.weight, class_weight([2000, 800, 200], 0.999), rtol=1e-6)


def test_parts_may_begin_with_few_of_the_classes_when_all_are_named():
    ones = y == 1
    net = full_batch(class_counts={0: 200, 1: 80, 2: 20}, max_epochs=1).partial_fit(X[ones], y[ones])
    assert net.predict_proba(X).shape == (300, 3)


@pytest.mark.parametrize("loss", OF_ONE_LABEL)
@pytest.mark.parametrize("labels", [[0, 1, 2], ["b", "a", "c"], [-7, 3, 40]], ids=str)
def test_every_loss_gives_probabilities_that_agree_with_predictions(loss, labels):
    named = np.array(labels)[y]
    net = CBNeuralNetClassifier(loss=loss, max_epochs=15, lr=0.01, random_state=0).fit(X, named)
    probability = net.predict_proba(X)
    np.testing.assert_allclose(probability.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(net.classes_, np.unique(labels))
    np.testing.assert_array_equal(net.predict(X), net.classes_[probability.argmax(1)])
    assert net.score(X, named) > 0.6


@pytest.mark.parametrize("loss", ["sigmoid", "focal"])
def test_rows_sum_to_one_where_every_sigmoid_underflows(loss):
    net = CBNeuralNetClassifier(Linear, loss=loss, max_epochs=1, random_state=0).fit(X, y)
    with torch.no_grad():
        net.module_.bias.copy_(torch.tensor([-300.0, -310.0, -305.0]))
        net.module_.weight.zero_()
    probability = net.predict_proba(X[:2])
    odds = np.exp([0, -10, -5])
    np.testing.assert_allclose(probability, [odds / odds.sum()] * 2, rtol=1e-5)


def test_a_loss_class_is_as_good_as_its_name():
    named = full_batch(loss="focal", gamma=0.5, beta=0.9).fit(X, y)
    given = full_batch(loss=CBFocalLoss, criterion__gamma=0.5, criterion__beta=0.9).fit(X, y)
    assert_same_parameters(named, given)


def test_any_per_example_loss_becomes_class_balanced():
    net = full_batch(loss=ClassBalancedLoss, criterion__base=nn.MultiMarginLoss(reduction="none"), max_epochs=50)
    net.fit(X, y)
    assert net.score(X, y) > 0.7
    np.testing.assert_allclose(net.criterion_.weight, class_weight(np.bincount(y), 0.999), rtol=1e-6)


def test_gamma_is_ignored_where_there_is_none():
    assert_same_parameters(full_batch(gamma=3.0).fit(X, y), full_batch().fit(X, y))


def test_parameters_of_the_loss_take_effect_with_the_next_training():
    net = full_batch(beta=0, warm_start=True).fit(X, y)
    before = net.predict_proba(X)
    net.set_params(beta=1.0, loss="ldam")
    np.testing.assert_array_equal(net.predict_proba(X), before)
    net.partial_fit(X, y)
    assert type(net.criterion_).__name__ == "LDAMLoss"
    np.testing.assert_allclose(net.criterion_.weight, class_weight(np.bincount(y), 1), rtol=1e-6)


def test_integer_weights_are_repetition():
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = full_batch(max_epochs=20).fit(X, y, sample_weight=weight)
    repeated = full_batch(max_epochs=20).fit(np.repeat(X, weight, 0), np.repeat(y, weight))
    np.testing.assert_array_equal(weighted.class_count_, repeated.class_count_)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-3, atol=1e-6)


def test_a_common_factor_of_the_weights_leaves_the_size_of_the_steps():
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    one, other = (full_batch(beta=1).fit(X, y, sample_weight=factor * weight) for factor in (1, 100))
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-4)


def test_weights_follow_their_samples_through_the_split():
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    net = full_batch(train_split=ValidSplit(KFold(5))).fit(X, y, sample_weight=weight)
    train, _ = next(iter(KFold(5).split(X)))
    np.testing.assert_allclose(net.class_count_, np.bincount(y[train], weight[train]), rtol=1e-12)


def test_a_class_of_weight_zero_is_no_target():
    weight = np.where(y == 2, 0.0, 1.0)
    with pytest.warns(EmptyClassWarning, match=r"\[2\] have no samples"):
        net = full_batch(loss="logit_adjusted").fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(net.classes_, [0, 1, 2])


def test_a_class_that_the_split_left_out_is_named_and_its_validation_samples_are_not_scored():
    order = np.argsort(y != 2, kind="stable")  # class 2 first, where KFold takes its validation part
    for loss in OF_ONE_LABEL:
        with pytest.warns(EmptyClassWarning, match=r"'rare'.*stratify train_split"):
            net = full_batch(loss=loss, train_split=ValidSplit(KFold(5))).fit(
                X[order], np.array(["common", "middle", "rare"])[y[order]]
            )
        assert np.isfinite(net.history[:, "valid_loss"]).all()


def test_a_random_state_repeats_a_run_and_leaves_the_global_states_alone():
    torch.manual_seed(1)
    np.random.seed(1)
    state, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = CBNeuralNetClassifier(Noisy, max_epochs=3, random_state=7).fit(X, y)
    np.testing.assert_array_equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], legacy)
    torch.manual_seed(2)
    assert_same_parameters(first, CBNeuralNetClassifier(Noisy, max_epochs=3, random_state=7).fit(X, y))
    other = CBNeuralNetClassifier(Noisy, max_epochs=3, random_state=8).fit(X, y)
    assert not np.array_equal(parameters_of(first)[0], parameters_of(other)[0])


def test_without_a_random_state_the_global_one_counts():
    nets = []
    for _ in range(2):
        torch.manual_seed(3)
        nets.append(CBNeuralNetClassifier(Noisy, max_epochs=2).fit(X, y))
    assert_same_parameters(*nets)


def test_epochs_one_by_one_are_epochs_in_one_go():
    whole = CBNeuralNetClassifier(Noisy, max_epochs=4, random_state=0).fit(X, y)
    parts = CBNeuralNetClassifier(Noisy, max_epochs=1, random_state=0)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert_same_parameters(whole, parts)


def test_sigmoid_losses_start_from_the_prior_where_the_net_builds_the_module():
    for loss in OF_ONE_LABEL:
        net = CBNeuralNetClassifier(Linear, loss=loss, max_epochs=0, random_state=0).fit(X, y)
        from_prior = np.allclose(net.module_.bias.detach(), -np.log(2))
        assert from_prior == (loss in {"sigmoid", "focal"}), loss
    assert not np.allclose(
        CBNeuralNetClassifier(Linear, loss="focal", bias_init=None, max_epochs=0).fit(X, y).module_.bias.detach(),
        -np.log(2),
    )
    pretrained = nn.Linear(5, 3)
    net = CBNeuralNetClassifier(pretrained, loss="focal", max_epochs=0).fit(X, y)
    assert not np.allclose(net.module_.bias.detach(), -np.log(2))


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_the_prior_bias_is_not_decayed(optimizer):
    decay = {} if optimizer is torch.optim.AdamW else {"optimizer__weight_decay": 0.1}
    net = CBNeuralNetClassifier(Linear, loss="focal", optimizer=optimizer, max_epochs=0, **decay).fit(X, y)
    of = {id(p): group["weight_decay"] for group in net.optimizer_.param_groups for p in group["params"]}
    assert of[id(net.module_.bias)] == 0
    assert of[id(net.module_.weight)] > 0
    assert len(of) == 2


def test_a_parameter_group_of_the_users_wins():
    net = CBNeuralNetClassifier(
        Linear,
        loss="focal",
        optimizer=torch.optim.SGD,
        optimizer__weight_decay=0.1,
        optimizer__param_groups=[("bias", {"weight_decay": 0.5})],
        max_epochs=0,
    ).fit(X, y)
    assert [group["weight_decay"] for group in net.optimizer_.param_groups] == [0.5, 0.1]


def test_lbfgs_takes_its_closure():
    net = full_batch(optimizer=torch.optim.LBFGS, loss="focal", lr=1.0, max_epochs=3).fit(X, y)
    assert net.history[-1, "train_loss"] < net.history[0, "train_loss"] / 2


def test_deferred_reweighting_begins_when_it_is_told():
    seen = []

    class Watching(CBNeuralNetClassifier):
        def run_single_epoch(self, iterator, training, *args, **kwargs):
            if training:
                seen.append(self.criterion_.weight.numpy().copy())
            super().run_single_epoch(iterator, training, *args, **kwargs)

    Watching(Linear, loss="ldam", max_epochs=4, callbacks=[DeferredReweighting(start_epoch=3)]).fit(X, y)
    expected = class_weight(np.bincount(y), 0.9999)
    np.testing.assert_allclose(seen, [np.ones(3), np.ones(3), expected, expected], rtol=1e-6)


@pytest.mark.parametrize(
    ("own", "net_beta", "expected"), [(None, None, 0.9999), (None, 0.9, 0.9), (0.95, 0.9, 0.95)]
)
def test_deferred_reweighting_takes_the_beta_that_is_given(own, net_beta, expected):
    net = full_batch(beta=net_beta, callbacks=[DeferredReweighting(start_epoch=2, beta=own)]).fit(X, y)
    assert net.history[:, "beta"] == [0.0, *[expected] * 4]


def test_deferred_reweighting_leaves_no_trace():
    plain = full_batch(loss="ldam", callbacks=[DeferredReweighting(start_epoch=2)]).fit(X, y)
    assert plain.criterion_.beta == 0  # of LDAM itself
    assert plain.criterion_.weight.tolist() == [1, 1, 1]
    weighted = full_batch(beta=0.9, callbacks=[DeferredReweighting(start_epoch=2, beta=0.99)]).fit(X, y)
    assert weighted.criterion_.beta == 0.9
    np.testing.assert_allclose(weighted.criterion_.weight, class_weight(np.bincount(y), 0.9), rtol=1e-6)


def test_deferred_reweighting_is_searched():
    net = full_batch(callbacks=[("drw", DeferredReweighting(start_epoch=2))])
    net.set_params(callbacks__drw__start_epoch=5).fit(X, y)
    assert dict(net.callbacks_)["drw"].start_epoch == 5


def test_deferred_reweighting_is_never_a_silent_no_op():
    with pytest.warns(UserWarning, match="ended after epoch 5, before .* start_epoch=6"):
        full_batch(callbacks=[DeferredReweighting(start_epoch=6)]).fit(X, y)
    with pytest.raises(ValueError, match="beta=0 weights no class"):
        full_batch(beta=0, callbacks=[DeferredReweighting(start_epoch=2)]).fit(X, y)
    with pytest.raises(ValueError, match="counted from 1, got 0"):
        full_batch(callbacks=[DeferredReweighting(start_epoch=0)]).fit(X, y)


def test_the_loss_of_an_unweighted_class_balanced_net_is_torchs():
    net = full_batch(beta=0, max_epochs=1).fit(X, y)
    fresh = full_batch(max_epochs=0).fit(X, y).module_
    expected = nn.functional.cross_entropy(fresh(torch.from_numpy(X)), torch.from_numpy(y)).item()
    assert net.history[0, "train_loss"] == pytest.approx(expected, rel=1e-6)


def test_a_validation_set_of_the_users():
    valid = TensorDataset(torch.from_numpy(X[:50]), torch.from_numpy(y[:50]))
    net = full_batch(train_split=predefined_split(valid)).fit(X[50:], y[50:])
    np.testing.assert_array_equal(net.class_count_, np.bincount(y[50:]))
    assert net.history[-1, "valid_acc"] == pytest.approx(net.score(X[:50], y[:50]))


def test_a_small_network_learns_a_table_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = skcb.CBNeuralNetClassifier(random_state=0).fit(X, y)
    assert net.score(X, y) > 0.8
