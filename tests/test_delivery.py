"""Sample weights reach what is fitted, through every meta-estimator, whatever the global routing flag says."""

import copy
import pickle
from inspect import signature

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import RFE, RFECV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter

from skcb import ClassBalancedClassifier, LogitAdjustedClassifier, compute_sample_weight

RNG = np.random.default_rng(0)
y = RNG.choice(3, 300, p=[0.75, 0.17, 0.08])
X = RNG.normal(size=(300, 4)) + 0.8 * np.eye(3, 4)[y]
WEIGHT = compute_sample_weight(y, beta=1)
GIVEN = RNG.uniform(0.5, 2, 300)
LR = LogisticRegression()
# What keeps scikit-learn 1.8 and later from telling of defaults to come.
QUIET = {"l1_ratios": (0,), "use_legacy_attributes": False}
if "use_legacy_attributes" not in signature(LogisticRegressionCV).parameters:
    QUIET = {}
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with config_context(enable_metadata_routing=request.param):
        yield request.param


# Of those whose fit takes sample_weight by name while routing is off: the fit by hand.
BY_HAND = {
    "voting": VotingClassifier([("lr", LR), ("tree", TREE)], voting="soft"),
    "stacking": StackingClassifier([("lr", LR), ("tree", TREE)], cv=3),
    "rfe": RFE(LR, n_features_to_select=2),
    "bagging": BaggingClassifier(n_estimators=3, random_state=0),
    "bagging of models": BaggingClassifier(LR, n_estimators=3, random_state=0),
    "adaboost": AdaBoostClassifier(n_estimators=3, random_state=0),
    "calibrated": CalibratedClassifierCV(LR, cv=3),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_meta_estimators_get_their_weights(name, routing):
    if name == "adaboost" and routing:
        pytest.skip("AdaBoost has no routing, and says so itself")
    model = BY_HAND[name]
    before = pickle.dumps(model)
    fitted = ClassBalancedClassifier(model, beta=1).fit(X, y)
    assert pickle.dumps(model) == before
    assert repr(fitted.estimator_) == repr(model)
    with config_context(enable_metadata_routing=False):
        by_hand = clone(model).fit(X, y, sample_weight=WEIGHT)
    np.testing.assert_allclose(fitted.predict_proba(X), by_hand.predict_proba(X), rtol=1e-6)
    assert not np.allclose(fitted.predict_proba(X), clone(model).fit(X, y).predict_proba(X))


SAME_WHATEVER_THE_FLAG = {
    "search": GridSearchCV(LR, {"C": [0.001, 0.01, 0.1, 1]}, cv=3),
    "search by name": GridSearchCV(LR, {"C": [0.001, 0.01, 0.1, 1]}, cv=3, scoring="accuracy"),
    "search by several": GridSearchCV(
        LR, {"C": [0.001, 1]}, cv=3, scoring=["accuracy", "balanced_accuracy"], refit="accuracy"
    ),
    "search by a scorer": GridSearchCV(LR, {"C": [0.001, 1]}, cv=3, scoring=make_scorer(accuracy_score)),
    "search of a pipeline": GridSearchCV(
        make_pipeline(StandardScaler(), LR), {"logisticregression__C": [0.001, 1]}, cv=3
    ),
    "search in a pipeline": make_pipeline(StandardScaler(), GridSearchCV(LR, {"C": [0.001, 1]}, cv=3)),
    "LogisticRegressionCV": LogisticRegressionCV(cv=3, Cs=3, **QUIET),
    "RFECV": RFECV(LR, cv=3),
    "RFECV by name": RFECV(LR, cv=3, scoring="balanced_accuracy"),
    "one against the rest": OneVsRestClassifier(LR),
    "voting of pipelines": VotingClassifier([("p", make_pipeline(StandardScaler(), LR)), ("tree", TREE)]),
    "balanced within": ClassBalancedClassifier(LR, beta=0.9),
    "adjusted within": LogitAdjustedClassifier(LR),
}


@pytest.mark.parametrize("name", SAME_WHATEVER_THE_FLAG)
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::skcb.DoubleBalancingWarning")
def test_a_fit_is_the_same_whatever_the_global_flag(name):
    model = SAME_WHATEVER_THE_FLAG[name]
    results = []
    for flag in (False, True):
        with config_context(enable_metadata_routing=flag):
            before = pickle.dumps(model)
            fitted = ClassBalancedClassifier(model, beta=1).fit(X, y)
            assert pickle.dumps(model) == before
            assert repr(fitted.estimator_) == repr(model)
            results.append(fitted)
    off, on = results
    np.testing.assert_array_equal(off.predict(X), on.predict(X))
    unweighted = clone(model).fit(X, y)
    assert not np.array_equal(off.predict(X), unweighted.predict(X))
    searches = [fitted.estimator_ for fitted in results]
    if hasattr(searches[0], "best_index_"):
        assert searches[0].best_params_ == searches[1].best_params_


def test_a_search_scores_its_folds_without_the_weights(routing):
    """They are made to train with; what a model is worth is for `scoring` to say."""
    search = GridSearchCV(LR, {"C": [0.01, 1]}, cv=3, scoring="accuracy")
    fitted = ClassBalancedClassifier(search, beta=1).fit(X, y)
    from sklearn.model_selection import StratifiedKFold

    for number, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        for candidate, C in enumerate([0.01, 1]):
            model = LogisticRegression(C=C).fit(X[train], y[train], sample_weight=WEIGHT[train])
            got = fitted.estimator_.cv_results_[f"split{number}_test_score"][candidate]
            assert got == pytest.approx(accuracy_score(y[test], model.predict(X[test])))


def test_tuned_thresholds_are_fitted_with_weights(routing):
    two = (y > 0).astype(int)
    fitted = ClassBalancedClassifier(TunedThresholdClassifierCV(LR, cv=3), beta=1).fit(X, two)
    weighted = LogisticRegression().fit(X, two, sample_weight=compute_sample_weight(two, beta=1))
    np.testing.assert_allclose(fitted.estimator_.estimator_.coef_, weighted.coef_)


def test_one_estimator_inside_that_takes_no_weights_is_named(routing):
    model = VotingClassifier([("lr", LR), ("knn", KNeighborsClassifier())])
    with pytest.raises(TypeError, match=r"VotingClassifier.*takes no sample_weight \(of KNeighborsClassifier"):
        ClassBalancedClassifier(model).fit(X, y)


def test_weights_under_a_pipelines_name_are_multiplied_in_and_counted():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    expected = ClassBalancedClassifier(pipeline, beta=0.9).fit(X, y, sample_weight=GIVEN)
    named = ClassBalancedClassifier(pipeline, beta=0.9).fit(X, y, logisticregression__sample_weight=GIVEN)
    np.testing.assert_array_equal(named.class_count_, expected.class_count_)
    np.testing.assert_array_equal(named.estimator_[-1].coef_, expected.estimator_[-1].coef_)
    plain = ClassBalancedClassifier(pipeline, beta=0.9).fit(X, y)
    assert not np.allclose(named.estimator_[-1].coef_, plain.estimator_[-1].coef_)
    with pytest.raises(TypeError, match="sample_weight and logisticregression__sample_weight are both given"):
        ClassBalancedClassifier(pipeline).fit(X, y, sample_weight=GIVEN, logisticregression__sample_weight=GIVEN)
    adjusted = LogitAdjustedClassifier(pipeline).fit(X, y, logisticregression__sample_weight=GIVEN)
    np.testing.assert_allclose(adjusted.class_count_, np.bincount(y, GIVEN))


def test_weights_of_another_step_go_there():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    fitted = ClassBalancedClassifier(pipeline).fit(X, y, standardscaler__sample_weight=GIVEN)
    np.testing.assert_allclose(fitted.estimator_[0].mean_, np.average(X, axis=0, weights=GIVEN))


def test_what_is_frozen_is_not_weighted(routing):
    frozen = FrozenEstimator(LogisticRegression().fit(X, y))
    for model in (frozen, make_pipeline(StandardScaler(), frozen)):
        with pytest.raises(TypeError, match="cannot weight FrozenEstimator: what is frozen is not fitted again"):
            ClassBalancedClassifier(model, beta=1, prior_correction=True).fit(X, y)
    adjusted = LogitAdjustedClassifier(frozen).fit(X, y, sample_weight=GIVEN)
    np.testing.assert_allclose(adjusted.class_count_, np.bincount(y, GIVEN))


def test_the_requests_of_what_is_frozen_stay_the_users():
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().fit(X)
        before = copy.deepcopy(scaler.__dict__)
        pipeline = make_pipeline(FrozenEstimator(scaler), LogisticRegression())
        fitted = ClassBalancedClassifier(pipeline, beta=1).fit(X, y)
        assert scaler.__dict__.keys() == before.keys()
        assert scaler.get_metadata_routing().fit.requests == StandardScaler().get_metadata_routing().fit.requests
        np.testing.assert_array_equal(fitted.estimator_[0].mean_, scaler.mean_)
        nested = make_pipeline(StandardScaler()).fit(X)
        ClassBalancedClassifier(make_pipeline(FrozenEstimator(nested), LogisticRegression()), beta=1).fit(X, y)
        assert "_metadata_request" not in nested[0].__dict__


def test_logit_adjustment_advertises_weights_where_what_it_wraps_takes_them(routing):
    assert has_fit_parameter(LogitAdjustedClassifier(LR), "sample_weight")
    assert has_fit_parameter(LogitAdjustedClassifier(make_pipeline(StandardScaler(), LR)), "sample_weight")
    assert not has_fit_parameter(LogitAdjustedClassifier(KNeighborsClassifier()), "sample_weight")
    with pytest.raises(TypeError, match=r"no use for sample_weight: KNeighborsClassifier.*Leave sample_w"):
        LogitAdjustedClassifier(KNeighborsClassifier()).fit(X, y, sample_weight=GIVEN)


def test_meta_estimators_around_an_adjusted_neighbour():
    adjusted = LogitAdjustedClassifier(KNeighborsClassifier())
    assert BaggingClassifier(adjusted, n_estimators=3, random_state=0).fit(X, y).predict(X).shape == y.shape
    calibrated = CalibratedClassifierCV(adjusted, cv=3)
    with pytest.warns(UserWarning, match="sample_weight"):  # scikit-learn's own: only the calibrator is weighted
        assert calibrated.fit(X, y, sample_weight=GIVEN).predict(X).shape == y.shape
    copied = pickle.loads(pickle.dumps(adjusted.fit(X, y)))
    np.testing.assert_array_equal(copied.predict(X), adjusted.predict(X))


@pytest.mark.parametrize(
    "wrapper",
    [ClassBalancedClassifier(GaussianNB(), prior_correction=True), LogitAdjustedClassifier(GaussianNB())],
    ids=["balanced", "adjusted"],
)
def test_log_probabilities_stay_finite_where_probabilities_round_to_zero(wrapper):
    wrapper.fit(X, y)
    far = X[:3] + 300
    log_proba = wrapper.predict_log_proba(far)
    inner = wrapper.estimator_.predict_log_proba(far)
    weight = wrapper.class_weight_ if hasattr(wrapper, "class_weight_") else wrapper.class_count_ / len(y)
    shifted = inner - np.log(weight)
    assert np.isfinite(log_proba).all()
    np.testing.assert_allclose(log_proba - log_proba[:, :1], shifted - shifted[:, :1], rtol=1e-9)


def test_predictions_are_a_vector_around_an_estimator_that_gives_a_column():
    class Column(ClassifierMixin, BaseEstimator):
        def fit(self, X, y, sample_weight=None):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.zeros((len(X), 1), int)

    assert ClassBalancedClassifier(Column()).fit(X, y).predict(X).shape == y.shape


def test_a_column_of_labels_in_a_list_is_flattened_as_an_array_is():
    with pytest.warns(UserWarning, match="column-vector y"):
        fitted = ClassBalancedClassifier(LR).fit(X, y[:, None].tolist())
    assert fitted.classes_.tolist() == [0, 1, 2]


def test_warnings_point_at_the_line_of_the_user():
    from skcb import InertBetaWarning

    with pytest.warns(InertBetaWarning) as said:
        ClassBalancedClassifier(LR, beta=0.01).fit(X, y)
    assert said[0].filename == __file__
