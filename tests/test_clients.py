"""Real clients: gradient boosting libraries inside, scikit-learn's meta-estimators around."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight as sklearn_sample_weight

from skcb import ClassBalancedClassifier, ClassBalancedWeighter, LogitAdjustedClassifier

X, y = make_classification(500, n_informative=5, weights=[0.9], class_sep=0.5, random_state=0)


def xgboost():
    return pytest.importorskip("xgboost").XGBClassifier(n_estimators=10, max_depth=3, random_state=0)


def lightgbm():
    return pytest.importorskip("lightgbm").LGBMClassifier(
        n_estimators=10, max_depth=3, verbose=-1, n_jobs=1, random_state=0
    )


def catboost():
    return pytest.importorskip("catboost").CatBoostClassifier(
        iterations=10, depth=3, verbose=False, random_seed=0, allow_writing_files=False
    )


@pytest.mark.parametrize("booster", [xgboost, lightgbm, catboost])
@pytest.mark.filterwarnings("ignore")  # the libraries' own, about feature names and scikit-learn's versions
def test_boosting_libraries(booster):
    balanced = booster().fit(X, y, sample_weight=sklearn_sample_weight("balanced", y)).predict_proba(X)
    first_line = booster().fit(X, y, sample_weight=ClassBalancedWeighter(beta=1).fit_transform(y))
    np.testing.assert_allclose(first_line.predict_proba(X), balanced, atol=1e-6)
    outer = ClassBalancedClassifier(booster(), beta=1).fit(X, y)
    np.testing.assert_allclose(outer.predict_proba(X), balanced, atol=1e-6)
    piped = ClassBalancedClassifier(make_pipeline(StandardScaler(), booster()), beta=1).fit(X, y)
    assert np.mean(piped.predict(X)) > np.mean(booster().fit(X, y).predict(X))
    search = GridSearchCV(outer, {"beta": [0, 0.99, 1]}, scoring="balanced_accuracy", cv=3).fit(X, y)
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0
    adjusted = LogitAdjustedClassifier(booster()).fit(X, y)
    assert np.mean(adjusted.predict(X)) > np.mean(adjusted.estimator_.predict(X))


@pytest.mark.filterwarnings("ignore")
def test_string_labels_and_several_classes_in_boosting_libraries():
    names = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 1)]
    for booster in (lightgbm, catboost):
        outer = ClassBalancedClassifier(booster(), prior_correction=True).fit(X, names)
        assert outer.classes_.tolist() == ["a", "b", "c"]
        np.testing.assert_allclose(outer.predict_proba(X).sum(axis=1), 1)


@pytest.mark.filterwarnings("ignore")
def test_fit_parameters_of_a_booster_pass():
    outer = ClassBalancedClassifier(xgboost()).fit(X, y, eval_set=[(X, y)], verbose=False)
    assert outer.estimator_.evals_result()


BALANCED = ClassBalancedClassifier(make_pipeline(StandardScaler(), LogisticRegression()))


@pytest.mark.parametrize(
    "outer",
    [
        CalibratedClassifierCV(BALANCED),
        StackingClassifier([("balanced", BALANCED), ("plain", LogisticRegression())]),
        TunedThresholdClassifierCV(BALANCED),
        BaggingClassifier(BALANCED, n_estimators=3, random_state=0),
        CalibratedClassifierCV(LogitAdjustedClassifier(LogisticRegression())),
    ],
    ids=lambda outer: type(outer).__name__,
)
def test_meta_estimators_around_it(outer):
    names = np.array(["common", "rare"])[y]
    assert set(outer.fit(X, names).predict(X)) <= {"common", "rare"}
    assert outer.score(X, names) > 0.5
    np.testing.assert_allclose(outer.predict_proba(X).sum(axis=1), 1)


def test_bagging_hands_its_weights_on():
    outer = BaggingClassifier(BALANCED, n_estimators=3, random_state=0)
    assert outer.fit(X, y, sample_weight=np.where(y == 1, 5.0, 1.0)).score(X, y) > 0.5
