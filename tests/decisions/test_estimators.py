"""The classifiers that tune on out-of-fold probabilities, among scikit-learn's and others' estimators."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier, StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, get_scorer, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneOut,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    beta_grid,
    class_weight,
    tune_decision,
)

X, y = make_classification(
    2000, n_classes=3, n_informative=5, weights=[0.8, 0.15], class_sep=0.7, flip_y=0.05, random_state=0
)
NAMES = np.array(["common", "medium", "rare"])[y]
N = 1000
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = X[:N], X[N:], NAMES[:N], NAMES[N:]
WEIGHT = np.random.default_rng(0).uniform(0.3, 2, N)
LR = LogisticRegression()
SCALED = make_pipeline(StandardScaler(), LogisticRegression())
BOTH = [TunedDecisionClassifierCV, ClassBalancedClassifierCV]


@pytest.fixture(params=[False, True], ids=["routing off", "routing on"])
def routing(request):
    with config_context(enable_metadata_routing=request.param):
        yield request.param


# What they compute


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "f1_macro", "g_mean", "matthews_corrcoef"])
@pytest.mark.parametrize("method", ["auto", "calibrated", "prior", "free"])
def test_the_decision_is_tuned_on_out_of_fold_probabilities(scoring, method):
    tuned = TunedDecisionClassifierCV(LR, scoring=scoring, method=method).fit(X_TRAIN, Y_TRAIN)
    probability = tuned.predict_proba(X_TEST)
    np.testing.assert_allclose(probability, clone(LR).fit(X_TRAIN, Y_TRAIN).predict_proba(X_TEST))
    decided = tuned.classes_[(probability.clip(1e-4) * tuned.decision_weight_).argmax(axis=1)]
    np.testing.assert_array_equal(tuned.predict(X_TEST), decided)
    assert np.log(tuned.decision_weight_).mean() == pytest.approx(0, abs=1e-9)
    if method != "auto":  # whose folds are others
        out_of_fold = cross_val_predict(LR, X_TRAIN, Y_TRAIN, method="predict_proba")
        expected = tune_decision(Y_TRAIN, out_of_fold, scoring, method=method)
        np.testing.assert_allclose(tuned.decision_weight_, expected, rtol=1e-9)
        assert tuned.method_ == method


@pytest.mark.parametrize(
    "estimator", [LR, KNeighborsClassifier(10), GaussianNB(), RandomForestClassifier(30, random_state=0)]
)
def test_tuning_gains_what_it_is_tuned_for(estimator):
    plain = clone(estimator).fit(X_TRAIN, Y_TRAIN)
    tuned = TunedDecisionClassifierCV(estimator).fit(X_TRAIN, Y_TRAIN)
    before, after = (balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) for model in (plain, tuned))
    assert after > before + 0.03
    assert tuned.best_score_ == pytest.approx(after, abs=0.1)
    assert log_loss(Y_TEST, tuned.predict_proba(X_TEST)) == log_loss(Y_TEST, plain.predict_proba(X_TEST))


def test_costs_are_paid_as_bayes_pays_them():
    cost = np.array([[0, 1, 1], [5, 0, 5], [20.0, 20, 0]])
    tuned = TunedDecisionClassifierCV(LR, cost_matrix=cost).fit(X_TRAIN, Y_TRAIN)

    def paid(model):
        return (confusion_matrix(Y_TEST, model.predict(X_TEST)) * cost).sum() / len(Y_TEST)

    assert paid(tuned) < 0.9 * paid(clone(LR).fit(X_TRAIN, Y_TRAIN))
    assert (tuned.method_, tuned.decision_weight_, tuned.tau_) == ("cost", None, None)
    assert tuned.best_score_ == pytest.approx(-paid(tuned), rel=0.5)
    same = TunedDecisionClassifierCV(LR, cost_matrix=1 - np.eye(3)).fit(X_TRAIN, Y_TRAIN)
    assert np.mean(same.predict(X_TEST) == clone(LR).fit(X_TRAIN, Y_TRAIN).predict(X_TEST)) > 0.9


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (np.eye(2), r"cost_matrix has shape \(2, 2\).*\(3, 3\)"),
        ([[0, 1, 1], [1, 0, np.nan], [1, 1, 0]], r"cost_matrix\[1, 2\] = nan"),
        ([[0, 1, 1], [1, 0, 1e308], [1, 1, 0]], r"cost_matrix\[1, 2\] = 1e\+308"),
        ([["a"] * 3] * 3, r"cost_matrix must be a matrix of numbers, got \[\['a'"),
        (
            pd.DataFrame(np.eye(3), index=["rare", "medium", "common"]),
            "the index of cost_matrix are 'rare', 'medium'",
        ),
    ],
)
def test_costs_that_are_none_are_named(cost, message):
    with pytest.raises(ValueError, match=message):
        TunedDecisionClassifierCV(LR, cost_matrix=cost).fit(X_TRAIN, Y_TRAIN)


def test_without_refit_the_folds_models_are_averaged():
    tuned = TunedDecisionClassifierCV(LR, refit=False, cv=3).fit(X_TRAIN, Y_TRAIN)
    assert len(tuned.estimators_) == 3
    assert not hasattr(tuned, "estimator_")
    by_hand = [
        clone(LR).fit(X_TRAIN[train], Y_TRAIN[train]).predict_proba(X_TEST)
        for train, _ in StratifiedKFold(3).split(X_TRAIN, Y_TRAIN)
    ]
    np.testing.assert_allclose(tuned.predict_proba(X_TEST), np.mean(by_hand, axis=0))
    np.testing.assert_allclose(np.exp(tuned.predict_log_proba(X_TEST)), tuned.predict_proba(X_TEST))
    assert tuned.n_features_in_ == X.shape[1]


def test_a_fitted_classifier_is_tuned_on_other_data_and_stays_as_it_is():
    fitted = clone(LR).fit(X_TRAIN, Y_TRAIN)
    state = pickle.dumps(fitted)
    tuned = TunedDecisionClassifierCV(fitted, cv="prefit", refit=False).fit(X_TEST, Y_TEST)
    assert tuned.estimator_ is fitted
    assert pickle.dumps(fitted) == state
    expected = tune_decision(Y_TEST, fitted.predict_proba(X_TEST))
    np.testing.assert_allclose(tuned.decision_weight_, expected)
    frozen = TunedDecisionClassifierCV(FrozenEstimator(fitted), method="prior", cv=4).fit(X_TEST, Y_TEST)
    expected = tune_decision(Y_TEST, fitted.predict_proba(X_TEST), method="prior")
    np.testing.assert_allclose(frozen.decision_weight_, expected)
    two = np.isin(Y_TEST, ["common", "rare"])
    lacking = TunedDecisionClassifierCV(fitted, cv="prefit", refit=False).fit(X_TEST[two], Y_TEST[two])
    assert np.isfinite(lacking.decision_weight_).all()
    assert lacking.class_count_[1] == 0


def test_what_prefit_needs_is_named():
    with pytest.raises(ValueError, match="give refit=False"):
        TunedDecisionClassifierCV(clone(LR).fit(X, NAMES), cv="prefit").fit(X, NAMES)
    with pytest.raises(NotFittedError, match="cv='prefit' needs a fitted estimator"):
        TunedDecisionClassifierCV(LR, cv="prefit", refit=False).fit(X, NAMES)
    fitted = clone(LR).fit(X, NAMES)
    with pytest.raises(ValueError, match="label 'other' is not among the classes of the fitted"):
        TunedDecisionClassifierCV(fitted, cv="prefit", refit=False).fit(X[:3], ["common", "other", "rare"])


def test_the_path_is_kept_when_asked_for():
    tuned = TunedDecisionClassifierCV(LR, method="calibrated", store_cv_results=True).fit(X_TRAIN, Y_TRAIN)
    assert set(tuned.cv_results_) == {"tau", "score", "expected_score"}
    best = tuned.cv_results_["expected_score"].max()
    assert tuned.cv_results_["expected_score"][list(tuned.cv_results_["tau"]).index(tuned.tau_)] == best
    by_hits = clone(tuned).set_params(method="prior").fit(X_TRAIN, Y_TRAIN)
    assert set(by_hits.cv_results_) == {"tau", "score"}
    assert not hasattr(clone(tuned).set_params(store_cv_results=False).fit(X_TRAIN, Y_TRAIN), "cv_results_")


def test_beta_is_the_best_of_the_grid_on_out_of_fold_probabilities():
    found = ClassBalancedClassifierCV(LR, store_cv_results=True).fit(X_TRAIN, Y_TRAIN)
    out_of_fold = cross_val_predict(LR, X_TRAIN, Y_TRAIN, method="predict_proba")
    counts = np.unique(Y_TRAIN, return_counts=True)[1]
    scores = [
        balanced_accuracy_score(Y_TRAIN, found.classes_[(out_of_fold * class_weight(counts, beta)).argmax(axis=1)])
        for beta in beta_grid(counts)
    ]
    np.testing.assert_allclose(found.cv_results_["score"], scores)
    np.testing.assert_allclose(found.cv_results_["beta"], beta_grid(counts))
    assert scores[list(beta_grid(counts)).index(found.beta_)] == max(scores)
    same = ClassBalancedClassifier(LR, beta=found.beta_).fit(X_TRAIN, Y_TRAIN)
    np.testing.assert_array_equal(found.predict_proba(X_TEST), same.predict_proba(X_TEST))
    np.testing.assert_array_equal(found.class_weight_, same.class_weight_)
    corrected = clone(found).set_params(prior_correction=True).fit(X_TRAIN, Y_TRAIN)
    assert log_loss(Y_TEST, corrected.predict_proba(X_TEST)) < log_loss(Y_TEST, found.predict_proba(X_TEST))
    search = GridSearchCV(ClassBalancedClassifier(LR), {"beta": beta_grid(counts)}, scoring="balanced_accuracy")
    search.fit(X_TRAIN, Y_TRAIN)
    by_search, ours = (balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) for model in (search, found))
    assert ours == pytest.approx(by_search, abs=0.03)


def test_a_fit_forgets_the_one_before():
    tuned = TunedDecisionClassifierCV(LR, cv=3, store_cv_results=True).fit(X_TRAIN, Y_TRAIN)
    tuned.set_params(refit=False, store_cv_results=False).fit(X_TRAIN[::-1, :4], Y_TRAIN[::-1])
    fresh = clone(tuned).fit(X_TRAIN[::-1, :4], Y_TRAIN[::-1])
    np.testing.assert_array_equal(tuned.predict_proba(X_TEST[:, :4]), fresh.predict_proba(X_TEST[:, :4]))
    assert vars(tuned).keys() == vars(fresh).keys()
    tuned.set_params(refit=True).fit(X_TRAIN, Y_TRAIN)
    assert not hasattr(tuned, "estimators_")
    found = ClassBalancedClassifierCV(LR, cv=3, store_cv_results=True).fit(X_TRAIN, Y_TRAIN)
    assert not hasattr(found.set_params(store_cv_results=False).fit(X_TRAIN, Y_TRAIN), "cv_results_")


def test_costs_are_the_users_own():
    cost = 1 - np.eye(3)
    tuned = TunedDecisionClassifierCV(LR, cost_matrix=cost).fit(X_TRAIN, Y_TRAIN)
    before = tuned.predict(X_TEST)
    cost[:] = [[0, 0, 0], [9, 0, 0], [9, 9, 0]]
    np.testing.assert_array_equal(tuned.predict(X_TEST), before)


# Where they stand


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "as_given",
    [
        lambda X, y: (pd.DataFrame(X).add_prefix("column "), pd.Series(y)),
        lambda X, y: (sparse.coo_array(X), y),
        lambda X, y: (X.tolist(), y.tolist()),
        lambda X, y: (X, pd.Categorical(y)),
    ],
    ids=["frame", "sparse", "lists", "categories"],
)
def test_data_of_every_kind(kind, as_given):
    model = kind(LR)
    expected = clone(model).fit(X_TRAIN, Y_TRAIN).predict(X_TEST)
    given_X, given_y = as_given(X_TRAIN, Y_TRAIN)
    model.fit(given_X, given_y)
    np.testing.assert_array_equal(model.predict(as_given(X_TEST, Y_TEST)[0]), expected)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: StackingClassifier([("tuned", model), ("bayes", GaussianNB())], cv=2),
        lambda model: GridSearchCV(model, {"estimator__C": [0.1, 1]}, cv=2),
        lambda model: AdaBoostClassifier(model, n_estimators=2, random_state=0),
        LogitAdjustedClassifier,
    ],
    ids=["pipeline", "calibration", "stacking", "search", "boosting", "logit adjustment"],
)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")  # AdaBoost's weights sum to one
@pytest.mark.filterwarnings("ignore::skcb.DoubleBalancingWarning")  # superfluous in logit adjustment
def test_they_work_inside_others(kind, wrap):
    model = wrap(kind(LR, cv=3)).fit(X_TRAIN, Y_TRAIN)
    assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.4
    pickle.loads(pickle.dumps(model)).predict(X_TEST)


@pytest.mark.parametrize("kind", BOTH)
def test_they_work_around_others(kind):
    for inner in (SCALED, make_pipeline(SCALED), GridSearchCV(LR, {"C": [0.1, 1]}), ClassBalancedClassifier(LR)):
        model = kind(inner, cv=3).fit(X_TRAIN, Y_TRAIN)
        assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.5
    scores = cross_validate(kind(SCALED, cv=3), X, NAMES, scoring="balanced_accuracy", cv=3)
    assert scores["test_score"].mean() > 0.5


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.filterwarnings("ignore")  # the libraries' own
def test_boosting_libraries(kind):
    boosters = [
        pytest.importorskip("xgboost").XGBClassifier(n_estimators=10, random_state=0),
        pytest.importorskip("lightgbm").LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1, random_state=0),
        pytest.importorskip("catboost").CatBoostClassifier(
            iterations=10, verbose=False, random_seed=0, allow_writing_files=False
        ),
    ]
    for booster in boosters:
        model = kind(booster, cv=3).fit(X[:N], y[:N])
        plain = booster.fit(X[:N], y[:N])
        before, after = (balanced_accuracy_score(y[N:], np.ravel(each.predict(X[N:]))) for each in (plain, model))
        assert after > before - 0.01


def test_resampling_inside_a_pipeline_is_tuned_as_well():
    imblearn = pytest.importorskip("imblearn.pipeline")
    from imblearn.over_sampling import RandomOverSampler

    model = imblearn.make_pipeline(RandomOverSampler(random_state=0), LogisticRegression())
    tuned = TunedDecisionClassifierCV(model, method="calibrated").fit(X_TRAIN, Y_TRAIN)
    assert balanced_accuracy_score(Y_TEST, tuned.predict(X_TEST)) > 0.55
    with pytest.raises(TypeError, match="is a sampler"):
        TunedDecisionClassifierCV(model).fit(X_TRAIN, Y_TRAIN, sample_weight=WEIGHT)


# Weights, groups, folds


class Recorder(ClassifierMixin, BaseEstimator):
    """Logistic regression that keeps what its fits were given."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None, note=None):
        self.model_ = LogisticRegression().fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        Recorder.seen.append((X, sample_weight, note))
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)

    def predict(self, X):
        return self.model_.predict(X)


