"""Recall class by class, in order of frequency: how the many-, medium- and few-shot classes fare."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skcb.counting import count_classes
from skcb.metrics import ShotAccuracy, recall_by_class, shot_accuracy
from skcb.plotting import style
from skcb.plotting.drawing import new_axes, ticks_for_classes


class ShotAccuracyDisplay:
    """Recall of every class, the most common in training first, with many, medium and few shaded.

    Made by :meth:`from_predictions` or :meth:`from_estimator`.

    Parameters
    ----------
    recall : ndarray of shape (n_classes,)
        Recall of each class; NaN for one without test samples.
    counts : ndarray of shape (n_classes,)
        Training samples of each class, in descending order.
    classes : list
        Names, in the same order.
    shot_accuracy : ShotAccuracy
        Means over the groups.
    few, many : float
        Where the groups end, see :func:`shot_accuracy`.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Liu et al., Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019, :arxiv:`1904.05160`.

    Examples
    --------
    >>> from skcb import ShotAccuracyDisplay
    >>> y_train = ["cat"] * 500 + ["dog"] * 50 + ["elk"] * 5
    >>> y_true, y_pred = ["cat", "dog", "dog", "elk"], ["cat", "dog", "cat", "cat"]
    >>> ShotAccuracyDisplay.from_predictions(y_true, y_pred, y_train).recall
    array([1. , 0.5, 0. ])
    """

    def __init__(
        self,
        *,
        recall: NDArray[np.float64],
        counts: NDArray[np.float64],
        classes: Sequence[Any],
        shot_accuracy: ShotAccuracy,
        few: float = 20,
        many: float = 100,
    ) -> None:
        self.recall = recall
        self.counts = counts
        self.classes = classes
        self.shot_accuracy = shot_accuracy
        self.few = few
        self.many = many

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any, y_train: Any, *, few: float = 20, many: float = 100, ax: Any = None
    ) -> Self:
        """Draw the recalls of these predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels of the test set.
        y_pred : array-like of shape (n_samples,)
            Predictions for it.
        y_train : array-like of shape (n_train_samples,)
            Labels of the training set, which say how many samples a class had.
        few, many : float, default=20 and 100
            See :func:`shot_accuracy`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ShotAccuracyDisplay

        Raises
        ------
        ValueError
            As :func:`shot_accuracy` does.
        """
        shots = shot_accuracy(y_true, y_pred, y_train, few=few, many=many)
        tested = recall_by_class(y_true, y_pred)
        recall_of = dict(zip(tested.classes.tolist(), tested.values.tolist(), strict=True))
        classes, counts = count_classes(y_train)
        order = np.argsort(-counts, kind="stable")
        names = classes[order].tolist()
        return cls(
            recall=np.array([recall_of.get(name, np.nan) for name in names]),
            counts=counts[order].astype(np.float64),
            classes=names,
            shot_accuracy=shots,
            few=few,
            many=many,
        ).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, y_train: Any, *, few: float = 20, many: float = 100, ax: Any = None
    ) -> Self:
        """Draw the recalls of a fitted classifier.

        Parameters
        ----------
        estimator : classifier
            Fitted.
        X : array-like of shape (n_samples, n_features)
            The test set.
        y : array-like of shape (n_samples,)
            Its labels.
        y_train : array-like of shape (n_train_samples,)
            Labels of the training set, which say how many samples a class had.
        few, many : float, default=20 and 100
            See :func:`shot_accuracy`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ShotAccuracyDisplay

        Raises
        ------
        ValueError
            As :func:`shot_accuracy` does.
        """
        return cls.from_predictions(y, estimator.predict(X), y_train, few=few, many=many, ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw, on `ax` or a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : ShotAccuracyDisplay
        """
        self.ax_ = ax = new_axes(ax, 8, 4.5)
        self.figure_ = ax.figure
        rank = np.arange(1, len(self.counts) + 1)
        few, many = self.counts < self.few, self.counts > self.many
        groups = [
            (f"many (more than {self.many:g} training samples)", many, self.shot_accuracy.many, "white"),
            (
                f"medium ({self.few:g} to {self.many:g})",
                ~many & ~few,
                self.shot_accuracy.medium,
                style.tint(style.INK, 0.11),
            ),
            (f"few (fewer than {self.few:g})", few, self.shot_accuracy.few, style.tint(style.INK, 0.22)),
        ]
        for name, members, mean, shade in groups:
            if not members.any():
                continue
            edges = rank[members].min() - 0.5, rank[members].max() + 0.5
            said = "no test samples" if np.isnan(mean) else f"mean recall {mean:.3f}"
            classes = "1 class" if members.sum() == 1 else f"{members.sum()} classes"
            ax.axvspan(
                *edges,
                facecolor=shade,
                edgecolor=style.MUTED,
                linewidth=0.8,
                zorder=0,
                label=f"{name}: {classes}, {said}",
            )
            ax.hlines(mean, *edges, color=style.VERMILION, linewidth=2.5, zorder=3)
        crowded = len(rank) > 100
        size, alpha = (3, 0.4) if crowded else (6, 1)
        ax.plot(rank, self.recall, "o", color=style.BLUE, markersize=size, alpha=alpha, clip_on=False, zorder=4)
        ticks_for_classes(ax, self.classes, self.counts)
        ax.set(ylabel="recall on the test set", ylim=(-0.02, 1.02))
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.3)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False, borderaxespad=0)
        return self
