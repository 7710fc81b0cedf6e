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
SEVERAL_LABELS = CBNeuralNetClassifier(double, loss="multilabel", **EXACT)
MINIBATCHES = CBNeuralNetClassifier(batch_size=32, lr=0.02, max_epochs=15, random_state=0)
SPLITS = (
    "single precision, and batches that are drawn from other rows: the sums that have to agree to 1e-7 are "
    "not made in the same order"
)


ONE_LABEL = (
    "gives one label per sample, or a column of class numbers, which the loss of several labels refuses by name"
)
# Those that are left give indicator matrices, or a column of zeros and ones.
OF_ONE_LABEL = [
    "check_n_features_in_after_fitting",
    "check_estimators_dtypes",
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
    "check_complex_data",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_estimators_partial_fit_n_features",
    "check_classifiers_train",
    "check_classifiers_regression_target",
    "check_classifier_not_supporting_multiclass",
    "check_fit2d_1feature",
]


def expected_failures(estimator):
    if estimator is SEVERAL_LABELS:
        return dict.fromkeys(OF_ONE_LABEL, ONE_LABEL)
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
        SEVERAL_LABELS,
    ],
    expected_failed_checks=expected_failures,
)
@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings of scikit-learn's own
def test_scikit_learn_check(estimator, check):
    check(estimator)