@pytest.mark.parametrize("kind", BOTH)
def test_weights_and_fit_parameters_go_to_every_fit_by_row(kind, routing):
    Recorder.seen.clear()
    recorder = Recorder().set_fit_request(note=True) if routing else Recorder()
    note = np.arange(N)
    model = kind(recorder, cv=4).fit(X_TRAIN, Y_TRAIN, sample_weight=WEIGHT, note=note)
    assert len(Recorder.seen) == 5
    for seen_X, weight, seen_note in Recorder.seen:
        np.testing.assert_array_equal(seen_X, X_TRAIN[seen_note])
        if kind is TunedDecisionClassifierCV or len(seen_X) < N:
            np.testing.assert_array_equal(weight, WEIGHT[seen_note])
    counts = [WEIGHT[label == Y_TRAIN].sum() for label in model.classes_]
    np.testing.assert_allclose(model.class_count_, counts)


@pytest.mark.parametrize("kind", BOTH)
def test_weights_weight_the_score(kind):
    weighted = kind(LR).fit(X_TRAIN, Y_TRAIN, sample_weight=WEIGHT)
    assert weighted.best_score_ != kind(LR).fit(X_TRAIN, Y_TRAIN).best_score_
    # A sample that weighs 0 is none: of a class whose samples all do, the score knows nothing.
    without = np.where(Y_TRAIN == "rare", 0.0, 1.0)
    model = kind(LR).fit(X_TRAIN, Y_TRAIN, sample_weight=without)
    assert np.isfinite(model.best_score_)
    assert set(model.predict(X_TEST)) <= {"common", "medium", "rare"}


