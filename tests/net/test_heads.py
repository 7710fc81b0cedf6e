"""The last layer trained anew: features stay, weights balance, and norms are made one."""

import copy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.exceptions import NotFittedError
from sklearn.metrics import balanced_accuracy_score
from skorch.exceptions import SkorchTrainingImpossibleError
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.data import TensorDataset

from skcb import CBNeuralNetClassifier, load_long_tailed_digits
from skcb.nn import NormalizedLinear, tau_normalize_

X, X_test, y, y_test = load_long_tailed_digits()
X, X_test = X / 16, X_test / 16


@pytest.fixture(scope="module")
def plain():
    return CBNeuralNetClassifier(beta=0, max_epochs=40, random_state=0).fit(X, y)


def copy_of(net):
    return copy.deepcopy(net)


def score(net):
    return balanced_accuracy_score(y_test, net.predict(X_test))


def last_linear(net):
    return [part for part in net.module_.modules() if isinstance(part, nn.Linear)][-1]


def test_two_stages_help_on_a_long_tail_and_leave_the_features(plain):
    again = copy_of(plain)
    assert again.rebalance_classifier(X, y) is again
    assert score(again) > score(plain) + 0.02
    layer = last_linear(again)
    for (name, before), (_, after) in zip(
        plain.module_.named_parameters(), again.module_.named_parameters(), strict=True
    ):
        same = torch.equal(before, after)
        assert same != any(after is parameter for parameter in layer.parameters()), name
    assert again.criterion_.beta == 1
    np.testing.assert_array_equal(again.class_count_, plain.class_count_)


def test_it_is_a_linear_model_of_the_features(plain):
    again = copy_of(plain).rebalance_classifier(X, y, max_epochs=60)
    by_hand = CBNeuralNetClassifier(
        nn.Linear,
        module__in_features=last_linear(plain).in_features,
        module__out_features=10,
        beta=1,
        max_epochs=60,
    )
    module = plain.module_
    features = []
    hook = last_linear(plain).register_forward_hook(lambda _, inputs, __: features.append(inputs[0]))
    module(torch.from_numpy(X).float())
    hook.remove()
    by_hand.fit(features[0].detach(), y)
    features.clear()
    hook = last_linear(plain).register_forward_hook(lambda _, inputs, __: features.append(inputs[0]))
    module(torch.from_numpy(X_test).float())
    hook.remove()
    assert np.mean(by_hand.predict(features[0].detach()) == again.predict(X_test)) > 0.97


def test_it_is_repeatable_and_beta_matters(plain):
    first, second = (copy_of(plain).rebalance_classifier(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X_test), second.predict_proba(X_test))
    assert score(copy_of(plain).rebalance_classifier(X, y, beta=0)) < score(first)


@pytest.mark.parametrize("loss", ["focal", "ldam", "softmax_focal"])
def test_with_every_loss_that_does_not_shift(loss):
    net = CBNeuralNetClassifier(loss=loss, beta=0, max_epochs=40, random_state=0).fit(X, y)
    before = score(net)
    assert score(net.rebalance_classifier(X, y)) > before - 0.02
    np.testing.assert_allclose(net.predict_proba(X_test).sum(axis=1), 1, rtol=1e-5)


def test_corrected_probabilities_are_those_of_the_data(plain):
    net = copy_of(plain).set_params(prior_correction=True).rebalance_classifier(X, y)
    share = net.predict_proba(X).mean(axis=0)
    np.testing.assert_allclose(share, np.bincount(y) / len(y), atol=0.03)


