"""From evidence to one number per class: along the prior, along it after calibration, or freely."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skcb._decisions.calibration import calibrate
from skcb._decisions.counts import ROUNDING
from skcb._decisions.evidence import Evidence
from skcb._decisions.free import climb
from skcb._decisions.paths import Floats, follow, walk
from skcb._decisions.scores import Score, without_nan

#: Strengths of the adjustment that are tried. Negative ones, which hold rare classes back, won by chance alone;
#: over-confident estimators want more than 1.
TAUS: Floats = np.linspace(0.0, 2.0, 81)


class Curve(NamedTuple):
    """The score along a path: as observed, and as expected where that is what was maximised."""

    tau: Floats | None
    score: Floats
    expected_score: Floats | None

    def as_dict(self) -> dict[str, Floats]:
        """Return what there is by name."""
        return {name: values for name, values in self._asdict().items() if values is not None}


class Tuned(NamedTuple):
    """What a rule found: the log of the vector, and how it came to it."""

    offset: Floats
    tau: float | None
    temperature: float
    curve: Curve
    place: int


Rule = Callable[[Evidence, Score], Tuned]


def by_prior(evidence: Evidence, score: Score) -> Tuned:
    """Take the tau whose decisions, by p_c / prior_c^tau, score best."""
    slope = evidence.slope
    observed = score.along(evidence.along_prior(TAUS), evidence)
    place = middle_of_best(_in_the_running(observed))
    tau = float(TAUS[place])
    return Tuned(tau * slope, tau, 1.0, Curve(TAUS, observed, None), place)


def calibrated(evidence: Evidence, score: Score) -> Tuned:
    """Calibrate, then take the tau whose decisions score best as the calibrated probabilities expect it.

    Labels enter by a likelihood with few parameters, and not by counts of rare hits, which are noisy.
    """
    calibration, slope = calibrate(evidence), evidence.slope
    logits = calibration.logits(evidence.log_probability)
    path = walk(logits, slope, TAUS)
    del logits  # as large as the probabilities, which come next
    observed = score.along(path, evidence)
    expected = score.expected_along(path, calibration.probability(evidence.log_probability), evidence)
    place = middle_of_best(_in_the_running(observed if expected is None else expected))
    tau = float(TAUS[place])
    offset = calibration.temperature * (calibration.bias + tau * slope)
    curve = Curve(TAUS, observed, expected)
    return Tuned(offset - offset.mean(), tau, calibration.temperature, curve, place)


def free(evidence: Evidence, score: Score) -> Tuned:
    """Move one class after the other from where the prior leads, as long as the score gains by it."""
    start = by_prior(evidence, score)
    unit = float(np.abs(start.curve.score[np.isfinite(start.curve.score)]).max())
    return Tuned(climb(evidence, score, start.offset, unit), None, 1.0, start.curve, start.place)


def by_weights(weights: Floats) -> Rule:
    """Return the rule that takes the best of some vectors of positive weights, (n_vectors, n_classes)."""
    offsets = np.log(weights)

    def rule(evidence: Evidence, score: Score) -> Tuned:
        observed = score.along(follow(evidence.log_probability, offsets), evidence)
        place = middle_of_best(without_nan(observed, lambda i: f"number {i} of the vectors of weights"))
        return Tuned(offsets[place], None, 1.0, Curve(None, observed, None), place)

    return rule


def middle_of_best(scores: Floats) -> int:
    """Return the middle of the longest run of maxima: a plateau is as good all over, and safest in the middle."""
    best = np.flatnonzero(scores >= scores.max() - ROUNDING * max(abs(scores.max()), 1e-300))
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    longest = max(runs, key=len)
    return int(longest[(len(longest) - 1) // 2])


def _in_the_running(scores: Floats) -> Floats:
    return without_nan(scores, lambda i: f"tau={TAUS[i]:.3g}")
