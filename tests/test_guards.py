"""Nothing is balanced twice in silence."""

import warnings

import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    DoubleBalancingWarning,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    compare_strategies,
)

X, y = make_classification(
    1200, n_classes=3, n_informative=6, weights=[0.8, 0.15], class_sep=0.6, flip_y=0.05, random_state=0
)
BINARY = (y > 0).astype(int)
PLAIN = LogisticRegression(max_iter=500)
BALANCED = LogisticRegression(max_iter=500, class_weight="balanced")


def boosters():
    xgboost, lightgbm, catboost = map(pytest.importorskip, ("xgboost", "lightgbm", "catboost"))
    return xgboost.XGBClassifier, lightgbm.LGBMClassifier, catboost.CatBoostClassifier


def warned(estimator, target=y, X=X, **fit_params):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, target, **fit_params)
    return [str(one.message) for one in caught if one.category is DoubleBalancingWarning]


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        (BALANCED, "class_weight='balanced' of LogisticRegression"),
        (LogisticRegression(class_weight={0: 1, 1: 2, 2: 9}), "class_weight={0: 1, 1: 2, 2: 9}"),
        (RandomForestClassifier(5, class_weight="balanced_subsample"), "class_weight='balanced_subsample'"),
        (make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), BALANCED)), "class_weight"),
        (GridSearchCV(BALANCED, {"C": [0.1, 1]}), "class_weight='balanced'"),
        (
            GridSearchCV(PLAIN, {"class_weight": [None, "balanced"]}),
            "class_weight in the param_grid of GridSearchCV",
        ),
        (
            RandomizedSearchCV(
                make_pipeline(StandardScaler(), PLAIN),
                {"logisticregression__class_weight": ["balanced"]},
                n_iter=1,
            ),
            "class_weight in the param_distributions of RandomizedSearchCV",
        ),
        (BaggingClassifier(DecisionTreeClassifier(class_weight="balanced"), 2), "of DecisionTreeClassifier"),
        (
            AdaBoostClassifier(DecisionTreeClassifier(max_depth=1, class_weight="balanced"), n_estimators=2),
            "class_weight",
        ),
        (VotingClassifier([("plain", PLAIN), ("balanced", BALANCED)]), "class_weight='balanced'"),
        (StackingClassifier([("balanced", BALANCED)], PLAIN, cv=2), "class_weight='balanced'"),
        (CalibratedClassifierCV(BALANCED, cv=2), "class_weight='balanced'"),
        (ClassBalancedClassifier(PLAIN, beta=0.9), "beta=0.9 of ClassBalancedClassifier"),
        (ClassBalancedClassifierCV(PLAIN, cv=2), "ClassBalancedClassifierCV"),
    ],
    ids=lambda case: type(case).__name__ if hasattr(case, "fit") else "",
)
def test_weights_on_weights_are_named(inside, named):
    (message,) = warned(ClassBalancedClassifier(inside))
    assert named in message
    assert "balanced twice" in message


@pytest.mark.filterwarnings("ignore")
def test_weights_of_boosters_are_named():
    xgb, lgbm, cat = boosters()
    few = {"iterations": 2, "verbose": False, "allow_writing_files": False}
    for inside, named in (
        (xgb(n_estimators=2, scale_pos_weight=9), "scale_pos_weight=9 of XGBClassifier"),
        (lgbm(n_estimators=2, n_jobs=1, verbose=-1, is_unbalance=True), "is_unbalance=True of LGBMClassifier"),
        (lgbm(n_estimators=2, n_jobs=1, verbose=-1, scale_pos_weight=9.0), "scale_pos_weight=9.0"),
        (lgbm(n_estimators=2, n_jobs=1, verbose=-1, class_weight="balanced"), "class_weight='balanced'"),
        (cat(auto_class_weights="SqrtBalanced", **few), "auto_class_weights='SqrtBalanced'"),
        (cat(class_weights=(1, 9), **few), "class_weights=(1, 9)"),
        (cat(scale_pos_weight=9, **few), "scale_pos_weight=9"),
    ):
        (message,) = warned(ClassBalancedClassifier(inside), BINARY)
        assert named in message


