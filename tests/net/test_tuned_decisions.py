"""A net's decision is tuned on folds, or on a validation part that it has not seen."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import train_test_split

from skcb import CBNeuralNetClassifier, TunedDecisionClassifierCV, load_long_tailed_digits, tune_decision

X, X_TEST, y, Y_TEST = load_long_tailed_digits()
X, X_TEST = X / 16, X_TEST / 16
NAMES = np.array([f"digit {digit}" for digit in range(10)])
PART, VALID = train_test_split(np.arange(len(y)), stratify=y, random_state=0)


def net():
    return CBNeuralNetClassifier(beta=0, max_epochs=15, random_state=0, verbose=0)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_on_a_validation_part_without_another_fit():
    plain = net().fit(X[PART], NAMES[y[PART]])
    before = [parameter.detach().clone() for parameter in plain.module_.parameters()]
    tuned = TunedDecisionClassifierCV(plain, cv="prefit", refit=False, method="calibrated")
    tuned.fit(X[VALID], NAMES[y[VALID]])
    assert tuned.estimator_ is plain
    assert all(map(torch.equal, before, plain.module_.parameters()))
    by_hand = tune_decision(NAMES[y[VALID]], plain.predict_proba(X[VALID]), method="calibrated")
    np.testing.assert_allclose(tuned.decision_weight_, by_hand)
    assert tuned.score(X_TEST, NAMES[Y_TEST]) > plain.score(X_TEST, NAMES[Y_TEST]) + 0.02


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("refit", [True, False])
def test_on_folds(refit):
    tuned = TunedDecisionClassifierCV(net(), cv=3, refit=refit).fit(X, y)
    assert tuned.score(X_TEST, Y_TEST) > net().fit(X, y).score(X_TEST, Y_TEST) + 0.02
    np.testing.assert_allclose(tuned.predict_proba(X_TEST[:5]).sum(axis=1), 1, rtol=1e-5)
