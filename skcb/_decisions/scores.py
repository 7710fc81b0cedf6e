"""Scores of decisions of any kind: in running sums, on the cells of the confusion matrix, or called."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring, get_scorer_names

from skcb._decisions.counts import OWN_NAMES, ROUNDING, recognized
from skcb._decisions.evidence import Evidence
from skcb._decisions.paths import Codes, Floats, Path
from skcb._upstream import rows_of, scorer_parts
from skcb._warnings import warn

#: A name among scikit-learn's scorers, whose set grows with it, or a scorer.
Scoring = str | Callable[..., float]


class Score(Protocol):
    """How good decisions are; larger is better. Most depend on the prior, and not on the recalls alone."""

    @property
    def of_recalls(self) -> bool:
        """Whether it is a function of the recalls alone."""

    def of(self, decided: Codes, evidence: Evidence, times: NDArray[np.int64] | None = None) -> float:
        """Score decisions on the evidence, each row counted so many times."""

    def along(self, path: Path, evidence: Evidence) -> Floats:
        """Score the decisions along a path by the classes that were true, of shape (n_points,)."""

    def expected_along(self, path: Path, probability: Floats, evidence: Evidence) -> Floats | None:
        """Score them as the probabilities of the classes have it; None where that cannot be said."""


# --- the cells of the confusion matrix --------------------------------------------------------------------------


class CellScore:
    """A metric that takes weights, called on one sample for each cell of the confusion matrix."""

    of_recalls = False

    def __init__(self, metric: Callable[..., Any], sign: int, keywords: Mapping[str, Any], classes: Any) -> None:
        self._metric, self._sign, self._keywords, self._classes = metric, sign, keywords, classes

    def from_cells(self, cells: NDArray[Any]) -> float:
        """Score a confusion matrix, rows true and columns decided, whose numbers may be fractional."""
        true, said = np.nonzero(cells > 0)
        return self._sign * float(
            self._metric(
                self._classes[true], self._classes[said], sample_weight=cells[true, said], **self._keywords
            )
        )

    def of(self, decided: Codes, evidence: Evidence, times: NDArray[np.int64] | None = None) -> float:
        """Score decisions on the evidence."""
        size = len(self._classes)
        weight = evidence.weight if times is None else evidence.weight * times
        return self.from_cells(
            np.bincount(evidence.true * size + decided, weight, size * size).reshape(size, size)
        )

    def along(self, path: Path, evidence: Evidence) -> Floats:
        """Score the decisions along a path by the classes that were true."""

        def fill(cells: Floats, rows: Codes, said: Codes, sign: int) -> None:
            np.add.at(cells, (evidence.true[rows], said), sign * evidence.weight[rows])

        return self._along(path, fill)

    def expected_along(self, path: Path, probability: Floats, evidence: Evidence) -> Floats:
        """Score them as the probabilities of the classes have it."""

        def fill(cells: Floats, rows: Codes, said: Codes, sign: int) -> None:
            np.add.at(cells.T, said, sign * evidence.weight[rows, None] * probability[rows])

        return self._along(path, fill)

    def _along(self, path: Path, fill: Callable[[Floats, Codes, Codes, int], None]) -> Floats:
        cells = np.zeros((len(self._classes), len(self._classes)))
        fill(cells, np.arange(len(path.first)), path.first, 1)
        scores = [self.from_cells(cells)]
        for rows, before, after in _steps(path):
            if not len(rows):
                scores.append(scores[-1])
                continue
            fill(cells, rows, before, -1)
            fill(cells, rows, after, 1)
            # What is left of a cell that was emptied is rounding.
            scores.append(self.from_cells(np.where(cells > ROUNDING * cells.max(), cells, 0)))
        return np.array(scores)


def _steps(path: Path) -> Iterator[tuple[Codes, Codes, Codes]]:
    """Rows that change, from what and to what, at every point of a path but the first."""
    bounds = np.searchsorted(path.step, np.arange(1, path.length + 1))
    for start, stop in pairwise(bounds):
        yield path.row[start:stop], path.before[start:stop], path.after[start:stop]


# --- scorers, called ---------------------------------------------------------------------------------------------


class Decided(ClassifierMixin, BaseEstimator):
    """A stand-in for a classifier whose decisions on some rows have been made, for scorers that ask it."""

    def __init__(self, decisions: NDArray[Any], classes_: NDArray[Any]) -> None:
        self.decisions = decisions
        self.classes_ = classes_

    def fit(self, X: Any, y: Any) -> "Decided":  # noqa: ARG002 - for scorers that look whether there is one
        """Do nothing: what is decided has been fitted."""
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the decisions on the rows that the scorer got."""
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        if n_rows != len(self.decisions):
            raise ValueError(
                f"the scorer asked to predict {n_rows} rows and got {len(self.decisions)}: decisions are there "
                "for the X that it is called with, and no other"
            )
        return self.decisions

    def predict_proba(self, X: Any) -> NDArray[Any]:  # noqa: ARG002
        """Refuse: probabilities are none of a decision's."""
        raise TypeError(_MEASURES_PROBABILITIES.format("the scorer asks for predict_proba"))

    def decision_function(self, X: Any) -> NDArray[Any]:  # noqa: ARG002
        """Refuse: a decision has no score."""
        raise TypeError(_MEASURES_PROBABILITIES.format("the scorer asks for decision_function"))


