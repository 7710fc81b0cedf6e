"""Weights for samples from the labels: ``ClassBalancedWeighter`` and its two functions."""

from typing import Any, Literal, Protocol, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skcb._checks import check_sample_weight, counts_in_order_of, shown
from skcb._classes.blocks import is_blocked
from skcb._classes.indicators import count_indicator
from skcb._classes.labels import encode_labels
from skcb._classes.row_weights import (
    SEVERAL_LABELS,
    as_known_indicator,
    has_one_label,
    has_several_labels,
    mean_over_labels,
    warn_of_constant_labels,
    weight_of_values,
)
from skcb._classes.vector import ClassCounts, ClassVector, as_labels, count, effective_number_rule, weigh
from skcb._upstream import DocumentedEstimator
from skcb.balancing import Normalization, class_weight, effective_number

__all__ = ["ClassBalancedWeighter", "compute_class_weight", "compute_sample_weight"]

_NOT_A_STEP = (
    "ClassBalancedWeighter weights the target: its methods take y, and sample_weight by name. As a step of a "
    "Pipeline its weights would go nowhere. Write instead\n"
    "    make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression()))\n"
    "or, without a Pipeline,\n"
    "    LogisticRegression().fit(X, y, sample_weight=ClassBalancedWeighter().fit_transform(y))"
)


def compute_class_weight(
    y: Any,
    *,
    beta: float = 0.999,
    classes: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: Normalization = "samples",
) -> NDArray[np.float64]:
    r"""Class-balanced weight of each class, counted from the labels.

    .. math:: w_c \propto (1 - \beta) / (1 - \beta^{n_c})

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels, as :func:`count_classes` takes them.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, scikit-learn's ``"balanced"``.
    classes : array-like of shape (n_classes,), default=None
        The order of the result, and classes that `y` lacks, which weigh 0. None takes the classes of `y`,
        sorted.
    sample_weight : array-like of shape (n_samples,), default=None
        A sample counts as much as its weight.
    normalize : {"classes", "samples"} or None, default="samples"
        What the weights average one over, see :func:`class_weight`.

    Returns
    -------
    class_weight : ndarray of shape (n_classes,), float64

    Raises
    ------
    ValueError
        If `y`, `sample_weight` or `beta` is not valid, if `classes` repeats a class, or if `y` has a label
        that is not among `classes`.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import compute_class_weight
    >>> compute_class_weight(["cat"] * 90 + ["dog"] * 10, beta=0.99).round(3)
    array([0.657, 4.089])
    """
    counted = count(as_labels(y), sample_weight)
    counts = counted.counts if classes is None else _in_order(counted, encode_labels(classes).decode())
    return class_weight(counts.astype(np.float64), beta, normalize=normalize)


class Blocked(Protocol):
    """A Dask array or Series, whose weights are one too, as type checkers know it."""

    def __dask_graph__(self) -> Any: ...


