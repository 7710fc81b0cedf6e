"""A net of several labels: indicator matrices of every kind, a loop by hand, searches, scorers, checkpoints."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import label_ranking_loss, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from skorch.callbacks import Checkpoint, EpochScoring, LoadInitState
from skorch.dataset import ValidSplit
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import Dataset, IterableDataset, TensorDataset, WeightedRandomSampler

import skcb
from skcb import (
    BalancedAccuracyScoring,
    CBNeuralNetClassifier,
    DeferredReweighting,
    EmptyClassWarning,
    count_labels,
    label_weight,
)
from skcb.nn import CBMultilabelLoss, ClassBalancedSampler

from .modules import Linear, Noisy

NAMES = ["sun", "rain", "fog", "hail"]


def several_labels(n_samples=240, seed=0):
    """Four labels, each a noisy linear function of five features, of .5 down to .05 of the samples."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 5))
    score = X[:, :4] + 0.5 * rng.normal(size=(n_samples, 4))
    return X.astype(np.float32), (score > [0, 0.6, 1.2, 1.8]).astype(int)


X, Y = several_labels()


def net_of(module=Linear, **kwargs):
    return CBNeuralNetClassifier(module, **{"loss": "multilabel", "max_epochs": 3, "random_state": 0, **kwargs})


def full_batch(**kwargs):
    return net_of(**{"batch_size": -1, "optimizer": torch.optim.SGD, "lr": 0.5, "max_epochs": 5, **kwargs})


REFERENCE = net_of().fit(X, Y).predict_proba(X)


def test_it_predicts_an_indicator_and_a_probability_of_each_label():
    net = net_of(None, max_epochs=40, lr=0.01).fit(X, Y)
    probability, predicted = net.predict_proba(X), net.predict(X)
    logits = net.forward(X).numpy().astype(float)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logits)), rtol=1e-5)
    np.testing.assert_array_equal(predicted, (probability > 0.5).astype(int))
    assert predicted.dtype == np.int64
    assert net.classes_.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(net.class_count_, Y.sum(0))
    np.testing.assert_allclose(net.criterion_.weight, label_weight(Y.sum(0), len(Y)), rtol=1e-6)
    assert net.score(X, Y) == (predicted == Y).all(1).mean() > 0.5


