"""A net survives pickling, saving, cloning, and being killed."""

import copy
import pickle
import signal
import subprocess
import sys
import textwrap
import warnings

import cloudpickle
import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Checkpoint, LoadInitState, LRScheduler
from skorch.dataset import ValidSplit
from torch.optim.lr_scheduler import MultiStepLR

from skcb import CBNeuralNetClassifier, DeferredReweighting

from .modules import OF_ONE_LABEL, Linear, Noisy, imbalanced

X, y = imbalanced()
NAMED = np.array(["b", "a", "c"])[y]


@pytest.mark.parametrize("loss", OF_ONE_LABEL)
@pytest.mark.parametrize(
    "copied",
    [
        lambda net: pickle.loads(pickle.dumps(net)),
        lambda net: cloudpickle.loads(cloudpickle.dumps(net)),
        copy.deepcopy,
    ],
    ids=["pickle", "cloudpickle", "deepcopy"],
)
def test_a_copy_is_the_same_net(copied, loss):
    net = CBNeuralNetClassifier(Linear, loss=loss, max_epochs=2, random_state=0).fit(X, NAMED)
    twin = copied(net)
    np.testing.assert_array_equal(twin.predict_proba(X), net.predict_proba(X))
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    for each in (net, twin):
        each.partial_fit(X, NAMED)
    np.testing.assert_array_equal(twin.predict_proba(X), net.predict_proba(X))
    np.testing.assert_array_equal(twin.class_count_, net.class_count_)


def test_a_clone_is_unfitted_and_trains_to_the_same():
    net = CBNeuralNetClassifier(Linear, loss="focal", gamma=1.0, beta=0.9, max_epochs=2, random_state=0).fit(X, y)
    twin = clone(net)
    assert not twin.initialized_
    assert twin.get_params(deep=False).keys() == net.get_params(deep=False).keys()
    np.testing.assert_array_equal(twin.fit(X, y).predict_proba(X), net.predict_proba(X))


@pytest.mark.parametrize("safe", [False, True], ids=["torch", "safetensors"])
def test_saved_parameters_bring_the_counts(tmp_path, safe):
    files = {"f_params": tmp_path / "module", "f_criterion": tmp_path / "criterion", "use_safetensors": safe}
    parameters = {"loss": "vs", "max_epochs": 2, "random_state": 0}
    net = CBNeuralNetClassifier(Linear, **parameters).fit(X, NAMED)
    net.save_params(**files)
    loaded = CBNeuralNetClassifier(
        Linear, module__n_features_in=5, module__n_classes=3, classes=["a", "b", "c"], **parameters
    )
    loaded.initialize().load_params(**files)
    np.testing.assert_array_equal(loaded.class_count_, net.class_count_)
    torch.testing.assert_close(loaded.criterion_.shift, net.criterion_.shift)
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


def test_a_net_trimmed_for_prediction_predicts_on():
    for loss in OF_ONE_LABEL:
        net = CBNeuralNetClassifier(Linear, loss=loss, max_epochs=2, random_state=0).fit(X, NAMED)
        before = net.predict_proba(X)
        net.trim_for_prediction()
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(net)).predict_proba(X), before)


def test_the_best_checkpoint_outlives_a_loss_that_explodes(tmp_path):
    class Exploding(Noisy):
        steps = 0

        def forward(self, X):
            self.steps += self.training
            return super().forward(X) * (float("nan") if self.steps > 12 else 1)

    checkpoint = Checkpoint(dirname=str(tmp_path), monitor="valid_loss_best")
    net = CBNeuralNetClassifier(
        Exploding,
        batch_size=-1,
        max_epochs=20,
        lr=0.01,
        train_split=ValidSplit(5, stratified=True),
        callbacks=[checkpoint],
        random_state=0,
    )
    with pytest.raises(FloatingPointError, match="loss is nan in epoch 13, batch 1;"):
        net.fit(X, y)
    net.load_params(checkpoint=checkpoint)
    assert len(net.history) == 12
    net.module_.steps = 0
    assert net.score(X, y) > 0.5


def resumable(folder, max_epochs=12):
    checkpoint = Checkpoint(monitor=None, dirname=str(folder))
    return CBNeuralNetClassifier(
        Noisy,
        loss="ldam",
        max_epochs=max_epochs,
        lr=0.01,
        train_split=ValidSplit(0.2, stratified=True),
        callbacks=[
            LoadInitState(checkpoint),
            checkpoint,
            LRScheduler(MultiStepLR, milestones=[4, 9], gamma=0.3),
            DeferredReweighting(start_epoch=7),
        ],
        random_state=3,
    )


@pytest.mark.parametrize("epochs", [1, 4, 5, 8, 12])
def test_a_run_that_was_stopped_ends_where_the_uninterrupted_one_does(tmp_path, epochs):
    whole = resumable(tmp_path / "whole").fit(X, y)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "training ended after epoch")
        resumable(tmp_path / "parts", max_epochs=epochs).fit(X, y)
    resumed = resumable(tmp_path / "parts").fit(X, y)
    assert len(resumed.history) == 12
    if epochs < 12:
        assert resumed.history[epochs:, "event_lr"] == whole.history[epochs:, "event_lr"]
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    np.testing.assert_array_equal(resumed.criterion_.weight, whole.criterion_.weight)


def test_a_run_that_was_killed_ends_where_the_uninterrupted_one_does(tmp_path):
    whole = resumable(tmp_path / "whole").fit(X, y)
    script = """
        import os, signal, sys
        from skorch.callbacks import Callback
        from tests.net.test_persistence import X, resumable, y

        class Kill(Callback):
            def on_batch_begin(self, net, **kwargs):
                if len(net.history) == 6 and len(net.history[-1, "batches"]) == 2:
                    os.kill(os.getpid(), signal.SIGKILL)

        net = resumable(sys.argv[1])
        net.callbacks.append(Kill())
        net.fit(X, y)
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "killed")], check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    resumed = resumable(tmp_path / "killed").fit(X, y)
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    assert resumed.history[:, "train_loss"] == whole.history[:, "train_loss"]