class Scaled(nn.Module):
    """Does not end in its linear layer."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, X):
        return 2 * self.linear(X)


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame,
        lambda X: X.tolist(),
        scipy.sparse.coo_matrix,
        lambda X: torch.tensor(X, dtype=torch.float32),
        lambda X: TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y)),
    ],
)
def test_it_takes_what_fit_takes(plain, given):
    expected = copy_of(plain).rebalance_classifier(X, y, max_epochs=3)
    again = copy_of(plain)
    data = given(X)
    again.rebalance_classifier(data, None if isinstance(data, TensorDataset) else y, max_epochs=3)
    np.testing.assert_allclose(again.predict_proba(X_test), expected.predict_proba(X_test), rtol=1e-5)


def test_declared_counts_hold_for_the_last_layer_too():
    counts = {digit: 1000 - 90 * digit for digit in range(10)}
    net = CBNeuralNetClassifier(class_counts=counts, max_epochs=2, random_state=0).fit(X, y)
    net.rebalance_classifier(X[::2], y[::2], max_epochs=2)
    np.testing.assert_array_equal(net.class_count_, list(counts.values()))


class WeightNormed(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(64, 8), weight_norm(nn.Linear(8, 10)))


def test_a_weight_that_is_computed_from_others_is_refused():
    net = CBNeuralNetClassifier(WeightNormed, max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="computed from other parameters"):
        net.rebalance_classifier(X, y)
    with pytest.raises(TypeError, match="computed from other parameters"):
        tau_normalize_(net.module_[-1])


@pytest.mark.parametrize("size", [1e-30, 1e25])
def test_tau_normalisation_of_tiny_and_enormous_weights(size):
    layer = nn.Linear(5, 3)
    layer.weight.data *= size
    torch.testing.assert_close(tau_normalize_(layer).weight.norm(dim=1), torch.ones(3))


def test_what_cannot_be_is_named(plain):
    with pytest.raises(NotFittedError):
        CBNeuralNetClassifier().rebalance_classifier(X, y)
    with pytest.raises(ValueError, match="output of Scaled is not that of its last linear layer"):
        CBNeuralNetClassifier(Scaled, max_epochs=1).fit(X, y).rebalance_classifier(X, y)
    with pytest.raises(ValueError, match="decisions are balanced already"):
        CBNeuralNetClassifier(loss="logit_adjusted", max_epochs=1).fit(X, y).rebalance_classifier(X, y)
    with pytest.raises(ValueError, match="beta must lie"):
        copy_of(plain).rebalance_classifier(X, y, beta=2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        copy_of(plain).rebalance_classifier(X, y[:-1])
    with pytest.raises(ValueError, match="contains NaN"):
        copy_of(plain).rebalance_classifier(np.full_like(X, np.nan), y)
    with pytest.raises(ValueError, match="64 features"):
        copy_of(plain).rebalance_classifier(X[:, :5], y)
    trimmed = copy_of(plain)
    trimmed.trim_for_prediction()
    with pytest.raises(SkorchTrainingImpossibleError, match="trimmed for prediction"):
        trimmed.rebalance_classifier(X, y)


def test_tau_normalisation_helps_on_a_long_tail(plain):
    again = copy_of(plain)
    tau_normalize_(last_linear(again), tau=1)
    assert score(again) > score(plain) + 0.01


@pytest.mark.parametrize("tau", [0.3, 1, 2])
@pytest.mark.parametrize(
    "make", [lambda: nn.Linear(5, 3), lambda: nn.Conv2d(5, 3, 2), lambda: NormalizedLinear(5, 3)]
)
def test_tau_normalisation_is_the_formula(tau, make):
    layer = make()
    before = layer.weight.detach().clone()
    assert tau_normalize_(layer, tau) is layer
    for row, old in zip(layer.weight.detach(), before, strict=True):
        torch.testing.assert_close(row, old / old.norm() ** tau)
    if getattr(layer, "bias", None) is not None:
        assert (layer.bias == 0).all()


def test_the_ends_of_tau():
    layer = nn.Linear(5, 3)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    tau_normalize_(layer, 0)
    for name, value in layer.state_dict().items():
        torch.testing.assert_close(value, before[name])
    layer.weight.data[1] = 0
    tau_normalize_(layer)
    assert (layer.weight[1] == 0).all()


@pytest.mark.parametrize(
    ("layer", "tau", "error", "message"),
    [
        (nn.Linear(2, 2), -1, ValueError, "tau"),
        (nn.Linear(2, 2), "1", TypeError, "tau"),
        (nn.ReLU(), 1, TypeError, "ReLU has no matrix of weights"),
        (nn.BatchNorm1d(3), 1, TypeError, "BatchNorm1d has no matrix of weights"),
    ],
)
def test_errors_of_tau_normalisation(layer, tau, error, message):
    with pytest.raises(error, match=message):
        tau_normalize_(layer, tau)
    broken = nn.Linear(2, 2)
    broken.weight.data[0] = float("nan")
    with pytest.raises(ValueError, match="not finite"):
        tau_normalize_(broken)