@pytest.mark.parametrize("beta", [0, 0.99, 1])
def test_training_is_the_loop_written_by_hand(beta):
    net = full_batch(beta=beta).fit(X, Y)
    fresh = full_batch(max_epochs=0).fit(X, Y).module_
    optimizer = torch.optim.SGD(fresh.parameters(), lr=0.5)
    having = Y.sum(0)
    sides = np.stack([len(Y) - having, having])
    effective = sides if beta == 1 else (1 - beta**sides) / (1 - beta)
    weight = torch.tensor((1 / effective) * len(Y) / (sides / effective).sum(0), dtype=torch.float32)
    target = torch.tensor(Y, dtype=torch.float32)
    loss = nn.BCEWithLogitsLoss(weight=weight[0], pos_weight=weight[1] / weight[0])
    for _ in range(5):
        optimizer.zero_grad()
        loss(fresh(torch.from_numpy(X)), target).backward()
        optimizer.step()
    for ours, theirs in zip(net.module_.parameters(), fresh.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


class Pairs(Dataset):
    def __init__(self, target):
        self.target = target

    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return X[i], self.target[i]


KINDS = {
    "list": lambda: (X, Y.tolist()),
    "boolean": lambda: (X, Y.astype(bool)),
    "floats": lambda: (X, Y.astype(float)),
    "read only": lambda: (X, np.broadcast_to(Y[None], (1, *Y.shape))[0]),
    "sparse": lambda: (X, pytest.importorskip("scipy.sparse").csr_matrix(Y)),
    "tensor": lambda: (X, torch.tensor(Y)),
    "pandas": lambda: (X, pytest.importorskip("pandas").DataFrame(Y, columns=NAMES)),
    "polars": lambda: (X, pytest.importorskip("polars").DataFrame(Y, schema=NAMES)),
    "tensors": lambda: (TensorDataset(torch.from_numpy(X), torch.tensor(Y)), None),
    "dataset of tensors": lambda: (Pairs(torch.tensor(Y).float()), None),
    "dataset of rows": lambda: (Pairs(Y), None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_indicator_of_any_kind_trains_the_same_net(kind):
    net = net_of().fit(*KINDS[kind]())
    np.testing.assert_allclose(net.predict_proba(X), REFERENCE, rtol=1e-6)
    np.testing.assert_array_equal(net.class_count_, Y.sum(0))


def test_a_class_of_the_loss_is_as_good_as_its_name():
    given = net_of(loss=CBMultilabelLoss, criterion__gamma=(4, 1), criterion__clip=0.05).fit(X, Y)
    named = net_of(gamma=(4, 1), criterion__clip=0.05).fit(X, Y)
    np.testing.assert_array_equal(given.predict_proba(X), named.predict_proba(X))
    assert named.criterion_.gamma == (4, 1)


def test_the_last_layer_starts_from_the_prior_of_each_label():
    prevalence = Y.mean(0)
    net = net_of(max_epochs=0).fit(X, Y)
    np.testing.assert_allclose(net.module_.bias.detach(), np.log(prevalence / (1 - prevalence)), rtol=1e-6)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(Y))
    weighted = np.average(Y, axis=0, weights=weight)
    net = net_of(max_epochs=0).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(net.module_.bias.detach(), np.log(weighted / (1 - weighted)), rtol=1e-5)
    train, _ = next(iter(KFold(4).split(X)))
    net = net_of(max_epochs=0, train_split=ValidSplit(KFold(4))).fit(X, Y)
    part = Y[train].mean(0)
    np.testing.assert_allclose(net.module_.bias.detach(), np.log(part / (1 - part)), rtol=1e-6)
    assert not net_of(max_epochs=0, criterion__tau=1).fit(X, Y).module_.bias.any()


def test_what_has_been_trained_keeps_its_bias():
    pretrained = nn.Linear(5, 4)
    before = pretrained.bias.detach().clone()
    torch.testing.assert_close(net_of(pretrained, max_epochs=0).fit(X, Y).module_.bias.detach(), before)
    drawn = net_of(bias_init=None, max_epochs=0).fit(X, Y).module_.bias.detach()
    assert not np.allclose(drawn, np.log(Y.mean(0) / (1 - Y.mean(0))), atol=0.1)
    net = net_of().fit(X, Y)
    trained = net.module_.bias.detach().clone()
    net.set_params(max_epochs=0).partial_fit(X[:50], Y[:50])
    torch.testing.assert_close(net.module_.bias.detach(), trained)


def test_the_prior_bias_is_not_decayed():
    net = net_of(optimizer__weight_decay=0.1, max_epochs=0).fit(X, Y)
    of = {id(p): group["weight_decay"] for group in net.optimizer_.param_groups for p in group["params"]}
    assert (of[id(net.module_.bias)], of[id(net.module_.weight)]) == (0, 0.1)


def test_a_search_over_beta_and_gamma():
    grid = {"beta": [0, 0.99], "gamma": [0.0, (2.0, 0.0)]}
    search = GridSearchCV(net_of(), grid, cv=2, scoring="f1_macro").fit(X, Y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.predict(X).shape == Y.shape
    pipeline = make_pipeline(StandardScaler(), net_of())
    searched = GridSearchCV(pipeline, {"cbneuralnetclassifier__beta": [0, 1]}, cv=2).fit(X, Y)
    assert searched.predict_proba(X).shape == Y.shape


def test_scorers_of_scikit_learn():
    scorers = {name: name for name in ("accuracy", "f1_macro", "f1_micro", "average_precision", "roc_auc")}
    scorers["ranking"] = make_scorer(label_ranking_loss, greater_is_better=False, response_method="predict_proba")
    scores = cross_validate(net_of(max_epochs=30, lr=0.01), X, Y, cv=2, scoring=scorers, error_score="raise")
    assert all(np.isfinite(scores[f"test_{name}"]).all() for name in scorers)
    assert scores["test_roc_auc"].mean() > 0.8


def test_each_fold_has_its_own_counts():
    seen = []

    class Watching(CBNeuralNetClassifier):
        def get_split_datasets(self, *args, **kwargs):
            parts = super().get_split_datasets(*args, **kwargs)
            seen.append(self.class_count_)
            return parts

    folds = KFold(3, shuffle=True, random_state=0)
    cross_val_score(Watching(Linear, loss="multilabel", max_epochs=1), X, Y, cv=folds)
    np.testing.assert_array_equal(seen, [Y[train].sum(0) for train, _ in folds.split(X)])


def test_integer_weights_are_repetition():
    weight = np.random.default_rng(1).integers(0, 4, len(Y))
    weighted = full_batch(max_epochs=20).fit(X, Y, sample_weight=weight)
    repeated = full_batch(max_epochs=20).fit(np.repeat(X, weight, 0), np.repeat(Y, weight, 0))
    np.testing.assert_array_equal(weighted.class_count_, repeated.class_count_)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-3, atol=1e-6)


def frame(columns=NAMES):
    return pytest.importorskip("pandas").DataFrame(Y, columns=NAMES)[list(columns)]


DECLARED = [200, 80, 30, 10]


@pytest.mark.parametrize(
    ("counts", "parameters"),
    [
        (DECLARED, {"criterion__n_samples": 1000}),
        (dict(zip(NAMES[::-1], DECLARED[::-1], strict=True)), {"criterion__n_samples": 1000}),
        ({3: 10, 2: 30, 0: 200, 1: 80}, {"criterion__n_samples": 1000}),
        (count_labels(np.repeat(np.eye(4, dtype=int), DECLARED, 0)), {}),
    ],
    ids=["list", "names", "positions", "LabelCounts"],
)
def test_class_counts_fix_the_counts(counts, parameters):
    n_samples = parameters.get("criterion__n_samples", sum(DECLARED))
    net = net_of(class_counts=counts, max_epochs=1, beta=0.99, **parameters)
    for start in range(0, 240, 80):
        net.partial_fit(X[start : start + 80], frame()[start : start + 80])
        np.testing.assert_array_equal(net.class_count_, DECLARED)
        np.testing.assert_allclose(net.criterion_.weight, label_weight(DECLARED, n_samples, 0.99), rtol=1e-6)
    assert clone(net).fit(X, frame()).predict(X).shape == Y.shape


def test_columns_have_names_and_an_order():
    net = net_of().fit(X, frame())
    assert net.label_names_.tolist() == NAMES
    assert net.classes_.tolist() == [0, 1, 2, 3]
    net.partial_fit(X, Y)  # without names
    with pytest.raises(
        ValueError, match=r"columns of y are \['rain', .*but this net was trained on \['sun', 'rain'"
    ):
        net.partial_fit(X, frame(["rain", "sun", "fog", "hail"]))
    net.fit(X, Y)
    assert not hasattr(net, "label_names_")


def test_logits_that_are_asked_for_leave_the_decision():
    net = net_of().fit(X, Y)
    predicted = net.predict(X)
    net.set_params(predict_nonlinearity=None)
    logits = net.predict_proba(X)
    assert ((logits > 0) & (logits < 0.5)).any()
    np.testing.assert_array_equal(net.predict(X), predicted)
    np.testing.assert_array_equal(predicted, logits > 0)


@pytest.mark.parametrize("names", [[2, 0, 3, 1], [7, 5, 6, 4]])
def test_columns_named_by_numbers_have_an_order_too(names):
    table = pytest.importorskip("pandas").DataFrame(Y, columns=names)
    np.testing.assert_array_equal(net_of(class_counts=count_labels(table)).fit(X, table).class_count_, Y.sum(0))
    other = count_labels(table[sorted(names)])
    net = net_of(class_counts=other).fit(X, table)
    np.testing.assert_array_equal(net.class_count_, Y.sum(0))
    assert net.label_names_.tolist() == names
    np.testing.assert_array_equal(net.rebalance_classifier(X, table).class_count_, Y.sum(0))
    with pytest.raises(ValueError, match=r"columns of y are \[.*but this net was trained on"):
        net.partial_fit(X, table[names[::-1]])


def test_counts_of_a_name_that_two_columns_have_are_in_order():
    table = pytest.importorskip("pandas").DataFrame(Y, columns=["sun", "sun", "fog", "hail"])
    counted = count_labels(table)
    np.testing.assert_array_equal(net_of(class_counts=counted).fit(X, table).class_count_, Y.sum(0))
    with pytest.raises(ValueError, match=r"class_counts are of the labels \['hail', .* one is there twice"):
        net_of(class_counts=count_labels(table.iloc[:, ::-1])).fit(X, table)


def test_an_index_that_is_ignored_is_for_one_label():
    with pytest.raises(TypeError, match="CBMultilabelLoss does not take criterion__ignore_index"):
        net_of(criterion__ignore_index=0).fit(X, Y)


def test_a_split_stratified_by_classes_is_refused_by_name():
    with pytest.raises(ValueError, match=r"stratified=True, .* several labels.*ValidSplit\(5\)"):
        net_of(train_split=ValidSplit(5, stratified=True)).fit(X, Y)


def test_what_is_not_known_counts_for_nothing():
    masked = np.where(np.random.default_rng(0).random(Y.shape) < 0.3, np.nan, Y)
    net = full_batch(beta=1, max_epochs=1).fit(X, masked)
    np.testing.assert_array_equal(net.class_count_, np.nansum(masked, 0))
    np.testing.assert_array_equal(net.criterion_.n_samples, (~np.isnan(masked)).sum(0))
    start = full_batch(beta=1, max_epochs=0).fit(X, masked)
    loss = CBMultilabelLoss(count_labels(masked), beta=1)
    expected = loss(start.forward(X), torch.tensor(masked, dtype=torch.float32)).item()
    assert net.history[0, "train_loss"] == pytest.approx(expected, rel=1e-6)
    assert net.predict(X).shape == Y.shape
    with pytest.raises(ValueError, match=r"NaN in the validation part.*callbacks__valid_acc=None"):
        net_of(train_split=ValidSplit(4)).fit(X, masked)
    net = net_of(train_split=ValidSplit(4), callbacks__valid_acc=None).fit(X, masked)
    assert np.isfinite(net.history[:, "valid_loss"]).all()


def test_labels_that_are_always_or_never_there_are_named():
    one_sided = frame().assign(rain=0, fog=1)
    with pytest.warns(
        EmptyClassWarning, match=r"no sample has the labels \['rain'\], and all samples have the labels \['fog'\]"
    ):
        net = net_of(max_epochs=60, lr=0.05).fit(X, one_sided)
    assert net.criterion_.weight[1:3].tolist() == [[1, 0], [0, 1]]
    predicted = net.predict(X)
    assert not predicted[:, 1].any()
    assert predicted[:, 2].all()


def test_epochs_and_splits_go_as_with_one_label():
    net = net_of(train_split=ValidSplit(4), callbacks=[("f1", EpochScoring("f1_macro", lower_is_better=False))])
    net.fit(X, Y)
    assert len(net.history[:, ("valid_loss", "valid_acc", "f1_macro")]) == 3
    weight = np.random.default_rng(0).uniform(1, 2, len(Y))
    assert len(net.fit(X, Y, sample_weight=weight).history[:, "f1_macro"]) == 3
    valid = TensorDataset(torch.from_numpy(X[:50]), torch.tensor(Y[:50]))
    net = net_of(train_split=predefined_split(valid)).fit(X[50:], Y[50:])
    np.testing.assert_array_equal(net.class_count_, Y[50:].sum(0))
    assert net.history[-1, "valid_acc"] == pytest.approx(net.score(X[:50], Y[:50]))


def test_weights_that_set_in_late():
    net = full_batch(callbacks=[DeferredReweighting(start_epoch=3, beta=0.99)], beta=0.9).fit(X, Y)
    assert net.history[:, "beta"] == [0, 0, 0.99, 0.99, 0.99]
    np.testing.assert_allclose(net.criterion_.weight, label_weight(Y.sum(0), len(Y), 0.9), rtol=1e-6)


@pytest.mark.parametrize("parameters", [{}, {"gamma": (4, 1), "criterion__clip": 0.05}], ids=str)
def test_a_copy_is_the_same_net(parameters):
    net = net_of(**parameters).fit(X, frame())
    twin = pickle.loads(pickle.dumps(net))
    for each in (net, twin):
        each.partial_fit(X, frame())
    np.testing.assert_array_equal(twin.predict_proba(X), net.predict_proba(X))
    assert twin.label_names_.tolist() == NAMES
    np.testing.assert_array_equal(
        clone(net).fit(X, Y).predict_proba(X), net_of(**parameters).fit(X, Y).predict_proba(X)
    )
    before = net.predict(X)
    net.trim_for_prediction()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(net)).predict(X), before)


