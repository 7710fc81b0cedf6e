"""Callbacks: weights that set in after some epochs, and scores for imbalanced data after each epoch."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import recall_score
from skorch.callbacks import Callback, EpochScoring

from skcb._checks import check_beta, check_integer
from skcb._warnings import warn
from skcb.metrics import ShotAccuracy, accuracy_by_shots


class DeferredReweighting(Callback):
    r"""Train with the plain loss first, and with class weights from an epoch on (DRW).

    .. math:: w_c = 1 \text{ before } \texttt{start\_epoch}, \qquad
        w_c \propto (1 - \beta) / (1 - \beta^{n_c}) \text{ from it on}

    What else the loss does (the margins of LDAM, the shifts of logit adjustment) it does from the beginning. The
    beta of every epoch stands in the history, as ``"beta"``; after the training the loss has the net's own again.

    Parameters
    ----------
    start_epoch : int
        The first epoch with weights, counted from 1 as skorch prints them.
    beta : float in [0, 1], default=None
        Of the weights. None takes the net's `beta`, and .9999, as in the paper, where that is None too.

    Raises
    ------
    ValueError
        When training begins: if `start_epoch` is below 1, or if beta is 0, which never weights.

    Warns
    -----
    UserWarning
        When training ends before `start_epoch`, so that no weights were used.

    References
    ----------
    Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019,
    :arxiv:`1906.07413`.

    Examples
    --------
    >>> from skcb import CBNeuralNetClassifier, DeferredReweighting, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> net = CBNeuralNetClassifier(
    ...     loss="ldam", max_epochs=50, callbacks=[DeferredReweighting(start_epoch=41)], random_state=0
    ... ).fit(X / 16, y)
    >>> net.history[39:41, "beta"]
    [0.0, 0.9999]
    """

    def __init__(self, start_epoch: int, beta: float | None = None) -> None:
        self.start_epoch = start_epoch
        self.beta = beta

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Check the parameters."""
        if check_integer("start_epoch", self.start_epoch) < 1:
            raise ValueError(f"start_epoch is counted from 1, got {self.start_epoch!r}")
        if check_beta(self._beta(net)) == 0:
            raise ValueError("beta=0 weights no class, so there is nothing to defer; give a beta above 0")
        self._weight_for(net, len(net.history) + 1)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Set the weights of this epoch."""
        net.history.record("beta", self._weight_for(net, len(net.history)))

    def on_train_end(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Give the loss its own weights back, and warn where ours never set in."""
        net.weigh_by(net.own_beta)
        if 0 < len(net.history) < self.start_epoch:
            warn(
                f"training ended after epoch {len(net.history)}, before the weights were to set in at "
                f"start_epoch={self.start_epoch}; train longer or start earlier",
                UserWarning,
            )

    def _weight_for(self, net: Any, epoch: int) -> float:
        beta = self._beta(net) if epoch >= self.start_epoch else 0.0
        net.weigh_by(beta)
        return beta

    def _beta(self, net: Any) -> float:
        return next(beta for beta in (self.beta, net.beta, 0.9999) if beta is not None)


