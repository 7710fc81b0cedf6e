"""``EffectiveNumberStrategy`` with imbalanced-learn's samplers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from skcb import (
    ClassBalancedClassifier,
    EffectiveNumberStrategy,
    InertBetaWarning,
    LogitAdjustedClassifier,
    count_classes,
)

X, y = make_classification(
    600, n_classes=3, n_informative=5, weights=[0.8, 0.15], class_sep=0.7, flip_y=0.05, random_state=0
)
NAMES = np.array(["common", "medium", "rare"])[y]


@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
@given(st.lists(st.integers(1, 500), min_size=1, max_size=6), st.floats(0, 1), st.sampled_from(["over", "under"]))
def test_sizes_are_in_proportion_to_n_over_effective_number(counts, beta, kind):
    labels = np.repeat(np.arange(len(counts)), counts)
    sizes = np.array(list(EffectiveNumberStrategy(beta, kind)(labels).values()))
    number = np.array([sum(beta**j for j in range(n)) for n in counts])
    kept = number.max() if kind == "over" else number.min()
    np.testing.assert_allclose(sizes, np.maximum(1, np.array(counts) * kept / number), atol=0.5 + 1e-6)
    assert (sizes >= counts).all() if kind == "over" else (sizes <= counts).all()


def test_ends_of_beta():
    assert EffectiveNumberStrategy(0)(NAMES) == dict(zip(*count_classes(NAMES), strict=True))
    assert set(EffectiveNumberStrategy(1)(NAMES).values()) == {np.sum(y == 0)}
    assert set(EffectiveNumberStrategy(1, kind="under")(NAMES).values()) == {np.sum(y == 2)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("over_sampling.SMOTE", "over"),
        ("over_sampling.RandomOverSampler", "over"),
        ("over_sampling.BorderlineSMOTE", "over"),
        ("under_sampling.RandomUnderSampler", "under"),
        ("under_sampling.NearMiss", "under"),
    ],
)
def test_samplers_of_imbalanced_learn(name, kind):
    pytest.importorskip("imblearn")
    from importlib import import_module

    module, kind_of_sampler = name.split(".")
    strategy = EffectiveNumberStrategy(beta=0.99, kind=kind)
    sampler = getattr(import_module(f"imblearn.{module}"), kind_of_sampler)(sampling_strategy=strategy)
    resampled = count_classes(sampler.fit_resample(X, NAMES)[1])
    assert dict(zip(resampled.classes, resampled.counts, strict=True)) == strategy(NAMES)


def test_beta_is_searched_through_the_sampler():
    pipeline = pytest.importorskip("imblearn.pipeline")
    from imblearn.over_sampling import SMOTE

    model = pipeline.make_pipeline(
        SMOTE(sampling_strategy=EffectiveNumberStrategy(), random_state=0), KNeighborsClassifier()
    )
    search = GridSearchCV(
        model, {"smote__sampling_strategy__beta": [0, 0.9, 0.99, 1]}, scoring="balanced_accuracy", cv=3
    ).fit(X, NAMES)
    scores = search.cv_results_["mean_test_score"]
    assert scores.max() > scores[0]
    assert clone(model).get_params()["smote__sampling_strategy__beta"] == 0.999


def test_a_sampler_goes_before_the_wrapper():
    pipeline = pytest.importorskip("imblearn.pipeline")
    from imblearn.over_sampling import SMOTE

    before = pipeline.make_pipeline(SMOTE(random_state=0), ClassBalancedClassifier(LogisticRegression()))
    assert before.fit(X, NAMES)[-1].class_count_.tolist() == [np.sum(y == 0)] * 3  # those after SMOTE
    for kind in (ClassBalancedClassifier, LogitAdjustedClassifier):
        inside = kind(pipeline.make_pipeline(SMOTE(), LogisticRegression()))
        with pytest.raises(
            TypeError, match=r"step 'smote' .*is a sampler, SMOTE.*make_pipeline\(SMOTE\(\.\.\.\), "
        ):
            inside.fit(X, NAMES)
        nested = kind(pipeline.make_pipeline(inside.estimator))
        with pytest.raises(TypeError, match="step 'smote'"):
            nested.fit(X, NAMES)


def test_wrong_parameters():
    with pytest.raises(ValueError, match='kind must be "over" or "under", got \'both\''):
        EffectiveNumberStrategy(kind="both")(NAMES)
    with pytest.raises(ValueError, match="beta must lie in"):
        EffectiveNumberStrategy(beta=2)(NAMES)
    with pytest.raises(ValueError, match="y is empty"):
        EffectiveNumberStrategy()([])


def test_a_beta_that_changes_no_size_says_so():
    with pytest.warns(InertBetaWarning, match="acts like no weighting"):
        assert EffectiveNumberStrategy(beta=0.1)(["a"] * 900 + ["b"] * 90) == {"a": 900, "b": 90}