@pytest.mark.parametrize("safe", [False, True], ids=["torch", "safetensors"])
def test_saved_parameters_bring_the_counts(tmp_path, safe):
    files = {"f_params": tmp_path / "module", "f_criterion": tmp_path / "criterion", "use_safetensors": safe}
    net = net_of(criterion__tau=0.5).fit(X, Y)
    net.save_params(**files)
    loaded = net_of(criterion__tau=0.5, module__n_features_in=5, module__n_classes=4, classes=range(4))
    loaded.initialize().load_params(**files)
    np.testing.assert_array_equal(loaded.class_count_, net.class_count_)
    np.testing.assert_array_equal(loaded.criterion_.n_samples, net.criterion_.n_samples)
    torch.testing.assert_close(loaded.criterion_.shift, net.criterion_.shift)
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path):
    whole = net_of(Noisy, max_epochs=4).fit(X, Y)
    saved = Checkpoint(dirname=str(tmp_path), monitor=None)
    net_of(Noisy, max_epochs=2, callbacks=[saved]).fit(X, Y)
    resumed = net_of(Noisy, max_epochs=4, callbacks=[LoadInitState(Checkpoint(dirname=str(tmp_path)))]).fit(X, Y)
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))


def test_corrected_probabilities_are_those_of_the_data():
    X, Y = several_labels(3000)
    balanced = net_of(beta=1, max_epochs=60, lr=0.02, batch_size=500).fit(X, Y)
    corrected = net_of(beta=1, max_epochs=60, lr=0.02, batch_size=500, prior_correction=True).fit(X, Y)
    np.testing.assert_array_equal(balanced.predict(X), corrected.predict(X))
    assert balanced.predict_proba(X)[:, 3].mean() > 0.15
    np.testing.assert_allclose(corrected.predict_proba(X).mean(0), Y.mean(0), atol=0.02)


