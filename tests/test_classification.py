"""The meta-estimators: every fold has its own weights, wherever the estimator stands."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight as sklearn_sample_weight

from skcb import (
    ClassBalancedClassifier,
    EmptyClassWarning,
    InertBetaWarning,
    LogitAdjustedClassifier,
    compute_sample_weight,
)

X, y = make_classification(
    600, n_classes=3, n_informative=5, weights=[0.8, 0.15], class_sep=0.7, flip_y=0.05, random_state=0
)
NAMES = np.array(["common", "medium", "rare"])[y]


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with config_context(enable_metadata_routing=request.param):
        yield request.param


class Recorder(ClassifierMixin, BaseEstimator):
    """A classifier that keeps what `fit` receives."""

    def __init__(self, name=None):
        self.name = name

    def fit(self, X, y, sample_weight=None, extra=None):
        self.sample_weight_, self.extra_ = sample_weight, extra
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class WithoutWeights(Recorder):
    def fit(self, X, y):
        return super().fit(X, y)


def final_of(estimator):
    while True:
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def unweighted_accuracy():
    # With routing on, a search asks its scorer whether it wants the weights: the user's to say.
    scorer = make_scorer(accuracy_score)
    return scorer.set_score_request(sample_weight=False) if get_config()["enable_metadata_routing"] else scorer


def test_fold_scores_equal_a_loop_by_hand():
    betas, folds = [0, 0.9, 0.99, 0.999, 1], StratifiedKFold(4)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression())),
        {"classbalancedclassifier__beta": betas},
        scoring="balanced_accuracy",
        cv=folds,
    ).fit(X, NAMES)
    for fold, (train, test) in enumerate(folds.split(X, NAMES)):
        for candidate, beta in enumerate(betas):
            counts = {label: np.sum(NAMES[train] == label) for label in set(NAMES)}
            weight = {c: 1 / sum(beta**j for j in range(n)) if beta else 1.0 for c, n in counts.items()}
            scale = len(train) / sum(counts[c] * weight[c] for c in counts)
            scaler = StandardScaler().fit(X[train])
            model = LogisticRegression().fit(
                scaler.transform(X[train]), NAMES[train], sample_weight=[weight[c] * scale for c in NAMES[train]]
            )
            score = balanced_accuracy_score(NAMES[test], model.predict(scaler.transform(X[test])))
            assert search.cv_results_[f"split{fold}_test_score"][candidate] == score


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), model)),
        lambda model: make_pipeline(make_pipeline(StandardScaler()), make_column_transformer(
            (StandardScaler(), slice(0, 5)), remainder="passthrough"), model),
        lambda model: make_pipeline(SelectFromModel(LogisticRegression()), model),
        lambda model: GridSearchCV(model, {"name": ["one"]}, cv=2),
        lambda model: make_pipeline(
            StandardScaler(),
            GridSearchCV(
                make_pipeline(StandardScaler(), model),
                {"recorder__name": ["one"]},
                scoring=unweighted_accuracy(),
                cv=2,
            ),
        ),
    ],
    ids=["bare", "pipeline", "nested", "columns", "selector", "search", "search in pipeline"],
)  # fmt: skip
def test_the_weights_reach_the_last_estimator(wrap, routing):
    model = wrap(Recorder())
    before = pickle.dumps(model)
    outer = ClassBalancedClassifier(model, beta=0.99).fit(X, y)
    np.testing.assert_array_equal(final_of(outer.estimator_).sample_weight_, compute_sample_weight(y, beta=0.99))
    assert pickle.dumps(model) == before  # never changed, its metadata requests neither


def test_only_the_last_estimator_gets_them(routing):
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    outer = ClassBalancedClassifier(inner, beta=1).fit(X, y)
    np.testing.assert_allclose(outer.estimator_[0].mean_, X.mean(axis=0))
    expected = LogisticRegression().fit(
        StandardScaler().fit_transform(X), y, sample_weight=sklearn_sample_weight("balanced", y)
    )
    np.testing.assert_allclose(outer.estimator_[-1].coef_, expected.coef_)


def test_a_scaler_that_requests_weights_gets_them_too():
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        outer = ClassBalancedClassifier(make_pipeline(scaler, LogisticRegression()), beta=1).fit(X, y)
    mean = np.average(X, axis=0, weights=sklearn_sample_weight("balanced", y))
    np.testing.assert_allclose(outer.estimator_[0].mean_, mean)


@pytest.mark.parametrize("inner", [BaggingClassifier, AdaBoostClassifier])
def test_around_ensembles_the_weights_arrive(inner, routing):
    ensemble = inner(LogisticRegression(), n_estimators=3, random_state=0)
    if routing and inner is AdaBoostClassifier:
        with pytest.raises(NotImplementedError, match="routing is not yet implemented for AdaBoostClassifier"):
            ClassBalancedClassifier(ensemble).fit(X, y)
        return
    outer = ClassBalancedClassifier(ensemble, beta=1).fit(X, y)
    plain = clone(ensemble).fit(X, y)
    assert np.mean(outer.predict(X) == 2) > np.mean(plain.predict(X) == 2)


def test_a_given_sample_weight_is_multiplied_in(routing):
    given = np.random.default_rng(0).uniform(0.5, 2, len(y))
    outer = ClassBalancedClassifier(Recorder(), beta=0.99).fit(X, y, sample_weight=given)
    expected = compute_sample_weight(y, beta=0.99, sample_weight=given)
    np.testing.assert_array_equal(outer.estimator_.sample_weight_, expected)
    np.testing.assert_allclose(outer.class_count_, np.bincount(y, given))


def test_a_given_sample_weight_is_routed_to_the_wrapper_alone():
    given = np.random.default_rng(0).uniform(0.5, 2, len(y))
    with config_context(enable_metadata_routing=True):
        inner = make_pipeline(StandardScaler(), LogisticRegression())
        outer = ClassBalancedClassifier(inner).set_fit_request(sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), outer)
        routed.fit(X, y, sample_weight=given)
        ignoring = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=True),
            ClassBalancedClassifier(inner).set_fit_request(sample_weight=False),
        ).fit(X, y, sample_weight=given)
    np.testing.assert_allclose(routed[-1].class_count_, np.bincount(y, given))
    np.testing.assert_allclose(ignoring[-1].class_count_, np.bincount(y))


def test_other_fit_parameters_are_passed_on(routing):
    model = Recorder().set_fit_request(extra=True) if routing else Recorder()
    assert ClassBalancedClassifier(model).fit(X, y, extra="kept").estimator_.extra_ == "kept"


def test_ends_of_beta():
    plain = LogisticRegression().fit(X, y)
    balanced = LogisticRegression(class_weight="balanced").fit(X, y)
    for beta, expected in ((0, plain), (1, balanced)):
        outer = ClassBalancedClassifier(LogisticRegression(), beta=beta).fit(X, y)
        np.testing.assert_allclose(outer.predict_proba(X), expected.predict_proba(X), rtol=1e-6)


def test_integer_sample_weights_equal_repetition():
    times = np.random.default_rng(0).integers(1, 4, len(y))
    weighted = ClassBalancedClassifier(LogisticRegression(tol=1e-8)).fit(X, y, sample_weight=times)
    repeated = ClassBalancedClassifier(LogisticRegression(tol=1e-8)).fit(
        np.repeat(X, times, 0), np.repeat(y, times)
    )
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-5)


def test_prior_correction_restores_the_prevalence():
    balanced = ClassBalancedClassifier(LogisticRegression(), beta=1)
    corrected = clone(balanced).set_params(prior_correction=True).fit(X, y)
    balanced.fit(X, y)
    probability = balanced.predict_proba(X) * np.bincount(y)  # weights are n / (C n_c): dividing multiplies by n_c
    probability /= probability.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(corrected.predict_proba(X), probability)
    np.testing.assert_allclose(corrected.predict_log_proba(X), np.log(probability))
    np.testing.assert_array_equal(corrected.predict(X), balanced.predict(X))
    assert log_loss(y, corrected.predict_proba(X)) < log_loss(y, balanced.predict_proba(X))
    np.testing.assert_allclose(corrected.predict_proba(X).mean(axis=0), np.bincount(y) / len(y), atol=0.02)


def test_logit_adjustment_is_the_formula():
    outer = LogitAdjustedClassifier(LogisticRegression(), tau=1.5).fit(X, NAMES)
    log_proba = LogisticRegression().fit(X, NAMES).predict_log_proba(X)
    adjusted = log_proba - 1.5 * np.log(np.bincount(y) / len(y))
    np.testing.assert_array_equal(outer.predict(X), outer.classes_[adjusted.argmax(axis=1)])
    posterior = np.exp(adjusted) / np.exp(adjusted).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outer.predict_proba(X), posterior)
    np.testing.assert_allclose(outer.predict_log_proba(X), np.log(posterior))
    unadjusted = LogitAdjustedClassifier(LogisticRegression(), tau=0).fit(X, NAMES)
    np.testing.assert_allclose(unadjusted.predict_log_proba(X), log_proba)


def test_logit_adjustment_serves_estimators_without_weights_or_with_certain_probabilities():
    outer = LogitAdjustedClassifier(make_pipeline(StandardScaler(), KNeighborsClassifier(1))).fit(X, NAMES)
    assert np.isfinite(outer.predict_proba(X)).all()  # p of 0 and 1
    assert outer.score(X, NAMES) == 1


def test_logit_adjustment_with_sample_weight(routing):
    given = np.random.default_rng(0).uniform(0.5, 2, len(y))
    outer = LogitAdjustedClassifier(make_pipeline(StandardScaler(), LogisticRegression()))
    outer.fit(X, y, sample_weight=given)
    np.testing.assert_allclose(outer.class_count_, np.bincount(y, given))
    inner = LogisticRegression().fit(StandardScaler().fit_transform(X), y, sample_weight=given)
    np.testing.assert_allclose(outer.estimator_[-1].coef_, inner.coef_)


@pytest.mark.parametrize("kind", [ClassBalancedClassifier, LogitAdjustedClassifier])
def test_a_class_that_weighs_nothing_is_no_nan(kind):
    weight = (y != 2).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyClassWarning)
        outer = kind(LogisticRegression()).fit(X, y, sample_weight=weight)
    assert outer.class_count_[2] == 0
    assert np.isfinite(outer.predict_proba(X)).all()
    if kind is ClassBalancedClassifier:
        assert np.isfinite(outer.set_params(prior_correction=True).predict_proba(X)).all()


def test_a_class_missing_from_a_fold():
    labels = np.array(["a"] * 30 + ["b"] * 29 + ["c"])
    data = np.random.default_rng(0).normal(size=(60, 2))
    outer = ClassBalancedClassifier(LogisticRegression(), beta=0.9)
    train, test = np.arange(59), [59]
    assert cross_val_score(outer, data, labels, cv=[(train, test)]).tolist() == [0]
    assert outer.fit(data[train], labels[train]).classes_.tolist() == ["a", "b"]
    assert outer.fit(data, labels).class_count_.tolist() == [30, 29, 1]


@pytest.mark.parametrize("kind", ["pandas", "polars", "csr", "list", "names"])
def test_data_of_every_kind(kind):
    data, labels = X, NAMES
    if kind in ("pandas", "polars"):
        library = pytest.importorskip(kind)
        data = library.DataFrame(X, **{"columns" if kind == "pandas" else "schema": [f"x{i}" for i in range(20)]})
        labels = library.Series(NAMES)
    elif kind == "csr":
        data = sparse.csr_array(X)
    elif kind == "list":
        data, labels = X.tolist(), NAMES.tolist()
    outer = ClassBalancedClassifier(LogisticRegression()).fit(data, labels)
    expected = ClassBalancedClassifier(LogisticRegression()).fit(X, NAMES)
    np.testing.assert_allclose(outer.predict_proba(data), expected.predict_proba(X), rtol=1e-4)
    assert outer.classes_.tolist() == ["common", "medium", "rare"]
    assert outer.n_features_in_ == 20
    if kind == "pandas":
        assert outer.feature_names_in_[0] == "x0"
    else:
        assert kind == "polars" or not hasattr(outer, "feature_names_in_")


def test_gappy_negative_labels():
    labels = np.array([-5, 0, 2])[y]
    outer = ClassBalancedClassifier(GaussianNB()).fit(X, labels)
    assert set(outer.predict(X)) == {-5, 0, 2}


def test_search_in_parallel_and_pickle():
    search = GridSearchCV(
        ClassBalancedClassifier(LogisticRegression()), {"beta": [0, 1], "estimator__C": [0.1, 1]}, n_jobs=2, cv=3
    ).fit(X, NAMES)
    restored = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(restored.predict(X), search.predict(X))


def test_several_targets():
    targets = np.column_stack([y, y > 0])
    with pytest.raises(
        ValueError, match=r"y has shape \(600, 2\).*MultiOutputClassifier\(ClassBalancedClassifier"
    ):
        ClassBalancedClassifier(LogisticRegression()).fit(X, targets)
    outer = MultiOutputClassifier(ClassBalancedClassifier(LogisticRegression())).fit(X, targets)
    assert outer.predict(X).shape == (600, 2)


def test_a_column_is_flattened_with_scikit_learns_warning():
    with pytest.warns(DataConversionWarning):
        ClassBalancedClassifier(LogisticRegression()).fit(X, y[:, None])


def test_what_the_estimator_has_the_wrapper_has():
    assert not hasattr(ClassBalancedClassifier(SVC()), "predict_proba")
    assert hasattr(ClassBalancedClassifier(SVC()).fit(X, y), "decision_function")
    assert not hasattr(ClassBalancedClassifier(KNeighborsClassifier()), "decision_function")
    assert not hasattr(LogitAdjustedClassifier(LogisticRegression()), "decision_function")
    with pytest.raises(NotFittedError):
        ClassBalancedClassifier(LogisticRegression()).predict(X)


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(),
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1]}),
        WithoutWeights(),
        make_pipeline(StandardScaler(), OneVsRestClassifier(KNeighborsClassifier())),
    ],
    ids=["bare", "pipeline", "search", "own", "meta"],
)
def test_an_estimator_without_weights_is_told_its_alternatives(estimator, routing):
    with pytest.raises(
        TypeError, match=r"takes no sample_weight.*LogitAdjustedClassifier.*EffectiveNumberStrategy"
    ):
        ClassBalancedClassifier(estimator).fit(X, y)


def test_a_pipeline_without_an_estimator():
    with pytest.raises(ValueError, match="must be an object implementing 'fit' and 'predict'"):
        ClassBalancedClassifier(make_pipeline(StandardScaler(), "passthrough")).fit(X, y)


@pytest.mark.parametrize("kind", [ClassBalancedClassifier, LogitAdjustedClassifier])
def test_wrong_estimators(kind):
    with pytest.raises(TypeError, match="needs a classifier, got Ridge"):
        kind(Ridge()).fit(X, y)
    with pytest.raises(ValueError, match="'estimator' parameter"):
        kind("logistic").fit(X, y)
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        kind(LogisticRegression()).fit(X, None)


def test_probabilities_are_needed_to_adjust():
    with pytest.raises(TypeError, match=r"SVC has no predict_proba.*CalibratedClassifierCV"):
        LogitAdjustedClassifier(SVC()).fit(X, y)


@pytest.mark.parametrize("beta", [-1, 1.5, float("nan"), "0.9", None])
def test_wrong_beta(beta):
    with pytest.raises(ValueError, match=f"'beta' parameter of ClassBalancedClassifier.*Got {beta!r}"):
        ClassBalancedClassifier(LogisticRegression(), beta=beta).fit(X, y)


def test_wrong_parameters():
    with pytest.raises(ValueError, match="'normalize' parameter"):
        ClassBalancedClassifier(LogisticRegression(), normalize="sum").fit(X, y)
    with pytest.raises(ValueError, match="'tau' parameter"):
        LogitAdjustedClassifier(LogisticRegression(), tau=-1).fit(X, y)


@pytest.mark.parametrize("kind", [ClassBalancedClassifier, LogitAdjustedClassifier])
@pytest.mark.parametrize(
    ("target", "weight", "message"),
    [
        ([], None, "y is empty"),
        (np.where(y == 2, None, NAMES), None, "missing labels, the first at position"),
        (X[:, 0], None, "Unknown label type: continuous"),
        (y, np.zeros(600), "sample_weight is zero for all 600"),
        (y, -np.ones(600), r"sample_weight\[0\] = -1"),
        (y, np.ones(5), r"shape \(600,\), got shape \(5,\)"),
    ],
    ids=["empty", "missing", "continuous", "zero", "negative", "short"],
)
def test_wrong_data(kind, target, weight, message):
    with pytest.raises(ValueError, match=message):
        kind(LogisticRegression()).fit(X, target, sample_weight=weight)


def test_warnings_reach_the_user():
    with pytest.warns(InertBetaWarning, match="acts like no weighting"):
        ClassBalancedClassifier(DummyClassifier(), beta=0.1).fit(X, y)
    with pytest.warns(InertBetaWarning, match="rescale"):
        ClassBalancedClassifier(DummyClassifier()).fit(X, y, sample_weight=np.full(600, 1 / 600))