@overload
def compute_sample_weight(
    y: Blocked,
    *,
    beta: float = 0.999,
    sample_weight: ArrayLike | None = None,
    normalize: Normalization = "samples",
    multilabel: Literal["mean"] | None = None,
) -> Any: ...
@overload
def compute_sample_weight(
    y: Any,
    *,
    beta: float = 0.999,
    sample_weight: ArrayLike | None = None,
    normalize: Normalization = "samples",
    multilabel: Literal["mean"] | None = None,
) -> NDArray[np.float64]: ...
def compute_sample_weight(
    y: Any,
    *,
    beta: float = 0.999,
    sample_weight: ArrayLike | None = None,
    normalize: Normalization = "samples",
    multilabel: Literal["mean"] | None = None,
) -> Any:
    r"""Weight of each sample, that of its class, ready to pass to ``fit(X, y, sample_weight=...)``.

    With ``multilabel="mean"`` the weight of a row of an indicator matrix: the mean over all L labels, those that
    the row has and those that it has not, of the weight of that value,

    .. math:: w_i = \frac 1 L \sum_j w_{j, y_{ij}}, \qquad
        w_{j1} = \frac{k_j}{E(n_j^+)}, \quad w_{j0} = \frac{k_j}{E(n_j^-)}, \qquad
        E(n) = \frac{1 - \beta^n}{1 - \beta}

    where :math:`n_j^+` samples have label j and :math:`n_j^-` have not, and :math:`k_j` is such that the weights
    of every label average one over the samples, as :func:`label_weight` has them; so then do the :math:`w_i`.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels, as :func:`count_classes` takes them. With `multilabel` an indicator matrix of zeros and ones: a
        NumPy array, a list of rows, a sparse matrix, a pandas or polars DataFrame, or a torch tensor. A row
        without any label is a sample as others are.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, scikit-learn's ``"balanced"``.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights that the samples have already: they weight the counts and are multiplied in.
    normalize : {"classes", "samples"} or None, default="samples"
        What the class weights average one over, see :func:`class_weight`. ``"samples"`` keeps the sum of the
        sample weights as it was. With `multilabel` the two values of each label are its classes.
    multilabel : {"mean"} or None, default=None
        ``"mean"`` makes one weight per row for estimators that take indicator matrices, such as trees, forests and
        ``MLPClassifier``. It is a compromise: a row with one rare label among many weighs little more than others,
        and what it weighs, it weighs for all labels. ``MultiOutputClassifier`` around
        :class:`ClassBalancedClassifier` gives each label weights of its own. None takes one label per sample.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,), float64
        Lazy and in the blocks of `y`, a Dask array or Series, where `y` is one; in memory with `multilabel`.

    Raises
    ------
    ValueError
        If `y`, `sample_weight` or `beta` is not valid: with `multilabel` also if `y` has another value than 0 and
        1, is one label per sample, or has no 1 at all; without it if `y` has several labels per sample.

    Warns
    -----
    EmptyClassWarning
        With `multilabel`, if a label is always or never there: it weighs every row alike.
    InertBetaWarning
        As :func:`class_weight` and, with `multilabel`, :func:`label_weight` have it.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import compute_sample_weight
    >>> compute_sample_weight([0, 0, 0, 0, 1], beta=0.9).round(3)
    array([0.672, 0.672, 0.672, 0.672, 2.311])
    >>> compute_sample_weight([[1, 0], [1, 0], [1, 0], [0, 0], [1, 1]], beta=0.9, multilabel="mean").round(3)
    array([0.672, 0.672, 0.672, 1.492, 1.492])
    """
    if multilabel is None:
        if has_several_labels(y) and not is_blocked(y):
            raise ValueError(f"y has several labels per sample, and here each has one: {SEVERAL_LABELS}")
        return weigh(as_labels(y), sample_weight, effective_number_rule(beta, normalize)).sample_weight
    if multilabel != "mean":
        raise ValueError(f'multilabel must be "mean" or None, got {multilabel!r}')
    if has_one_label(y):
        raise ValueError(
            "multilabel='mean' takes an indicator matrix of shape (n_samples, n_labels), and y has one label for "
            f"each of {len(y)} samples: leave multilabel out"
        )
    indicator = as_known_indicator(y)
    given = check_sample_weight(sample_weight, indicator.codes.shape[0])
    counted = count_indicator(indicator, given)
    weight = mean_over_labels(indicator, weight_of_values(counted, beta, normalize))
    warn_of_constant_labels(counted)
    return weight if given is None else weight * given