def test_the_last_layer_is_trained_again():
    net = net_of(None, beta=0, max_epochs=20).fit(X, Y)
    features = net.module_[0].weight.detach().clone()
    weight = np.random.default_rng(0).uniform(1, 2, len(Y))
    net.rebalance_classifier(X, Y, beta=1, sample_weight=weight, max_epochs=40, lr=0.05)
    torch.testing.assert_close(net.module_[0].weight.detach(), features)
    np.testing.assert_allclose(net.class_count_, weight @ Y)
    np.testing.assert_allclose(net.criterion_.weight, label_weight(weight @ Y, weight.sum(), 1), rtol=1e-6)
    assert net.predict(X)[:, 3].sum() > Y[:, 3].sum()
    declared = net_of(beta=0, class_counts=DECLARED, criterion__n_samples=1000).fit(X, Y)
    np.testing.assert_array_equal(declared.rebalance_classifier(X, Y).class_count_, DECLARED)
    with pytest.raises(ValueError, match=r"shifts the logits.*criterion__tau=0 and beta=0"):
        net_of(criterion__tau=1).fit(X, Y).rebalance_classifier(X, Y)


def test_samplers_of_one_label_are_refused():
    with pytest.raises(
        ValueError, match=r"ClassBalancedSampler is made from one label per sample, and y has several"
    ):
        net_of(iterator_train__sampler=ClassBalancedSampler).fit(X, Y)
    drawn = WeightedRandomSampler(1.0 + 9 * Y[:, 3], len(Y))
    net = net_of(iterator_train__sampler=drawn).fit(X, Y)
    np.testing.assert_array_equal(net.class_count_, Y.sum(0))
    with pytest.raises(
        ValueError, match=r"divides out how often labels were drawn.*leave out iterator_train__sampl"
    ):
        net_of(iterator_train__sampler=drawn, prior_correction=True).fit(X, Y)
    even = WeightedRandomSampler(np.ones(len(Y)), len(Y))
    net_of(iterator_train__sampler=even, prior_correction=True).fit(X, Y)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y.astype(np.float32), strict=True))