@pytest.mark.filterwarnings("ignore")
def test_ensembles_that_resample_are_named():
    ensemble = pytest.importorskip("imblearn.ensemble")
    assert (
        "the resampling of BalancedRandomForestClassifier"
        in warned(ClassBalancedClassifier(ensemble.BalancedRandomForestClassifier(3)))[0]
    )
    for inside in (
        ensemble.BalancedBaggingClassifier(n_estimators=2),
        ensemble.BalancedRandomForestClassifier(3),
        ensemble.EasyEnsembleClassifier(2),
        ensemble.RUSBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=2, random_state=0),
    ):
        (message,) = warned(LogitAdjustedClassifier(inside))
        assert f"the resampling of {type(inside).__name__}" in message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "clean",
    [
        PLAIN,
        LogisticRegression(class_weight={0: 1.0, 1: 1.0, 2: 1.0}),
        make_pipeline(SelectFromModel(BALANCED), PLAIN),
        GridSearchCV(PLAIN, {"C": [0.1, 1], "class_weight": [None]}),
        ClassBalancedClassifier(PLAIN, beta=0),
        HistGradientBoostingClassifier(max_iter=2),
    ],
    ids=lambda case: type(case).__name__,
)
def test_the_clean_case_warns_nowhere(clean):
    for outer in (
        ClassBalancedClassifier,
        LogitAdjustedClassifier,
        TunedDecisionClassifierCV,
        ClassBalancedClassifierCV,
    ):
        assert warned(outer(clean)) == []


@pytest.mark.filterwarnings("ignore")
def test_boosters_at_their_defaults_warn_nowhere():
    xgb, lgbm, cat = boosters()
    few = {"iterations": 2, "verbose": False, "allow_writing_files": False}
    for clean in (
        xgb(n_estimators=2),
        xgb(n_estimators=2, scale_pos_weight=1),
        lgbm(n_estimators=2, n_jobs=1, verbose=-1),
        lgbm(n_estimators=2, n_jobs=1, verbose=-1, is_unbalance=False),
        cat(**few),
        cat(class_weights=(1, 1), **few),
    ):
        for outer in (ClassBalancedClassifier, LogitAdjustedClassifier):
            assert warned(outer(clean), BINARY) == []


def test_a_beta_that_cannot_be_is_the_error_of_its_own_estimator():
    with (
        pytest.warns(DoubleBalancingWarning),
        pytest.raises(ValueError, match="The 'beta' parameter of ClassBalancedClassifier"),
    ):
        ClassBalancedClassifier(ClassBalancedClassifier(PLAIN, beta="much")).fit(X, y)


def test_weights_that_are_level_balance_nothing_unless_probabilities_are_to_be_the_prevalences():
    assert warned(ClassBalancedClassifier(BALANCED, beta=0)) == []
    (message,) = warned(ClassBalancedClassifier(BALANCED, beta=0, prior_correction=True))
    assert "class_weight='balanced'" in message


def test_the_warning_points_at_the_line_of_the_user():
    with pytest.warns(DoubleBalancingWarning) as caught:
        ClassBalancedClassifier(BALANCED).fit(X, y)
    assert [one.filename for one in caught if one.category is DoubleBalancingWarning] == [__file__]


@pytest.mark.parametrize(
    "inside",
    [
        BALANCED,
        make_pipeline(StandardScaler(), BALANCED),
        FrozenEstimator(LogisticRegression(class_weight="balanced", max_iter=500).fit(X, y)),
        GridSearchCV(BALANCED, {"C": [1]}, cv=2),
        StackingClassifier([("plain", PLAIN)], BALANCED, cv=2),
    ],
    ids=lambda case: type(case).__name__,
)
def test_a_prior_that_is_gone_cannot_be_divided_out(inside):
    for prior in (None, "training", [1, 1, 2]):
        (message,) = warned(LogitAdjustedClassifier(inside, prior=prior))
        assert "wrong" in message
    assert warned(LogitAdjustedClassifier(inside, tau=0)) == []


@pytest.mark.parametrize(
    "inside",
    [
        ClassBalancedClassifier(PLAIN),
        make_pipeline(StandardScaler(), ClassBalancedClassifier(PLAIN, prior_correction=True)),
    ],
    ids=lambda case: type(case).__name__,
)
def test_what_skcb_weights_is_superfluous_and_no_more(inside):
    (message,) = warned(LogitAdjustedClassifier(inside))
    assert "superfluous" in message
    assert warned(LogitAdjustedClassifier(inside, prior="training")) == []


def test_probabilities_that_are_calibrated_again_have_the_prevalence():
    assert warned(LogitAdjustedClassifier(CalibratedClassifierCV(BALANCED, cv=2))) == []
    assert warned(LogitAdjustedClassifier(StackingClassifier([("balanced", BALANCED)], PLAIN, cv=2))) == []


def test_tuned_decisions_find_what_is_left_to_decide():
    assert warned(TunedDecisionClassifierCV(BALANCED)) == []


def test_the_default_comparison_warns_nowhere():
    with warnings.catch_warnings():
        warnings.simplefilter("error", DoubleBalancingWarning)
        compare_strategies(PLAIN, X, y, cv=2, random_state=0)
