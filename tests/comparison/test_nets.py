"""Nets: a class-balanced one is set, not wrapped; a plain one keeps what does not need weights."""

import sys
from types import ModuleType

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import compare_strategies
from skcb.comparison import STRATEGIES
from skcb.comparison.pipelines import last_step
from skcb.comparison.strategies import TrainingPart

X, y = make_classification(200, weights=[0.8], random_state=0)
COUNTS = np.bincount(y)


class StandIn(ClassifierMixin, BaseEstimator):
    """What the strategies know of ``CBNeuralNetClassifier``: its parameters `loss` and `beta`."""

    def __init__(self, loss="focal", beta=None, random_state=None):
        self.loss, self.beta, self.random_state = loss, beta, random_state

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.sample_weight_ = sample_weight
        self.model_ = LogisticRegression().fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


@pytest.fixture
def net(monkeypatch):
    module = ModuleType("skcb.net")
    module.CBNeuralNetClassifier = StandIn
    monkeypatch.setitem(sys.modules, "skcb.net", module)
    return StandIn()


def fitted(name, estimator):
    return STRATEGIES[name].build(estimator, TrainingPart(COUNTS, seed=0)).fit(X, y)


def the_net(estimator):
    while not isinstance(estimator, StandIn):
        inner = [getattr(estimator, name, None) for name in ("best_estimator_", "estimator_")]
        step = last_step(estimator)
        estimator = step if step is not estimator else next(part for part in inner if part is not None)
    return estimator


@pytest.mark.parametrize(
    "wrap", [lambda net: net, lambda net: make_pipeline(StandardScaler(), make_pipeline(net))]
)
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_class_balanced_net_is_weighted_once_or_not_at_all(name, wrap, net):
    model = the_net(fitted(name, wrap(net)))
    if name in ("none", "sqrt", "threshold", "logit adjustment") or STRATEGIES[name].family == "resampling":
        assert model.beta == 0
    elif name == "balanced":
        assert model.beta == 1
    else:
        assert 0 <= model.beta <= 1
    assert model.loss == ("logit_adjusted" if name == "logit adjustment" else "focal")
    assert (model.sample_weight_ is not None) == (name == "sqrt")
    assert net.beta is None


def test_a_net_is_compared_whole(net):
    comparison = compare_strategies(net, X, y, cv=3, random_state=0)
    assert comparison.failures.empty


def test_the_net_itself():
    module = pytest.importorskip("skcb.net")
    net = module.CBNeuralNetClassifier(max_epochs=2, verbose=0)
    names = ["none", "balanced", "class-balanced (beta=0.99)", "SMOTE", "logit adjustment", "threshold"]
    comparison, again = (
        compare_strategies(net, X, y, strategies=names, cv=2, random_state=0, n_jobs=jobs) for jobs in (1, 2)
    )
    assert comparison.failures.empty
    assert comparison.wide("balanced_accuracy").equals(again.wide("balanced_accuracy"))


def test_a_plain_net_keeps_its_resampling_rows():
    skorch, torch = pytest.importorskip("skorch"), pytest.importorskip("torch")
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=20,
        module__out_features=2,
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=2,
        train_split=None,
        verbose=0,
    )
    before = torch.random.get_rng_state()
    one, other = (
        compare_strategies(
            net,
            X.astype(np.float32),
            y,
            strategies=["none", "balanced", "sqrt", "RandomOverSampler", "SMOTE", "logit adjustment"],
            cv=2,
            random_state=0,
            n_jobs=jobs,
        )
        for jobs in (None, 2)
    )
    assert one.failures["strategy"].tolist() == ["balanced", "sqrt"]
    assert one.failures["reason"].str.contains("NeuralNetClassifier, whose fit takes no sample_weight").all()
    assert one.wide("log_loss").equals(other.wide("log_loss"))
    assert torch.equal(torch.random.get_rng_state(), before)
