"""What real clients hand to a net: labelled counts, labels to ignore, half precision, modules of their own."""

import copy
import inspect
import pickle
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from skorch.exceptions import NotInitializedError
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import Dataset, TensorDataset, WeightedRandomSampler

import skcb.net
from skcb import CBNeuralNetClassifier, DeferredReweighting, class_weight, count_classes
from skcb.nn import ClassBalancedLoss, functional

from .modules import Linear, imbalanced

X, y = imbalanced()
NAMES = np.array(["c", "a", "b"])[y]


def net_of(module=Linear, **kwargs):
    return CBNeuralNetClassifier(module, **{"max_epochs": 3, "random_state": 0, "lr": 0.05, **kwargs})


LABELLED = {
    "value_counts": pd.Series(NAMES).value_counts(),
    "Counter": Counter(NAMES.tolist()),
    "ClassCounts": count_classes(NAMES),
}


@pytest.mark.parametrize("kind", LABELLED)
def test_labelled_counts_are_read_by_label(kind):
    expected = dict(zip(*map(np.ndarray.tolist, count_classes(NAMES)), strict=True))
    net = net_of(class_counts=LABELLED[kind], beta=1).fit(X, NAMES)
    assert dict(zip(net.classes_.tolist(), net.class_count_.tolist(), strict=True)) == expected
    part = net_of(class_counts=LABELLED[kind], beta=1, max_epochs=1).partial_fit(X[y < 2], NAMES[y < 2])
    assert dict(zip(part.classes_.tolist(), part.class_count_.tolist(), strict=True)) == expected


def test_counts_beside_classes_are_in_the_order_in_which_these_are_written():
    net = net_of(classes=["b", "a", "c"], class_counts=[20, 80, 200], max_epochs=1).fit(X, NAMES)
    assert net.classes_.tolist() == ["a", "b", "c"]
    assert net.class_count_.tolist() == [80, 20, 200]


def parameters_of(net):
    return [parameter.detach().numpy() for parameter in net.module_.parameters()]


@pytest.mark.parametrize(
    ("labels", "ignored"),
    [(y + 1, 2), (np.where(np.arange(len(y)) % 4 == 0, -1, y), -1), (NAMES, "a")],
    ids=["a class", "unlabelled", "a name"],
)
def test_ignore_index_is_a_label(labels, ignored):
    net = net_of(criterion__ignore_index=ignored).fit(X, labels)
    kept = labels != ignored
    without = net_of().fit(X[kept], labels[kept])
    assert ignored not in net.classes_
    np.testing.assert_array_equal(net.classes_, without.classes_)
    for one, other in zip(parameters_of(net), parameters_of(without), strict=True):
        np.testing.assert_array_equal(one, other)
    weighted = net_of(criterion__ignore_index=ignored).fit(X, labels, sample_weight=np.ones(len(y)))
    np.testing.assert_array_equal(weighted.class_count_, without.class_count_)
    with pytest.raises(ValueError, match=r"every label is .*criterion__ignore_index leaves out|one class alone"):
        net_of(criterion__ignore_index=ignored).fit(X[~kept], labels[~kept])
    some = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0)
    both = net_of(criterion__ignore_index=ignored).fit(X, labels, sample_weight=some)
    rows = kept & (some > 0)
    np.testing.assert_array_equal(both.class_count_, net_of().fit(X[rows], labels[rows]).class_count_)
    with pytest.raises(ValueError, match="sample_weight is zero for all samples that criterion__ignore_index"):
        net_of(criterion__ignore_index=ignored).fit(X, labels, sample_weight=(~kept).astype(float))


def test_ignored_labels_in_a_validation_set_of_the_users():
    labels = np.where(np.arange(len(y)) % 4 == 0, -1, y)
    valid = TensorDataset(torch.from_numpy(X[:60]), torch.from_numpy(labels[:60]))
    net = net_of(criterion__ignore_index=-1, train_split=predefined_split(valid)).fit(X[60:], labels[60:])
    kept = labels[:60] != -1
    assert net.history[-1, "valid_acc"] == pytest.approx(net.score(X[:60][kept], labels[:60][kept]))


def test_a_net_in_bfloat16_predicts():
    net = CBNeuralNetClassifier(module__dtype=torch.bfloat16, max_epochs=3, random_state=0).fit(X, y)
    probability = net.predict_proba(X)
    assert probability.dtype == np.float32
    np.testing.assert_allclose(probability.sum(1), 1, rtol=1e-5)
    assert net.predict(X).shape == y.shape


def test_the_dtype_of_the_module_is_that_of_now():
    net = net_of().fit(X, y)
    before = net.predict(X)
    net.module_.double()
    np.testing.assert_array_equal(net.predict(X.astype(np.float64)), before)


def test_a_module_may_give_its_logits_in_an_object():
    class Transformer(Linear):
        def forward(self, X):
            return SimpleNamespace(logits=super().forward(X))

    ours, plain = net_of(Transformer).fit(X, y), net_of().fit(X, y)
    np.testing.assert_array_equal(ours.predict_proba(X), plain.predict_proba(X))


def test_a_sampler_for_other_data_is_named():
    sampler = WeightedRandomSampler(np.ones(len(y)), len(y))
    with pytest.raises(ValueError, match="sampler draws from 300 samples, but the training part has 240"):
        net_of(iterator_train__sampler=sampler, train_split=ValidSplit(5)).fit(X, y)
    assert net_of(iterator_train__sampler=sampler).fit(X, y).history[-1, "train_loss"] > 0