class _RecallScoring(EpochScoring):
    """A mean of recalls over classes, after each epoch."""

    measure: str

    def __init__(self, *, on_train: bool = False, name: str | None = None) -> None:
        super().__init__(None, lower_is_better=False, on_train=on_train, name=name)

    def initialize(self) -> Self:
        """Prepare for a new training."""
        self.told_ = False
        return super().initialize()

    def on_epoch_end(self, net: Any, dataset_train: Any, dataset_valid: Any, **kwargs: Any) -> None:
        """Record the score; warn, once, where there is no validation part to score."""
        if not self.on_train and dataset_valid is None and not self.told_:
            self.told_ = True
            warn(
                f"{type(self).__name__} has nothing to score, since the net has train_split=None; give it a "
                "train_split (skorch.dataset.ValidSplit), or score the training part: on_train=True",
                UserWarning,
            )
        super().on_epoch_end(net, dataset_train, dataset_valid, **kwargs)

    def _get_name(self) -> str:
        return self.name or f"{'train' if self.on_train else 'valid'}_{self.measure}"

    def _scoring(self, net: Any, X_test: Any, y_test: NDArray[Any]) -> float:
        if np.ndim(y_test) > 1:
            raise ValueError(
                f"{type(self).__name__} scores one label per sample, and y has several; skorch's "
                'EpochScoring("f1_macro", lower_is_better=False) scores them'
            )
        classes = np.unique(y_test)
        recall = recall_score(y_test, net.predict(X_test), labels=classes, average=None, zero_division=0)
        return self.mean(recall, net.class_count_[np.searchsorted(net.classes_, classes)])

    def mean(self, recall: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
        """Return the mean over the classes that are scored, of which the training part has `counts`."""
        raise NotImplementedError


class BalancedAccuracyScoring(_RecallScoring):
    """Record the balanced accuracy after each epoch: the mean of the recalls of the classes.

    Parameters
    ----------
    on_train : bool, default=False
        Whether to score the training part (while it is trained on) or the validation part.
    name : str, default=None
        Column of the history; None is ``"valid_bal_acc"`` or ``"train_bal_acc"``.

    Warns
    -----
    UserWarning
        Once, if the net keeps no validation part and that is what is to be scored.

    Examples
    --------
    >>> from skorch.dataset import ValidSplit
    >>> from skcb import BalancedAccuracyScoring, CBNeuralNetClassifier, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> net = CBNeuralNetClassifier(
    ...     max_epochs=3, train_split=ValidSplit(2, stratified=True), callbacks=[BalancedAccuracyScoring()]
    ... ).fit(X / 16, y)
    >>> len(net.history[:, "valid_bal_acc"])
    3
    """

    measure = "bal_acc"

    def mean(self, recall: NDArray[np.float64], counts: NDArray[np.float64]) -> float:  # noqa: ARG002
        """Return the mean over all of them."""
        return float(recall.mean())


class ShotAccuracyScoring(_RecallScoring):
    """Record after each epoch the accuracy over the classes with few, medium or many training samples.

    Parameters
    ----------
    group : {"few", "medium", "many"}, default="few"
        Classes with fewer than 20, with 20 to 100, or with more than 100 samples in the training part.
    on_train : bool, default=False
        Whether to score the training part (while it is trained on) or the validation part.
    name : str, default=None
        Column of the history; None is ``"valid_few_acc"``, or what `group` and `on_train` make of it. The
        score is NaN where no class is in the group.

    Raises
    ------
    ValueError
        When the net is initialized, if `group` is none of the three.

    Warns
    -----
    UserWarning
        Once, if the net keeps no validation part and that is what is to be scored.

    See Also
    --------
    skcb.shot_accuracy : the three of them, for predictions.

    References
    ----------
    Liu et al., Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019, :arxiv:`1904.05160`.

    Examples
    --------
    >>> from skcb import CBNeuralNetClassifier, ShotAccuracyScoring, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> net = CBNeuralNetClassifier(max_epochs=3, callbacks=[ShotAccuracyScoring(on_train=True)]).fit(X / 16, y)
    >>> len(net.history[:, "train_few_acc"])
    3
    """

    def __init__(
        self,
        group: Literal["few", "medium", "many"] = "few",
        *,
        on_train: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(on_train=on_train, name=name)
        self.group = group

    def initialize(self) -> Self:
        """Prepare for a new training."""
        if self.group not in ShotAccuracy._fields:
            raise ValueError(f'group must be "few", "medium" or "many", got {self.group!r}')
        self.measure = f"{self.group}_acc"
        return super().initialize()

    def mean(self, recall: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
        """Return the mean over the classes of the group."""
        return getattr(accuracy_by_shots(recall, counts), self.group)
