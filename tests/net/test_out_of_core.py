"""Training on a Parquet file, one row group at a time: the weights of every part are those of the whole."""

import gc
import weakref
from contextlib import nullcontext

import numpy as np
import pytest
from skorch.callbacks import Callback

from skcb import CBNeuralNetClassifier, ClassBalancedWeighter, DeferredReweighting

from .modules import Linear, imbalanced

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

X, Y = imbalanced(600)
NAMED = np.array(["b", "a", "c"])[Y]
SORTED = np.argsort(Y, kind="stable")  # most row groups hold one class alone
FEATURES = [f"x{i}" for i in range(X.shape[1])]


class RowGroups:
    """Reads a Parquet file one row group at a time, and refuses as long as anybody holds the last one."""

    def __init__(self, path, columns):
        self.path, self.columns, self.read = path, columns, 0

    def __iter__(self):
        held = None
        with pq.ParquetFile(self.path) as file:
            for i in range(file.num_row_groups):
                if held is not None and held() is not None:
                    gc.collect()
                    assert held() is None, f"row group {i - 1} is still held"
                table = file.read_row_group(i, columns=self.columns)
                held = weakref.ref(table)
                self.read += 1
                yield table
                del table


class Weights(Callback):
    """Take down the weights of the loss, batch by batch."""

    def __init__(self):
        self.used = []

    def on_batch_begin(self, net, **kwargs):
        """Take them down."""
        self.used.append(net.criterion_.weight.numpy().copy())


@pytest.fixture
def path(tmp_path):
    columns = {name: X[SORTED, i] for i, name in enumerate(FEATURES)}
    table = pa.table({**columns, "label": NAMED[SORTED], "weight": np.linspace(0.5, 2, len(Y))})
    pq.write_table(table, tmp_path / "data.parquet", row_group_size=100)
    return tmp_path / "data.parquet"


def count(path):
    weighter = ClassBalancedWeighter(0.99)
    for group in RowGroups(path, ["label"]):
        weighter.partial_fit(group["label"])
        del group
    return weighter


def features(group):
    return np.column_stack([group[name] for name in FEATURES])


def test_a_pass_over_row_groups_counts_as_one_fit(path):
    weighter, whole = count(path), ClassBalancedWeighter(0.99).fit(NAMED)
    for name in ("classes_", "class_count_", "class_weight_", "effective_number_"):
        np.testing.assert_array_equal(getattr(weighter, name), getattr(whole, name))
    got = []
    for group in RowGroups(path, ["label"]):
        got.append(weighter.transform(group["label"]))
        del group
    np.testing.assert_array_equal(np.concatenate(got), whole.transform(NAMED[SORTED]))


def test_sample_weights_of_row_groups_add(path):
    weighter = ClassBalancedWeighter(0.99)
    for group in RowGroups(path, ["label", "weight"]):
        weighter.partial_fit(group["label"], sample_weight=group["weight"])
        del group
    expected = ClassBalancedWeighter(0.99).fit(NAMED[SORTED], sample_weight=np.linspace(0.5, 2, len(Y)))
    np.testing.assert_allclose(weighter.class_count_, expected.class_count_, rtol=1e-13)


@pytest.mark.parametrize(
    ("loss", "as_dict"),
    [("softmax", True), ("softmax", False), ("focal", False), ("ldam", False), ("logit_adjusted", False)],
)
def test_every_part_is_weighted_as_one_fit_on_everything(path, loss, as_dict):
    weighter, weights = count(path), Weights()
    counts = weighter.class_count_
    net = CBNeuralNetClassifier(
        Linear,
        loss=loss,
        beta=0.99,
        max_epochs=1,
        batch_size=100,
        class_counts=dict(zip(weighter.classes_, counts, strict=True)) if as_dict else counts,
        callbacks=[weights],
        random_state=0,
    )
    expected = CBNeuralNetClassifier(
        Linear, loss=loss, beta=0.99, max_epochs=1, batch_size=100, random_state=0
    ).fit(X, NAMED)
    reader = RowGroups(path, [*FEATURES, "label"])
    for group in reader:
        net.partial_fit(features(group), group["label"], classes=weighter.classes_)
        del group
        np.testing.assert_array_equal(net.class_count_, expected.class_count_)
    assert reader.read == 6
    assert len(weights.used) == 6
    for weight in weights.used:
        np.testing.assert_array_equal(weight, expected.criterion_.weight)
    for name, buffer in expected.criterion_.named_buffers():  # shifts and margins too
        np.testing.assert_array_equal(dict(net.criterion_.named_buffers())[name], buffer, err_msg=name)
    assert net.classes_.tolist() == ["a", "b", "c"]


def test_without_the_counts_of_the_whole_a_part_would_be_weighted_by_itself(path):
    """What the test above could miss if both sides were wrong alike."""
    group = next(iter(RowGroups(path, [*FEATURES, "label"])))
    net = CBNeuralNetClassifier(Linear, max_epochs=1, batch_size=100, random_state=0)
    with pytest.warns(UserWarning, match="have no samples in the part .* give class_counts="):
        net.partial_fit(features(group), group["label"], classes=["a", "b", "c"])
    assert net.class_count_.tolist() == [0, 100, 0]


def test_deferred_weights_set_in_by_the_epoch_whatever_the_part(path):
    weighter, weights = count(path), Weights()
    net = CBNeuralNetClassifier(
        Linear,
        max_epochs=1,
        batch_size=100,
        class_counts=weighter.class_count_,
        callbacks=[DeferredReweighting(7, beta=0.99), weights],
        random_state=0,
    )
    for epoch in range(2):
        for group in RowGroups(path, [*FEATURES, "label"]):
            with pytest.warns(UserWarning, match="before the weights") if epoch == 0 else nullcontext():
                net.partial_fit(features(group), group["label"], classes=weighter.classes_)
            del group
    assert all((weight == 1).all() for weight in weights.used[:6])
    expected = CBNeuralNetClassifier(Linear, beta=0.99, max_epochs=0).fit(X, NAMED).criterion_.weight
    for weight in weights.used[6:]:
        np.testing.assert_array_equal(weight, expected)