def test_a_stream_needs_counts():
    with pytest.raises(ValueError, match="class_counts="):
        net_of(classes=range(4), module__n_features_in=5).fit(Stream(), None)
    net = net_of(class_counts=count_labels(Y), module__n_features_in=5).fit(Stream(), None)
    assert net.predict(X).shape == Y.shape


def test_tags_say_what_it_takes():
    tags, plain = get_tags(net_of()), get_tags(CBNeuralNetClassifier())
    assert (tags.classifier_tags.multi_label, plain.classifier_tags.multi_label) == (True, False)
    assert (tags.target_tags.multi_output, plain.target_tags.multi_output) == (True, False)
    assert not get_tags(CBNeuralNetClassifier(loss="unheard of")).classifier_tags.multi_label


def test_a_row_without_labels_is_an_example_and_a_label_may_stand_alone():
    assert (Y.sum(1) == 0).any()
    net = net_of().fit(X, Y[:, :1])
    assert net.predict(X).shape == net.predict_proba(X).shape == (len(X), 1)


def test_an_indicator_is_for_the_loss_of_several_labels():
    for given in (Y, Y.tolist()):
        with pytest.raises(ValueError, match=r"loss='focal' predicts one label for each.*for loss=\"multilabel\""):
            CBNeuralNetClassifier(loss="focal").fit(X, given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((X, Y.argmax(1)), ValueError, r"y has shape \(240,\).*One label per sample"),
        ((X, [["sun"], ["sun", "fog"]] * 120), ValueError, "MultiLabelBinarizer"),
        ((X, Y * 2), ValueError, r"y holds 2 in row \d+ for the label \d; an indicator is 1, 0, or NaN"),
        ((X, Y * 0), ValueError, "no sample has any label"),
        ((X, np.full(Y.shape, np.nan)), ValueError, "no sample has any label"),
        ((X, Y[:-1]), ValueError, "inconsistent numbers of samples: X has 240, y has 239"),
        ((X, None), ValueError, "requires y to be passed, but the target y is None"),
        ((X, Y, np.ones(3)), ValueError, r"sample_weight must be one number per sample, shape \(240,\)"),
        ((X, Y.astype(str)), TypeError, "y has dtype <U21"),
    ],
)
@pytest.mark.filterwarnings("ignore::skcb.EmptyClassWarning")
def test_bad_targets_are_named(given, error, message):
    with pytest.raises(error, match=message):
        net_of().fit(*given)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"class_counts": DECLARED}, ValueError, r"need the number of samples: skcb.count_labels\(y\) has both"),
        ({"criterion__n_samples": 9}, ValueError, "criterion__n_samples goes with class_counts="),
        (
            {"class_counts": [1, 2], "criterion__n_samples": 9},
            ValueError,
            "y has 4 labels, but classes= or class_counts= names 2",
        ),
        (
            {"class_counts": [5, 1, 1, 1], "criterion__n_samples": 4},
            ValueError,
            "label 0 has a count of 5, but n_sa",
        ),
        ({"class_counts": [5, 1, 0, 1], "criterion__n_samples": 9}, ValueError, "0 samples to the labels .*'fog'"),
        (
            {"class_counts": dict.fromkeys(["a", "sun", "fog", "hail"], 3), "criterion__n_samples": 9},
            ValueError,
            r"class_counts are of the labels \['a', .*but y has \['sun'",
        ),
        ({"classes": ["a", "b"]}, ValueError, "y has 4 labels, but classes= or class_counts= names 2"),
        ({"criterion__ignore_index": 3}, TypeError, "CBMultilabelLoss does not take criterion__ignore_index"),
        ({"criterion__normalize": None}, TypeError, "CBMultilabelLoss does not take criterion__normalize"),
        ({"gamma": (1, 2, 3)}, ValueError, r"a pair \(negatives, positives\)"),
        ({"callbacks": [BalancedAccuracyScoring(on_train=True)]}, ValueError, "scores one label per sample"),
        ({"module": nn.Linear(5, 3)}, ValueError, r"gives logits of shape \(64, 3\) .* there are 4"),
    ],
)
@pytest.mark.filterwarnings("ignore::skcb.EmptyClassWarning")
def test_bad_parameters_are_named(parameters, error, message):
    with pytest.raises(error, match=message):
        net_of(**parameters).fit(X, frame())


