"""Scores of decisions that are functions of sums over the classes, and so run along any sequence of moves."""

from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    f1_score,
    fbeta_score,
    jaccard_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)

from skcb._decisions.evidence import Evidence
from skcb._decisions.paths import Codes, Floats, Path

#: How far apart two scores are that count as one, relative to the largest.
ROUNDING = 1e-12

PerClass = Callable[[Floats, Floats, Floats], Floats]
Combine = Callable[[Floats, NDArray[Any]], Any]


class CountScore(NamedTuple):
    """A function of sums over the classes of what is right in each, of it, and said to be of it.

    `per_class` gives the terms of these sums, element by element, of shape (n_terms, ..., n_classes), `combine`
    the score from the sums and from how much there is of each class; `counted` says which classes enter, where not
    all do, and `of_recalls` whether it is a function of the recalls alone, whatever the prior. Because a decision
    that moves changes the terms of two classes alone, the sums run along any sequence of moves.
    """

    per_class: PerClass
    combine: Combine
    counted: Floats | None = None
    of_recalls: bool = False

    def terms(self, classes: Any, hits: NDArray[Any], true: NDArray[Any], said: NDArray[Any]) -> Floats:
        """Return the terms of some classes, one after the other."""
        terms = self.per_class(hits, true, said)
        return terms if self.counted is None else terms * self.counted[classes]

    def from_counts(self, hits: NDArray[Any], true: NDArray[Any], said: NDArray[Any]) -> Any:
        """Score of counts, which may be fractional, of shape (..., n_classes)."""
        return self.combine(self.terms(slice(None), hits, true, said).sum(axis=-1), true)

    def of(self, decided: Codes, evidence: Evidence, times: NDArray[np.int64] | None = None) -> float:
        """Score decisions on the evidence."""
        weight = evidence.weight if times is None else evidence.weight * times
        size = evidence.log_probability.shape[1]
        right = np.where(decided == evidence.true, weight, 0)
        hits, true, said = (
            np.bincount(codes, part, size)
            for codes, part in ((decided, right), (evidence.true, weight), (decided, weight))
        )
        return float(self.from_counts(hits, true, said))

    def along(self, path: Path, evidence: Evidence) -> Floats:
        """Score the decisions along a path by the classes that were true."""
        size = evidence.log_probability.shape[1]

        def gain(rows: Codes, classes: Codes) -> Floats:
            return np.where(evidence.true[rows] == classes, evidence.weight[rows], 0)

        hits = _sums_along(path, gain, size)
        said = _sums_along(path, lambda rows, _: evidence.weight[rows], size)
        true = np.bincount(evidence.true, evidence.weight, size)
        return np.asarray(self.from_counts(hits, np.broadcast_to(true, hits.shape), said))

    def expected_along(self, path: Path, probability: Floats, evidence: Evidence) -> Floats:
        """Score them as the probabilities of the classes have it: hits and totals are expected ones."""
        size = probability.shape[1]

        def gain(rows: Codes, classes: Codes) -> Floats:
            return evidence.weight[rows] * probability[rows, classes]

        hits = _sums_along(path, gain, size)
        said = _sums_along(path, lambda rows, _: evidence.weight[rows], size)
        true = evidence.weight @ probability
        return np.asarray(self.from_counts(hits, np.broadcast_to(true, hits.shape), said))


def _sums_along(path: Path, gain: Callable[[Codes, Codes], Floats], size: int) -> Floats:
    """Sum over the rows that are decided for each class of what each brings, at every point of a path."""
    start = np.bincount(path.first, gain(np.arange(len(path.first)), path.first), size)
    cells = path.length * size
    flat = np.zeros(cells)  # of no weights bincount makes integers
    flat += np.bincount(path.step * size + path.after, gain(path.row, path.after), cells)
    flat -= np.bincount(path.step * size + path.before, gain(path.row, path.before), cells)
    change = flat.reshape(path.length, size)
    change[0] += start
    return without_residue(change.cumsum(axis=0), start.sum())


def without_residue(sums: NDArray[Any], total: Any) -> NDArray[Any]:
    """Return running sums without the rounding that is left where all has gone: ratios would come of it."""
    return np.where(np.abs(sums) > ROUNDING * total, sums, 0)