class ClassBalancedWeighter(DocumentedEstimator, BaseEstimator):
    r"""Turn labels into sample weights: one over the effective number of the label's class, normalised.

    .. math:: w_i \propto (1 - \beta) / (1 - \beta^{n_{y_i}})

    A transformer of the target, as ``LabelBinarizer`` is: not a step of a Pipeline.
    :class:`ClassBalancedClassifier` is what composes there.

    Parameters
    ----------
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, scikit-learn's ``"balanced"``. :func:`beta_grid`
        proposes values between.
    normalize : {"classes", "samples"} or None, default="samples"
        What the weights average one over, see :func:`class_weight`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes seen, sorted.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.
    effective_number_ : ndarray of shape (n_classes,)
        Effective number of samples of each class.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class.

    See Also
    --------
    ClassBalancedClassifier : weights from the labels that each ``fit`` receives, in Pipelines and searches.
    compute_sample_weight : in one function, and with a given ``sample_weight`` multiplied in.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skcb import ClassBalancedWeighter
    >>> X, y = load_wine(return_X_y=True)
    >>> estimator = GaussianNB().fit(X, y, sample_weight=ClassBalancedWeighter().fit_transform(y))
    >>> estimator.class_prior_.round(2)
    array([0.33, 0.34, 0.33])
    """

    def __init__(self, beta: float = 0.999, *, normalize: Normalization = "samples") -> None:
        self.beta = beta
        self.normalize = normalize

    def fit(self, y: Any, *step: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Count the classes and weight them.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels, as :func:`count_classes` takes them.
        *step : never given
            A second positional argument is how a Pipeline calls its steps, and is an error.
        sample_weight : array-like of shape (n_samples,), default=None
            A sample counts as much as its weight.

        Returns
        -------
        self : ClassBalancedWeighter

        Raises
        ------
        TypeError
            If called as a step of a Pipeline.
        ValueError
            If `y`, `sample_weight` or `beta` is not valid.
        """
        _refuse_step(y, step)
        return self._weigh(count(as_labels(y), sample_weight))

    def partial_fit(self, y: Any, *step: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Add the counts of one more part of the data; new classes may appear.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels of the part.
        *step : never given
            A second positional argument is how a Pipeline calls its steps, and is an error.
        sample_weight : array-like of shape (n_samples,), default=None
            A sample counts as much as its weight.

        Returns
        -------
        self : ClassBalancedWeighter
        """
        _refuse_step(y, step)
        counted = count(as_labels(y), sample_weight)
        if hasattr(self, "classes_"):
            counted = ClassCounts(self.classes_, self.class_count_) + counted
        return self._weigh(counted)

    @overload
    def transform(self, y: Blocked) -> Any: ...
    @overload
    def transform(self, y: Any) -> NDArray[np.float64]: ...
    def transform(self, y: Any) -> Any:
        """Weight of each sample: that of its class.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels, all of classes seen in :meth:`fit`.

        Returns
        -------
        sample_weight : ndarray of shape (n_samples,), float64
            Lazy and in the blocks of `y`, a Dask array or Series, where `y` is one.

        Raises
        ------
        ValueError
            If a label was not seen in :meth:`fit`; for a Dask array, when the weights are computed.
        """
        check_is_fitted(self)
        _refuse_step(y, ())
        return self._weight_of(as_labels(y))

    @overload
    def fit_transform(self, y: Blocked, *, sample_weight: ArrayLike | None = None) -> Any: ...
    @overload
    def fit_transform(self, y: Any, *, sample_weight: ArrayLike | None = None) -> NDArray[np.float64]: ...
    def fit_transform(self, y: Any, *step: Any, sample_weight: ArrayLike | None = None) -> Any:
        """Fit on the labels and return the weight of each sample.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels, as :func:`count_classes` takes them.
        *step : never given
            A second positional argument is how a Pipeline calls its steps, and is an error.
        sample_weight : array-like of shape (n_samples,), default=None
            A sample counts as much as its weight. It is not multiplied in; :func:`compute_sample_weight` does
            that.

        Returns
        -------
        sample_weight : ndarray of shape (n_samples,), float64
            Lazy and in the blocks of `y`, a Dask array or Series, where `y` is one. Its blocks are computed
            twice then, to be counted and to be weighted: persist a `y` that takes long to make.
        """
        _refuse_step(y, step)
        labels = as_labels(y)
        self._weigh(count(labels, sample_weight))
        return self._weight_of(labels)

    def _weigh(self, counted: ClassCounts) -> Self:
        # Weighed first: where the counts or the parameters are not valid, an earlier fit stays as it was.
        weight = ClassVector.by(effective_number_rule(self.beta, self.normalize), counted).values
        self.classes_, self.class_count_ = counted
        self.effective_number_ = effective_number(counted.counts.astype(np.float64), self.beta)
        self.class_weight_ = weight
        return self

    def _weight_of(self, labels: Any) -> Any:
        return ClassVector(self.classes_, self.class_weight_).of(labels, out_of="the classes seen in fit")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.one_d_labels = True
        return tags


def _in_order(counted: ClassCounts, ordered: NDArray[Any]) -> NDArray[np.float64]:
    """Return the counts in the order of the classes, 0 for those that have none."""
    labels = ordered.tolist()
    if len(set(labels)) < len(labels):
        raise ValueError(f"classes names a class more than once: [{shown(labels)}]")
    known = set(labels)
    if strangers := [label for label in counted.classes.tolist() if label not in known]:
        raise ValueError(f"labels [{shown(strangers)}] of y are not among classes: [{shown(labels)}]")
    present = dict(zip(counted.classes.tolist(), counted.counts.tolist(), strict=True))
    return counts_in_order_of(labels, {label: present.get(label, 0) for label in labels})


def _refuse_step(y: Any, step: tuple[Any, ...]) -> None:
    shape = tuple(getattr(y, "shape", ()))
    if not step and len(shape) == 2 and shape[1] == 1:
        raise ValueError(f"y must be 1-D, one label per sample, got a column of shape {shape}; write y.squeeze()")
    if not step and has_several_labels(y):
        raise TypeError(f"{_NOT_A_STEP}\nWhere y has several labels per sample, {SEVERAL_LABELS}.")
    if step:
        raise TypeError(_NOT_A_STEP)