@pytest.mark.parametrize("kind", BOTH)
def test_groups_reach_the_splitter(kind, routing):
    groups = np.arange(N) % 7
    seen = []

    class Spy(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    model = kind(LR, cv=Spy(3)).fit(X_TRAIN, Y_TRAIN, groups=groups)
    np.testing.assert_array_equal(seen[0], groups)
    assert model.best_score_ > 0.4


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "cv",
    [
        3,
        RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0),
        ShuffleSplit(2, random_state=0),
        ShuffleSplit(1, test_size=0.3, random_state=0),
        [(np.arange(500), np.arange(500, N)), (np.arange(500, N), np.arange(500))],
        [(np.arange(N) < 500, np.arange(N) >= 500)],
    ],
    ids=["number", "repeated", "shuffled", "one split", "iterable", "masks"],
)
def test_folds_of_every_kind(kind, cv):
    model = kind(LR, cv=cv, random_state=1).fit(X_TRAIN, Y_TRAIN)
    assert 0.35 < model.best_score_ < 1
    assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.5


def test_one_sample_at_a_time():
    model = TunedDecisionClassifierCV(GaussianNB(), cv=LeaveOneOut()).fit(X_TRAIN[:60], Y_TRAIN[:60])
    assert 0.3 < model.best_score_ < 1


