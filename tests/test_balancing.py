"""The floor: accuracy against exact arithmetic, the paper's numbers, ends, warnings and errors."""

import math
import warnings
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import skcb
from skcb import EmptyClassWarning, InertBetaWarning
from tests.references import (
    class_weight_precisely,
    effective_number_exactly,
    effective_number_precisely,
)

BETAS = [0, 0.5, 0.9, 0.9999, 1 - 1e-12, 1]
CIFAR10_LT = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]

counts_of_classes = st.lists(st.integers(1, 10**9), min_size=1, max_size=20)
betas = st.floats(0, 1)


def relative_error(value, exact):
    return abs(float((Fraction(float(value)) - exact) / exact))


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("n", [1, 2, 3, 10, 99, 1000, 10_000])
def test_effective_number_equals_rational_arithmetic(n, beta):
    exact = effective_number_exactly(n, beta)
    assert relative_error(skcb.effective_number([n], beta)[0], exact) < 1e-14
    assert abs(effective_number_precisely(n, beta) / exact - 1) < Fraction(1, 10**30)


@pytest.mark.parametrize("beta", [*BETAS, 1e-9, 1 - 1e-9, 1 - 2**-53])
@pytest.mark.parametrize("n", [10**k for k in range(13)] + [7, 123_456_789])
def test_effective_number_is_accurate_up_to_a_trillion(n, beta):
    assert relative_error(skcb.effective_number([n], beta)[0], effective_number_precisely(n, beta)) < 1e-14


@pytest.mark.parametrize("normalize", ["classes", "samples", None])
@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_class_weight_is_accurate(beta, normalize):
    counts = [10**12, 123_456_789, 5000, 17, 1]
    weight = skcb.class_weight(counts, beta, normalize=normalize)
    exact = class_weight_precisely(counts, beta, normalize)
    assert max(relative_error(w, e) for w, e in zip(weight, exact, strict=True)) < 1e-14


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_sampling_probability_is_accurate(beta):
    counts = [10**12, 123_456_789, 5000, 17, 1]
    share = [Fraction(n) / effective_number_precisely(n, beta) for n in counts]
    exact = [s / sum(share) for s in share]
    probability = skcb.sampling_probability(counts, beta)
    assert max(relative_error(p, e) for p, e in zip(probability, exact, strict=True)) < 1e-14


def test_the_paper_on_long_tailed_cifar10():
    assert skcb.long_tailed_counts(5000, 10, 100).tolist() == CIFAR10_LT
    assert sum(CIFAR10_LT) == 12406
    weight = skcb.class_weight(CIFAR10_LT, 0.9999)
    np.testing.assert_allclose(
        weight, [0.0506, 0.0769, 0.1211, 0.195, 0.3188, 0.5246, 0.8683, 1.4426, 2.4092, 3.9927], atol=5e-5
    )
    assert weight.sum() == pytest.approx(10, rel=1e-15)
    assert CIFAR10_LT @ weight / 12406 == pytest.approx(0.171, abs=5e-4)  # "sum to C" is not mean weight 1


def test_cifar100_has_the_size_of_the_paper():
    assert skcb.long_tailed_counts(500, 100, 100).sum() == 10847


def test_ends_of_beta():
    counts = [400, 30, 2, 0]
    np.testing.assert_array_equal(skcb.effective_number(counts, 0), [1, 1, 1, 0])
    np.testing.assert_array_equal(skcb.effective_number(counts, 1), counts)
    np.testing.assert_array_equal(skcb.class_weight(counts, 0), [1, 1, 1, 0])
    np.testing.assert_allclose(skcb.sampling_probability(counts, 0), np.array(counts) / 432)
    np.testing.assert_allclose(skcb.sampling_probability(counts, 1), [1 / 3, 1 / 3, 1 / 3, 0])


