"""Tune decisions on evidence by a method, and say honestly how good they are: by cross-fitting."""

import warnings
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_random_state

from skcb._decisions.calibration import Calibration, calibrate
from skcb._decisions.evidence import Evidence
from skcb._decisions.paths import Codes, Floats, decide
from skcb._decisions.rules import Rule, Tuned, by_prior, calibrated, free
from skcb._decisions.scores import Score

_RULES: dict[str, Rule] = {"calibrated": calibrated, "prior": by_prior, "free": free}
METHODS = ("auto", *_RULES)
Method = Literal["auto", "calibrated", "prior", "free"]

#: Folds where none are given, of the fits or of the rows, and of the rows where there are very many.
N_FOLDS = 5
_MANY_FOLDS = 20
_RESAMPLES = 20


class Outcome(NamedTuple):
    """What was found, by which rule, and its score on rows that it was not found on."""

    tuned: Tuned
    method: str
    score: float


def rules_of(method: str, score: Score) -> dict[str, Rule]:
    """Return the rules of a method; of several the first is taken, unless another is better by a standard error.

    After calibration the best recalls are where the prior is divided out, which a likelihood finds with less noise
    than a count of hits. What is best for a score that depends on the prior too, such as macro F1, has no such
    place, and where calibrated probabilities expect it is biased: there the observed scores come first.
    """
    if method != "auto":
        return {method: _RULES[method]}
    first = "calibrated" if score.of_recalls else "prior"
    return {first: _RULES[first], **_RULES}


def tune(
    evidence: Evidence, score: Score, rules: dict[str, Rule], fold: NDArray[Any] | None, random_state: Any
) -> Outcome:
    """Find the vector by one of some rules, and score the decisions of each fold by what is found on the others.

    Parameters
    ----------
    fold : ndarray of shape (n_rows,) or None
        The fold that each row was tested in; None, or one alone, makes stratified ones.
    """
    rng = check_random_state(0 if random_state is None else random_state)
    folds = list(cross_fitting(evidence, fold, rng))
    with warnings.catch_warnings():
        # Decisions for which a metric is not defined are among those that are tried.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        decided = {name: _cross_fitted(rule, evidence, score, folds) for name, rule in rules.items()}
        chosen = _choose(decided, evidence, score, rng)
        return Outcome(rules[chosen](evidence, score), chosen, score.of(decided[chosen], evidence))


def _choose(decided: dict[str, Codes], evidence: Evidence, score: Score, rng: np.random.RandomState) -> str:
    first, *others = decided
    if not others:
        return first
    rival = max(others, key=lambda name: score.of(decided[name], evidence))
    gains = []
    there = np.flatnonzero(evidence.weight > 0)  # a resample of none of them would have no score
    for _ in range(_RESAMPLES):
        drawn = there[rng.randint(len(there), size=len(there))]
        times = np.bincount(drawn, minlength=len(evidence.weight))
        gains.append(score.of(decided[rival], evidence, times) - score.of(decided[first], evidence, times))
    return rival if np.mean(gains) > np.std(gains) else first


def _cross_fitted(
    rule: Rule, evidence: Evidence, score: Score, folds: list[tuple[NDArray[np.bool_], Codes]]
) -> Codes:
    decided = np.empty(len(evidence.true), dtype=np.intp)
    for rest, rows in folds:
        offset = rule(evidence.only(rest), score).offset
        decided[rows] = decide(evidence.log_probability, offset, rows)
    return decided


def cross_fitting(
    evidence: Evidence, fold: NDArray[Any] | None, rng: np.random.RandomState
) -> Iterator[tuple[NDArray[np.bool_], Codes]]:
    """Which rows to tune on, as a mask, and rows to decide; no sample is among both, often as it was tested."""
    if fold is None or fold.min() == fold.max():
        fold = _stratified(evidence.true, rng)
    if fold.max() >= _MANY_FOLDS and len(np.unique(evidence.row)) == len(evidence.row):
        fold = fold % N_FOLDS
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        rest = ~np.isin(evidence.row, evidence.row[rows])
        # Of one sample that is all there is nothing can be held out.
        yield rest if evidence.weight[rest].any() else ~rest, rows


def _stratified(true: Codes, rng: np.random.RandomState) -> NDArray[np.int64]:
    """Deal the rows of each class to the folds in turn, going on where the class before stopped."""
    order = rng.permutation(len(true))
    order = order[np.argsort(true[order], kind="stable")]
    fold = np.empty(len(true), dtype=np.int64)
    fold[order] = np.arange(len(true)) % N_FOLDS
    return fold


def tune_costs(
    evidence: Evidence, cost: Floats, fold: NDArray[Any] | None, random_state: Any
) -> tuple[Calibration, float]:
    """Calibrate for Bayes' decision, and return the mean cost where each fold is calibrated on the others."""
    rng = check_random_state(0 if random_state is None else random_state)
    paid = 0.0
    for rest, rows in cross_fitting(evidence, fold, rng):
        decided = cheapest(calibrate(evidence.only(rest)), evidence.log_probability[rows], cost)
        paid += float(evidence.weight[rows] @ cost[evidence.true[rows], decided])
    return calibrate(evidence), paid / float(evidence.weight.sum())


def cheapest(calibration: Calibration, log_probability: Floats, cost: Floats) -> Codes:
    """Class whose cost is the least that the calibrated probabilities expect; the first of equals."""
    return np.asarray((calibration.probability(log_probability) @ cost).argmin(axis=1))