@pytest.mark.parametrize("kind", BOTH)
def test_results_depend_on_neither_jobs_nor_chance(kind):
    one, two, again = (kind(LR, n_jobs=jobs, cv=3).fit(X_TRAIN, Y_TRAIN) for jobs in (None, 2, None))
    for other in (two, again):
        np.testing.assert_array_equal(one.predict(X_TEST), other.predict(X_TEST))
        assert one.best_score_ == other.best_score_


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    "scoring", ["f1_macro", "cohen_kappa", get_scorer("accuracy"), lambda m, X, y: m.score(X, y)]
)
def test_scores_of_every_kind(kind, scoring):
    model = kind(LR, scoring=scoring).fit(X_TRAIN, Y_TRAIN)
    assert 0.2 < model.best_score_ < 1


def test_a_callable_gets_the_rows_that_were_decided():
    def scorer(estimator, X, y):
        assert X.shape == (len(y), X_TRAIN.shape[1])
        place = {tuple(row): label for row, label in zip(X_TRAIN, Y_TRAIN, strict=True)}
        assert all(place[tuple(row)] == label for row, label in zip(X, y, strict=True))
        return f1_score(y, estimator.predict(X), average="macro")

    called = TunedDecisionClassifierCV(LR, scoring=scorer, method="prior").fit(X_TRAIN, Y_TRAIN)
    named = TunedDecisionClassifierCV(LR, scoring="f1_macro", method="prior").fit(X_TRAIN, Y_TRAIN)
    assert called.tau_ == named.tau_
    assert called.best_score_ == pytest.approx(named.best_score_)


