"""What each strategy does to an estimator."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline as SamplingPipeline
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skcb import (
    ClassBalancedClassifier,
    LogitAdjustedClassifier,
    StrategyComparison,
    beta_grid,
    class_weight,
    compare_strategies,
)
from skcb._pipelines import last_step, last_step_parameter
from skcb.comparison import STRATEGIES
from skcb.comparison.pipelines import change_last_step
from skcb.comparison.strategies import InverseSquareRootClassifier, NotApplicableError, Strategy, TrainingPart

X, y = make_classification(400, weights=[0.85], class_sep=0.6, random_state=0)
COUNTS = np.bincount(y)


def build(name, estimator):
    return STRATEGIES[name].build(estimator, TrainingPart(COUNTS, seed=0))


NESTED = make_pipeline(make_pipeline(StandardScaler()), make_pipeline(StandardScaler(), LogisticRegression()))


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_fits_a_pipeline_within_a_pipeline_and_leaves_the_users_alone(name):
    before = repr(NESTED)
    fitted = build(name, NESTED).fit(X, y)
    assert fitted.predict(X).shape == y.shape
    assert repr(NESTED) == before
    assert not hasattr(last_step(NESTED), "classes_")


@pytest.mark.parametrize("sampler", ["RandomOverSampler", "SMOTE", "RandomUnderSampler", "TomekLinks"])
def test_a_sampler_stands_right_before_the_last_step(sampler):
    built = build(sampler, NESTED)
    end = built[-1][-1]
    assert isinstance(end, SamplingPipeline)
    assert [type(step).__name__ for _, step in end.steps] == [sampler, "LogisticRegression"]
    bare = build(sampler, LogisticRegression())
    assert [type(step).__name__ for _, step in bare.steps] == [sampler, "LogisticRegression"]


def test_smote_comes_after_the_encoder_so_that_strings_are_no_trouble():
    rng = np.random.default_rng(0)
    words = rng.choice(["red", "green", "blue"], size=(len(y), 2))
    comparison = compare_strategies(
        make_pipeline(OneHotEncoder(sparse_output=False), DecisionTreeClassifier()),
        words,
        y,
        strategies=["SMOTE"],
        cv=3,
        random_state=0,
    )
    assert comparison.failures.empty
    with pytest.raises(ValueError, match="not compatible with arrays of bytes/strings"):
        SMOTE().fit_resample(words, y)


def test_weights_are_those_of_the_names():
    loop = {
        "balanced": class_weight(COUNTS, 1, normalize="samples"),
        "class-balanced (beta=grid 1/4)": class_weight(COUNTS, beta_grid(COUNTS)[1], normalize="samples"),
        "class-balanced (beta=grid 3/4)": class_weight(COUNTS, beta_grid(COUNTS)[3], normalize="samples"),
        "sqrt": COUNTS**-0.5 * len(y) / np.sum(COUNTS**0.5),
    }
    for name, expected in loop.items():
        fitted = build(name, LogisticRegression()).fit(X, y)
        np.testing.assert_allclose(fitted.class_weight_, expected)
        by_hand = LogisticRegression().fit(X, y, sample_weight=expected[y])
        np.testing.assert_allclose(fitted.estimator_.coef_, by_hand.coef_)


def test_square_root_weights_leave_a_class_without_weight_out():
    weight = np.where(y == 1, 0.0, 1.0)
    assert InverseSquareRootClassifier(LogisticRegression())._rule()(np.array([4.0, 0.0])).tolist() == [1.0, 0.0]
    fitted = InverseSquareRootClassifier(DecisionTreeClassifier()).fit(X, y, sample_weight=weight)
    assert set(fitted.predict(X)) == {0}


def test_the_searched_beta_is_one_of_the_grid_of_the_training_counts():
    fitted = build("class-balanced (beta=cv)", NESTED).fit(X, y)
    (parameter,) = fitted.best_params_
    assert parameter == "pipeline-2__logisticregression__beta"
    assert fitted.best_params_[parameter] in beta_grid(COUNTS)
    assert fitted.scoring == "balanced_accuracy"
    assert len(fitted.cv_results_["params"]) == len(beta_grid(COUNTS))


def test_effective_numbers_lie_between_no_and_full_over_sampling():
    resampled = build("effective-number over-sampling", LogisticRegression())[0].fit_resample(X, y)[1]
    sizes = np.bincount(resampled)
    assert sizes[0] == COUNTS[0]
    assert COUNTS[1] < sizes[1] < COUNTS[0]


def test_decisions_move_and_the_model_stays():
    plain = LogisticRegression().fit(X, y)
    adjusted = build("logit adjustment", LogisticRegression()).fit(X, y)
    np.testing.assert_array_equal(adjusted.estimator_.coef_, plain.coef_)
    tuned = build("threshold", LogisticRegression()).fit(X, y)
    np.testing.assert_allclose(tuned.predict_proba(X), plain.predict_proba(X))
    for moved in (adjusted, tuned):
        assert balanced_accuracy_score(y, moved.predict(X)) > balanced_accuracy_score(y, plain.predict(X))


def test_the_last_step_is_reached_through_pipelines():
    assert last_step_parameter(NESTED, "C") == "pipeline-2__logisticregression__C"
    assert clone(NESTED).set_params(**{last_step_parameter(NESTED, "C"): 7})[-1][-1].C == 7
    assert last_step_parameter(LogisticRegression(), "C") == "C"
    changed = change_last_step(NESTED, LogitAdjustedClassifier)
    assert isinstance(last_step(changed), LogitAdjustedClassifier)


def score(strategies, model=None, X=X, y=y, **options):
    return compare_strategies(
        model or DecisionTreeClassifier(), X, y, strategies=strategies, cv=3, random_state=0, **options
    )


def test_strategies_of_ones_own():
    own = {
        "a name": "balanced",
        "a value": "class-balanced (beta=0.99)",
        "a sampler": RandomOverSampler(sampling_strategy=0.5),
        "an estimator": KNeighborsClassifier(),
        "a class": ClassBalancedClassifier,
        "a function": lambda estimator: estimator.set_params(class_weight="balanced"),
    }
    comparison = score(own)
    assert comparison.strategies == list(own)
    assert comparison.failures.empty
    scores = comparison.wide("balanced_accuracy")
    np.testing.assert_array_equal(scores["a name"], scores["a function"])
    rows = comparison.wide("n_resampled")
    assert (rows["a sampler"] > rows["a name"]).all()
    families = ["weights", "weights", "resampling", "other", "other", "other"]
    assert comparison.families == dict(zip(own, families, strict=True))


def test_a_name_is_a_label():
    comparison = score({"SMOTE": DecisionTreeClassifier(), "none": "SMOTE", "class-balanced (beta=0.9)": "none"})
    assert comparison.families == {
        "SMOTE": "other", "none": "resampling", "class-balanced (beta=0.9)": "none"
    }  # fmt: skip
    assert comparison.frame.groupby("strategy")["family"].nunique().eq(1).all()


def test_a_strategy_can_be_given_whole():
    mine = Strategy("mine", "weights", lambda estimator, training: clone(estimator))
    comparison = score({"none": "none", "other name": mine})
    assert comparison.families == {"none": "none", "other name": "weights"}
    scores = comparison.wide("balanced_accuracy")
    np.testing.assert_array_equal(scores["none"], scores["other name"])


def test_a_frame_without_families_has_those_of_the_names():
    whole = score(["none", "SMOTE", "class-balanced (beta=0.9)"])
    old = StrategyComparison(whole.frame.drop(columns="family").replace({"strategy": {"none": "mine"}}))
    assert list(old.families.values()) == ["other", "resampling", "weights"]
    both = StrategyComparison(pd.concat([whole.frame, old.frame.assign(dataset="other", family=None)]))
    assert both.families["SMOTE"] == "resampling"


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_strategy_needs_is_said_and_not_tried(name):
    strategy = STRATEGIES[name]
    assert strategy.name == name
    for counts in ([5, 5], [9, 5, 3], [9, 1]):
        training = TrainingPart(np.array(counts), seed=0)
        lacking = [need for need in strategy.needs if _lacks(need, training)]
        if lacking:
            with pytest.raises(NotApplicableError):
                strategy.apply(LogisticRegression(), training)
        else:
            assert hasattr(strategy.apply(LogisticRegression(), training), "fit")


def _lacks(need, training):
    try:
        need(training)
    except NotApplicableError:
        return True
    return False


def test_splitters_by_groups():
    groups = np.arange(len(y)) % 7
    one = compare_strategies(
        DecisionTreeClassifier(random_state=0),
        X,
        y,
        strategies=["none"],
        cv=GroupKFold(3),
        groups=groups,
        random_state=0,
    )
    listed = list(GroupKFold(3).split(X, y, groups))
    by_hand = compare_strategies(
        DecisionTreeClassifier(random_state=0), X, y, strategies=["none"], cv=listed, random_state=0
    )
    pd.testing.assert_frame_equal(one.wide("balanced_accuracy"), by_hand.wide("balanced_accuracy"))
    several = {"one": (X, y), "other": (X, y)}
    with pytest.raises(ValueError, match="groups must be a dict of groups by the same names"):
        compare_strategies(DecisionTreeClassifier(), several, cv=GroupKFold(3), groups=groups)
    both = compare_strategies(
        DecisionTreeClassifier(random_state=0), several, strategies=["none"], cv=GroupKFold(3),
        groups={"one": groups, "other": groups}, random_state=0,
    )  # fmt: skip
    np.testing.assert_array_equal(
        both.wide("balanced_accuracy").loc["other"], one.wide("balanced_accuracy").loc["data"]
    )


@pytest.mark.slow
def test_betas_of_the_grid_are_named_by_value_on_one_data_set_and_by_place_on_several():
    one = score(None).strategies
    named = [name for name in one if name.startswith("class-balanced (beta=0.")]
    values = [float(name.removeprefix("class-balanced (beta=").removesuffix(")")) for name in named]
    np.testing.assert_allclose(values, beta_grid(COUNTS)[1:-1], rtol=0.02)
    several = compare_strategies(
        DecisionTreeClassifier(), {"one": (X, y), "other": (X[:200], y[:200])}, cv=2, random_state=0
    )
    assert several.strategies == [name for name in STRATEGIES if name != "prior"]
    assert len(one) == len(several.strategies)


def test_balanced_classes_leave_no_beta_to_try():
    half = np.arange(len(X)) % 2
    assert not [name for name in score(None, y=half).strategies if "beta=0." in name]
    asked = score(["none", "class-balanced (beta=grid 1/2)", "class-balanced (beta=cv)"], y=half[: len(X)])
    reasons = asked.failures.set_index("strategy")["reason"]
    assert set(reasons.index) == {"class-balanced (beta=grid 1/2)", "class-balanced (beta=cv)"}
    assert reasons.str.contains("every beta does the same").all()


def test_unknown_and_wrong_strategies():
    with pytest.raises(ValueError, match=r"unknown strategy 'Smote' \(did you mean 'SMOTE'\?\); there are 'none'"):
        score(["Smote"])
    with pytest.raises(ValueError, match=r"unknown strategy 'class-balanced \(beta=1.5\)'.*for any B in \[0, 1\]"):
        score("class-balanced (beta=1.5)")
    with pytest.raises(ValueError, match=r"unknown strategy 'class-balanced \(beta=1.e-\)'"):
        score("class-balanced (beta=1.e-)")
    with pytest.raises(ValueError, match="strategies is empty"):
        score([])
    with pytest.raises(TypeError, match="strategy 'mine' must be a name, a sampler, a classifier, or a callable"):
        score({"mine": 3})
    with pytest.raises(TypeError, match="strategies must be names or a dict from name to strategy, got int"):
        score(3)


def test_a_callable_that_returns_no_estimator_is_a_row_that_says_so():
    comparison = score({"none": "none", "mine": lambda _: "text"})
    assert comparison.failures["reason"].tolist() == [
        "TypeError: the strategy returned str, which has no fit and predict"
    ]


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: make_pipeline(StandardScaler(), model)])
def test_an_estimator_that_balances_itself_is_switched_off_and_set(wrap):
    model = LogisticRegression()
    names = ["none", "balanced", "sqrt", "class-balanced (beta=0.9)", "RandomOverSampler", "logit adjustment"]
    plain = score(names, wrap(model)).wide("balanced_accuracy")
    balanced = score(names, wrap(ClassBalancedClassifier(model, beta=1))).wide("balanced_accuracy")
    np.testing.assert_array_equal(plain.to_numpy(), balanced.to_numpy())
