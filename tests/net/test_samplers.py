"""Samplers given as a class: one for each training part, its draws in the guard and in the prior."""

import pickle
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from skcb import (
    CBNeuralNetClassifier,
    ClassBalancedClassifier,
    DoubleBalancingWarning,
    LogitAdjustedClassifier,
    sampling_probability,
)
from skcb.nn import CBCrossEntropyLoss, ClassBalancedSampler

from .modules import Linear

X, y = make_classification(600, n_classes=3, n_informative=6, weights=[0.8, 0.15], random_state=0)
X = X.astype(np.float32)
BALANCED = partial(ClassBalancedSampler, beta=1)


class Seen(Callback):
    """What each epoch was trained on."""

    def on_train_begin(self, net, **_):
        self.labels, self.first = [], []

    def on_epoch_begin(self, net, **_):
        self.labels.append([])
        self.first.append([])

    def on_batch_begin(self, net, batch, training, **_):
        if training:
            features, labels = batch
            self.labels[-1] += np.asarray(labels).tolist()
            self.first[-1] += np.asarray(features)[:, 0].tolist()


def net(**params):
    defaults = {"max_epochs": 3, "beta": 0, "random_state": 0, "iterator_train__sampler": BALANCED}
    return CBNeuralNetClassifier(Linear, **{**defaults, **params})


def seen_by(fitted):
    return dict(fitted.callbacks_)["Seen"]


def double_balancing(fit):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    return [str(one.message) for one in caught if one.category is DoubleBalancingWarning]


@pytest.mark.parametrize("labels", [y, np.array(["a", "b", "c"])[y], y * 10 - 7])
@pytest.mark.parametrize("sampler", [BALANCED, partial(ClassBalancedSampler, beta=1, seed=5)])
def test_a_class_or_partial_is_made_for_the_training_part(labels, sampler):
    fitted = net(callbacks=[Seen], iterator_train__sampler=sampler).fit(X, labels)
    for of_epoch in seen_by(fitted).labels:
        assert len(of_epoch) == 600
        _, drawn = np.unique(of_epoch, return_counts=True)
        np.testing.assert_allclose(drawn, 200, atol=50)


def test_the_class_itself_has_its_default_beta():
    fitted = net(callbacks=[Seen], iterator_train__sampler=ClassBalancedSampler).fit(X, y)
    expected = 600 * sampling_probability(np.bincount(y), 0.999)
    np.testing.assert_allclose(np.bincount(seen_by(fitted).labels[0]), expected, atol=50)


@pytest.mark.parametrize("iterator", [None, DataLoader])
def test_epochs_differ_and_follow_from_the_seed(iterator):
    params = {"callbacks": [Seen]} | ({} if iterator is None else {"iterator_train": iterator})
    first, second = seen_by(net(**params).fit(X, y)).first, seen_by(net(**params).fit(X, y)).first
    assert first == second
    assert first[0] != first[1] != first[2]
    assert seen_by(net(random_state=1, **params).fit(X, y)).first != first


