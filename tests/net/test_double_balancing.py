"""A net that balances says so to samplers and wrappers that balance too."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification
from torch.utils.data import WeightedRandomSampler

from skcb import (
    CBNeuralNetClassifier,
    ClassBalancedClassifier,
    DeferredReweighting,
    DoubleBalancingWarning,
    LogitAdjustedClassifier,
)

X, y = make_classification(600, n_classes=3, n_informative=6, weights=[0.8, 0.15], random_state=0)
X = X.astype(np.float32)
BALANCING = 1 / np.bincount(y)


def warned(estimator):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, y)
    return [str(one.message) for one in caught if one.category is DoubleBalancingWarning]


def net(**params):
    return CBNeuralNetClassifier(max_epochs=2, train_split=None, verbose=0, random_state=0, **params)


def sampling_net(weight_of_class, **params):
    sampler = WeightedRandomSampler(np.asarray(weight_of_class)[y], len(y))
    return net(iterator_train__sampler=sampler, **params)


BALANCING_NETS = {
    "beta=1": {"beta": 1},
    "default": {},
    "focal": {"loss": "focal"},
    "logit_adjusted": {"loss": "logit_adjusted"},
    "vs": {"loss": "vs"},
    "deferred": {"loss": "ldam", "callbacks": [DeferredReweighting(2)]},
    "named callback": {"loss": "ldam", "callbacks": [("later", DeferredReweighting(2))]},
}
OTHER_NETS = {
    "beta=0": {"beta": 0},
    "ldam": {"loss": "ldam"},
    "tau=0": {"loss": "logit_adjusted", "criterion__tau": 0},
}


@pytest.mark.parametrize("name", BALANCING_NETS)
def test_a_net_that_balances_is_named(name):
    params = BALANCING_NETS[name]
    (message,) = warned(sampling_net(BALANCING, **params))
    assert "the sampler draws samples of class 2" in message
    assert "balanced twice" in message
    (message,) = warned(ClassBalancedClassifier(net(**params)))
    assert "balanced twice" in message
    (message,) = warned(LogitAdjustedClassifier(net(**params)))
    assert ("wrong" if "callbacks" in params else "superfluous") in message
    assert warned(sampling_net(np.ones(3), **params)) == []


@pytest.mark.parametrize("name", OTHER_NETS)
def test_a_net_that_does_not_balance_warns_nowhere(name):
    params = OTHER_NETS[name]
    assert warned(sampling_net(BALANCING, **params)) == []
    assert warned(ClassBalancedClassifier(net(**params))) == []
    assert warned(LogitAdjustedClassifier(net(**params))) == []


def test_the_warning_points_at_the_line_of_the_user():
    with pytest.warns(DoubleBalancingWarning) as caught:
        sampling_net(BALANCING).fit(X, y)
    assert [one.filename for one in caught if one.category is DoubleBalancingWarning] == [__file__]
