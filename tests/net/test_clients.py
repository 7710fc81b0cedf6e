"""The net inside scikit-learn's, imbalanced-learn's and skorch's machinery."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import has_fit_parameter

from skcb import CBNeuralNetClassifier, ClassBalancedClassifier

from .modules import Linear, imbalanced

X, y = imbalanced()
NAMED = np.array(["b", "a", "c"])[y]
NET = CBNeuralNetClassifier(Linear, max_epochs=5, lr=0.05, random_state=0)


def test_a_search_over_everything_in_a_pipeline_in_two_processes():
    net = CBNeuralNetClassifier(max_epochs=4, random_state=0)
    grid = {
        "cbneuralnetclassifier__loss": ["softmax", "ldam"],
        "cbneuralnetclassifier__beta": [0.9, 1.0],
        "cbneuralnetclassifier__gamma": [0.5],
        "cbneuralnetclassifier__module__hidden": [4, (8, 8)],
        "cbneuralnetclassifier__optimizer__lr": [0.01],
    }
    frame = pd.DataFrame(X).add_prefix("column ")
    searches = [
        GridSearchCV(make_pipeline(StandardScaler(), net), grid, cv=2, n_jobs=n_jobs, error_score="raise")
        for n_jobs in (None, 2)
    ]
    scores = [search.fit(frame, NAMED).cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*scores)
    assert len(np.unique(scores[0])) > 3
    assert set(searches[0].predict(frame)) <= {"a", "b", "c"}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda net: CalibratedClassifierCV(net, cv=2),
        lambda net: BaggingClassifier(net, n_estimators=3, random_state=0),
        lambda net: AdaBoostClassifier(net.set_params(beta=1), n_estimators=2, random_state=0),
        lambda net: StackingClassifier([("net", net), ("model", LogisticRegression())], cv=2),
        lambda net: VotingClassifier([("net", net), ("model", LogisticRegression())], voting="soft"),
        lambda net: ClassBalancedClassifier(net.set_params(beta=0), beta=0.9),
        lambda net: make_imblearn_pipeline(SMOTE(random_state=0), net),
    ],
    ids=["calibrated", "bagging", "boosting", "stacking", "voting", "ClassBalancedClassifier", "SMOTE"],
)
def test_it_works_inside_another_estimator(wrap):
    with sklearn.config_context(enable_metadata_routing=False):
        model = wrap(sklearn.base.clone(NET)).fit(X, NAMED)
    assert model.predict_proba(X).shape == (300, 3)
    assert model.score(X, NAMED) > 0.6


def test_thresholds_are_tuned_on_it():
    two = np.where(NAMED == "c", "rare", "other")
    model = TunedThresholdClassifierCV(NET, scoring="balanced_accuracy", cv=2).fit(X, two)
    assert set(model.predict(X)) == {"other", "rare"}


def test_counts_are_those_after_over_sampling():
    model = make_imblearn_pipeline(SMOTE(random_state=0), NET).fit(X, y)
    np.testing.assert_array_equal(model[-1].class_count_, [200, 200, 200])


def test_sample_weights_are_routed_when_asked_for():
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    assert has_fit_parameter(NET, "sample_weight")
    with sklearn.config_context(enable_metadata_routing=True):
        net = sklearn.base.clone(NET).set_fit_request(sample_weight=True)
        net.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        search = GridSearchCV(make_pipeline(scaler, net), {}, cv=2).fit(X, y, sample_weight=weight)
        got = search.best_estimator_[-1].class_count_
    np.testing.assert_allclose(got, np.bincount(y, weight))


def test_out_of_fold_probabilities():
    probability = cross_val_predict(NET, X, NAMED, method="predict_proba", cv=3)
    np.testing.assert_allclose(probability.sum(1), 1, rtol=1e-5)


def test_a_compiled_module_trains_the_same():
    compiled = sklearn.base.clone(NET).set_params(compile=True, compile__backend="eager", loss="focal").fit(X, y)
    plain = sklearn.base.clone(NET).set_params(loss="focal").fit(X, y)
    np.testing.assert_allclose(compiled.predict_proba(X), plain.predict_proba(X), rtol=1e-5)
    np.testing.assert_array_equal(compiled.class_count_, plain.class_count_)


def test_accelerate_trains_the_same():
    accelerate = pytest.importorskip("accelerate")
    from skorch.hf import AccelerateMixin

    class Accelerated(AccelerateMixin, CBNeuralNetClassifier):
        """A net for accelerate."""

    parameters = {"max_epochs": 5, "lr": 0.05, "random_state": 0, "loss": "focal"}
    net = Accelerated(Linear, accelerator=accelerate.Accelerator(cpu=True), **parameters)
    net.fit(X, NAMED, sample_weight=np.ones(len(y)))
    plain = CBNeuralNetClassifier(Linear, **parameters).fit(X, NAMED, sample_weight=np.ones(len(y)))
    np.testing.assert_allclose(net.predict_proba(X), plain.predict_proba(X), rtol=1e-4)
    np.testing.assert_array_equal(net.class_count_, plain.class_count_)
