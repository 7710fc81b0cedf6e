"""XGBoost takes labels 0 to K - 1 alone; inside skcb it takes strings, and gives them back."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    compute_sample_weight,
)

xgboost = pytest.importorskip("xgboost")

X, CODES = make_classification(400, n_classes=3, n_informative=6, weights=[0.8, 0.15], random_state=0)
NAMES = np.array(["broken", "late", "ok"])
Y = NAMES[CODES]
WRAPPERS = [ClassBalancedClassifier, ClassBalancedClassifierCV, LogitAdjustedClassifier, TunedDecisionClassifierCV]


def booster(**params):
    return xgboost.XGBClassifier(**{"n_estimators": 5, "max_depth": 3, "random_state": 0, **params})


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("labels", [NAMES, [1, 2, 3], [-5, 0, 7], [False, True]], ids=str)
def test_every_wrapper_predicts_the_labels_it_was_given(wrapper, labels):
    codes = np.minimum(CODES, len(labels) - 1)
    y = np.asarray(labels)[codes]
    model = wrapper(booster()).fit(X, y)
    by_code = wrapper(booster()).fit(X, codes)
    assert model.classes_.tolist() == list(labels)
    np.testing.assert_array_equal(model.predict(X), np.asarray(labels)[by_code.predict(X)])
    np.testing.assert_array_equal(model.predict_proba(X), by_code.predict_proba(X))
    assert model.score(X, y) == by_code.score(X, codes)


def test_it_is_xgboost_with_its_weights_and_all_of_its_attributes():
    model = ClassBalancedClassifier(booster(), beta=0.99).fit(X, Y).estimator_
    by_hand = booster().fit(X, CODES, sample_weight=compute_sample_weight(Y, beta=0.99))
    assert isinstance(model, xgboost.XGBClassifier)
    np.testing.assert_array_equal(model.feature_importances_, by_hand.feature_importances_)
    np.testing.assert_array_equal(model.predict_proba(X), by_hand.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X, output_margin=True), by_hand.predict(X, output_margin=True))


def test_codes_are_left_to_xgboost_and_the_users_estimator_is_left_alone():
    given = booster()
    assert type(ClassBalancedClassifier(given).fit(X, CODES).estimator_) is xgboost.XGBClassifier
    ClassBalancedClassifier(given).fit(X, Y)
    assert type(given) is xgboost.XGBClassifier
    assert not hasattr(given, "n_classes_")


@pytest.mark.parametrize("kind", ["list", "pandas", "categorical", "polars"])
def test_labels_of_any_container(kind):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    make = {
        "list": list,
        "pandas": pandas.Series,
        "categorical": lambda y: pandas.Series(pandas.Categorical(y)),
        "polars": polars.Series,
    }
    model = ClassBalancedClassifier(booster()).fit(X, make[kind](Y.tolist()))
    assert set(model.predict(X)) <= set(NAMES)


@pytest.mark.parametrize("pipeline", [False, True])
def test_early_stopping_with_labels_in_the_validation_set(pipeline):
    train, valid = np.arange(300), np.arange(300, 400)
    stopping = booster(n_estimators=100, early_stopping_rounds=3)
    by_code = ClassBalancedClassifier(stopping).fit(
        X[train], CODES[train], eval_set=[(X[valid], CODES[valid])], verbose=False
    )
    prefix = "xgbclassifier__" if pipeline else ""
    fit_params = {f"{prefix}eval_set": [(X[valid], Y[valid])], f"{prefix}verbose": False}
    estimator = make_pipeline(StandardScaler().set_output(), stopping) if pipeline else stopping
    model = ClassBalancedClassifier(estimator).fit(X[train], Y[train], **fit_params).estimator_
    model = model[-1] if pipeline else model
    assert model.best_iteration < 99
    if not pipeline:
        assert model.evals_result() == by_code.estimator_.evals_result()


def test_a_stranger_in_the_validation_set_is_named():
    with pytest.raises(ValueError, match="in a validation set of eval_set: label 'lost' is not among"):
        LogitAdjustedClassifier(booster()).fit(X, Y, eval_set=[(X[:1], ["lost"])])


def test_a_search_and_a_pipeline_and_a_search_inside():
    grid = {"classbalancedclassifier__estimator__max_depth": [1, 3], "classbalancedclassifier__beta": [0, 0.99]}
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ClassBalancedClassifier(booster())), grid, cv=2, scoring="f1_macro"
    ).fit(X, Y)
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()
    assert search.classes_.tolist() == NAMES.tolist()
    inner = GridSearchCV(booster(), {"max_depth": [1, 3]}, cv=2, scoring="f1_macro")
    for inside in (inner, CalibratedClassifierCV(booster(), cv=2), make_pipeline(StandardScaler(), booster())):
        model = TunedDecisionClassifierCV(ClassBalancedClassifier(inside), cv=2).fit(X, Y)
        assert set(model.predict(X)) <= set(NAMES)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_it_is_pickled_and_cloned(wrapper):
    model = wrapper(booster()).fit(X, Y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    again = clone(model).fit(X, CODES)
    assert again.predict(X).dtype.kind == "i"
    refitted = clone(ClassBalancedClassifier(booster()).fit(X, Y).estimator_).fit(X, Y)
    assert set(refitted.predict(X)) <= set(NAMES)


def test_a_prior_and_costs_by_label():
    model = LogitAdjustedClassifier(booster(), prior={"broken": 0.2, "late": 0.3, "ok": 0.5}).fit(X, Y)
    by_code = LogitAdjustedClassifier(booster(), prior=[0.2, 0.3, 0.5]).fit(X, CODES)
    np.testing.assert_array_equal(model.predict_proba(X), by_code.predict_proba(X))
    around = LogitAdjustedClassifier(
        ClassBalancedClassifier(booster()), prior={"broken": 0.2, "late": 0.3, "ok": 0.5}
    ).fit(X, Y)
    assert around.classes_.tolist() == NAMES.tolist()


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_a_fold_that_lacks_a_class_is_trained_all_the_same():
    rows = np.r_[np.flatnonzero(CODES == 0)[:40], np.flatnonzero(CODES == 1)[:1], np.flatnonzero(CODES == 2)[:40]]
    with pytest.warns(UserWarning, match="lack a class"):
        model = TunedDecisionClassifierCV(booster(), cv=3).fit(X[rows], CODES[rows])
    assert model.predict_proba(X).shape == (400, 3)


def test_a_frozen_model_is_left_as_it_is():
    trained = booster().fit(X, CODES)
    LogitAdjustedClassifier(FrozenEstimator(trained)).fit(X, CODES)
    with pytest.raises(ValueError, match="classes"):
        LogitAdjustedClassifier(FrozenEstimator(trained)).fit(X, Y)
    assert type(trained) is xgboost.XGBClassifier


def test_random_forests_too():
    model = ClassBalancedClassifier(xgboost.XGBRFClassifier(n_estimators=5)).fit(X, Y)
    assert isinstance(model.estimator_, xgboost.XGBRFClassifier)
    by_code = ClassBalancedClassifier(xgboost.XGBRFClassifier(n_estimators=5)).fit(X, CODES)
    assert LabelEncoder().fit(Y).inverse_transform(by_code.predict(X)).tolist() == model.predict(X).tolist()


def test_strategies_are_compared_on_labels():
    pytest.importorskip("imblearn")
    from skcb import compare_strategies

    strategies = ["none", "balanced", "RandomOverSampler", "logit adjustment", "tuned decisions"]
    compared = compare_strategies(booster(), X, Y, strategies=strategies, cv=2, scoring="macro_f1", random_state=0)
    assert compared.failures.empty
