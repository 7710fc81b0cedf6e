"""What callbacks see while a net trains, and the scores of each epoch."""

import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, make_scorer
from skorch.callbacks import BatchScoring, Callback, EarlyStopping, EpochScoring, LRScheduler, ProgressBar
from skorch.dataset import ValidSplit
from torch.optim.lr_scheduler import LinearLR, MultiStepLR, SequentialLR

import skcb
from skcb import BalancedAccuracyScoring, CBNeuralNetClassifier, ShotAccuracyScoring

from .modules import Linear, imbalanced

X, y = imbalanced()
NAMED = np.array(["often", "rare", "seldom"])[[0, 2, 1]][y]


def net_of(**kwargs):
    defaults = {"max_epochs": 3, "lr": 0.03, "random_state": 0, "train_split": ValidSplit(5, stratified=True)}
    return CBNeuralNetClassifier(Linear, **{**defaults, **kwargs})


def validation_part(net, y):
    _, valid = net.train_split(np.arange(len(y)), y)
    return np.asarray(valid.indices)


@pytest.mark.parametrize("labels", [y, NAMED, y * 3 - 1], ids=["codes", "strings", "negative and gappy"])
@pytest.mark.parametrize("caching", [True, False])
def test_scores_of_an_epoch_are_those_of_the_fitted_net(labels, caching):
    rows = np.random.default_rng(0).uniform(1, 2, len(y))
    for weight in (None, rows):
        net = net_of(
            callbacks=[EpochScoring("accuracy", name="score", lower_is_better=False, use_caching=caching)]
        )
        net.fit(X, labels, sample_weight=weight)
        valid = validation_part(net, labels)
        assert net.history[-1, "score"] == pytest.approx(net.score(X[valid], labels[valid]))
        assert net.history[-1, "valid_acc"] == pytest.approx(net.history[-1, "score"])
        assert net.history[-1, "score"] > 0.4


def test_a_score_may_name_a_label():
    scoring = make_scorer(f1_score, pos_label="rare")
    two = np.where(NAMED == "rare", "rare", "other")
    net = net_of(callbacks=[EpochScoring(scoring, name="f1"), BatchScoring("accuracy", name="batch")]).fit(X, two)
    valid = validation_part(net, two)
    assert net.history[-1, "f1"] == pytest.approx(f1_score(two[valid], net.predict(X[valid]), pos_label="rare"))
    assert net.history[-1, "batch"] == pytest.approx(net.score(X[valid], two[valid]))


def test_callbacks_see_labels_and_never_weights():
    seen = []

    class Watching(Callback):
        def on_batch_begin(self, net, batch=None, **kwargs):
            seen.append(batch[1])

        on_batch_end = on_batch_begin

    net_of(callbacks=[Watching()], train_split=None).fit(X, NAMED, sample_weight=np.ones(len(y)))
    assert set(np.concatenate(seen)) == {"often", "rare", "seldom"}


def test_balanced_accuracy_of_each_epoch():
    net = net_of(callbacks=[BalancedAccuracyScoring(), BalancedAccuracyScoring(on_train=True)]).fit(X, NAMED)
    valid = validation_part(net, NAMED)
    expected = balanced_accuracy_score(NAMED[valid], net.predict(X[valid]))
    assert net.history[-1, "valid_bal_acc"] == pytest.approx(expected)
    assert 0 < net.history[-1, "train_bal_acc"] < 1
    assert any(net.history[:, "valid_bal_acc_best"])


def test_accuracy_of_the_groups_of_each_epoch():
    callbacks = [ShotAccuracyScoring(), ShotAccuracyScoring("medium"), ShotAccuracyScoring("many")]
    net = net_of(callbacks=callbacks, max_epochs=15).fit(X, NAMED)
    valid = validation_part(net, NAMED)
    train = np.setdiff1d(np.arange(len(y)), valid)
    expected = skcb.shot_accuracy(NAMED[valid], net.predict(X[valid]), NAMED[train])
    got = [net.history[-1, f"valid_{group}_acc"] for group in expected._fields]
    np.testing.assert_allclose(got, expected)
    assert not math.isnan(sum(got))


def test_a_group_is_searched():
    net = net_of(callbacks=[("shots", ShotAccuracyScoring())]).set_params(callbacks__shots__group="many")
    assert net.fit(X, y).history[-1, "valid_many_acc"] > 0


def test_a_score_without_a_validation_part_says_so_once():
    with pytest.warns(UserWarning, match="BalancedAccuracyScoring has nothing to score.*train_split=None") as said:
        net_of(train_split=None, callbacks=[BalancedAccuracyScoring()]).fit(X, y)
    assert len(said) == 1


def test_warm_up_is_torchs_scheduler():
    def policy(optimizer, last_epoch=-1):
        parts = [LinearLR(optimizer, 0.2, total_iters=5), MultiStepLR(optimizer, [3], gamma=0.1)]
        return SequentialLR(optimizer, parts, milestones=[5], last_epoch=last_epoch)

    net = net_of(max_epochs=10, lr=0.1, callbacks=[LRScheduler(policy)]).fit(X, y)
    expected = [0.02, 0.036, 0.052, 0.068, 0.084, 0.1, 0.1, 0.1, 0.01, 0.01]
    np.testing.assert_allclose(net.history[:, "event_lr"], expected)


def test_the_table_the_bar_and_early_stopping_are_skorchs(capsys):
    net = net_of(verbose=1, max_epochs=30, lr=0.0, callbacks=[ProgressBar(), EarlyStopping(patience=2)]).fit(X, y)
    assert "valid_acc" in capsys.readouterr().out
    assert len(net.history) == 3
    assert net_of(callbacks="disable").fit(X, y).predict(X).shape == y.shape