# Classes with few samples, and other hostile input


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_a_class_with_fewer_samples_than_folds(kind):
    few = np.array(["common"] * 40 + ["medium"] * 12 + ["rare"] * 3)
    values = np.random.default_rng(0).normal(size=(55, 2)) + np.repeat(
        [[0, 0], [2, 0], [0, 3]], [40, 12, 3], axis=0
    )
    model = kind(LR).fit(values, few)
    assert (model.class_count_ == [40, 12, 3]).all()
    single = few.copy()
    single[-2:] = "common"
    with pytest.warns(UserWarning, match="1 of 5 folds lack a class: 'rare'"):
        model = kind(LR).fit(values, single)
    assert np.isfinite(model.predict_proba(values)).all()


@pytest.mark.parametrize("kind", BOTH)
def test_as_many_folds_as_can_be_had(kind):
    values, few = np.arange(8.0)[:, None], np.array([0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.warns(UserWarning, match="cv=5 folds, and no class has more than 4 samples: 4 folds"):
        kind(GaussianNB()).fit(values, few)
    with pytest.raises(ValueError, match=r"each class has 1 sample.*cv='prefit'"):
        kind(GaussianNB()).fit(values[:2], [0, 1])


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"estimator": SVC()}, TypeError, r"SVC has no predict_proba; wrap it: \w+\(CalibratedClassifierCV\(SVC"),
        ({"scoring": "roc_auc_ovr"}, ValueError, "decisions are tuned for scores of decisions"),
        ({"scoring": "nothing"}, ValueError, "unknown scoring 'nothing'"),
        ({"scoring": lambda model, X, y: model.predict_proba(X).mean()}, TypeError, "asks for predict_proba"),
        ({"scoring": lambda model, X, y: np.nan}, ValueError, "NaN for every candidate"),
        ({"scoring": lambda model, X, y: model.predict(X)}, TypeError, "one number"),
        ({"scoring": None}, ValueError, "'scoring' parameter"),
        ({"cv": "prefix"}, ValueError, "'cv' parameter"),
        ({"cv": [(np.arange(300), np.array([], int))]}, ValueError, "empty part"),
    ],
)
def test_what_cannot_be_is_named(kind, parameters, error, message):
    with pytest.raises(error, match=message):
        kind(**{"estimator": LR, **parameters}).fit(X_TRAIN, Y_TRAIN)


