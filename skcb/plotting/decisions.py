"""The path of a tuned decision: its score against tau, and the tau that was taken."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skcb.plotting import style
from skcb.plotting.drawing import new_axes, tidy

_COLOR = style.FAMILIES["decisions"][0]


class TunedDecisionDisplay:
    r"""The score of decisions by :math:`p_c / \pi_c^\tau` against tau, as observed and as expected.

    What was observed on out-of-fold decisions moves in steps, which are noise where classes are rare; what the
    calibrated probabilities expect is smooth, and its maximum is taken where there is one. Tau 0 changes
    nothing, and tau 1 is the decision for balanced classes if the probabilities are right. Made by
    :meth:`from_estimator`.

    Parameters
    ----------
    tau : ndarray of shape (n_points,)
    score : ndarray of shape (n_points,)
        Observed.
    expected_score : ndarray of shape (n_points,), default=None
        Expected by the calibrated probabilities.
    chosen : float, default=None
        The tau that was taken; None if another vector was.
    best_score : float, default=None
        The cross-fitted score, drawn as a line across.
    name : str, default="score"
        What the score is called.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skcb import TunedDecisionClassifierCV, TunedDecisionDisplay, load_long_tailed_digits
    >>> X, _, y, _ = load_long_tailed_digits()
    >>> tuned = TunedDecisionClassifierCV(KNeighborsClassifier(10), store_cv_results=True).fit(X, y)
    >>> TunedDecisionDisplay.from_estimator(tuned).ax_.get_ylabel()
    'balanced accuracy'
    """

    def __init__(
        self,
        *,
        tau: NDArray[np.float64],
        score: NDArray[np.float64],
        expected_score: NDArray[np.float64] | None = None,
        chosen: float | None = None,
        best_score: float | None = None,
        name: str = "score",
    ) -> None:
        self.tau = tau
        self.score = score
        self.expected_score = expected_score
        self.chosen = chosen
        self.best_score = best_score
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the path of a fitted classifier.

        Parameters
        ----------
        estimator : TunedDecisionClassifierCV
            Fitted with ``store_cv_results=True``; or a Pipeline that ends in one, or a search whose best estimator
            does.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TunedDecisionDisplay

        Raises
        ------
        TypeError
            If the estimator keeps no path of tau.
        """
        last = estimator
        while hasattr(last, "steps") or hasattr(last, "best_estimator_"):
            last = last.best_estimator_ if hasattr(last, "best_estimator_") else last.steps[-1][1]
        path = getattr(last, "cv_results_", {})
        if "tau" not in path:
            raise TypeError(
                f"{type(last).__name__} keeps no path of tau; fit "
                "TunedDecisionClassifierCV(..., store_cv_results=True) with a score, not with costs"
            )
        scoring = last.scoring
        return cls(
            **path,
            chosen=last.tau_,
            best_score=last.best_score_,
            name=scoring.replace("_", " ") if isinstance(scoring, str) else "score",
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw, on `ax` or a new figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self : TunedDecisionDisplay
        """
        self.ax_ = ax = new_axes(ax, 7, 4.2)
        self.figure_ = ax.figure
        ax.plot(
            self.tau, self.score, color=_COLOR, linewidth=1.4, label="observed out of fold", drawstyle="steps-mid"
        )
        curve = self.score
        if self.expected_score is not None:
            curve = self.expected_score
            ax.plot(self.tau, curve, color=style.INK, linewidth=1.4, linestyle="--", label="expected")
        if self.best_score is not None:
            ax.axhline(self.best_score, color=style.MUTED, linewidth=0.9, linestyle=":", label="cross-fitted")
        for tau, meaning in ((0.0, "none"), (1.0, "balanced")):
            if self.tau.min() <= tau <= self.tau.max():
                ax.axvline(tau, color=style.RULE, linewidth=0.9, zorder=0)
                ax.annotate(
                    meaning,
                    (tau, 1),
                    (0, 3),
                    xycoords=("data", "axes fraction"),
                    textcoords="offset points",
                    ha="center",
                    fontsize=style.SMALL,
                    color=style.MUTED,
                )
        if self.chosen is not None:
            at = float(np.interp(self.chosen, self.tau, curve))
            label = f"chosen, tau = {self.chosen:.3g}"
            ax.plot([self.chosen], [at], "D", color=_COLOR, markersize=8, markeredgecolor="white", label=label)
        ax.set(xlabel="tau", ylabel=self.name)
        tidy(ax)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize=style.SMALL)
        return self
