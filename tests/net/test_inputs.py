"""What a net takes as X and y, and what it says where it cannot."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy import sparse
from skorch.dataset import Dataset as SkorchDataset
from skorch.dataset import ValidSplit
from skorch.helper import SliceDict
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from skcb import CBNeuralNetClassifier, DeferredReweighting, ShotAccuracyScoring
from skcb.nn import CBFocalLoss

from .modules import OF_ONE_LABEL, Linear, Perceptron64, Tokens, TwoInputs, imbalanced

X, y = imbalanced()


def net_of(module=Linear, **kwargs):
    return CBNeuralNetClassifier(module, **{"max_epochs": 3, "random_state": 0, **kwargs})


REFERENCE = net_of().fit(X, y).predict_proba(X)
TABLES = {
    "float64": X.astype(np.float64),
    "float16": X.astype(np.float16),
    "Fortran order": np.asfortranarray(X),
    "reversed": X[::-1].copy()[::-1],
    "list": X.tolist(),
    "pandas": pd.DataFrame(X).add_prefix("column "),
    "polars": pl.DataFrame(X),
    "CSR matrix": sparse.csr_matrix(X),
    "CSC array": sparse.csc_array(X),
    "DOK array": sparse.dok_array(X),
    "tensor": torch.from_numpy(X),
    "float64 tensor": torch.from_numpy(X).double(),
}


class Items(Dataset):
    """A dataset that gives out one example at a time, and whose labels are found by looking."""

    def __init__(self, X, y):
        self.items = list(zip(X, y, strict=True))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, y, strict=True))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_of_any_kind_trains_the_same_net(table):
    got = net_of().fit(table, y).predict_proba(table)
    np.testing.assert_allclose(got, REFERENCE, rtol=0.02 if getattr(table, "dtype", 0) == np.float16 else 1e-4)


def test_integers_are_numbers_of_a_table():
    whole = np.round(X * 10).astype(np.int64)
    as_floats = net_of().fit(whole.astype(np.float32), y).predict_proba(whole)
    np.testing.assert_array_equal(net_of().fit(whole, y).predict_proba(whole), as_floats)


def test_integers_that_are_looked_up_stay_integers():
    tokens = np.random.default_rng(0).integers(0, 50, (len(y), 7))
    assert net_of(Tokens).fit(tokens, y).predict(tokens).shape == y.shape


def test_read_only_data_are_taken_and_left_alone():
    frozen = X.copy()
    frozen.flags.writeable = False

    class InPlace(Linear):
        def forward(self, X):
            return super().forward(X.mul_(2))

    net_of(InPlace).fit(frozen, y).predict(frozen)
    given = X.copy()
    net_of(InPlace).fit(given, y).predict(given)
    np.testing.assert_array_equal(given, X)


@pytest.mark.parametrize("kind", [dict, SliceDict], ids=lambda kind: kind.__name__)
def test_a_mapping_is_passed_by_keywords(kind):
    inputs = kind(left=X[:, :2], right=np.round(X[:, 2:] * 10).astype(np.int64))
    net = net_of(TwoInputs, max_epochs=30, lr=0.05).fit(inputs, y)
    assert net.score(inputs, y) > 0.7


@pytest.mark.parametrize(
    "make",
    [
        lambda: TensorDataset(torch.from_numpy(X), torch.from_numpy(y)),
        lambda: SkorchDataset(X, y),
        lambda: Items(X, y),
    ],
    ids=["TensorDataset", "skorch's", "one by one"],
)
def test_a_dataset_is_trained_on_as_it_is(make):
    for split in (None, ValidSplit(5, stratified=True)):
        net = net_of(train_split=split).fit(make(), None)
        assert net.class_count_.sum() == (300 if split is None else 240)
    net = net_of().fit(make(), None)
    np.testing.assert_allclose(net.predict_proba(make()), REFERENCE, rtol=1e-4)


def test_a_dataset_may_have_labels_of_any_kind():
    names = np.array(["b", "a", "c"])[y]
    net = net_of(train_split=ValidSplit(5, stratified=True)).fit(Items(X, names), None)
    np.testing.assert_array_equal(net.classes_, ["a", "b", "c"])
    weighted = net_of().fit(Items(X, names), None, sample_weight=np.r_[0.0, np.ones(299)])
    assert weighted.class_count_.sum() == 299


def test_a_stream_needs_counts():
    with pytest.raises(ValueError, match="name its classes= and its class_counts="):
        net_of().fit(Stream(), None)
    net = net_of(Linear, module__n_features_in=5, classes=[0, 1, 2], class_counts=np.bincount(y)).fit(
        Stream(), None
    )
    assert net.predict(X).shape == y.shape


def test_a_dataset_class_of_the_users_gets_what_the_user_gave():
    class Doubled(SkorchDataset):
        def transform(self, X, y):
            return torch.from_numpy(2 * X), 0 if y is None else y

    net = net_of(dataset=Doubled, module__n_features_in=5).fit(X, np.array([5, 6, 9])[y])
    twice = net_of().fit(2 * X, y)
    np.testing.assert_allclose(net.predict_proba(X), twice.predict_proba(2 * X), rtol=1e-4)
    np.testing.assert_array_equal(net.classes_, [5, 6, 9])


def test_a_loader_of_the_users_wins():
    torch_loader = net_of(iterator_train=DataLoader, iterator_valid=DataLoader).fit(X, y)
    np.testing.assert_allclose(torch_loader.predict_proba(X), REFERENCE, rtol=1e-4)


def test_parameters_of_the_loader_reach_it():
    net = net_of(iterator_train__num_workers=1, iterator_train__drop_last=True, batch_size=64).fit(X, y)
    assert net.history[-1, "train_batch_count"] == 4
    unshuffled = net_of(iterator_train__shuffle=False, batch_size=-1).fit(X, y)
    assert unshuffled.history[-1, "train_batch_count"] == 1


def test_labels_of_a_tensor_a_series_a_list_and_booleans():
    for labels in (torch.from_numpy(y), pd.Series(y), pl.Series(y), y.tolist(), y.astype(np.int8)):
        np.testing.assert_allclose(net_of().fit(X, labels).predict_proba(X), REFERENCE, rtol=1e-4)
    assert net_of().fit(X, y > 0).predict(X).dtype == bool


def test_images_get_their_number_of_channels():
    class Convolution(nn.Sequential):
        def __init__(self, n_features_in, n_classes):
            super().__init__(nn.Conv2d(n_features_in, 4, 3), nn.Flatten(), nn.LazyLinear(n_classes))

    images = np.random.default_rng(0).normal(size=(len(y), 2, 6, 6))
    assert net_of(Convolution).fit(images, y).n_features_in_ == 2


def test_outputs_beside_the_logits_are_passed_over():
    class WithFeatures(Linear):
        def forward(self, X):
            return super().forward(X), X

    net = net_of(WithFeatures).fit(X, y)
    np.testing.assert_allclose(net.predict_proba(X), REFERENCE, rtol=1e-4)


def test_forward_with_dropout_keeps_the_order_of_the_samples():
    net = net_of().fit(X, y)
    torch.testing.assert_close(net.forward(X, training=True), net.forward(X))


def test_double_precision_comes_from_the_module():
    assert net_of(Perceptron64).fit(X, y).predict_proba(X).dtype == np.float64


def poisoned(value):
    table = X.astype(np.float64)
    table[3, 1] = value
    return table


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("wrap", [np.asarray, torch.from_numpy, lambda table: {"left": table, "right": table}])
def test_not_finite_is_refused_before_anything_is_lost(value, wrap):
    message = "NaN|infinity"
    net = net_of(TwoInputs if isinstance(wrap(X), dict) else Linear)
    with pytest.raises(ValueError, match=message):
        net.fit(wrap(poisoned(value)), y)
    net.fit(wrap(X), y)
    before = net.predict_proba(wrap(X))
    for method in (lambda: net.predict(wrap(poisoned(value))), lambda: net.fit(wrap(poisoned(value)), y)):
        with pytest.raises(ValueError, match=message):
            method()
    np.testing.assert_array_equal(net.predict_proba(wrap(X)), before)


def test_a_number_too_large_for_the_module_is_refused():
    with pytest.raises(ValueError, match=r"too large for torch.float32"):
        net_of().fit(poisoned(1e300), y)
    assert np.isfinite(net_of(Perceptron64, lr=1e-9).fit(poisoned(1e100), y).predict_proba(X)).all()


def test_nan_in_a_dataset_is_found_out():
    with pytest.raises(FloatingPointError, match=r"loss is nan in epoch 1, batch \d"):
        net_of().fit(Items(poisoned(np.nan), y), None)
    net = net_of().fit(X, y)
    with pytest.raises(ValueError, match="not finite for 1 samples, the first at position 3"):
        net.predict(Items(poisoned(np.nan), y))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, y[:-1]), "inconsistent numbers of samples: X has 300, y has 299"),
        (({"left": X, "right": X[1:]}, y), "inputs differ in length"),
        ((X, np.zeros(len(y), int)), "at least 2 classes, y has one class alone: 0"),
        ((X, None), "requires y to be passed"),
        ((X, np.stack([y, y], 1)), "several targets per sample"),
        ((X, y + 0.5), "Unknown label type"),
        ((X, [None, *y[1:].tolist()]), "missing"),
        ((X[:, 0], y), "Expected 2D array|Reshape"),
        ((X, y, np.ones(5)), "sample_weight must be one number per sample"),
        ((X, y, -np.ones(len(y))), "finite and not negative"),
        (({}, y), "empty mapping"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_data_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        net_of().fit(*arguments)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"loss": "focus"}, ValueError, "no loss 'focus'; the names are 'softmax', 'sigmoid'"),
        ({"loss": nn.CrossEntropyLoss}, TypeError, "loss=ClassBalancedLoss, criterion__base="),
        ({"loss": CBFocalLoss([1, 2, 3])}, TypeError, "an instance of CBFocalLoss"),
        ({"criterion": nn.CrossEntropyLoss}, ValueError, "the loss of this net is loss="),
        ({"criterion__smoothing": 0.1}, TypeError, "does not take criterion__smoothing; it takes criterion__beta"),
        ({"criterion__reduction": "none"}, ValueError, "no number to descend on"),
        ({"criterion__counts": [1, 2, 3]}, ValueError, "class_counts= fixes them"),
        ({"beta": 0.5, "criterion__beta": 0.9}, ValueError, "both given"),
        ({"beta": 1.5}, ValueError, r"beta must lie in \[0, 1\].*1.5"),
        ({"gamma": -1, "loss": "focal"}, ValueError, "gamma must be finite and not negative"),
        ({"bias_init": True}, ValueError, 'bias_init must be "auto" or None, got True'),
        ({"class_counts": [1, 2]}, ValueError, "2 counts for 3 classes"),
        ({"class_counts": {0: 5, 1: 5}}, ValueError, "label 2 is not among the classes of this net"),
        ({"class_counts": [5, 5, 0]}, ValueError, r"0 samples to the classes \[2\], which y has"),
        ({"classes": [0, 1]}, ValueError, "label 2 is not among the classes of this net"),
        ({"module": nn.Linear(5, 4)}, ValueError, r"Linear gives logits of shape \(64, 4\).* 3 classes"),
        ({"module": nn.Sequential(nn.Linear(5, 1), nn.Flatten(0))}, ValueError, "one logit|expected"),
        ({"module": "linear"}, TypeError, "module must be a class of torch.nn.Module.*got 'linear'"),
        ({"max_epochs": -1}, ValueError, "max_epochs must not be negative, got -1"),
        ({"max_epochs": 2.5}, TypeError, "max_epochs must be an integer, got 2.5"),
        ({"random_state": "zero"}, ValueError, "'zero' cannot be used to seed"),
        ({"random_state": -1}, ValueError, "Seed must be between"),
        ({"callbacks": [ShotAccuracyScoring("some")]}, ValueError, '"few", "medium" or "many", got \'some\''),
        ({"callbacks": [DeferredReweighting(2.5)]}, TypeError, "start_epoch must be an integer"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_parameters_are_named(parameters, error, message):
    with pytest.raises(error, match=message):
        net_of(**parameters).fit(X, y)


def test_the_number_of_features_must_stay():
    for kind in (np.asarray, torch.from_numpy):
        with pytest.raises(ValueError, match="X has 4 features, but CBNeuralNetClassifier is expecting 5"):
            net_of().fit(kind(X), y).predict(kind(X[:, :4].copy()))


def test_a_new_class_in_a_later_part_is_named():
    net = net_of(max_epochs=1).partial_fit(X[y < 2], y[y < 2])
    with pytest.raises(ValueError, match=r"label 2 is not among the classes of this net \(classes= names all\)"):
        net.partial_fit(X, y)


def test_sizes_that_do_not_follow_from_the_data_are_asked_for():
    with pytest.raises(ValueError, match="module__n_features_in="):
        CBNeuralNetClassifier().fit({"X": X}, y)
    with pytest.raises(ValueError, match="takes a table"):
        CBNeuralNetClassifier().fit(X.reshape(300, 5, 1), y)


def test_a_loss_that_explodes_stops_with_epoch_and_batch():
    before = net_of(max_epochs=2, optimizer=torch.optim.SGD, lr=1e38, batch_size=100)
    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf) in epoch \d, batch \d.*Lower lr \(1e\+38\)"):
        before.fit(X * 1e3, y)


@pytest.mark.parametrize("loss", OF_ONE_LABEL)
def test_batches_of_one_example_train(loss):
    assert np.isfinite(net_of(loss=loss, batch_size=1, max_epochs=1).fit(X[:20], y[:20]).history[:, "train_loss"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
def test_an_input_may_lie_on_the_accelerator_already():
    net = net_of(device="cuda").fit(torch.from_numpy(X).cuda(), y)
    np.testing.assert_allclose(net.predict_proba(torch.from_numpy(X).cuda()), REFERENCE, atol=1e-4)