def _ratio(above: Any, below: Any) -> Any:
    """Quotient, 0 where there is nothing to divide by."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)


def _recall(hits: Floats, true: Floats, said: Floats) -> Floats:  # noqa: ARG001 - one of several like it
    return _ratio(hits, true)


def _precision(hits: Floats, true: Floats, said: Floats) -> Floats:  # noqa: ARG001
    return _ratio(hits, said)


def _f1(hits: Floats, true: Floats, said: Floats) -> Floats:
    return _ratio(2 * hits, true + said)


def _fbeta(squared: float, hits: Floats, true: Floats, said: Floats) -> Floats:
    return _ratio((1 + squared) * hits, squared * true + said)


def _jaccard(hits: Floats, true: Floats, said: Floats) -> Floats:
    return _ratio(hits, true + said - hits)


def _log_recalls(hits: Floats, true: Floats, said: Floats) -> Floats:  # noqa: ARG001
    # Missed classes are counted beside the logs of the others: sums that run must stay finite.
    recall = _ratio(hits, true)
    found = recall > 0
    log_recall = np.log(recall, out=np.zeros(recall.shape), where=found)
    return np.stack([log_recall, ((true > 0) & ~found).astype(float)])


def _agreements(hits: Floats, true: Floats, said: Floats) -> Floats:
    return np.stack([hits, true * said, said**2])


def _total(true: Floats) -> Any:
    return true.sum(axis=-1)


def _present(true: Floats) -> Any:
    return (true > 0).sum(axis=-1)


def _g_mean(sums: Floats, true: Floats) -> Any:
    return np.where(sums[1] > 0.5, 0, np.exp(sums[0] / _present(true)))


def _matthews(sums: Floats, true: Floats) -> Any:
    hits, crossed, squared = sums
    total = _total(true)
    spread = without_residue(total**2 - squared, total**2) * (total**2 - (true**2).sum(axis=-1))
    return _ratio(hits * total - crossed, np.sqrt(np.maximum(spread, 0)))


def _kappa(sums: Floats, true: Floats) -> Any:
    hits, crossed, _ = sums
    total = _total(true)
    return _ratio(hits * total - crossed, total**2 - crossed)


def _mean_over_classes(of_class: PerClass) -> CountScore:
    """Return the mean over the classes that occur, among the samples or the decisions."""
    return CountScore(
        lambda hits, true, said: np.stack([of_class(hits, true, said), (true + said > 0).astype(float)]),
        lambda sums, _: sums[0] / sums[1],
    )


def _mean_over_samples(of_class: PerClass) -> CountScore:
    """Return the mean of the score of each sample's class."""
    return CountScore(
        lambda hits, true, said: (true * of_class(hits, true, said))[None],
        lambda sums, true: sums[0] / _total(true),
    )


def _of_one_class(of_class: PerClass, code: int) -> CountScore:
    only = np.zeros(2)
    only[code] = 1
    return CountScore(lambda hits, true, said: of_class(hits, true, said)[None], lambda sums, _: sums[0], only)


ACCURACY = CountScore(lambda hits, *_: hits[None], lambda sums, true: sums[0] / _total(true))
BALANCED_ACCURACY = CountScore(
    lambda *counts: _recall(*counts)[None], lambda sums, true: sums[0] / _present(true), of_recalls=True
)
G_MEAN = CountScore(_log_recalls, _g_mean, of_recalls=True)
MATTHEWS = CountScore(_agreements, _matthews)
COHEN_KAPPA = CountScore(_agreements, _kappa)
MACRO_F1 = _mean_over_classes(_f1)


#: Names beside scikit-learn's: scores that it has no scorer for, and one by the comparison's name.
OWN_NAMES = {"g_mean": G_MEAN, "cohen_kappa": COHEN_KAPPA, "macro_f1": MACRO_F1}

_OF_SCIKIT_LEARN: dict[Any, CountScore] = {
    accuracy_score: ACCURACY,
    balanced_accuracy_score: BALANCED_ACCURACY,
    matthews_corrcoef: MATTHEWS,
    cohen_kappa_score: COHEN_KAPPA,
}
_AVERAGED: dict[Any, PerClass] = {
    f1_score: _f1,
    precision_score: _precision,
    recall_score: _recall,
    jaccard_score: _jaccard,
}


def recognized(metric: Any, keywords: Mapping[str, Any], classes: NDArray[Any]) -> CountScore | None:
    """Return the form in running sums of a metric of scikit-learn's, None if it has none here."""
    of_class = _AVERAGED.get(metric)
    if metric is fbeta_score and isinstance(keywords.get("beta"), Real):
        keywords = dict(keywords)
        of_class = partial(_fbeta, float(keywords.pop("beta")) ** 2)
    if of_class is None:
        return None if keywords else _OF_SCIKIT_LEARN.get(metric)
    if not keywords.keys() <= {"average", "pos_label"}:
        return None
    average = keywords.get("average", "binary")
    if average == "macro":
        return _mean_over_classes(of_class)._replace(of_recalls=metric is recall_score)
    if average == "weighted":
        return _mean_over_samples(of_class)
    if average == "binary" and len(classes) == 2:
        of_label = np.flatnonzero(classes == keywords.get("pos_label", 1))
        return _of_one_class(of_class, int(of_label[0])) if len(of_label) else None
    return None
