"""``compare_strategies``: folds, seeds, failures, and what it refuses."""

import sys

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skcb import ClassBalancedClassifier, compare_strategies
from skcb.comparison import STRATEGIES
from tests import fresh

X, y = make_classification(300, n_classes=3, n_informative=5, weights=[0.7, 0.2], class_sep=0.7, random_state=0)
NAMES = np.array(["common", "medium", "rare"])[y]
FEW = ["none", "balanced", "SMOTE"]


def numbers(comparison):
    frame = comparison.frame
    return frame[~frame["metric"].isin(["fit_time", "fits_saved"])]


def test_fold_scores_equal_a_loop_by_hand():
    folds = StratifiedKFold(4)
    comparison = compare_strategies(
        make_pipeline(StandardScaler(), LogisticRegression()),
        X,
        NAMES,
        strategies=["none", "balanced", "RandomOverSampler"],
        cv=folds,
        scoring=["balanced_accuracy", "accuracy"],
        random_state=0,
    )
    got = comparison.wide("balanced_accuracy")
    for fold, (train, test) in enumerate(folds.split(X, NAMES)):
        scaler = StandardScaler().fit(X[train])
        before, after = scaler.transform(X[train]), scaler.transform(X[test])
        by_hand = {
            "none": LogisticRegression().fit(before, NAMES[train]),
            "balanced": ClassBalancedClassifier(LogisticRegression(), beta=1).fit(before, NAMES[train]),
        }
        for name, model in by_hand.items():
            predicted = model.predict(after)
            assert got.loc[("data", fold), name] == pytest.approx(balanced_accuracy_score(NAMES[test], predicted))
            assert comparison.wide("accuracy").loc[("data", fold), name] == accuracy_score(NAMES[test], predicted)
    sizes = comparison.wide("n_resampled")
    majority = [np.sum(NAMES[train] == "common") for train, _ in folds.split(X, NAMES)]
    assert sizes["RandomOverSampler"].tolist() == [3 * size for size in majority]
    assert (sizes["none"] == comparison.wide("n_train")["none"]).all()


def test_resampling_before_the_split_would_leak_and_here_it_does_not():
    # Labels that nothing predicts: copies of a rare sample on both sides of a split would be recognised.
    rng = np.random.default_rng(0)
    noise, labels = rng.normal(size=(300, 5)), (np.arange(300) % 10 == 0).astype(int)
    nearest = KNeighborsClassifier(1)
    leaking = RandomOverSampler(random_state=0).fit_resample(noise, labels)
    wrong = compare_strategies(nearest, *leaking, strategies=["none"], scoring="balanced_accuracy", random_state=0)
    right = compare_strategies(
        nearest, noise, labels, strategies=["RandomOverSampler"], scoring="balanced_accuracy", random_state=0
    )
    assert wrong.summary().iloc[0]["balanced_accuracy"] > 0.9
    assert abs(right.summary().iloc[0]["balanced_accuracy"] - 0.5) < 0.1