class InFloat32(LogisticRegression):
    """As XGBoost and networks do."""

    def predict_proba(self, X):
        return super().predict_proba(X).astype(np.float32)


@pytest.mark.parametrize("refit", [True, False])
def test_probabilities_stay_in_float32_as_scikit_learn_checks_their_sums(refit):
    tuned = TunedDecisionClassifierCV(InFloat32(), refit=refit).fit(X_TRAIN, Y_TRAIN)
    probability = tuned.predict_proba(X_TEST)
    assert probability.dtype == np.float32
    log_loss(Y_TEST, probability)  # which warns where rows do not sum to one closely enough for their dtype

    in_float64 = TunedDecisionClassifierCV(LogisticRegression(), refit=refit).fit(X_TRAIN, Y_TRAIN)
    np.testing.assert_allclose(probability, in_float64.predict_proba(X_TEST), atol=1e-6)
    assert np.mean(tuned.predict(X_TEST) == in_float64.predict(X_TEST)) > 0.995


def test_probabilities_that_are_none_are_named():
    class Broken(GaussianNB):
        def predict_proba(self, X):
            return super().predict_proba(X) * self.factor

    for factor, message in ((np.nan, r"gives \[nan nan nan\] for row 0"), (-1, "no probabilities")):
        Broken.factor = factor
        with pytest.raises(ValueError, match=message):
            TunedDecisionClassifierCV(Broken()).fit(X_TRAIN, Y_TRAIN)


def test_weights_where_the_estimator_takes_none():
    with pytest.raises(
        TypeError, match=r"TunedDecisionClassifierCV has no use for sample_weight: KNeighborsClassifier"
    ):
        TunedDecisionClassifierCV(KNeighborsClassifier()).fit(X_TRAIN, Y_TRAIN, sample_weight=WEIGHT)
    with pytest.raises(TypeError, match="cannot weight KNeighborsClassifier"):
        ClassBalancedClassifierCV(KNeighborsClassifier()).fit(X_TRAIN, Y_TRAIN)


@pytest.mark.parametrize("kind", BOTH)
def test_the_users_estimator_is_never_changed(kind):
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    before = str(inner.get_params())
    kind(inner).fit(X_TRAIN, Y_TRAIN, sample_weight=WEIGHT)
    assert str(inner.get_params()) == before
    assert not hasattr(inner[-1], "coef_")


def test_the_clean_case_warns_nowhere():
    with warnings.catch_warnings():
        for category in (UserWarning, RuntimeWarning):
            warnings.simplefilter("error", category)
        for kind in BOTH:
            kind(LR).fit(X_TRAIN, Y_TRAIN)
