"""The net under scikit-learn's own checks of estimators."""

import functools

import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from skcb import CBNeuralNetClassifier
from skcb.net import MultilayerPerceptron

from .modules import Perceptron64

EXACT = {"batch_size": -1, "lr": 0.03, "max_epochs": 12, "random_state": 0}
double = functools.partial(MultilayerPerceptron, dtype=torch.float64)
MINIBATCHES = CBNeuralNetClassifier(batch_size=32, lr=0.02, max_epochs=15, random_state=0)
SPLITS = (
    "single precision, and batches that are drawn from other rows: the sums that have to agree to 1e-7 are "
    "not made in the same order"
)


def expected_failures(estimator):
    if estimator is not MINIBATCHES:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": SPLITS,
        "check_sample_weight_equivalence_on_sparse_data": SPLITS,
    }


@parametrize_with_checks(
    [
        CBNeuralNetClassifier(double, **EXACT),
        CBNeuralNetClassifier(double, loss="focal", **EXACT),
        CBNeuralNetClassifier(Perceptron64, loss="logit_adjusted", **EXACT),
        MINIBATCHES,
    ],
    expected_failed_checks=expected_failures,
)
@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings of scikit-learn's own
def test_scikit_learn_check(estimator, check):
    check(estimator)