def test_a_run_that_goes_on_is_the_run():
    whole = net(max_epochs=4).fit(X, y)
    parts = net(max_epochs=2).fit(X, y)
    parts = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)
    for one, other in zip(whole.module_.parameters(), parts.module_.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_each_fold_and_each_split_has_its_own():
    scores = cross_val_score(net(max_epochs=30, lr=0.02), X, y, cv=StratifiedKFold(3), scoring="balanced_accuracy")
    assert scores.min() > 0.5
    fitted = net(callbacks=[Seen], train_split=ValidSplit(5, stratified=True)).fit(X, y)
    assert len(seen_by(fitted).labels[0]) == 480
    np.testing.assert_allclose(np.bincount(seen_by(fitted).labels[0]), 160, atol=50)
    grid = {"iterator_train__sampler": [BALANCED, partial(ClassBalancedSampler, beta=0)]}
    search = GridSearchCV(net(max_epochs=30, lr=0.02), grid, cv=3, scoring="balanced_accuracy").fit(X, y)
    assert search.best_params_["iterator_train__sampler"].keywords == {"beta": 1}
    clone(search)


def test_datasets_of_the_users_get_one_too():
    data = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    fitted = net(callbacks=[Seen], iterator_train=DataLoader).fit(data)
    np.testing.assert_allclose(np.bincount(seen_by(fitted).labels[0]), 200, atol=50)


def test_a_sampler_made_for_other_data_is_refused_and_the_way_out_named():
    with pytest.raises(ValueError, match=r"draws from 599 samples.*Give a class"):
        net(iterator_train__sampler=ClassBalancedSampler(y[:-1])).fit(X, y)


def test_a_stream_has_no_labels_to_make_one_of():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([(X[0], 0), (X[1], 1)])

    with pytest.raises(ValueError, match="ClassBalancedSampler is made from the labels"):
        net(classes=[0, 1, 2], class_counts=[1, 1, 1], module__n_features_in=20).fit(Stream())


BALANCING = [
    BALANCED,
    ClassBalancedSampler,
    ClassBalancedSampler(y, beta=1),
    WeightedRandomSampler(1 / np.bincount(y)[y], len(y)),
]


@pytest.mark.parametrize("sampler", BALANCING)
def test_the_guard_sees_a_sampler_beside_a_balancing_loss(sampler):
    (message,) = double_balancing(lambda: net(beta=0.999, iterator_train__sampler=sampler).fit(X, y))
    assert "the sampler draws samples of class 2" in message
    assert "Set beta=0 there, or leave out iterator_train__sampler" in message
    assert not double_balancing(lambda: net(beta=0, iterator_train__sampler=sampler).fit(X, y))


def test_the_guard_is_silent_where_the_sampler_draws_evenly():
    even = partial(ClassBalancedSampler, beta=0)
    assert not double_balancing(lambda: net(beta=0.999, iterator_train__sampler=even).fit(X, y))


@pytest.mark.parametrize("sampler", [BALANCED, ClassBalancedSampler])
def test_wrappers_see_a_net_that_samples(sampler):
    (message,) = double_balancing(lambda: ClassBalancedClassifier(net(iterator_train__sampler=sampler)).fit(X, y))
    assert "iterator_train__sampler=ClassBalancedSampler(beta=" in message
    (message,) = double_balancing(lambda: LogitAdjustedClassifier(net(iterator_train__sampler=sampler)).fit(X, y))
    assert "superfluous" in message


def test_a_loss_that_gets_the_counts_of_the_draw_weighs_none():
    sampler = ClassBalancedSampler(y, beta=1)
    loss = CBCrossEntropyLoss(np.bincount(y), beta=0.999)
    loss.set_counts(sampler.counts)
    torch.testing.assert_close(loss.weight, torch.ones(3))


@pytest.mark.parametrize(
    "params",
    [
        {"iterator_train__sampler": BALANCED},
        {"iterator_train__sampler": WeightedRandomSampler(1 / np.bincount(y)[y], len(y))},
        {"iterator_train__sampler": None, "beta": 1},
        {"iterator_train__sampler": None, "loss": "logit_adjusted", "beta": None},
        {"iterator_train__sampler": None, "loss": "focal", "gamma": 1.0, "beta": 1},
    ],
)
def test_a_prior_correction_gives_back_the_prevalence(params):
    # What the balanced nets and the plain one say of P(class | x) is the same, once corrected.
    def probabilities(**params):
        fitted = net(max_epochs=60, lr=0.02, batch_size=100, **params).fit(X, y)
        return fitted.predict_proba(X)

    plain = probabilities(iterator_train__sampler=None)
    corrected, balanced = probabilities(prior_correction=True, **params), probabilities(**params)
    np.testing.assert_allclose(corrected.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(corrected.mean(axis=0), np.bincount(y) / len(y), atol=0.03)
    assert log_loss(y, corrected) < log_loss(y, plain) + 0.05 < log_loss(y, balanced)


def test_a_corrected_net_decides_as_it_did():
    for trimmed in (False, True):
        plain, corrected = net(beta=1, iterator_train__sampler=None), net(prior_correction=True)
        corrected.set_params(beta=1, iterator_train__sampler=None)
        plain.fit(X, y), corrected.fit(X, y)
        if trimmed:
            corrected.trim_for_prediction()
        np.testing.assert_array_equal(plain.predict(X), corrected.predict(X))
        assert (corrected.predict_proba(X).argmax(axis=1) != corrected.predict(X)).any()


def test_a_head_that_is_trained_again_was_not_sampled():
    params = {"max_epochs": 60, "lr": 0.02, "batch_size": 100, "prior_correction": True}
    again = net(**params).fit(X, y).rebalance_classifier(X, y)
    np.testing.assert_allclose(again.predict_proba(X).mean(axis=0), np.bincount(y) / len(y), atol=0.03)


def test_wrappers_know_what_the_probabilities_are_of():
    params = {"max_epochs": 60, "lr": 0.02, "batch_size": 100}
    decided = []
    for given in ({}, {"prior_correction": True}, {"iterator_train__sampler": None}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DoubleBalancingWarning)
            decided.append(LogitAdjustedClassifier(net(**params, **given)).fit(X, y).predict(X))
    assert np.mean(decided[0] != decided[1]) == 0
    # Two fits of a linear model, one on balanced draws; were the draws not known, half of the rows would be rare.
    assert np.mean(decided[0] != decided[2]) < 0.15


def test_loaded_parameters_are_corrected_alike(tmp_path):
    fitted = net(prior_correction=True).fit(X, y)
    fitted.save_params(f_params=tmp_path / "module.pt", f_criterion=tmp_path / "criterion.pt")
    loaded = net(prior_correction=True, classes=[0, 1, 2], module__n_features_in=20).initialize()
    loaded.load_params(f_params=tmp_path / "module.pt", f_criterion=tmp_path / "criterion.pt")
    np.testing.assert_allclose(loaded.predict_proba(X), fitted.predict_proba(X), rtol=1e-5)


def test_where_no_posterior_is_known_the_loss_says_so_before_training():
    from skcb.nn import ClassBalancedLoss

    base = torch.nn.MultiMarginLoss(reduction="none")
    fitted = net(loss=ClassBalancedLoss, criterion__base=base, prior_correction=True, iterator_train__sampler=None)
    with pytest.raises(NotImplementedError, match="ClassBalancedLoss has no posterior"):
        fitted.fit(X, y)


def weighted_by_label(labels):
    weight = {"a": 1.0, "b": 5.0, "c": 20.0}
    return WeightedRandomSampler([weight[label] for label in labels], len(labels))


def test_a_function_is_given_the_labels():
    named = np.array(["a", "b", "c"])[y]
    fitted = net(callbacks=[Seen], iterator_train__sampler=weighted_by_label, prior_correction=True).fit(X, named)
    expected = np.bincount(y) * [1, 5, 20]
    drawn = np.unique(seen_by(fitted).labels[0], return_counts=True)[1]
    np.testing.assert_allclose(drawn / 600, expected / expected.sum(), atol=0.08)


def test_a_class_that_is_made_of_something_else_is_refused():
    with pytest.raises(TypeError, match="WeightedRandomSampler is not"):
        net(iterator_train__sampler=partial(WeightedRandomSampler, num_samples=300)).fit(X, y)


def test_words_in_place_of_a_sampler_or_a_truth_are_refused():
    with pytest.raises(TypeError, match=r"must be a sampler, .* got 'balanced'"):
        net(iterator_train__sampler="balanced").fit(X, y)
    with pytest.raises(ValueError, match="prior_correction must be True or False, got 'no'"):
        net(prior_correction="no").fit(X, y)


@pytest.mark.parametrize("sampler", [ClassBalancedSampler(y, beta=1), weighted_by_label])
def test_loaded_parameters_know_an_instance_and_refuse_what_they_cannot_know(tmp_path, sampler):
    named = np.array(["a", "b", "c"])[y]
    fitted = net(prior_correction=True, iterator_train__sampler=sampler).fit(X, named)
    fitted.save_params(f_params=tmp_path / "module.pt", f_criterion=tmp_path / "criterion.pt")
    loaded = net(
        prior_correction=True, iterator_train__sampler=sampler, classes=["a", "b", "c"], module__n_features_in=20
    ).initialize()
    loaded.load_params(f_params=tmp_path / "module.pt", f_criterion=tmp_path / "criterion.pt")
    if sampler is weighted_by_label:
        with pytest.raises(ValueError, match="not known of weighted_by_label where parameters are loaded"):
            loaded.predict_proba(X)
    else:
        np.testing.assert_allclose(loaded.predict_proba(X), fitted.predict_proba(X), rtol=1e-5)


def test_wrappers_see_an_instance_too():
    sampler = ClassBalancedSampler(y, beta=1)
    (message,) = double_balancing(lambda: ClassBalancedClassifier(net(iterator_train__sampler=sampler)).fit(X, y))
    assert "iterator_train__sampler=ClassBalancedSampler(beta=1)" in message
