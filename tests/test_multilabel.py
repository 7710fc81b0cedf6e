"""Several labels per sample on tables: one weight for a row, and one estimator for each label."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.sparse import csc_array, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight as sklearn_sample_weight

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    ClassBalancedWeighter,
    EmptyClassWarning,
    InertBetaWarning,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    compute_sample_weight,
)
from tests.references import sample_weight_by_loop

X, Y = make_multilabel_classification(300, n_features=10, n_classes=4, n_labels=2, random_state=0)
Y[:, 3] &= np.arange(300) % 4 == 0  # a rare one
WEIGHT = np.random.default_rng(0).uniform(0.5, 2, 300)
WRAPPERS = [
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
]
NEVER, ALWAYS = Y.copy(), Y.copy()
NEVER[:, 1], ALWAYS[:, 1] = 0, 1


def linear():
    return LogisticRegression(max_iter=500)


# --- one weight for a row ----------------------------------------------------------------------------------------


def mean_by_loop(Y, beta, normalize="samples"):
    """The formula, label by label and row by row."""
    of_labels = [sample_weight_by_loop(Y[:, j].tolist(), beta, normalize) for j in range(Y.shape[1])]
    return [sum(of_labels[j][i] for j in range(Y.shape[1])) / Y.shape[1] for i in range(len(Y))]


@given(
    arrays.arrays(np.int8, st.tuples(st.integers(1, 30), st.integers(1, 5)), elements=st.integers(0, 1)),
    st.sampled_from([0, 0.5, 0.99, 1]),
    st.sampled_from(["samples", "classes", None]),
)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning", "ignore::skcb.EmptyClassWarning")
def test_the_mean_is_that_of_a_loop(Y, beta, normalize):
    if not Y.any():
        return
    got = compute_sample_weight(Y, beta=beta, normalize=normalize, multilabel="mean")
    np.testing.assert_allclose(got, mean_by_loop(Y, beta, normalize), rtol=1e-12)
    if normalize == "samples":
        assert got.mean() == pytest.approx(1)


def test_beta_1_is_the_mean_of_scikit_learns_balanced_weights():
    balanced = [sklearn_sample_weight("balanced", column) for column in Y.T]
    got = compute_sample_weight(Y, beta=1, multilabel="mean")
    np.testing.assert_allclose(got, np.mean(balanced, axis=0), rtol=1e-13)
    np.testing.assert_allclose(compute_sample_weight(Y, beta=0, multilabel="mean"), 1)


def test_one_label_is_two_classes():
    column = Y[:, [3]]
    got = compute_sample_weight(column, beta=0.99, multilabel="mean")
    np.testing.assert_allclose(got, compute_sample_weight(column[:, 0], beta=0.99))


KINDS = {
    "list": Y.tolist,
    "boolean": lambda: Y.astype(bool),
    "float32": lambda: Y.astype(np.float32),
    "csr matrix": lambda: csr_matrix(Y),
    "csr array": lambda: csr_array(Y),
    "csc array": lambda: csc_array(Y),
    "pandas": lambda: pytest.importorskip("pandas").DataFrame(Y, columns=list("abcd")),
    "polars": lambda: pytest.importorskip("polars").DataFrame(Y, schema=list("abcd")),
    "torch": lambda: pytest.importorskip("torch").tensor(Y),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_indicator(kind):
    given_as, expected = KINDS[kind](), compute_sample_weight(Y, multilabel="mean")
    got = compute_sample_weight(given_as, multilabel="mean")
    assert isinstance(got, np.ndarray)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    with pytest.raises(ValueError, match=r"multilabel='mean'.*MultiOutputClassifier\(ClassBalancedClassifier"):
        compute_sample_weight(given_as)


def test_a_given_weight_counts_and_is_multiplied_in():
    repeats = np.random.default_rng(1).integers(1, 4, size=len(Y))
    got = compute_sample_weight(Y, beta=0.99, sample_weight=repeats, multilabel="mean")
    repeated = compute_sample_weight(np.repeat(Y, repeats, axis=0), beta=0.99, multilabel="mean")
    np.testing.assert_allclose(got, repeats * repeated[np.cumsum(repeats) - 1], rtol=1e-12)
    assert got.sum() == pytest.approx(repeats.sum())


def test_many_rows_and_labels_go_block_by_block():
    many = np.random.default_rng(2).random((3000, 200)) < np.linspace(0.01, 0.5, 200)
    expected = np.mean([sklearn_sample_weight("balanced", column) for column in many.T], axis=0)
    for given_as in (many, csr_array(many)):
        np.testing.assert_allclose(compute_sample_weight(given_as, beta=1, multilabel="mean"), expected)


def test_a_row_without_labels_is_a_sample():
    rows = np.array([[1, 0], [0, 0], [0, 1], [0, 0]])
    got = compute_sample_weight(rows, beta=1, multilabel="mean")
    # Three of four have not: 4 / (2 * 3) in both labels.
    np.testing.assert_allclose(got, [4 / 3, 2 / 3, 4 / 3, 2 / 3])


@pytest.mark.parametrize(("indicator", "value"), [(NEVER, "never"), (ALWAYS, "always")])
def test_a_label_with_one_value_weighs_all_rows_alike_and_is_named(indicator, value):
    with pytest.warns(EmptyClassWarning, match=r"labels \[1\] have one value.*leave them out"):
        got = compute_sample_weight(indicator, beta=1, multilabel="mean")
    others = compute_sample_weight(np.delete(indicator, 1, axis=1), beta=1, multilabel="mean")
    np.testing.assert_allclose(got, (3 * others + 1) / 4)


def test_a_beta_that_weights_no_label_warns_once():
    with pytest.warns(InertBetaWarning, match="acts like no weighting") as caught:
        compute_sample_weight(Y, beta=0.2, multilabel="mean")
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (Y[:, 0], "one label for each of 300 samples: leave multilabel out"),
        (["a", "b"], "one label for each of 2 samples"),
        (2 * Y, "holds 2 in row 0"),
        (-Y, "holds -1 in row 0"),
        (Y / 2, r"holds 0\.5 in row 0"),
        (np.where(Y == Y, np.nan, 0), "NaN in 300 rows for the label 0"),  # noqa: PLR0124
        (np.zeros((5, 3)), "no 1 in 5 rows"),
        (csr_array((5, 3)), "no 1 in 5 rows"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
        ([["a"], ["b", "c"]], "MultiLabelBinarizer"),
        ([[0, 1], [1]], "MultiLabelBinarizer"),
        (Y[:, :, None], "shape"),
    ],
)
def test_what_is_no_indicator_is_refused(y, said):
    with pytest.raises(ValueError, match=said):
        compute_sample_weight(y, multilabel="mean")


def test_what_else_is_refused():
    with pytest.raises(ValueError, match="multilabel must be \"mean\" or None, got 'max'"):
        compute_sample_weight(Y, multilabel="max")
    with pytest.raises(ValueError, match=r"shape \(300,\), got shape \(299,\)"):
        compute_sample_weight(Y, sample_weight=WEIGHT[1:], multilabel="mean")
    with pytest.raises(ValueError, match="normalize must be"):
        compute_sample_weight(Y, normalize="rows", multilabel="mean")
    with pytest.raises(ValueError, match="several labels per sample"):
        compute_sample_weight([["a"], ["b", "c"]])
    for method in ("fit", "fit_transform"):
        with pytest.raises(TypeError, match=r"several labels.*compute_sample_weight\(y, multilabel='mean'\)"):
            getattr(ClassBalancedWeighter(), method)(Y)
    with pytest.raises(ValueError, match=r"MultiOutputClassifier\(ClassBalancedClassifier.*multilabel='mean'"):
        ClassBalancedClassifier(linear()).fit(X, Y)


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(max_depth=3, random_state=0),
        RandomForestClassifier(5, max_depth=3, random_state=0),
        MLPClassifier(5, max_iter=5, random_state=0),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimators_that_take_indicator_matrices_take_the_weight(estimator):
    weight = compute_sample_weight(Y, beta=1, multilabel="mean")
    assert estimator.fit(X, Y, sample_weight=weight).predict(X).shape == Y.shape


# --- one estimator for each label --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_multi_output_is_a_loop_over_the_labels(wrapper, weight):
    fitted = MultiOutputClassifier(wrapper(linear())).fit(X, Y, sample_weight=weight)
    for j, column in enumerate(Y.T):
        by_hand = wrapper(linear()).fit(X, column, sample_weight=weight)
        np.testing.assert_array_equal(fitted.predict(X)[:, j], by_hand.predict(X))
        np.testing.assert_array_equal(fitted.predict_proba(X)[j], by_hand.predict_proba(X))


def test_beta_1_is_scikit_learns_balanced_in_every_label():
    ours = MultiOutputClassifier(ClassBalancedClassifier(linear(), beta=1)).fit(X, Y)
    theirs = MultiOutputClassifier(linear().set_params(class_weight="balanced")).fit(X, Y)
    for one, other in zip(ours.estimators_, theirs.estimators_, strict=True):
        np.testing.assert_allclose(one.estimator_.coef_, other.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_chain_is_a_loop_that_sees_the_labels_before(wrapper):
    fitted = ClassifierChain(wrapper(linear()), order=[2, 0, 3, 1]).fit(X, Y)
    before, after = X, X
    for label in [2, 0, 3, 1]:
        by_hand = wrapper(linear()).fit(before, Y[:, label])
        said = by_hand.predict(after)
        np.testing.assert_array_equal(fitted.predict(X)[:, label], said)
        before, after = np.column_stack([before, Y[:, label]]), np.column_stack([after, said])


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("around", [ClassifierChain, MultiOutputClassifier, OneVsRestClassifier])
def test_weights_reach_every_label_by_routing(wrapper, around):
    plain = around(wrapper(linear())).fit(X, Y).predict_proba(X)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = around(wrapper(linear()).set_fit_request(sample_weight=True))
        weighted = asking.fit(X, Y, sample_weight=WEIGHT).predict_proba(X)
    assert not np.allclose(plain, weighted)
    first = wrapper(linear()).fit(X, Y[:, 0], sample_weight=WEIGHT).predict_proba(X)[:, 1]
    of_first = weighted[0][:, 1] if isinstance(weighted, list) else weighted[:, 0]
    np.testing.assert_allclose(of_first, first, rtol=1e-6)


@pytest.mark.parametrize("around", [MultiOutputClassifier, ClassifierChain, OneVsRestClassifier])
def test_search_pickle_and_clone(around):
    model = make_pipeline(StandardScaler(), around(ClassBalancedClassifier(linear())))
    path = f"{around.__name__.lower()}__estimator__beta"
    folds = KFold(3)
    search = GridSearchCV(model, {path: [0, 0.99, 1]}, scoring="f1_macro", cv=folds).fit(X, Y)
    for place, beta in enumerate([0, 0.99, 1]):
        scores = []
        for train, test in folds.split(X):
            fitted = clone(model).set_params(**{path: beta}).fit(X[train], Y[train])
            scores.append(f1_score(Y[test], fitted.predict(X[test]), average="macro"))
        assert search.cv_results_["mean_test_score"][place] == pytest.approx(np.mean(scores))
    restored = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(restored.predict(X), search.predict(X))
    assert clone(search.best_estimator_).get_params()[path] == search.best_params_[path]


def test_thresholds_are_of_each_label():
    tuned = TunedDecisionClassifierCV(linear(), scoring="f1")
    fitted = MultiOutputClassifier(tuned).fit(X, Y)
    vectors = np.array([one.decision_weight_ for one in fitted.estimators_])
    assert len(np.unique(vectors.round(6), axis=0)) == Y.shape[1]
    for one, probability, predicted in zip(
        fitted.estimators_, fitted.predict_proba(X), fitted.predict(X).T, strict=True
    ):
        plain = one.estimator_.predict_proba(X)
        np.testing.assert_array_equal(probability, plain)
        threshold = one.decision_weight_[0] / one.decision_weight_.sum()
        np.testing.assert_array_equal(predicted, plain[:, 1] > threshold)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(("indicator", "value"), [(NEVER, 0), (ALWAYS, 1)])
def test_a_label_with_one_value_is_named_with_the_way_out(wrapper, indicator, value):
    way_out = rf"one class alone, {value}, .*OneVsRestClassifier\({wrapper.__name__}\(LogisticRegression"
    with pytest.raises(ValueError, match=way_out):
        MultiOutputClassifier(wrapper(linear())).fit(X, indicator)
    with pytest.warns(UserWarning, match="present in all training examples"):
        fitted = OneVsRestClassifier(wrapper(linear())).fit(X, indicator)
    assert (fitted.predict(X)[:, 1] == value).all()
    # A tree learns the one class that there is.
    trees = MultiOutputClassifier(wrapper(DecisionTreeClassifier(max_depth=2))).fit(X, indicator)
    assert (trees.predict(X)[:, 1] == value).all()


def test_another_error_keeps_its_words():
    with pytest.raises(TypeError, match=r"^ClassBalancedClassifier cannot weight KNeighborsClassifier"):
        ClassBalancedClassifier(KNeighborsClassifier()).fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match=r"^Input X contains NaN"):
        ClassBalancedClassifier(linear()).fit(np.full_like(X, np.nan), Y[:, 0])


@pytest.mark.parametrize(
    "model",
    [
        TunedDecisionClassifierCV(linear()),
        TunedDecisionClassifierCV(linear(), refit=False),
        ClassBalancedClassifierCV(linear()),
    ],
)
@pytest.mark.filterwarnings("ignore:The least populated class in y has only 1 members:UserWarning")
def test_a_label_that_a_fold_lacks_is_tuned_on_the_other_folds(model):
    one = Y.copy()
    one[:, 1] = np.arange(len(Y)) == 7
    with pytest.warns(UserWarning, match="the training parts of 1 of 5 folds lack a class: 1 "):
        of_label = MultiOutputClassifier(model).fit(X, one).estimators_[1]
    assert of_label.classes_.tolist() == [0, 1]
    assert of_label.n_features_in_ == X.shape[1]
    probability = of_label.predict_proba(X)
    assert (probability[:, 1] > 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_a_sparse_indicator_goes_to_one_vs_rest():
    dense = OneVsRestClassifier(ClassBalancedClassifier(linear())).fit(X, Y)
    sparse = OneVsRestClassifier(ClassBalancedClassifier(linear())).fit(X, csr_matrix(Y))
    np.testing.assert_array_equal(sparse.predict(X).toarray(), dense.predict(X))


@pytest.mark.parametrize("seed", range(20))
def test_sums_of_weights_that_round_make_no_side_of_a_constant_label(seed):
    rng = np.random.default_rng(seed)
    weight, some = rng.uniform(0, 0.3, 300), rng.random(300) < 0.3
    with pytest.warns(EmptyClassWarning, match=r"labels \[0\]"):
        found = compute_sample_weight(
            np.column_stack([np.ones(300, int), some]),
            beta=0.99,
            sample_weight=weight,
            normalize=None,
            multilabel="mean",
        )

    def of(rows):
        return 0.01 / (1 - 0.99 ** weight[rows].sum())

    by_hand = (of(slice(None)) + np.where(some, of(some), of(~some))) / 2 * weight
    np.testing.assert_allclose(found, by_hand, rtol=1e-9)


def test_no_warning_where_nothing_is_amiss():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        MultiOutputClassifier(ClassBalancedClassifier(linear(), beta=1)).fit(X, Y).predict(X)
        compute_sample_weight(Y, multilabel="mean")