class Recorder(ClassifierMixin, BaseEstimator):
    """Predicts the first class and keeps, in the scores, which samples it has seen and which seed it has."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.seen_ = float(X[:, 0].sum())
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def seen(estimator, X, y):
    return getattr(estimator, "estimator_", estimator).seen_


def seed(estimator, X, y):
    return getattr(estimator, "estimator_", estimator).random_state


def test_every_strategy_gets_the_same_folds_and_seeds():
    comparison = compare_strategies(
        Recorder(), X, y, strategies=["none", "balanced", "sqrt"], scoring=[seen, seed], random_state=3
    )
    for metric in ("seen", "seed"):
        table = comparison.wide(metric)
        assert (table.min(axis=1) == table.max(axis=1)).all()
        assert table["none"].nunique() == 5
    given = compare_strategies(Recorder(random_state=7), X, y, strategies=["none"], scoring=seed, random_state=3)
    assert set(given.wide("seed")["none"]) == {7}


def test_jobs_and_runs_give_the_same_numbers():
    forest = RandomForestClassifier(5)
    one, two, again, other = (
        compare_strategies(forest, X, NAMES, strategies=FEW, cv=3, n_jobs=jobs, random_state=seed)
        for jobs, seed in [(None, 0), (2, 0), (1, 0), (1, 1)]
    )
    pd.testing.assert_frame_equal(numbers(one), numbers(two))
    pd.testing.assert_frame_equal(numbers(one), numbers(again))
    assert not numbers(one)["value"].equals(numbers(other)["value"])


def test_a_data_set_scores_alike_alone_and_among_others():
    options = {"strategies": FEW, "cv": 3, "random_state": 0}
    alone = compare_strategies(DecisionTreeClassifier(), {"second": (X, y)}, **options)
    both = compare_strategies(DecisionTreeClassifier(), {"first": (X[:100], y[:100]), "second": (X, y)}, **options)
    among = numbers(both)[numbers(both)["dataset"] == "second"].reset_index(drop=True)
    pd.testing.assert_frame_equal(among, numbers(alone).reset_index(drop=True))


def test_the_users_estimator_is_never_changed():
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier())
    before = repr(clone(model))
    compare_strategies(model, X, y, cv=3, random_state=0, scoring="balanced_accuracy")
    assert repr(model) == before
    assert model[-1].random_state is None
    assert not hasattr(model[-1], "tree_")


def in_polars(X):
    names = [f"column {i}" for i in range(X.shape[1])]
    return pytest.importorskip("polars").DataFrame(X, schema=names)


@pytest.mark.parametrize(
    "kind",
    [pd.DataFrame, in_polars, csr_array, list],
)
def test_samples_of_every_kind(kind):
    options = {"strategies": ["none", "balanced"], "cv": 3, "random_state": 0, "scoring": "macro_f1"}
    expected = compare_strategies(LogisticRegression(max_iter=1000), X, NAMES, **options).wide("macro_f1")
    got = compare_strategies(
        LogisticRegression(max_iter=1000), kind(X), pd.Series(NAMES, dtype="category"), **options
    )
    pd.testing.assert_frame_equal(got.wide("macro_f1"), expected)


def test_a_strategy_that_cannot_run_is_a_row_that_says_why():
    rare = np.concatenate([np.flatnonzero(y < 2), np.flatnonzero(y == 2)[:4]])
    comparison = compare_strategies(DecisionTreeClassifier(), X[rare], NAMES[rare], cv=3, random_state=0)
    failures = comparison.failures.set_index("strategy")["reason"]
    assert failures["SMOTE"].str.contains("n_neighbors = 6, n_samples_fit = ").all()
    assert failures["threshold"].startswith("one threshold decides between two classes, and here are 3")
    assert comparison.wide("balanced_accuracy")["none"].notna().all()
    summary = comparison.summary(full=True)
    assert "n_neighbors = 6" in summary.loc["SMOTE", ("note", "")]
    assert summary["balanced_accuracy", "rank"].idxmin() not in {"SMOTE", "threshold"}
    smote = summary.loc["SMOTE", ("balanced_accuracy", "rank")]
    assert smote == summary["balanced_accuracy", "rank"].max()


def test_a_class_of_one_sample_in_training_leaves_the_searches_out():
    rows = np.concatenate([np.flatnonzero(y < 2), np.flatnonzero(y == 2)[:2]])
    searched = compare_strategies(
        DecisionTreeClassifier(), X[rows], y[rows], strategies=["none", "class-balanced (beta=cv)"], cv=2
    )
    assert searched.failures["reason"].str.startswith("a class has 1 sample in the training part").all()
    assert len(searched.failures) == 1


class FailsOnce(DecisionTreeClassifier):
    def fit(self, X, y, sample_weight=None):
        if len(np.unique(X[:, 0])) and X[:, 0].sum() == self.bad_sum:
            raise RuntimeError("the weather was bad")
        return super().fit(X, y, sample_weight)


def test_an_estimator_that_fails_in_one_fold():
    folds = list(StratifiedKFold(3).split(X, y))
    model = FailsOnce()
    FailsOnce.bad_sum = X[folds[1][0]][:, 0].sum()
    comparison = compare_strategies(
        model, X, y, strategies=["none", "RandomUnderSampler"], cv=folds, random_state=0
    )
    assert comparison.failures.to_dict("records")[0] | {"metrics": ""} == {
        "dataset": "data",
        "strategy": "none",
        "reason": "RuntimeError: the weather was bad",
        "metrics": "",
        "folds": "1",
    }
    assert comparison.wide("macro_f1")["none"].notna().tolist() == [True, False, True]
    assert comparison.summary("macro_f1").loc["none", "note"] == "1 fold: RuntimeError: the weather was bad"
    assert comparison.summary("macro_f1").index.tolist() == ["RandomUnderSampler", "none"]  # not of all folds
    with pytest.raises(ValueError, match="1 strategies have all values"):
        comparison.significance("macro_f1")


def test_without_probabilities_those_cells_are_empty_with_the_reason():
    comparison = compare_strategies(LinearSVC(), X, y, strategies=["none", "balanced"], cv=3, random_state=0)
    (first, second) = comparison.failures["reason"]
    assert first == second
    assert "no predict_proba; CalibratedClassifierCV(...) gives it one" in first
    assert comparison.failures["metrics"].iloc[0] == "auprc, auroc, log_loss, brier, ece"
    assert comparison.wide("macro_f1").notna().all(axis=None)
    assert comparison.wide("ece").isna().all(axis=None)


def test_a_scorer_that_fails_leaves_its_cell_empty():
    def broken(estimator, X, y):
        raise KeyError("column")

    comparison = compare_strategies(
        DecisionTreeClassifier(), X, y, strategies=["none"], cv=2, scoring=["macro_f1", broken], random_state=0
    )
    assert comparison.failures[["reason", "metrics"]].to_numpy().tolist() == [["KeyError: 'column'", "broken"]]


def test_an_estimator_that_takes_no_weights_keeps_its_other_rows():
    comparison = compare_strategies(
        KNeighborsClassifier(), X, y, cv=3, random_state=0, scoring="balanced_accuracy"
    )
    failed = set(comparison.failures["strategy"])
    assert {"balanced", "sqrt", "class-balanced (beta=cv)"} <= failed
    assert not failed & {"none", "SMOTE", "RandomUnderSampler", "logit adjustment"}
    reason = comparison.failures.set_index("strategy")["reason"]["balanced"]
    assert "cannot weight KNeighborsClassifier, whose fit takes no sample_weight" in reason


def test_where_nothing_can_be_fitted_the_first_reason_is_raised():
    with pytest.raises(ValueError, match=r"no strategy could be fitted in any fold; the first said: .*Got -1"):
        compare_strategies(DecisionTreeClassifier(max_depth=-1), X, y, strategies=FEW, cv=2)


def test_rows_are_counted_after_samplers_of_the_users_too():
    own = make_sampling_pipeline(SMOTE(random_state=0), DecisionTreeClassifier())
    hidden = GridSearchCV(own, {"decisiontreeclassifier__max_depth": [2]}, cv=2)
    comparison = compare_strategies(
        own, X, y, strategies={"none": "none", "hidden": hidden}, cv=2, random_state=0, scoring="macro_f1"
    )
    rows = comparison.wide("n_resampled")
    assert (rows["none"] > comparison.wide("n_train")["none"]).all()
    assert rows["hidden"].isna().all()
    assert comparison.failures["reason"].tolist() == [
        "the sampler is inside GridSearchCV, where its rows are not counted"
    ]


def test_fewer_samples_than_folds_names_the_classes_and_what_works():
    rows = np.concatenate([np.flatnonzero(y < 2), np.flatnonzero(y == 2)[:3]])
    for cv in (5, StratifiedKFold(5), RepeatedStratifiedKFold(n_splits=5, n_repeats=2)):
        with pytest.raises(
            ValueError,
            match=r"'data': fewer samples than the 5 folds in the classes 'rare' \(3\): cv=3 works; or leave",
        ):
            compare_strategies(DecisionTreeClassifier(), X[rows], NAMES[rows], cv=cv)
    single = np.append(y[y < 2], 2)
    with pytest.raises(ValueError, match=r"in the classes 2 \(1\): no number of folds works for a single sample"):
        compare_strategies(DecisionTreeClassifier(), X[: len(single)], single)
    many = np.concatenate([np.zeros(20, int), np.arange(1, 9)])
    with pytest.raises(ValueError, match=r"5 \(1\) and 3 more"):
        compare_strategies(DecisionTreeClassifier(), X[: len(many)], many)


def test_splitters_that_do_not_stratify():
    shuffled = compare_strategies(
        DecisionTreeClassifier(), X, y, strategies=["none"], cv=StratifiedShuffleSplit(3, random_state=0)
    )
    assert shuffled.wide("n_test")["none"].tolist() == [30] * 3
    order = np.argsort(y, kind="stable")
    lacking = compare_strategies(
        DecisionTreeClassifier(), X[order], NAMES[order], strategies=["none"], cv=KFold(4), random_state=0
    )
    reasons = lacking.failures["reason"].tolist()
    assert any("is not among the classes of y_train" in reason for reason in reasons)
    with pytest.raises(ValueError, match=r"the training part of fold 1 has one class alone, 'common'"):
        compare_strategies(
            DecisionTreeClassifier(), X[order], NAMES[order], cv=[(range(300), [1]), (range(50), range(50, 300))]
        )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (DecisionTreeClassifier(), X, np.zeros(300)),
            ValueError,
            "'data': y has one class alone, 0.0: nothing to",
        ),
        ((DecisionTreeClassifier(), X), ValueError, "y is missing; pass X and y, or several data sets as a dict"),
        ((DecisionTreeClassifier(), X[:200], y), ValueError, "'data': Found input variables with inconsistent"),
        ((DecisionTreeClassifier(), X, X[:, 0]), ValueError, "data set 'data': .*continuous"),
        (
            (DecisionTreeClassifier(), {"a": (X, y)}, y),
            ValueError,
            "X is a dict of data sets.*y is to be left out",
        ),
        ((DecisionTreeClassifier(), {}), ValueError, "X is an empty dict"),
        ((DecisionTreeClassifier(), {"a": X}), ValueError, r"data set 'a' must be a pair \(X, y\), got ndarray"),
        ((DecisionTreeClassifier, X, y), TypeError, r"got the class: write DecisionTreeClassifier\(\)"),
        ((StandardScaler(), X, y), TypeError, "estimator must have fit and predict, got StandardScaler"),
        ((LinearRegression(), X, y), TypeError, "needs a classifier, got LinearRegression"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        compare_strategies(*arguments)


@pytest.mark.parametrize("cv", [1, 0, -3, True])
def test_wrong_numbers_of_folds(cv):
    with pytest.raises((ValueError, TypeError), match="cv must be"):
        compare_strategies(DecisionTreeClassifier(), X, y, cv=cv)


def test_progress_is_shown_when_asked_for(capfd):
    options = {"strategies": FEW, "cv": 2, "scoring": "macro_f1"}
    compare_strategies(DecisionTreeClassifier(), X, y, **options)
    assert not capfd.readouterr().err
    compare_strategies(DecisionTreeClassifier(), X, y, verbose=1, **options)
    shown = capfd.readouterr().err
    assert "strategies x folds: 100%" in shown
    assert "6/6" in shown


@pytest.mark.parametrize("module", ["imblearn", "pandas"])
def test_what_is_not_installed_is_named(module):
    result = fresh.run("import skcb\nskcb.compare_strategies", without=[module])
    assert f"skcb.comparison needs {module}: pip install 'skcb[compare]'" in result.stderr


def test_tqdm_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"verbose needs tqdm: pip install 'skcb\[compare\]'"):
        compare_strategies(DecisionTreeClassifier(), X, y, strategies=["none"], cv=2, verbose=1)


def test_the_default_set_has_a_strategy_of_every_family_that_pictures_know():
    pytest.importorskip("matplotlib")
    from skcb.plotting.style import FAMILIES

    assert {strategy.family for strategy in STRATEGIES.values()} == set(FAMILIES) - {"other"}
    assert list(STRATEGIES) == [strategy.name for strategy in STRATEGIES.values()]


class Says(ClassifierMixin, BaseEstimator):
    """Predicts one answer, whatever it is asked."""

    def __init__(self, answer):
        self.answer = answer

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.answer)


def test_a_prediction_that_is_no_class_is_wrong_and_not_its_neighbour():
    gappy = np.where(y == 0, 0, 2)
    names = ["accuracy", "balanced_accuracy", "macro_f1", "g_mean"]
    comparison = compare_strategies(Says(1), X, gappy, strategies=["none"], cv=3, scoring=names, random_state=0)
    assert comparison.failures.empty
    for name in names:
        assert (comparison.wide(name)["none"] == 0).all(), name


def test_predictions_of_another_type_are_a_row_that_says_so():
    both = {"none": "none", "strings": Says("0")}
    comparison = compare_strategies(Says(0), X, y, strategies=both, cv=3, scoring="macro_f1", random_state=0)
    (reason,) = comparison.failures["reason"].unique()
    assert "predict returned labels of type string, and the classes are of type number: 0, 1, 2" in reason


SHARING = ["tuned decisions", "balanced", "none", "logit adjustment", "prior"]


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), LogisticRegression()),
        RandomForestClassifier(5),
        ClassBalancedClassifier(GaussianNB()),
    ],
    ids=["pipeline", "without a seed", "balances itself"],
)
def test_strategies_that_share_a_fit_score_as_with_fits_of_their_own(estimator):
    asked = {"cv": 3, "prior": [1, 1, 2], "random_state": 0}
    together = compare_strategies(estimator, X, NAMES, strategies=SHARING, **asked)
    alone = [compare_strategies(estimator, X, NAMES, strategies=[name], **asked) for name in SHARING]
    assert together.fits_saved == 3 * 3
    assert [one.fits_saved for one in alone] == [0] * len(SHARING)
    expected = pd.concat([one.frame for one in alone], ignore_index=True)
    differs = expected["metric"].isin(["fit_time", "fits_saved"])
    pd.testing.assert_frame_equal(together.frame[~differs], expected[~differs])


def test_a_shared_fit_is_made_once_in_each_fold():
    fits = []

    class Counting(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            fits.append(len(y))
            return super().fit(X, y, sample_weight)

    compare_strategies(Counting(), X, y, strategies=["none", "logit adjustment", "prior"], prior=[1, 1, 2], cv=3)
    assert len(fits) == 3
    fits.clear()
    compare_strategies(Counting(), X, y, strategies=["none", "tuned decisions"], cv=3)
    assert len(fits) == 3 * (1 + 5)


def test_the_table_says_which_fits_were_saved():
    comparison = compare_strategies(
        GaussianNB(), X, y, strategies=["none", "balanced", "logit adjustment"], cv=3, random_state=0
    )
    said = "3 fits saved: logit adjustment decides by the plain fit of another strategy."
    assert repr(comparison).endswith(said)
    assert comparison.to_markdown("balanced_accuracy").endswith(f"|\n\n{said}")
    assert f">{said}</p>" in comparison._repr_html_()
    assert "saved" not in repr(compare_strategies(GaussianNB(), X, y, strategies=["none", "balanced"], cv=3))


def test_a_plain_fit_that_fails_is_the_reason_of_all_that_share_it():
    class Failing(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            if sample_weight is None:
                raise RuntimeError("no luck")
            return super().fit(X, y, sample_weight)

    comparison = compare_strategies(Failing(), X, y, strategies=["none", "logit adjustment", "balanced"], cv=3)
    reasons = comparison.failures.set_index("strategy")["reason"]
    assert reasons.to_dict() == dict.fromkeys(["none", "logit adjustment"], "RuntimeError: no luck")


def test_behind_a_sampler_nothing_is_shared():
    estimator = make_sampling_pipeline(RandomUnderSampler(), GaussianNB())
    comparison = compare_strategies(estimator, X, y, strategies=["none", "logit adjustment"], cv=3, random_state=0)
    assert comparison.fits_saved == 0
