"""Curves of beta: effective numbers against counts, and weights against classes."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skcb._checks import as_counts, check_beta, counts_in_order_of, labelled_counts
from skcb.balancing import Normalization, beta_grid, class_weight, effective_number
from skcb.plotting import style
from skcb.plotting.drawing import label_at_right, new_axes, ticks_for_classes, tidy

_BETAS_OF_THE_PAPER = (0.9, 0.99, 0.999, 0.9999, 1.0)


class EffectiveNumberDisplay:
    r"""The effective number against the number of samples, for several beta.

    .. math:: E_n = (1 - \beta^n) / (1 - \beta)

    It follows n at first and levels off at :math:`1 / (1 - \beta)`. Made by :meth:`from_counts`.

    Parameters
    ----------
    n : ndarray of shape (n_points,)
        Numbers of samples.
    effective_number : ndarray of shape (n_betas, n_points)
        Effective number at each, for each beta.
    beta : list of float
        The betas, in ascending order.
    counts : ndarray of shape (n_classes,), default=None
        Counts of classes, marked on the curves.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import EffectiveNumberDisplay
    >>> display = EffectiveNumberDisplay.from_counts([5000, 500, 50], beta=[0.99, 0.999])
    >>> display.ax_.get_ylabel()
    'effective number of samples'
    """

    def __init__(
        self,
        *,
        n: NDArray[np.float64],
        effective_number: NDArray[np.float64],
        beta: Sequence[float],
        counts: NDArray[np.float64] | None = None,
    ) -> None:
        self.n = n
        self.effective_number = effective_number
        self.beta = beta
        self.counts = counts

    @classmethod
    def from_counts(cls, counts: ArrayLike, *, beta: ArrayLike | None = None, ax: Any = None) -> Self:
        """Draw the curves up to the largest count.

        Parameters
        ----------
        counts : array-like of shape (n_classes,)
            Samples per class.
        beta : array-like of shape (n_betas,), default=None
            None takes the paper's .9, .99, .999 and .9999, and 1, where a sample counts as one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EffectiveNumberDisplay

        Raises
        ------
        ValueError
            If a count or a beta is not valid.
        """
        counts = as_counts(counts, any_order=True)
        if not counts.any():
            raise ValueError(f"all {len(counts)} counts are 0: no class has samples")
        betas = _as_betas(_BETAS_OF_THE_PAPER if beta is None else beta)
        n = np.geomspace(1, max(counts.max(), 10), 300)
        numbers = np.array([effective_number(n, value) for value in betas])
        return cls(n=n, effective_number=numbers, beta=betas, counts=counts).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw, on `ax` or a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : EffectiveNumberDisplay
        """
        self.ax_ = ax = new_axes(ax, 7, 4.5)
        self.figure_ = ax.figure
        colors = style.in_order(len(self.beta))
        for number, color, beta in zip(self.effective_number, colors, self.beta, strict=True):
            ax.plot(self.n, number, color=color, linewidth=2, label=f"beta={beta:g}")
            present = np.empty(0) if self.counts is None else self.counts[self.counts >= 1]
            if len(present):
                ax.plot(
                    present,
                    effective_number(present, beta),
                    "o",
                    color=color,
                    markersize=6 if len(present) <= 50 else 2,
                    alpha=1 if len(present) <= 50 else 0.3,
                )
        ax.set(xscale="log", yscale="log", xlabel="number of samples", ylabel="effective number of samples")
        if self.counts is not None:
            ax.set_xlabel("number of samples (dots: the classes)")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:g}")
        ax.margins(x=0.02)
        tidy(ax)
        texts = [f"β = {beta:g}" + (", n itself" if beta == 1 else "") for beta in self.beta]
        label_at_right(ax, self.n[-1], self.effective_number[:, -1], texts, colors=colors, size=style.NORMAL)
        return self


