"""Each rule finds what it says: against enumeration, closed forms and a slow optimiser."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, make_scorer, roc_curve
from sklearn.model_selection import StratifiedKFold

from skcb import tune_decision
from skcb._decisions.calibration import calibrate
from skcb._decisions.counts import BALANCED_ACCURACY, MACRO_F1, MATTHEWS
from skcb._decisions.evidence import FLOOR
from skcb._decisions.free import climb
from skcb._decisions.paths import decide
from skcb._decisions.rules import TAUS, by_prior, free, middle_of_best
from skcb._decisions.tuning import METHODS, cross_fitting, rules_of, tune

from .made import evidence_of, made


def best_by_enumeration(evidence, score):
    """Score of the best of all decisions that a vector can make, from a fine grid around every crossing."""
    lead = evidence.log_probability[:, 1:] - evidence.log_probability[:, :1]
    between = [np.sort(np.concatenate([-column, [-20.0, 20.0]])) for column in lead.T]
    between = [(values[1:] + values[:-1]) / 2 for values in between]
    second = evidence.log_probability[:, 2] - evidence.log_probability[:, 1]
    best = -np.inf
    for one in between[0]:
        # The place of class 2 crosses class 0 or class 1.
        crossings = np.sort(np.concatenate([-lead[:, 1], one - second, [-20.0, 20.0]]))
        for other in (crossings[1:] + crossings[:-1]) / 2:
            decided = decide(evidence.log_probability, np.array([0, one, other]))
            best = max(best, score.of(decided, evidence))
    return best


@pytest.mark.parametrize("score", [BALANCED_ACCURACY, MACRO_F1, MATTHEWS])
def test_moves_without_a_pull_find_the_best_of_all_vectors(score):
    missed = []
    for seed in range(30):
        y, probability = made(12, 3, seed, ratio=3)
        evidence = evidence_of(y, probability)
        start = by_prior(evidence, score).offset
        offset = climb(evidence, score, start, unit=1e-9)
        reached = score.of(decide(evidence.log_probability, offset), evidence)
        assert reached >= score.of(decide(evidence.log_probability, start), evidence) - 1e-9
        missed.append(best_by_enumeration(evidence, score) - reached)
    # One class at a time may stop where two at once would go on.
    assert np.mean(np.array(missed) < 1e-9) >= 0.8
    assert np.mean(missed) < 0.02


@given(st.integers(0, 10**6), st.integers(2, 5))
@settings(max_examples=40)
def test_the_free_rule_is_never_worse_in_sample_than_the_path(seed, n_classes):
    y, probability = made(60, n_classes, seed)
    evidence = evidence_of(y, probability)
    reached, path = (
        MACRO_F1.of(decide(evidence.log_probability, rule(evidence, MACRO_F1).offset), evidence)
        for rule in (free, by_prior)
    )
    assert reached >= path - 1e-9


def test_the_path_takes_the_best_tau():
    y, probability = made(200, 4, 3)
    evidence = evidence_of(y, probability)
    found = by_prior(evidence, MACRO_F1)
    clipped = probability.clip(FLOOR)
    scores = [f1_score(y, (clipped * evidence.prior**-tau).argmax(1), average="macro") for tau in TAUS]
    np.testing.assert_allclose(found.curve.score, scores)
    assert scores[list(TAUS).index(found.tau)] == max(scores)
    log_weight = np.log(evidence.prior) * -found.tau
    np.testing.assert_allclose(found.offset, log_weight - log_weight.mean(), atol=1e-12)


def test_the_middle_of_the_longest_plateau():
    assert middle_of_best(np.array([1, 3, 1, 3, 3, 3 - 1e-15, 2.0])) == 4
    assert middle_of_best(np.array([0.0, 0.0, 0.0])) == 1
    assert middle_of_best(np.array([-2.0, -1.0, -np.inf])) == 1


def test_calibration_is_the_optimum_of_the_penalised_likelihood():
    y, probability = made(300, 4, 1, temperature=2)
    weight = np.random.default_rng(0).uniform(0.2, 2, 300)
    evidence = replace(evidence_of(y, probability, weight), biased=np.array([True, True, False, True]))
    log_p = np.log(probability.clip(FLOOR))

    def slow(parameters):
        logits = log_p / np.exp(parameters[0]) + np.insert(parameters[1:], 2, 0)
        cost = logsumexp(logits, axis=1) - logits[np.arange(300), y]
        return weight @ cost + parameters @ parameters

    reference = minimize(
        slow, np.zeros(4), method="Powell", options={"xtol": 1e-10, "ftol": 1e-14, "maxiter": 10**5}
    )
    found = calibrate(evidence)
    assert found.bias[2] == 0
    assert found.temperature > 1.5
    ours = np.concatenate([[np.log(found.temperature)], found.bias[[0, 1, 3]]])
    assert slow(ours) <= reference.fun + 1e-9
    np.testing.assert_allclose(ours, reference.x, atol=1e-4)
    np.testing.assert_allclose(
        found.probability(evidence.log_probability), softmax(log_p / found.temperature + found.bias, axis=1)
    )


@pytest.mark.parametrize("probability", [np.eye(3)[[0, 1, 2, 0, 1, 0]], np.full((6, 3), 1 / 3)])
def test_calibration_of_certain_and_of_constant_probabilities_is_finite(probability):
    found = calibrate(evidence_of(np.array([0, 1, 2, 0, 1, 0]), probability))
    assert 0 < found.temperature < np.inf
    assert np.isfinite(found.bias).all()
    wrong = calibrate(evidence_of(np.array([1, 2, 0, 1, 0, 2]), probability))
    assert 0 < wrong.temperature < np.inf


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_calibration_undoes_what_was_done_to_exact_probabilities(temperature):
    rng = np.random.default_rng(0)
    exact = softmax(rng.normal(size=(40_000, 3)) + np.array([1, 0, -1]), axis=1)
    y = (rng.random(40_000)[:, None] > exact.cumsum(1)).sum(1)
    told = softmax(np.log(exact) * temperature + [0.5, 0, -0.5], axis=1)
    found = calibrate(evidence_of(y, told))
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    np.testing.assert_allclose(found.probability(np.log(told)), exact, atol=0.02)


def test_the_balanced_decision_of_exact_probabilities_divides_the_prior_out():
    rng = np.random.default_rng(1)
    prior = np.array([0.8, 0.15, 0.05])
    y = rng.choice(3, 60_000, p=prior)
    x = rng.normal(size=(60_000, 2)) + np.array([[0, 0], [1.5, 0], [0, 1.5]])[y]
    logits = np.log(prior) - 0.5 * ((x[:, None] - np.array([[0, 0], [1.5, 0], [0, 1.5]])) ** 2).sum(-1)
    probability = softmax(logits, axis=1)
    for method in ("calibrated", "prior", "free", "auto"):
        log_weight = np.log(tune_decision(y, probability, method=method))
        expected = -np.log(prior) + np.log(prior).mean()
        np.testing.assert_allclose(log_weight, expected, atol=0.25)
    assert tune_decision(y, probability, "accuracy", method="calibrated") == pytest.approx(1, rel=0.15)


def test_two_classes_get_the_best_threshold():
    y, probability = made(400, 2, 2, ratio=8)
    false_positive, true_positive, _ = roc_curve(y, probability[:, 1])
    best = ((true_positive + 1 - false_positive) / 2).max()
    evidence = evidence_of(y, probability)
    start = by_prior(evidence, BALANCED_ACCURACY).offset
    offset = climb(evidence, BALANCED_ACCURACY, start, unit=1e-9)
    assert BALANCED_ACCURACY.of(decide(evidence.log_probability, offset), evidence) == pytest.approx(best)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "scoring", ["balanced_accuracy", "f1_macro", "cohen_kappa", make_scorer(cohen_kappa_score)]
)
def test_relabelling_the_classes_relabels_the_vector(method, scoring):
    y, probability = made(200, 4, 6)
    order = np.array([2, 0, 3, 1])
    relabelled = tune_decision(np.argsort(order)[y], probability[:, order], scoring, method=method)
    np.testing.assert_allclose(relabelled, tune_decision(y, probability, scoring, method=method)[order], rtol=1e-6)


@pytest.mark.parametrize("method", ["calibrated", "prior", "free"])
def test_a_sample_that_weighs_two_is_two_samples(method):
    y, probability = made(150, 3, 4)
    weight = np.random.default_rng(0).integers(0, 3, 150)
    weight[:6] = 1
    weighted = evidence_of(y, probability, weight.astype(float))
    repeated = evidence_of(np.repeat(y, weight), np.repeat(probability, weight, axis=0))
    rule = rules_of(method, MACRO_F1)[method]
    np.testing.assert_allclose(rule(weighted, MACRO_F1).offset, rule(repeated, MACRO_F1).offset, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_it_is_repeatable(method):
    y, probability = made(150, 3)
    first, second = (tune_decision(y, probability, method=method) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.log(first).mean() == pytest.approx(0, abs=1e-12)


def test_cross_fitting_decides_no_sample_by_itself():
    y, probability = made(100, 3)
    evidence = evidence_of(y, probability)
    rng = np.random.RandomState(0)
    for fold in (None, np.zeros(100, int), np.arange(100) % 4, np.arange(100)):
        parts = list(cross_fitting(evidence, fold, rng))
        np.testing.assert_array_equal(np.sort(np.concatenate([rows for _, rows in parts])), np.arange(100))
        assert not any(rest[rows].any() for rest, rows in parts)
        assert len(parts) == (4 if fold is not None and fold.max() == 3 else 5)
    repeated = replace(evidence, row=np.tile(np.arange(50), 2))
    for rest, rows in cross_fitting(repeated, np.arange(100) // 10, rng):
        assert not set(repeated.row[rest]) & set(repeated.row[rows])


def test_the_score_is_that_of_folds_decided_by_the_others():
    y, probability = made(300, 3, 8)
    fold = np.empty(300, int)
    for number, (_, test) in enumerate(StratifiedKFold(3).split(y, y)):
        fold[test] = number
    evidence = evidence_of(y, probability)
    found = tune(evidence, BALANCED_ACCURACY, rules_of("prior", BALANCED_ACCURACY), fold, None)
    decided = np.empty(300, int)
    for number in range(3):
        rest, rows = fold != number, fold == number
        part = replace(evidence_of(y[rest], probability[rest]), prior=evidence.prior)
        decided[rows] = decide(evidence.log_probability[rows], by_prior(part, BALANCED_ACCURACY).offset)
    assert found.score == pytest.approx(balanced_accuracy_score(y, decided))
    assert found.method == "prior"


def test_auto_takes_what_is_better_by_more_than_noise():
    # Half of the samples have class 2 made likelier than it is, which a calibration cannot mend.
    rng = np.random.default_rng(0)
    y, probability = made(3000, 3, 1, ratio=3)
    evidence = evidence_of(y, probability)
    assert (
        tune(evidence, BALANCED_ACCURACY, rules_of("auto", BALANCED_ACCURACY), None, None).method == "calibrated"
    )
    told = probability.copy()
    told[:, 2] **= 0.2 + 1.2 * (rng.random(3000) < 0.5)
    told /= told.sum(1, keepdims=True)
    assert tune(evidence, MACRO_F1, rules_of("auto", MACRO_F1), None, None).method == "prior"
    found = [tune(evidence_of(y, told), MACRO_F1, rules_of(method, MACRO_F1), None, None) for method in METHODS]
    assert found[0].score >= max(each.score for each in found) - 0.01


def test_classes_that_a_fold_lacks_and_ties_and_constants_end_in_finite_vectors():
    y = np.array([0] * 20 + [1] * 6 + [2])
    for probability in (
        np.full((27, 3), 1 / 3),
        np.eye(3)[y],
        np.eye(3)[(y + 1) % 3],
        np.tile([0.5, 0.5, 0.0], (27, 1)),
    ):
        for method, scoring in itertools.product(METHODS, ("balanced_accuracy", "g_mean", "matthews_corrcoef")):
            vector = tune_decision(y, probability, scoring, method=method)
            assert np.isfinite(vector).all()
            assert (vector > 0).all()


def test_one_class_and_one_sample():
    np.testing.assert_array_equal(tune_decision([1, 1, 1], np.ones((3, 1))), [1])
    np.testing.assert_array_equal(tune_decision(["a"], np.ones((1, 1))), [1])


@pytest.mark.parametrize(
    ("y", "probability", "message"),
    [
        ([0, 1, 1], np.array([0.2, 0.4, 0.6]), "shape .3,.*np.column_stack"),
        ([0, 1], np.full((3, 2), 0.5), "3 rows for 2 labels"),
        ([0, 1], "ab", "probability must be a matrix of numbers, got str"),
        (None, np.full((2, 2), 0.5), "tune_decision requires y to be passed"),
        ([[0, 1], [1, 0]], np.full((2, 2), 0.5), "several targets per sample; call tune_decision for each"),
        ([0, 1, 1], np.full((3, 3), 1 / 3), "3 columns, and y has 2 classes"),
        ([0, 1, 1], np.array([[0.5, 0.5], [2.0, -1], [0.5, 0.5]]), r"row 1 of probability is \[ 2. -1.\]"),
        ([0, 1, 1], np.array([[0.5, 0.5], [0.5, np.nan], [0.5, 0.5]]), "row 1 .*not numbers from 0 to 1"),
        ([0, 1, 1], np.array([[0.5, 0.5], [3.0, 5.0], [0.5, 0.5]]), "softmax"),
    ],
)
def test_what_are_no_probabilities_is_named(y, probability, message):
    with pytest.raises(ValueError, match=message):
        tune_decision(y, probability)


def test_columns_in_another_order_are_refused():
    y, probability = made(30, 3)
    frame = pd.DataFrame(probability, columns=[0, 1, 2])
    np.testing.assert_array_equal(tune_decision(y, frame), tune_decision(y, probability))
    with pytest.raises(ValueError, match=r"the columns of probability are 2, 1, 0.*in their order are 0, 1, 2"):
        tune_decision(y, frame[[2, 1, 0]])


@pytest.mark.parametrize(
    "scoring",
    [
        "f1_macro",
        make_scorer(f1_score, average="macro", zero_division=0),
        make_scorer(lambda y, said: np.mean(y == said)),
    ],
)
def test_a_few_samples_that_weigh_at_all_are_enough(scoring):
    y, probability = made(200, 3)
    for seed in range(6):
        weight = np.zeros(200)
        weight[[seed, seed + 3]] = 1
        assert np.isfinite(tune_decision(y, probability, scoring, sample_weight=weight, random_state=seed)).all()


def test_one_enormous_weight_ends_in_finite_numbers():
    y, probability = made(300, 3)
    weight = np.ones(300)
    weight[0] = 1e12
    for told in (probability, np.eye(3)[probability.argmax(1)]):
        assert np.isfinite(tune_decision(y, told, sample_weight=weight)).all()


def test_other_bad_input_is_named():
    y, probability = made(30, 3)
    with pytest.raises(ValueError, match=r"method must be one of 'auto'.*got 'best'"):
        tune_decision(y, probability, method="best")
    with pytest.raises(ValueError, match=r"sample_weight\[2\] = nan"):
        tune_decision(y, probability, sample_weight=[1, 1, np.nan, *[1] * 27])
    with pytest.raises(ValueError, match=r"NaN for every candidate, from tau=0 to tau=2"):
        tune_decision(y, probability, lambda estimator, X, y: np.nan)
    one_fails = make_scorer(lambda y, said: np.nan if np.mean(said == 0) > 0.5 else np.mean(y == said))
    with pytest.warns(UserWarning, match=r"NaN for \d+ of 81 candidates, tau=0.*left out"):
        assert np.isfinite(tune_decision(y, probability, one_fails, method="prior")).all()