_MEASURES_PROBABILITIES = (
    "{}, and decisions are tuned for scores of decisions: log-loss, ROC AUC and their kind judge probabilities, "
    "which a moved decision leaves as they are. Choose what is to be decided well, scoring='balanced_accuracy' or "
    "'f1_macro', say"
)


class CalledScore:
    """A scorer, called with a stand-in whose decisions it judges; it knows nothing of expected counts."""

    of_recalls = False

    def __init__(
        self, scorer: Callable[..., Any], classes: NDArray[Any], X: Any, y: Any, *, weighted: bool
    ) -> None:
        self._scorer, self._classes, self._X, self._y = scorer, classes, X, y
        self._weighted = weighted and _takes_weight(scorer)

    def of(self, decided: Codes, evidence: Evidence, times: NDArray[np.int64] | None = None) -> float:
        """Score decisions on the evidence."""
        where = np.flatnonzero(evidence.weight > 0)
        where = where if times is None else np.repeat(where, times[where])
        rows = evidence.row[where]
        stand_in = Decided(self._classes[decided[where]], self._classes)
        more = {"sample_weight": evidence.weight[where]} if self._weighted else {}
        score = self._scorer(stand_in, rows_of(self._X, rows), rows_of(self._y, rows), **more)
        try:
            return float(score)
        except (TypeError, ValueError):
            raise TypeError(f"scoring must give one number, got {score!r}") from None

    def along(self, path: Path, evidence: Evidence) -> Floats:
        """Score the decisions along a path by the classes that were true."""
        decided = path.first.copy()
        scores = [self.of(decided, evidence)]
        for rows, _, after in _steps(path):
            decided[rows] = after
            scores.append(self.of(decided, evidence) if len(rows) else scores[-1])
        return np.array(scores)

    def expected_along(self, path: Path, probability: Floats, evidence: Evidence) -> None:  # noqa: ARG002
        """Say that there is no expected score."""
        return


def _takes_weight(scorer: Callable[..., Any]) -> bool:
    try:
        return "sample_weight" in inspect.signature(scorer).parameters
    except (TypeError, ValueError):  # no signature to read
        return False


# --- from what a user gives --------------------------------------------------------------------------------------


def resolve_score(
    scoring: Any, classes: NDArray[Any], X: Any, y: Any, evidence: Evidence, *, weighted: bool
) -> Score:
    """Return the score that a name or a scorer stands for, in the fastest form that is right.

    Raises
    ------
    ValueError
        If there is no such name, or if the score is one of probabilities.
    """
    if isinstance(scoring, str) and scoring in OWN_NAMES:
        return OWN_NAMES[scoring]
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        raise ValueError(
            f"unknown scoring {scoring!r}; there are {', '.join(map(repr, OWN_NAMES))} and the scorers of "
            f"scikit-learn that judge decisions, 'balanced_accuracy', 'f1_macro' and others "
            "(sklearn.metrics.get_scorer_names())"
        )
    scorer = check_scoring(Decided(classes[:1], classes), scoring)
    parts = scorer_parts(scorer)
    if parts is None:
        return CalledScore(scorer, classes, X, y, weighted=weighted)
    metric, sign, keywords, responses = parts
    if responses != ("predict",):
        name = repr(scoring) if isinstance(scoring, str) else repr(scorer)
        raise ValueError(_MEASURES_PROBABILITIES.format(f"scoring={name} judges {' or '.join(responses)}"))
    running = recognized(metric, keywords, classes)
    if running is not None and sign > 0:
        return running
    takes_weight = _takes_weight(metric)
    called = CalledScore(_calling(metric, sign, keywords), classes, X, y, weighted=weighted and takes_weight)
    if not takes_weight:
        return called
    by_cells = CellScore(metric, sign, keywords, classes)
    # A metric may take weights and do nothing, or something else, with them: then it is called on the samples.
    decided = evidence.log_probability.argmax(axis=1)
    one, other = by_cells.of(decided, evidence), called.of(decided, evidence)
    return by_cells if np.isclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True) else called


def _calling(metric: Callable[..., Any], sign: int, keywords: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the scorer without its look at `pos_label`, which scikit-learn 1.7 wants among the classes."""

    def scorer(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        return sign * metric(y, estimator.predict(X), **keywords, **more)

    return scorer


def without_nan(scores: Floats, names: Callable[[int], str]) -> Floats:
    """Return scores with those that are NaN out of the running, with a warning that names the candidates.

    Raises
    ------
    ValueError
        If all are NaN.
    """
    undefined = np.flatnonzero(np.isnan(scores))
    if not len(undefined):
        return scores
    if len(undefined) == len(scores):
        raise ValueError(f"scoring gave NaN for every candidate, from {names(0)} to {names(len(scores) - 1)}")
    shown = ", ".join(names(int(i)) for i in undefined[:5]) + (", ..." if len(undefined) > 5 else "")
    warn(f"scoring gave NaN for {len(undefined)} of {len(scores)} candidates, {shown}: left out", UserWarning)
    return np.where(np.isnan(scores), -np.inf, scores)