def test_beta_one_over_samples_is_scikit_learns_balanced():
    from sklearn.utils.class_weight import compute_class_weight

    y = np.repeat([0, 1, 2], [400, 30, 2])
    balanced = compute_class_weight("balanced", classes=np.arange(3), y=y)
    np.testing.assert_allclose(skcb.class_weight([400, 30, 2], 1, normalize="samples"), balanced, rtol=1e-15)


@pytest.mark.parametrize("beta", [0, 0.5, 0.999, 1])
@pytest.mark.parametrize("normalize", ["classes", "samples", None])
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_an_empty_class_weighs_nothing_and_changes_nothing(beta, normalize):
    without = skcb.class_weight([400, 30, 2], beta, normalize=normalize)
    weight = skcb.class_weight([400, 0, 30, 2, 0], beta, normalize=normalize)
    np.testing.assert_allclose(weight, np.insert(without, [1, 3], 0), rtol=1e-15)


@given(counts_of_classes, betas, st.sampled_from(["classes", "samples", None]))
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_weights_are_finite_normalised_and_larger_for_rarer_classes(counts, beta, normalize):
    weight = skcb.class_weight(counts, beta, normalize=normalize)
    assert np.isfinite(weight).all()
    assert (weight > 0).all()
    assert (np.diff(weight[np.argsort(counts)]) <= 1e-12 * weight.max()).all()
    if normalize == "classes":
        assert weight.mean() == pytest.approx(1)
    elif normalize == "samples":
        assert np.average(weight, weights=counts) == pytest.approx(1)


@given(counts_of_classes, betas)
def test_effective_number_lies_between_one_and_the_count(counts, beta):
    number = skcb.effective_number(counts, beta)
    assert (number >= 1 - 1e-15).all()
    assert (number <= np.array(counts) * (1 + 1e-15)).all()


@given(st.lists(st.floats(1e-150, 1e150), min_size=1, max_size=8), betas)
@pytest.mark.filterwarnings("ignore::skcb.InertBetaWarning")
def test_extreme_fractional_counts_stay_finite(counts, beta):
    for vector in (
        skcb.class_weight(counts, beta),
        skcb.class_weight(counts, beta, normalize="samples"),
        skcb.class_weight(counts, beta, normalize=None),
        skcb.sampling_probability(counts, beta),
        skcb.logit_adjustment(counts),
        skcb.ldam_margin(counts),
    ):
        assert np.isfinite(vector).all()


def test_logit_adjustment_is_tau_log_prior():
    counts = [900, 90, 10]
    np.testing.assert_allclose(skcb.logit_adjustment(counts, 1.5), [1.5 * math.log(n / 1000) for n in counts])


def test_logit_adjustment_is_accurate_where_one_class_is_nearly_everything():
    shift = skcb.logit_adjustment([10**12, 1])
    with localcontext() as context:
        context.prec = 60
        total = Decimal(10**12 + 1)
        exact = [(Decimal(n) / total).ln() for n in (10**12, 1)]
    np.testing.assert_allclose(shift, [float(v) for v in exact], rtol=1e-15)


def test_an_empty_class_has_no_prior():
    with pytest.warns(EmptyClassWarning, match=r"classes at positions \[1\] have 0 samples.*log-prior is -inf"):
        np.testing.assert_array_equal(skcb.logit_adjustment([10, 0]), [0, -np.inf])
    with pytest.warns(EmptyClassWarning, match="its margin is 0"):
        np.testing.assert_array_equal(skcb.ldam_margin([10, 0]), [0.5, 0])
    np.testing.assert_array_equal(skcb.logit_adjustment([10, 0], tau=0), [0, 0])


def test_ldam_margin_of_the_rarest_class_is_the_largest():
    np.testing.assert_allclose(skcb.ldam_margin([10_000, 16, 1], 0.3), [0.03, 0.15, 0.3])


def test_beta_from_volume():
    assert skcb.beta_from_volume(1) == 0
    assert skcb.beta_from_volume(10_000) == 0.9999
    assert skcb.beta_from_volume(10**16) == 1 - 2**-53