class ClassWeightDisplay:
    r"""The weights of the classes, from the most common to the rarest, for several beta.

    .. math:: w_c \propto (1 - \beta) / (1 - \beta^{n_c})

    They lie between no weighting, beta 0, and inverse frequency, beta 1. Made by :meth:`from_counts` or
    :meth:`from_estimator`.

    Parameters
    ----------
    class_weight : ndarray of shape (n_betas, n_classes)
        Weights for each beta, the largest class first.
    beta : list of float
        The betas, in ascending order.
    counts : ndarray of shape (n_classes,)
        Samples of each class, in descending order.
    classes : list
        Their names, in the same order.
    chosen : float, default=None
        The beta to draw thicker.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import ClassWeightDisplay
    >>> display = ClassWeightDisplay.from_counts([5000, 500, 50], classes=["cat", "dog", "elk"])
    >>> len(display.beta)
    5
    """

    def __init__(
        self,
        *,
        class_weight: NDArray[np.float64],
        beta: Sequence[float],
        counts: NDArray[np.float64],
        classes: Sequence[Any],
        chosen: float | None = None,
    ) -> None:
        self.class_weight = class_weight
        self.beta = beta
        self.counts = counts
        self.classes = classes
        self.chosen = chosen

    @classmethod
    def from_counts(
        cls,
        counts: ArrayLike,
        *,
        beta: ArrayLike | None = None,
        classes: Sequence[Any] | None = None,
        normalize: Normalization = "samples",
        chosen: float | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the weights of these counts.

        Parameters
        ----------
        counts : array-like of shape (n_classes,)
            Samples per class.
        beta : array-like of shape (n_betas,), default=None
            None takes :func:`beta_grid`, from no weighting to inverse frequency.
        classes : sequence of length n_classes, default=None
            Names; None takes the labels of the counts where they have some, and numbers the classes from 0 in
            the order of `counts` elsewhere.
        normalize : {"classes", "samples"} or None, default="samples"
            See :func:`class_weight`.
        chosen : float, default=None
            A beta to add and draw thicker.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ClassWeightDisplay

        Raises
        ------
        ValueError
            If a count or a beta is not valid, or if `classes` has another length.
        """
        labelled = labelled_counts(counts)
        if labelled is not None:
            classes = labelled[0] if classes is None else classes
            counts = counts_in_order_of(classes, counts)
        counts = as_counts(counts)
        names = list(range(len(counts))) if classes is None else list(classes)
        if len(names) != len(counts):
            raise ValueError(f"classes names {len(names)} classes, counts has {len(counts)}")
        given = beta_grid(counts) if beta is None else np.ravel(np.asarray(beta, dtype=np.float64))
        betas = _as_betas(given if chosen is None else np.append(given, chosen))
        order = [position for position in np.argsort(-counts, kind="stable") if counts[position] > 0]
        weights = np.array([class_weight(counts, value, normalize=normalize)[order] for value in betas])
        return cls(
            class_weight=weights,
            beta=betas,
            counts=counts[order],
            classes=[names[position] for position in order],
            chosen=chosen,
        ).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the weights that a fitted estimator used, between no weighting and inverse frequency.

        Parameters
        ----------
        estimator : ClassBalancedClassifier, ClassBalancedWeighter or CBNeuralNetClassifier
            Fitted; or a Pipeline that ends in one, or a search whose best estimator does.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ClassWeightDisplay

        Raises
        ------
        TypeError
            If the estimator has no `beta` and no class counts of its own.
        """
        last = estimator
        while hasattr(last, "steps") or hasattr(last, "best_estimator_"):
            last = last.best_estimator_ if hasattr(last, "best_estimator_") else last.steps[-1][1]
        weighted = getattr(last, "criterion_", last)  # of a net the loss
        if not (hasattr(last, "class_count_") and hasattr(weighted, "beta")):
            raise TypeError(
                f"{type(last).__name__} has no class_count_ and beta; fit a ClassBalancedClassifier, or use "
                "ClassWeightDisplay.from_counts"
            )
        return cls.from_counts(
            last.class_count_,
            beta=[0, 1],
            classes=np.asarray(last.classes_).tolist(),
            normalize=weighted.normalize,
            chosen=weighted.beta,
            ax=ax,
        )

    def plot(self, *, ax: Any = None) -> Self:
        """Draw, on `ax` or a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : ClassWeightDisplay
        """
        self.ax_ = ax = new_axes(ax, 7.5, 4.5)
        self.figure_ = ax.figure
        colors = style.in_order(len(self.beta))
        rank = np.arange(1, len(self.counts) + 1)
        for weight, color, beta in zip(self.class_weight, colors, self.beta, strict=True):
            marker = "o" if len(rank) <= 25 else ""
            width = 3.5 if beta == self.chosen else 1.8
            ax.plot(
                rank, weight, marker=marker, color=color, linewidth=width, markersize=5, label=f"beta={beta:g}"
            )
        if self.class_weight.max() > 10 * self.class_weight.min():
            ax.set_yscale("log", subs=[])
            ax.yaxis.get_major_locator().set_params(subs=(1, 2, 5))
            ax.yaxis.set_major_formatter("{x:g}")
        ax.set_ylabel("weight of a sample")
        ticks_for_classes(ax, self.classes, self.counts)
        tidy(ax)
        label_at_right(
            ax, rank[-1], self.class_weight[:, -1], [self._name(beta) for beta in self.beta], colors=colors
        )
        return self

    def _name(self, beta: float) -> str:
        meaning = {0.0: ", none", 1.0: ", inverse frequency"}.get(float(beta), "")
        if not meaning and beta == self.chosen:
            meaning = ", chosen"
        close_to_one = 0 < 1 - beta < 1e-3
        return (f"β = 1 - {1 - beta:.2g}" if close_to_one else f"β = {beta:.4g}") + meaning


def _as_betas(beta: ArrayLike) -> list[float]:
    betas = sorted({check_beta(value) for value in np.ravel(np.asarray(beta, dtype=np.float64)).tolist()})
    if not betas:
        raise ValueError("beta is empty; None takes the defaults")
    return betas
