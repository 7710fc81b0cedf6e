"""Validation sets that a booster is given weigh as the training does: it stops where the run by hand does."""

import inspect

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skcb import ClassBalancedClassifier, ClassBalancedClassifierCV, compute_class_weight

X, y = make_classification(
    1200, n_classes=3, n_informative=6, weights=[0.8, 0.15], class_sep=0.6, flip_y=0.05, random_state=0
)
TRAIN, VALID = train_test_split(np.arange(len(y)), stratify=y, random_state=0)


def boosters():
    xgboost, lightgbm, catboost = map(pytest.importorskip, ("xgboost", "lightgbm", "catboost"))
    return xgboost.XGBClassifier, lightgbm.LGBMClassifier, catboost.CatBoostClassifier


BETA = 0.99
VALIDATION = X[VALID], y[VALID]
WEIGHT = compute_class_weight(y[TRAIN], beta=BETA)
STOPPING = {"n_estimators": 300, "learning_rate": 0.3, "random_state": 0}


def by_hand_and_wrapped(booster, weights_name, weights, **fit_params):
    """Fit by hand with weighted validation, by hand without, and in the wrapper."""
    train = {"X": X[TRAIN], "y": y[TRAIN]}
    weighted = booster().fit(**train, sample_weight=WEIGHT[y[TRAIN]], **fit_params, **{weights_name: weights})
    plain = booster().fit(**train, sample_weight=WEIGHT[y[TRAIN]], **fit_params)
    wrapped = ClassBalancedClassifier(booster(), beta=BETA).fit(**train, **fit_params)
    return weighted, plain, wrapped.estimator_


@pytest.mark.filterwarnings("ignore")
def test_xgboost_stops_where_it_does_by_hand():
    xgb, _, _ = boosters()
    by_hand, plain, wrapped = by_hand_and_wrapped(
        lambda: xgb(early_stopping_rounds=10, **STOPPING),
        "sample_weight_eval_set",
        [WEIGHT[y[VALID]]],
        eval_set=[VALIDATION],
        verbose=False,
    )
    assert wrapped.best_iteration == by_hand.best_iteration != plain.best_iteration
    assert wrapped.evals_result() == by_hand.evals_result()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["list", "pair", "eval_y"])
def test_lightgbm_stops_where_it_does_by_hand(form):
    _, lgbm, _ = boosters()
    given = {"eval_set": VALIDATION if form == "pair" else [VALIDATION]}
    if form == "eval_y":
        if "eval_y" not in inspect.signature(lgbm.fit).parameters:
            pytest.skip("eval_y came with LightGBM 4.7")
        given = {"eval_X": VALIDATION[0], "eval_y": VALIDATION[1]}
    stop = pytest.importorskip("lightgbm").early_stopping(10, verbose=False)
    by_hand, plain, wrapped = by_hand_and_wrapped(
        lambda: lgbm(verbose=-1, n_jobs=1, **STOPPING),
        "eval_sample_weight",
        [WEIGHT[y[VALID]]],
        **given,
        callbacks=[stop],
    )
    assert wrapped.best_iteration_ == by_hand.best_iteration_ != plain.best_iteration_
    assert wrapped.evals_result_ == by_hand.evals_result_


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["pair", "list", "Pool"])
def test_catboost_stops_where_it_does_by_hand(form):
    _, _, cat = boosters()
    Pool = pytest.importorskip("catboost").Pool

    def booster():
        return cat(iterations=300, learning_rate=0.3, random_seed=0, verbose=False, allow_writing_files=False)

    stop = {"early_stopping_rounds": 10}
    own = Pool(*VALIDATION)
    given = {"pair": VALIDATION, "list": [VALIDATION], "Pool": own}[form]
    weighted = Pool(*VALIDATION, weight=WEIGHT[y[VALID]])
    by_hand = booster().fit(X[TRAIN], y[TRAIN], sample_weight=WEIGHT[y[TRAIN]], eval_set=weighted, **stop)
    plain = booster().fit(X[TRAIN], y[TRAIN], sample_weight=WEIGHT[y[TRAIN]], eval_set=VALIDATION, **stop)
    wrapped = (
        ClassBalancedClassifier(booster(), beta=BETA).fit(X[TRAIN], y[TRAIN], eval_set=given, **stop).estimator_
    )
    assert wrapped.get_best_iteration() == by_hand.get_best_iteration() != plain.get_best_iteration()
    assert wrapped.get_evals_result() == by_hand.get_evals_result()
    assert set(own.get_weight()) == {1.0}


@pytest.mark.filterwarnings("ignore")
def test_catboost_keeps_its_categories_and_strings():
    _, _, cat = boosters()
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X).rename(columns=str).assign(kind=np.where(X[:, 0] > 0, "up", "down"))
    names = np.array(["common", "few", "rare"])[y]
    for of_fit, of_booster in (({"cat_features": ["kind"]}, {}), ({}, {"cat_features": ("kind",)})):
        booster = cat(iterations=5, verbose=False, allow_writing_files=False, **of_booster)
        model = ClassBalancedClassifier(booster).fit(
            frame.iloc[TRAIN], names[TRAIN], eval_set=(frame.iloc[VALID], names[VALID]), **of_fit
        )
        assert model.estimator_.get_evals_result()