@given(st.integers(1, 10**5), st.integers(2, 10**4), st.integers(2, 9))
def test_beta_grid_spaces_the_weight_ratios_geometrically(smallest, factor, num):
    counts = [smallest, smallest * factor]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InertBetaWarning)
        ratios = [np.divide(*skcb.class_weight(counts, beta)) for beta in skcb.beta_grid(counts, num)]
    np.testing.assert_allclose(ratios, factor ** (np.arange(num) / (num - 1)), rtol=1e-5)


def test_beta_grid_of_balanced_counts_has_nothing_to_search():
    np.testing.assert_array_equal(skcb.beta_grid([7, 7, 7, 0]), [0])


def test_beta_grid_of_two_samples_more_than_one():
    grid = skcb.beta_grid([2, 1], num=3)  # E_2 / E_1 = 1 + beta
    np.testing.assert_allclose(grid, [0, math.sqrt(2) - 1, 1], rtol=1e-14)


@pytest.mark.parametrize("function", [skcb.class_weight, skcb.sampling_probability])
def test_a_beta_that_does_nothing_says_which_all_do_nothing_and_names_beta_grid(function):
    with pytest.warns(
        InertBetaWarning,
        match=r"beta=0\.9999 acts like no weighting: the rarest class has 60000 .*0\.999923; beta_grid",
    ):
        function([900_000, 700_000, 60_000], 0.9999)


@pytest.mark.parametrize("function", [skcb.class_weight, skcb.sampling_probability])
def test_counts_below_one_warn_and_name_the_rescaling(function):
    with pytest.warns(InertBetaWarning, match=r"counts 0\.9, less than one sample.*rescale the sample weights"):
        function([0.9, 0.1], 0.999)


@pytest.mark.parametrize(
    ("counts", "beta"),
    [([900, 600], 0.5), ([900_000, 60_000], 0), ([0.9, 0.1], 0), ([0.9, 0.1], 1), ([5, 50], 0.9)],
)
def test_beta_that_does_what_it_says_does_not_warn(counts, beta):
    skcb.class_weight(counts, beta)


def test_a_warning_points_at_the_line_that_asked():
    with pytest.warns(InertBetaWarning) as caught:
        skcb.class_weight([900_000, 60_000])
    assert caught[0].filename == __file__


VECTOR_FUNCTIONS = [
    skcb.effective_number,
    skcb.class_weight,
    skcb.logit_adjustment,
    skcb.ldam_margin,
    skcb.sampling_probability,
    skcb.beta_grid,
]


@pytest.mark.parametrize("function", VECTOR_FUNCTIONS)
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([5, -2], r"counts\[1\] = -2\.0.*finite and not negative"),
        ([5, math.nan], r"counts\[1\] = nan.*finite and not negative"),
        ([math.inf, 5], r"counts\[0\] = inf.*finite and not negative"),
        ([1e-200, 5], r"counts\[0\] = 1e-200.*between"),
        ([], r"non-empty 1-D array, got shape \(0,\)"),
        (5, r"1-D array, got shape \(\)"),
        ([[5, 2]], r"1-D array, got shape \(1, 2\)"),
        (["5", "2"], "one number per class.*count_classes"),
        ([None, 2], "one number per class"),
        ([True, False], "one number per class"),
        ({"cat": 5}, "one number per class"),
    ],
)
def test_wrong_counts_are_named(function, counts, message):
    with pytest.raises(ValueError, match=message):
        function(counts)


@pytest.mark.parametrize("function", VECTOR_FUNCTIONS[1:])
def test_no_samples_at_all_is_an_error(function):
    with pytest.raises(ValueError, match="all 2 counts are 0"):
        function([0, 0])


@pytest.mark.parametrize("function", [skcb.effective_number, skcb.class_weight, skcb.sampling_probability])
@pytest.mark.parametrize("beta", [-0.1, 1.1, math.nan, math.inf])
def test_beta_outside_its_range_is_named(function, beta):
    with pytest.raises(ValueError, match=rf"beta must lie in \[0, 1\].*got {beta}"):
        function([5, 2], beta)


