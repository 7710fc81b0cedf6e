"""The metrics of a fold whose samples have several labels: of its decisions, its ranking, its probabilities."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, label_ranking_loss

from skcb._classes.indicators import as_indicator
from skcb.comparison.metrics import Metric


class LabelsOutcome:
    """A fitted estimator's answers for the test part of a fold, as matrices of shape (n_samples, n_labels)."""

    def __init__(self, estimator: Any, X: Any, Y: NDArray[np.int8]) -> None:
        self._estimator, self._X = estimator, X
        self.true = Y > 0
        self.predicted = as_indicator(estimator.predict(X), name="what predict returned").dense() > 0
        if self.predicted.shape != self.true.shape:
            raise ValueError(f"predict returned shape {self.predicted.shape}, and y has shape {self.true.shape}")

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """Probability of each label; 0 or 1 of one that had one value alone in the training part."""
        if not hasattr(self._estimator, "predict_proba"):
            raise AttributeError("the estimator has no predict_proba; CalibratedClassifierCV(...) gives it one")
        return probabilities_of_labels(self._estimator, self._X, self.true.shape[1])

    @cached_property
    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Of each label the test samples that have it and are said to, that have it, and that are said to."""
        return tuple(part.sum(axis=0) for part in (self.true & self.predicted, self.true, self.predicted))

    @cached_property
    def tested(self) -> NDArray[np.intp]:
        """Labels that some test samples have, and some have not."""
        return np.flatnonzero(self.true.any(axis=0) & ~self.true.all(axis=0))


def probabilities_of_labels(estimator: Any, X: Any, n_labels: int) -> NDArray[np.float64]:
    """Return the probability that a sample has a label, whatever form the estimator gives them.

    Raises
    ------
    ValueError
        If they are not finite, or not of as many labels.
    """
    said = estimator.predict_proba(X)
    if isinstance(said, list):  # of each label a column for each of its values, of which there may be one
        values = estimator.classes_
        said = np.column_stack(
            [
                np.asarray(columns, dtype=np.float64)[:, np.asarray(known) == 1].sum(axis=1)
                for columns, known in zip(said, values, strict=True)
            ]
        )
    probability = np.asarray(said, dtype=np.float64)
    if probability.ndim != 2 or probability.shape[1] != n_labels:
        raise ValueError(
            f"predict_proba returned shape {probability.shape}, not a column for each of {n_labels} labels"
        )
    if not np.isfinite(probability).all():
        raise ValueError("predict_proba returned NaN or infinity")
    return probability


def macro_f1(outcome: LabelsOutcome) -> float:
    """Mean F1 over the labels that occur among the test samples or the predictions."""
    hits, of_label, said = outcome.counts
    either = of_label + said
    return float(np.mean(2 * hits[either > 0] / either[either > 0]))


def micro_f1(outcome: LabelsOutcome) -> float:
    """F1 over all pairs of sample and label."""
    hits, of_label, said = (part.sum() for part in outcome.counts)
    return float(2 * hits / (of_label + said))


def macro_average_precision(outcome: LabelsOutcome) -> float:
    """Average precision of each label, averaged over those that some test samples have, and some have not."""
    if not len(outcome.tested):
        raise ValueError("no label takes both values in the test part")
    return float(
        np.mean([average_precision_score(outcome.true[:, j], outcome.probability[:, j]) for j in outcome.tested])
    )


def ranking_loss(outcome: LabelsOutcome) -> float:
    """Share of a sample's pairs of a label that it has and one that it has not that stand in the wrong order."""
    return float(label_ranking_loss(outcome.true, outcome.probability))


def cross_entropy(outcome: LabelsOutcome) -> float:
    """Mean negative log-likelihood over all pairs of sample and label."""
    tiny = np.finfo(np.float64).eps  # as scikit-learn's log_loss clips
    of_truth = np.where(outcome.true, outcome.probability, 1 - outcome.probability)
    return float(-np.mean(np.log(np.clip(of_truth, tiny, 1))))


def brier(outcome: LabelsOutcome) -> float:
    """Mean squared error of the probabilities over all pairs of sample and label."""
    return float(np.mean((outcome.probability - outcome.true) ** 2))


#: The metrics that :func:`compare_strategies` knows by name where samples have several labels.
MULTILABEL_METRICS: dict[str, Metric] = {
    "macro_f1": Metric(macro_f1, True, "macro F1"),
    "micro_f1": Metric(micro_f1, True, "micro F1"),
    "macro_average_precision": Metric(macro_average_precision, True, "macro average precision"),
    "label_ranking_loss": Metric(ranking_loss, False, "label-ranking loss"),
    "log_loss": Metric(cross_entropy, False, "log-loss"),
    "brier": Metric(brier, False, "Brier score"),
}