@pytest.mark.skipif(
    "y_val" not in inspect.signature(HistGradientBoostingClassifier.fit).parameters,
    reason="scikit-learn below 1.7",
)
def test_scikit_learns_boosting_stops_where_it_does_by_hand():
    by_hand, plain, wrapped = by_hand_and_wrapped(
        lambda: HistGradientBoostingClassifier(
            early_stopping=True, max_iter=300, learning_rate=0.3, random_state=0
        ),
        "sample_weight_val",
        WEIGHT[y[VALID]],
        X_val=VALIDATION[0],
        y_val=VALIDATION[1],
    )
    assert wrapped.n_iter_ == by_hand.n_iter_ != plain.n_iter_


@pytest.mark.filterwarnings("ignore")
def test_several_sets_and_weights_that_they_have():
    xgb, _, _ = boosters()
    rng = np.random.default_rng(0)
    given = rng.uniform(1, 3, len(VALID))
    fit_params = {"eval_set": [(X[TRAIN], y[TRAIN]), VALIDATION], "verbose": False}
    by_hand = xgb(n_estimators=5).fit(
        X[TRAIN],
        y[TRAIN],
        sample_weight=WEIGHT[y[TRAIN]],
        sample_weight_eval_set=[WEIGHT[y[TRAIN]], given * WEIGHT[y[VALID]]],
        **fit_params,
    )
    wrapped = ClassBalancedClassifier(xgb(n_estimators=5), beta=BETA).fit(
        X[TRAIN], y[TRAIN], sample_weight_eval_set=[None, given], **fit_params
    )
    assert wrapped.estimator_.evals_result() == by_hand.evals_result()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("shape", ["pipeline", "search", "pipeline in a search", "alias"])
def test_the_weights_go_along_pipelines_and_searches(shape, routing):
    xgb, _, _ = boosters()
    booster = xgb(n_estimators=5, random_state=0)
    fit_params = {"eval_set": [VALIDATION], "verbose": False}
    with config_context(enable_metadata_routing=routing):
        if routing:
            name = "watched" if shape == "alias" else True
            booster.set_fit_request(eval_set=name, verbose=True)
            if name == "watched":
                fit_params["watched"] = fit_params.pop("eval_set")
        elif shape not in {"search", "alias"}:
            fit_params = {f"xgbclassifier__{key}": value for key, value in fit_params.items()}
        estimator = make_pipeline("passthrough", booster) if "pipeline" in shape else booster
        if "search" in shape:
            estimator = GridSearchCV(estimator, {}, cv=2)
        model = ClassBalancedClassifier(estimator, beta=BETA).fit(X[TRAIN], y[TRAIN], **fit_params)
    fitted = getattr(model.estimator_, "best_estimator_", model.estimator_)
    fitted = fitted[-1] if "pipeline" in shape else fitted
    by_hand = xgb(n_estimators=5, random_state=0).fit(
        X[TRAIN],
        y[TRAIN],
        sample_weight=WEIGHT[y[TRAIN]],
        eval_set=[VALIDATION],
        sample_weight_eval_set=[WEIGHT[y[VALID]]],
        verbose=False,
    )
    assert fitted.evals_result() == by_hand.evals_result()


@pytest.mark.filterwarnings("ignore")
def test_the_tuned_beta_weights_validation_by_what_it_found():
    xgb, _, _ = boosters()
    fit_params = {"eval_set": [VALIDATION], "verbose": False}
    tuned = ClassBalancedClassifierCV(xgb(n_estimators=5), cv=2).fit(X[TRAIN], y[TRAIN], **fit_params)
    fixed = ClassBalancedClassifier(xgb(n_estimators=5), beta=tuned.beta_).fit(X[TRAIN], y[TRAIN], **fit_params)
    assert tuned.estimator_.evals_result() == fixed.estimator_.evals_result()


@pytest.mark.filterwarnings("ignore")
def test_a_class_that_is_not_trained_on_is_an_error():
    xgb, lgbm, cat = boosters()
    strange = [(X[:4], np.array([0, 1, 2, 3]))]
    for booster in (
        xgb(n_estimators=2),
        lgbm(n_estimators=2, n_jobs=1, verbose=-1),
        cat(iterations=2, verbose=False),
    ):
        with pytest.raises(
            ValueError, match="label 3 is not among the classes of y, and eval_set has it: 0, 1, 2"
        ):
            ClassBalancedClassifier(booster).fit(X, y, eval_set=strange)


@pytest.mark.filterwarnings("ignore")
def test_weights_for_another_number_of_sets_are_an_error():
    xgb, _, _ = boosters()
    with pytest.raises(ValueError, match="eval_set has 1 sets, and there are weights for 2"):
        ClassBalancedClassifier(xgb()).fit(X, y, eval_set=[VALIDATION], sample_weight_eval_set=[None, None])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "eval_set must be a list of pairs .*int"),
        ([(X,)], "eval_set must be a list of pairs .*tuple"),
        ([(X, np.full(len(y), np.nan))], "in a validation set of eval_set: y has 1200 missing labels"),
        ([(X[:0], y[:0])], "in a validation set of eval_set: y is empty"),
    ],
    ids=["number", "no pair", "NaN", "empty"],
)
def test_sets_that_cannot_be_are_named(given, message):
    xgb, _, _ = boosters()
    with pytest.raises(ValueError, match=message):
        ClassBalancedClassifier(xgb(n_estimators=2)).fit(X, y, eval_set=given)