@pytest.mark.parametrize("beta", ["0.9", None, True, [0.9]])
def test_beta_that_is_no_number_is_named(beta):
    with pytest.raises(TypeError, match="beta must be a real number, got"):
        skcb.class_weight([5, 2], beta)


def test_other_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"normalize must be.*got 'sum'"):
        skcb.class_weight([5, 2], normalize="sum")
    with pytest.raises(ValueError, match="tau must be finite and not negative, got -1"):
        skcb.logit_adjustment([5, 2], -1)
    with pytest.raises(ValueError, match="max_margin must be finite and not negative, got nan"):
        skcb.ldam_margin([5, 2], math.nan)
    with pytest.raises(ValueError, match="n_prototypes must be finite and at least 1, got 0"):
        skcb.beta_from_volume(0)
    for num in (1, 2.5, True):
        with pytest.raises(ValueError, match="num must be an integer of at least 2, got"):
            skcb.beta_grid([5, 2], num)


class Labelled:
    """What a Series of counts is to us: values, and an index of labels."""

    def __init__(self, counts):
        self.index, self.values = list(counts), list(counts.values())

    def to_numpy(self):
        return np.array(self.values)


@pytest.mark.parametrize(
    "function",
    [skcb.effective_number, skcb.class_weight, skcb.sampling_probability, skcb.logit_adjustment, skcb.ldam_margin],
)
def test_labelled_counts_are_never_read_by_position(function):
    counted = skcb.count_classes([2] * 50 + [0] * 20 + [1] * 5)
    expected = function([20, 5, 50])
    np.testing.assert_array_equal(function(counted), expected)
    np.testing.assert_array_equal(function(Labelled({0: 20, 1: 5, 2: 50})), expected)
    with pytest.raises(ValueError, match=r"labelled, 2, 0, 1, and not in the order of their labels.*sort_index"):
        function(Labelled({2: 50, 0: 20, 1: 5}))


def test_where_the_result_has_no_order_counts_may_have_any():
    counts = Labelled({2: 50, 0: 20, 1: 5})
    np.testing.assert_array_equal(skcb.beta_grid(counts), skcb.beta_grid([50, 20, 5]))
    assert skcb.imbalance_ratio(counts) == skcb.imbalance_ratio(skcb.count_classes([0] * 10 + [1])) == 10


@pytest.mark.parametrize("function", [skcb.beta_grid, skcb.class_weight, skcb.imbalance_ratio])
def test_labels_given_as_counts_are_refused(function):
    y = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [500, 50, 5]))
    with pytest.raises(ValueError, match=r"looks like a vector of labels: 555 whole numbers.*from 0 to 2; count"):
        function(y)


def test_messages_about_many_classes_are_short():
    counts = np.zeros(100_000)
    counts[0] = 1
    with pytest.warns(EmptyClassWarning) as said:
        skcb.logit_adjustment(counts)
    with pytest.raises(ValueError, match="infinite") as ratio:
        skcb.imbalance_ratio(counts)
    with pytest.raises(ValueError, match="not among classes") as order:
        skcb.compute_class_weight(np.arange(100_000), classes=np.arange(99_999))
    with pytest.raises(ValueError, match="more than once") as repeated:
        skcb.compute_class_weight([0, 1], classes=[*range(100_000), 0])
    for message in (said[0].message, ratio.value, order.value, repeated.value):
        assert len(str(message)) < 500


def test_warnings_point_at_the_line_of_the_user():
    for call in (
        lambda: skcb.class_weight([1000, 10], 0.1),
        lambda: skcb.compute_sample_weight([0] * 1000 + [1] * 10, beta=0.1),
        lambda: skcb.ClassBalancedWeighter(0.1).fit([0] * 1000 + [1] * 10),
    ):
        with pytest.warns(InertBetaWarning) as said:
            call()
        assert said[0].filename == __file__
