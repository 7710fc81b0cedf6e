"""One number for each class, found by moving one at a time to where the score is best."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skcb._decisions.counts import CountScore, without_residue
from skcb._decisions.evidence import Evidence
from skcb._decisions.paths import CACHED, Codes, Floats
from skcb._decisions.scores import Score

_SWEEPS = 4
# A gain below is rounding.
_GAIN = 1e-9
# Places that are tried for a class where each costs a whole score.
_TRIALS = 32
# How far beyond the last change of a decision a class may go, and how far from where it started at all: a factor
# of 150. Most rows are never so near to most classes, and are left out.
_BEYOND = 1.0
_REACH = 5.0


def climb(evidence: Evidence, score: Score, start: Floats, unit: float) -> Floats:
    r"""Return offsets that score best among those reached from `start` by moves of one class.

    A move of class c is taken by what it gains less :math:`\sum_c \nu_c (u_c - u^0_c)^2` with :math:`\nu_c = 1
    / (2 C \sqrt{n_c})`, times `unit`: a class with few samples stays near where it started.
    """
    size = len(start)
    rows = np.flatnonzero(evidence.weight > 0)
    standing = Standing(evidence.log_probability, start, rows)
    evidence = replace(  # of its log-probabilities scores read the number of classes alone
        evidence,
        true=evidence.true[rows].astype(standing.first.dtype),
        weight=evidence.weight[rows],
        row=evidence.row[rows],
    )
    counts = np.bincount(evidence.true, evidence.weight, size)
    pull = unit * 0.5 / (size * np.sqrt(np.maximum(counts, 1e-300)))
    offset = standing.offset
    now = score.of(standing.first, evidence)
    for _ in range(_SWEEPS):
        moved = False
        for c in np.argsort(counts, kind="stable"):
            if counts[c] == 0:  # whose score is flat: it stays on the line of the prior
                continue
            places, scores = _along_class(standing, int(c), evidence, score)
            if not len(places):
                continue
            others = offset - start
            others[c] = 0
            values = scores - _pulled(places - start[c], others, int(c), pull)
            best = int(np.argmax(values))
            here = now - _pulled(offset[c : c + 1] - start[c], others, int(c), pull)[0]
            if values[best] > here + _GAIN * unit:
                standing.move(int(c), places[best])
                now, moved = score.of(standing.first, evidence), True
        if not moved:
            break
    return offset - offset.mean()


def _pulled(places: Floats, others: Floats, c: int, pull: Floats) -> Floats:
    """How much is lost by how far all classes are from where they started, class c at each of some places.

    Both are taken without their mean, which decides nothing; so the sum of squares is quadratic in the place.
    """
    size = len(others)
    rest = others - others.sum() / size
    # Each other class is at rest_k - place / C, class c at rest_c + place (1 - 1 / C).
    step = np.full(size, -1 / size)
    step[c] += 1
    return np.asarray((pull @ step**2) * places**2 + 2 * (pull @ (rest * step)) * places + pull @ rest**2)


class Standing:
    """The best and the second best class of some rows, with their shifted log-probabilities.

    Codes are as short as the classes allow, and no matrix is kept: with few classes a vector or two as long as the
    rows are what memory goes to.
    """

    def __init__(self, log_probability: Floats, offset: Floats, rows: Codes) -> None:
        self.log_probability, self.rows = log_probability, rows
        self.start, self.offset = offset, offset.copy()
        codes = np.min_scalar_type(len(offset))
        self.first, self.second = np.empty(len(rows), codes), np.empty(len(rows), codes)
        self.at_first, self.at_second = np.empty(len(rows)), np.empty(len(rows))
        self._look(np.arange(len(rows)))

    def _look(self, places: Codes) -> None:
        """Find the two best classes of some of the rows anew, so many at a time as stay in the cache."""
        size = max(1, CACHED // len(self.offset))
        for start in range(0, len(places), size):
            part = places[start : start + size]
            best = _two_best(self.log_probability[self.rows[part]] + self.offset)
            for kept, new in zip((self.first, self.second, self.at_first, self.at_second), best, strict=True):
                kept[part] = new

    def _of(self, c: int) -> Floats:
        return self.log_probability[self.rows, c] + self.offset[c]

    def move(self, c: int, place: float) -> None:
        """Put one class elsewhere; only rows where it is or becomes one of the two best are looked at."""
        self.offset[c] = place
        near = (self.first == c) | (self.second == c) | (self._of(c) >= self.at_second)
        self._look(np.flatnonzero(near))

    def rivals(self, c: int) -> NDArray[Any]:
        """Return the best class but c of each row."""
        return np.where(self.first == c, self.second, self.first)

    def leads(self, c: int) -> Floats:
        """Return the offset of class c beyond which each row goes over to it."""
        # The values are kept, since to look them up in a matrix of many classes misses the cache at each row.
        lead = np.where(self.first == c, self.at_second, self.at_first)
        lead -= self.log_probability[self.rows, c]
        return lead


def _two_best(shifted: Floats) -> tuple[Codes, Codes, Floats, Floats]:
    """Return the two best of each row, and their values; what is given is written over."""
    rows = np.arange(len(shifted))
    first = shifted.argmax(axis=1)
    at_first = shifted[rows, first]
    if shifted.shape[1] == 1:
        return first, first.copy(), at_first, at_first.copy()
    shifted[rows, first] = -np.inf
    second = shifted.argmax(axis=1)
    at_second = shifted[rows, second]
    return first, second, at_first, at_second


def _along_class(standing: Standing, c: int, evidence: Evidence, score: Score) -> tuple[Floats, Floats]:
    """Places of class c between which no decision changes, and the score at each.

    A row goes over to c once its offset passes the lead of the row's best other class. In the order of the leads
    each move changes one count.
    """
    rivals, leads = standing.rivals(c), standing.leads(c)
    low, high = standing.start[c] - _REACH, standing.start[c] + _REACH
    near = np.flatnonzero((leads > low) & (leads < high))
    if not len(near):
        return np.empty(0), np.empty(0)
    order = near[np.argsort(leads[near])]
    del near
    lead = leads[order]
    last_of_equals = np.append(np.flatnonzero(lead[1:] > lead[:-1]), len(lead) - 1)
    places = np.empty(len(last_of_equals) + 1)
    places[0], places[-1] = max(low, lead[0] - _BEYOND), min(high, lead[-1] + _BEYOND)
    places[1:-1] = (lead[last_of_equals[:-1]] + lead[last_of_equals[:-1] + 1]) / 2
    if isinstance(score, CountScore):
        decided = np.where(leads <= low, rivals.dtype.type(c), rivals)
        del rivals, leads, lead
        moved = np.concatenate([[0], last_of_equals + 1])  # so many rows have gone over at each place
        del last_of_equals
        return places, _running(score, c, decided, order, evidence)[moved]
    tried = places[np.unique(np.linspace(0, len(places) - 1, _TRIALS).astype(int))]
    scores = [score.of(np.where(leads < place, c, rivals), evidence) for place in tried]
    return tried, np.nan_to_num(scores, nan=-np.inf)


def _running(score: CountScore, c: int, decided: NDArray[Any], order: Codes, evidence: Evidence) -> Floats:
    """Score after each of the moves of some rows to class c, one after the other: of shape (n_moves + 1,).

    The terms of c follow from cumulative sums over all moves, those of another class from such sums over the moves
    that leave it; so a class costs a few passes over the rows, however many classes there are.
    """
    size = evidence.log_probability.shape[1]
    totals = np.bincount(evidence.true, evidence.weight, size)
    hits = np.bincount(decided, np.where(decided == evidence.true, evidence.weight, 0), size)
    said = np.bincount(decided, evidence.weight, size)
    true, weight, origin = evidence.true[order], evidence.weight[order], decided[order]

    def terms(classes: Any, hits: NDArray[Any], said: NDArray[Any]) -> Floats:
        return score.terms(classes, hits, np.broadcast_to(totals[classes], hits.shape), said)

    start = terms(slice(None), hits, said).sum(axis=-1)
    sums = np.empty((len(start), len(order) + 1))
    sums[:, 0] = 0
    by_origin = np.argsort(origin, kind="stable")  # by radix, since the codes are short
    classes, total = origin[by_origin], totals.sum()
    left_hits = hits[classes] - _cumulative(np.where(origin == true, weight, 0)[by_origin], classes)
    left_said = said[classes] - _cumulative(weight[by_origin], classes)
    after = terms(classes, without_residue(left_hits, total), without_residue(left_said, total))
    del left_hits, left_said  # as are many here, a column of the probabilities each
    first = np.flatnonzero(np.append(True, classes[1:] != classes[:-1]))
    of_first = classes[first]
    change = after.copy()
    change[:, 1:] -= after[:, :-1]
    change[:, first] = after[:, first] - terms(of_first, hits[of_first], said[of_first])
    sums[:, 1:][:, by_origin] = change
    del change, after, by_origin, classes
    np.cumsum(sums, axis=1, out=sums)
    sums[:, 1:] += terms(c, hits[c] + np.cumsum(np.where(true == c, weight, 0)), said[c] + np.cumsum(weight))
    sums[:, 1:] -= terms(c, hits[c : c + 1], said[c : c + 1])
    sums += start[:, None]
    return np.asarray(score.combine(sums, totals))


def _cumulative(values: NDArray[Any], groups: NDArray[Any]) -> Floats:
    """Cumulative sums within groups, which stand one after the other."""
    running = np.cumsum(values)
    first = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    base = running[first] - values[first]
    return running - np.repeat(base, np.diff(np.append(first, len(groups))))