@pytest.mark.parametrize("labels", [np.stack([y, y], 1), np.zeros((len(y), 4, 4), int), [[0, 1]] * len(y)])
def test_a_label_for_each_token_or_pixel_is_told_what_serves_it(labels):
    with pytest.raises(ValueError, match=r"several targets per sample.*losses of skcb\.nn"):
        net_of().fit(X, labels)


def test_before_initialize_a_net_says_so():
    for call in (lambda net: net.forward(X), lambda net: list(net.forward_iter(X))):
        with pytest.raises(NotInitializedError, match="initialize"):
            call(net_of())


class TwoModules(CBNeuralNetClassifier):
    """An encoder beside the head, each a module of its own, as skorch's documentation has it."""

    def initialize_module(self):
        torch.manual_seed(0)
        self.encoder_ = nn.Linear(5, 8)
        self.head_ = nn.Linear(8, 3)
        return self

    def infer(self, x, **fit_params):
        return self.head_(self.encoder_(x.float()))


class OwnCriterion(CBNeuralNetClassifier):
    def initialize_criterion(self):
        self.criterion_ = nn.CrossEntropyLoss()
        return self


def test_modules_and_a_criterion_of_ones_own():
    for own in (TwoModules(max_epochs=5, lr=0.05), OwnCriterion(Linear, max_epochs=5, lr=0.05, random_state=0)):
        net = own.fit(X, NAMES)
        assert net.score(X, NAMES) > 0.6
        np.testing.assert_allclose(net.predict_proba(X).sum(1), 1, rtol=1e-5)
    unweighted = net_of(max_epochs=5, beta=0).fit(X, NAMES)
    np.testing.assert_allclose(net.predict_proba(X), unweighted.predict_proba(X), rtol=1e-4)
    with pytest.raises(AttributeError, match=r"CrossEntropyLoss is no loss of skcb\.nn, and holds no counts"):
        _ = net.class_count_


def test_an_initialized_net_predicts_the_numbers_of_its_classes():
    net = CBNeuralNetClassifier(nn.Linear(5, 3)).initialize()
    assert set(net.predict(X)) <= {0, 1, 2}
    assert net.classes_.tolist() == [0, 1, 2]
    assert net.fit(X, NAMES).classes_.tolist() == ["a", "b", "c"]


def test_empty_classes_are_named():
    with pytest.raises(ValueError, match="classes is empty"):
        net_of(classes=[]).fit(X, y)


def test_a_dataset_that_gives_out_no_pairs_is_named():
    class Inputs(Dataset):
        def __len__(self):
            return len(X)

        def __getitem__(self, i):
            return float(X[i, 0])

    with pytest.raises(ValueError, match=r"item 0 of the dataset is float, not a pair \(X, y\)"):
        net_of().fit(Inputs(), None)


def test_a_sigmoid_base_trains_and_predicts_as_its_twin():
    base = {"loss": ClassBalancedLoss, "criterion__base": functional.sigmoid_focal}
    ours = net_of(**base, criterion__probabilities="sigmoid").fit(X, y)
    twin = net_of(loss="focal").fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), twin.predict_proba(X), rtol=1e-4)
    started = net_of(**base, criterion__probabilities="sigmoid", max_epochs=0).fit(X, y)
    np.testing.assert_allclose(started.module_.bias.detach(), -np.log(2), rtol=1e-6)


def test_weights_set_in_late_are_gone_with_their_callback():
    net = net_of(loss="ldam", callbacks=[("drw", DeferredReweighting(start_epoch=2))]).fit(X, y)
    seen = []

    class Watching(Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append(net.criterion_.weight.tolist())

    net.callbacks_ = [("watching", Watching().initialize())]
    net.partial_fit(X, y)
    assert seen
    assert all(weight == [1, 1, 1] for weight in seen)


def test_after_an_interrupted_training_the_next_has_its_own_weights():
    class Breaking(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 3:
                raise RuntimeError("the power went out")

    net = net_of(beta=0.9, callbacks=[DeferredReweighting(start_epoch=2, beta=0.99), Breaking()])
    with pytest.raises(RuntimeError, match="the power went out"):
        net.fit(X, y)
    net.callbacks_ = []
    net.partial_fit(X, y)
    np.testing.assert_allclose(net.criterion_.weight, class_weight(np.bincount(y), 0.9), rtol=1e-6)


CALLBACKS = [
    kind
    for kind in (getattr(skcb.net, name) for name in skcb.net.__all__)
    if inspect.isclass(kind) and issubclass(kind, Callback)
]
ARGUMENTS = {"DeferredReweighting": {"start_epoch": 2}}


@pytest.mark.parametrize("kind", CALLBACKS)
def test_every_callback_is_cloned_set_and_leaves_no_trace(kind):
    callback = kind(**ARGUMENTS.get(kind.__name__, {}))
    assert copy.deepcopy(callback).get_params() == pickle.loads(pickle.dumps(callback)).get_params()
    split = ValidSplit(5, stratified=True)
    with_it = net_of(beta=0.9, train_split=split, callbacks=[("ours", callback)]).fit(X, y)
    without = net_of(beta=0.9, train_split=split).fit(X, y)
    ours, plain = with_it.criterion_.state_dict(), without.criterion_.state_dict()
    assert ours.keys() == plain.keys()
    for key, vector in ours.items():
        torch.testing.assert_close(vector, plain[key])
    assert repr(with_it.criterion_) == repr(without.criterion_)
    for name, value in callback.get_params().items():
        with_it.set_params(**{f"callbacks__ours__{name}": value})
        assert dict(with_it.callbacks)["ours"].get_params()[name] == value


def test_there_are_callbacks_to_look_at():
    assert len(CALLBACKS) >= 3
