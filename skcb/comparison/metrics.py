"""The metrics of a fold: of its decisions, its probabilities, and its classes with many or few samples."""

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from imblearn.metrics import geometric_mean_score
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from sklearn.utils.validation import column_or_1d

from skcb._checks import shown
from skcb._classes.labels import encode_labels, family_of
from skcb._classes.vector import ClassVector
from skcb.counting import count_classes
from skcb.metrics import ShotAccuracy, accuracy_by_shots

_BINS = 15


class Outcome:
    """A fitted estimator's answers for the test part of a fold, as codes into the classes of the data set."""

    def __init__(
        self, estimator: Any, X: Any, y: NDArray[Any], y_train: NDArray[Any], classes: NDArray[Any]
    ) -> None:
        self._estimator, self._X, self._y_train = estimator, X, y_train
        self.classes = classes
        self.true = np.searchsorted(classes, y)  # which are all among the classes
        self.predicted = _codes(classes, column_or_1d(estimator.predict(X)))

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """Probabilities in the order of `classes`; 0 for a class that the training part lacked."""
        if not hasattr(self._estimator, "predict_proba"):
            raise AttributeError("the estimator has no predict_proba; CalibratedClassifierCV(...) gives it one")
        probability = np.asarray(self._estimator.predict_proba(self._X), dtype=np.float64)
        if not np.isfinite(probability).all():
            raise ValueError("predict_proba returned NaN or infinity")
        aligned = np.zeros((len(probability), len(self.classes)))
        known = getattr(self._estimator, "classes_", self.classes)
        aligned[:, ClassVector.codes(self.classes).in_order_of(known, out_of="the classes of y")] = probability
        return aligned

    @cached_property
    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Of each class the test samples that are right, that are of it, and that are said to be."""
        size = len(self.classes)
        right = self.true[self.true == self.predicted]
        # A prediction that is no class has the code after the last: it is wrong for all.
        return tuple(np.bincount(codes, minlength=size)[:size] for codes in (right, self.true, self.predicted))  # type: ignore[return-value]

    @cached_property
    def tested(self) -> NDArray[np.intp]:
        """Codes of the classes that have test samples, and for whom there are others."""
        of_class = self.counts[1]
        return np.flatnonzero((of_class > 0) & (of_class < len(self.true)))

    @cached_property
    def shots(self) -> ShotAccuracy:
        """Accuracy over the classes with many, medium and few training samples."""
        of_class = self.counts[1]
        tested = of_class > 0
        trained = count_classes(self._y_train)
        shots = ClassVector(*trained).in_order_of(self.classes[tested], out_of="the classes of y_train")
        return accuracy_by_shots(self.counts[0][tested] / of_class[tested], shots)


def _codes(classes: NDArray[Any], predicted: Any) -> NDArray[np.intp]:
    """Codes of predictions; of those that are no class, the number of classes."""
    labels = encode_labels(predicted)
    if family_of(labels.vocabulary) != family_of(classes):
        raise ValueError(
            f"predict returned labels of type {family_of(labels.vocabulary)}, and the classes are of type "
            f"{family_of(classes)}: {shown(classes.tolist())}"
        )
    code_of = {label: code for code, label in enumerate(classes.tolist())}
    table = np.array([code_of.get(label, len(classes)) for label in labels.vocabulary.tolist()], dtype=np.intp)
    return table[labels.codes.astype(np.intp) - labels.offset]


def balanced_accuracy(outcome: Outcome) -> float:
    """Mean recall over the classes that have test samples."""
    hits, of_class, _ = outcome.counts
    return float(np.mean(hits[of_class > 0] / of_class[of_class > 0]))


def macro_f1(outcome: Outcome) -> float:
    """Mean F1 over the classes that occur among the test samples or the predictions."""
    hits, of_class, said = outcome.counts
    either = of_class + said
    return float(np.mean(2 * hits[either > 0] / either[either > 0]))


def g_mean(outcome: Outcome) -> float:
    """Geometric mean of the recalls: 0 as soon as a class is missed; imbalanced-learn's."""
    _, of_class, said = outcome.counts
    return float(geometric_mean_score(outcome.true, outcome.predicted, labels=np.flatnonzero(of_class + said)))


def auprc(outcome: Outcome) -> float:
    """Average precision of each class against the rest, averaged over the classes."""
    return _one_against_rest(average_precision_score, outcome)


def auroc(outcome: Outcome) -> float:
    """Area under the ROC curve of each class against the rest, averaged over the classes."""
    return _one_against_rest(roc_auc_score, outcome)


def cross_entropy(outcome: Outcome) -> float:
    """Mean negative log-likelihood, scikit-learn's ``log_loss``."""
    probability = outcome.probability / outcome.probability.sum(axis=1, keepdims=True)
    return float(log_loss(outcome.true, probability, labels=np.arange(len(outcome.classes))))


def brier(outcome: Outcome) -> float:
    """Mean over the samples of the squared error summed over all classes, from 0 to 2 as Brier had it.

    With two classes it is twice what counts one of them alone.
    """
    error = outcome.probability.copy()
    error[np.arange(len(error)), outcome.true] -= 1
    return float(np.mean(np.sum(error**2, axis=1)))


def expected_calibration_error(outcome: Outcome) -> float:
    """How far the largest probability is from how often it is right: 15 bins of equal width over (0, 1].

    It judges the probabilities and their largest class, which need not be the decision of ``predict``.
    """
    confidence = outcome.probability.max(axis=1)
    right = outcome.probability.argmax(axis=1) == outcome.true
    bins = np.searchsorted(np.linspace(0, 1, _BINS + 1)[1:-1], confidence)
    gap = np.bincount(bins, confidence, _BINS) - np.bincount(bins, right, _BINS)
    return float(np.abs(gap).sum() / len(confidence))


def _one_against_rest(score: Callable[..., float], outcome: Outcome) -> float:
    if not len(outcome.tested):
        raise ValueError("the test part has one class alone")
    return float(np.mean([score(outcome.true == c, outcome.probability[:, c]) for c in outcome.tested]))


class Metric(NamedTuple):
    """How a fold is scored, which way is better, and what people call it."""

    score: Callable[[Any], float]
    greater_is_better: bool
    title: str


#: The metrics that :func:`compare_strategies` knows by name, in the order of its tables.
METRICS: dict[str, Metric] = {
    "balanced_accuracy": Metric(balanced_accuracy, True, "balanced accuracy"),
    "macro_f1": Metric(macro_f1, True, "macro F1"),
    "g_mean": Metric(g_mean, True, "G-mean"),
    "auprc": Metric(auprc, True, "AUPRC"),
    "auroc": Metric(auroc, True, "AUROC"),
    "log_loss": Metric(cross_entropy, False, "log-loss"),
    "brier": Metric(brier, False, "Brier score"),
    "ece": Metric(expected_calibration_error, False, "expected calibration error"),
    "many_shot": Metric(attrgetter("shots.many"), True, "many-shot accuracy"),
    "medium_shot": Metric(attrgetter("shots.medium"), True, "medium-shot accuracy"),
    "few_shot": Metric(attrgetter("shots.few"), True, "few-shot accuracy"),
}