def test_another_loss_takes_effect_with_the_next_training():
    net = net_of(warm_start=True).fit(X, Y)
    before = net.predict(X)
    net.set_params(loss="softmax")
    np.testing.assert_array_equal(net.predict(X), before)
    net.partial_fit(X, Y.argmax(1))
    assert net.predict(X).shape == (len(X),)
    net.set_params(loss="multilabel")
    assert net.predict(X).shape == (len(X),)
    assert net.partial_fit(X, Y).predict(X).shape == Y.shape


def test_another_number_of_labels_is_named():
    net = net_of().fit(X, Y)
    for call in (net.partial_fit, net.score):
        with pytest.raises(ValueError, match="y has 3 labels, but this net knows 4"):
            call(X, Y[:, :3])


def test_n_samples_is_for_labels_alone():
    with pytest.raises(TypeError, match="CBCrossEntropyLoss does not take criterion__n_samples"):
        CBNeuralNetClassifier(criterion__n_samples=3).fit(X, Y[:, 0])


def test_a_long_tail_of_labels_is_learnt_without_a_word():
    X, Y = make_multilabel_classification(400, n_features=20, n_classes=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = skcb.CBNeuralNetClassifier(loss="multilabel", random_state=0).fit(X / X.max(), Y)
    assert ((net.predict(X / X.max()) == Y).mean(0) > 0.75).all()
