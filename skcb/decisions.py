"""Decisions other than the largest probability: the prior of the classes divided out, or what a score wants."""

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax
from sklearn.ensemble import StackingClassifier
from sklearn.utils.validation import check_is_fitted

from skcb._checks import check_sample_weight, check_target, counts_in_order_of, labelled_counts
from skcb._classes.labels import encode_labels
from skcb._classes.vector import ClassVector, count
from skcb._decisions.evidence import Evidence, check_order, check_probability, floored_log
from skcb._decisions.fitting import Gathered, gather
from skcb._decisions.out_of_fold import probabilities_of
from skcb._decisions.paths import decide
from skcb._decisions.scores import Scoring, resolve_score
from skcb._decisions.tuning import METHODS, N_FOLDS, Method, cheapest, rules_of, tune, tune_costs
from skcb._guards import warn_of_priors_on_weights
from skcb._pipelines import fit_clone, refuse_samplers, route
from skcb._upstream import HasMethods, Interval, StrOptions, fit_context
from skcb._wrappers import (
    ClassifierAround,
    TakesWeightsAsItsEstimator,
    check_has_probabilities,
    estimator_has,
    forget,
    is_fitted_already,
    is_prefit,
    prior_of_probabilities,
)
from skcb.priors import check_prior

# Beyond, a sum of costs could overflow.
_LARGEST_COST = 1e150

__all__ = ["LogitAdjustedClassifier", "TunedDecisionClassifierCV", "tune_decision"]


class LogitAdjustedClassifier(ClassifierAround):
    r"""Fit a classifier as it is, and decide for another prior of the classes than that of its training.

    .. math:: \hat y = \arg\max_c \; \log p_c(x) - \tau \log \pi_c + \log \pi'_c,
        \qquad \pi_c = n_c / \textstyle\sum_k n_k

    Needs probabilities, not weights, so it serves nearest neighbours and other estimators that take none.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba``, or a Pipeline that ends in one. It is cloned, never changed.
    tau : float >= 0, default=1.0
        Strength of the adjustment: 0 keeps the estimator's decisions; 1 is the decision for balanced classes,
        if the probabilities are right. Over-confident estimators want more;
        :class:`TunedDecisionClassifierCV` finds it.
    prior : None, "training", array-like of shape (n_classes,), dict or Series, default=None
        The prior to decide for, :math:`\pi'`. None is the balanced world, where all classes are as frequent. An
        array in the order of the sorted classes, or a dict by label, is what is known of the world that the
        classifier is for: shares, or counts. ``"training"`` is the prevalence of the training data, which
        changes nothing at ``tau=1`` unless the estimator is weighted. See :func:`estimate_prior` where it is
        not known.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone; its ``predict_proba`` is the posterior before the adjustment.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of the columns of ``predict_proba``.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.

    Raises
    ------
    TypeError
        In `fit`, if the estimator has no ``predict_proba``, if it takes no weights though `sample_weight` is
        given, or if a sampler stands in the Pipeline.
    ValueError
        In `fit`, if `y`, `sample_weight` or `prior` is not valid.

    Warns
    -----
    DoubleBalancingWarning
        In `fit`, if something inside balances the classes: what skcb did not weight itself, such as
        ``class_weight="balanced"``, makes the decision wrong; what it did is superfluous where `prior` is None.

    See Also
    --------
    change_prior : the same for a matrix of probabilities.
    TunedDecisionClassifierCV : the decision that a score wants.

    Notes
    -----
    Around a classifier that skcb weights, :math:`\pi` is the prior that the weights made, weight times count,
    so that nothing is divided out twice. A frozen one keeps the counts that it was trained with.

    References
    ----------
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.

    Examples
    --------
    >>> from sklearn.metrics import balanced_accuracy_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skcb import LogitAdjustedClassifier, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> plain = KNeighborsClassifier(10)
    >>> adjusted = LogitAdjustedClassifier(plain).fit(X, y)
    >>> adjusted.score(X_test, y_test) > plain.fit(X, y).score(X_test, y_test)
    True
    """

    _parameter_constraints = {  # noqa: RUF012 - as scikit-learn has it
        # A StackingClassifier shows its predict only once it is fitted.
        "estimator": [HasMethods(["fit", "predict"]), StackingClassifier],
        "tau": [Interval(Real, 0, None, closed="left")],
        "prior": [None, StrOptions({"training"}), dict, "array-like"],
    }

    def __init__(self, estimator: Any, *, tau: float = 1.0, prior: Any = None) -> None:
        self.estimator = estimator
        self.tau = tau
        self.prior = prior

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Count the classes of `y` and fit a clone of the estimator without class weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Goes to the estimator, and weights the prior. Where the estimator takes none, neither does this
            method: its signature has no ``sample_weight`` then. A frozen estimator stays as it is.
        **fit_params : dict
            Passed on to ``estimator.fit``; with metadata routing on, routed.

        Returns
        -------
        self : LogitAdjustedClassifier
        """
        y, labels, given = self._check_fit(y, sample_weight, fit_params)
        classes, counts = count(labels, given)
        check_has_probabilities(self)
        refuse_samplers(self, self.estimator)
        if self.tau > 0:
            warn_of_priors_on_weights(self, to_balanced=self.prior is None)
        of_estimator, _ = route(self, fit_params)
        self.estimator_ = fit_clone(self, X, y, None if is_fitted_already(self) else given, of_estimator)
        self.class_count_ = self._align(ClassVector(classes, counts)).astype(np.float64)
        with np.errstate(divide="ignore"):  # a class that is not to be there
            self._log_prior = np.log(self._prior_to_decide_for())
        self._shift = self._log_prior.copy()
        # A class whose samples all weigh 0 has no prior to divide out.
        divided = prior_of_probabilities(self.estimator_, self.class_count_)
        self._shift[divided > 0] -= self.tau * np.log(divided[divided > 0] / divided.sum())
        return self

    def _prior_of_probabilities(self, _: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.exp(self._shift) * prior_of_probabilities(self.estimator_, self.class_count_)

    def _prior_to_decide_for(self) -> NDArray[np.float64]:
        """Return it as shares, in the order of the columns."""
        if self.prior is None:
            return np.ones(len(self.classes_))
        if isinstance(self.prior, str):
            return self.class_count_ / self.class_count_.sum()
        if labelled_counts(self.prior) is not None:
            return check_prior(
                counts_in_order_of(self.classes_.tolist(), self.prior, name="prior"), len(self.classes_)
            )
        return check_prior(self.prior, len(self.classes_))

    if not TYPE_CHECKING:  # to which it is the method above
        fit = TakesWeightsAsItsEstimator(fit)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class with the largest adjusted posterior.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        adjusted = self._adjusted(X)
        return self.classes_[adjusted.argmax(axis=1)]

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Adjusted posterior, normalised.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        return softmax(self._adjusted(X), axis=1)

    @estimator_has("predict_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        return log_softmax(self._adjusted(X), axis=1)

    def _adjusted(self, X: Any) -> NDArray[np.float64]:
        adjusted = self._log_proba(X) + self._shift
        # Of a sample that is surely of a class that is not to be there, nothing else is known than the prior.
        nothing = np.isneginf(adjusted).all(axis=1)
        adjusted[nothing] = self._log_prior
        return adjusted


class TunedDecisionClassifierCV(ClassifierAround):
    r"""Decide as a score wants it, with one number per class tuned on out-of-fold probabilities.

    .. math:: \hat y = \arg\max_c \; p_c(x) \, v_c

    scikit-learn's ``TunedThresholdClassifierCV`` for any number of classes. A search over weights fits the
    estimator for every candidate in every fold; here clones are fitted once in each fold, the vector v is found
    from what they say about the samples that they have not seen, and the estimator is fitted once more on
    everything.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba``, or a Pipeline that ends in one. It is cloned, never changed.
    scoring : str or callable, default="balanced_accuracy"
        What is to be maximised: the name of a scorer of scikit-learn's (``"f1_macro"``), ``"g_mean"`` or
        ``"cohen_kappa"``, what ``make_scorer`` makes, or a callable ``(estimator, X, y)``, which gets an estimator
        whose ``predict`` returns the decisions. Scorers of probabilities are refused.
    method : {"auto", "calibrated", "prior", "free"}, default="auto"
        How v is found. ``"calibrated"`` fits one temperature and one bias per class to the out-of-fold
        probabilities (a class with fewer samples than folds has no bias of its own), then takes the exponent
        tau of the prior with the largest *expected* score. ``"prior"`` takes the tau whose decisions score
        best. ``"free"`` moves one class after the other from there, drawn towards it. ``"auto"`` begins with
        ``"calibrated"`` where the score is a mean of recalls (balanced accuracy, G-mean), and with ``"prior"``
        elsewhere, and leaves it where the best of the others is better by a standard error on decisions that are
        cross-fitted.
    cost_matrix : array-like of shape (n_classes, n_classes), default=None
        In place of a score: what it costs to predict the class of a column where that of the row is true, in the
        order of the sorted classes. Decided is what the calibrated probabilities expect to cost least.
    cv : int, splitter, iterable or "prefit", default=None
        Folds, as scikit-learn's ``check_cv`` has them; None takes five, stratified. ``"prefit"``, with
        ``refit=False``, tunes a fitted classifier on the data given to `fit`, which it should not have seen.
    refit : bool, default=True
        Fit a clone on everything for the predictions. False keeps the models of the folds and averages their
        probabilities, which is often better for boosters, and takes as many times as long to predict.
    n_jobs : int, default=None
        Fits at a time; the result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seeds the resamples of ``"auto"``, and the cross-fitting where `cv` has one part. None is a fixed seed.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`.

    Attributes
    ----------
    estimator_ : classifier
        The classifier fitted on everything, or the prefitted one; with ``refit=False`` there is none of the
        former.
    estimators_ : list of classifiers
        The models of the folds, with ``refit=False``.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of the columns of ``predict_proba``.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.
    decision_weight_ : ndarray of shape (n_classes,)
        v, with geometric mean 1; None with a `cost_matrix`.
    tau_ : float
        Exponent of the prior that was taken, after calibration where there is one; None where there is none.
    temperature_ : float
        log p is divided by it in the calibration; above 1 the estimator is over-confident. 1 where there is none.
    method_ : str
        What found the vector: a `method` other than ``"auto"``, or ``"cost"``.
    best_score_ : float
        Score of decisions that are cross-fitted, each fold's by what the others say, so that it is not the maximum
        of a search; minus the mean cost with a `cost_matrix`.
    cv_results_ : dict
        The path: ``"tau"``, ``"score"`` observed on the out-of-fold decisions, and ``"expected_score"`` where
        that is what was maximised. Only with ``store_cv_results=True``.

    Raises
    ------
    TypeError
        In `fit`, if the estimator has no ``predict_proba``, or takes no weights though `sample_weight` is given.
    ValueError
        In `fit`, if `y`, `sample_weight`, `scoring` or `cost_matrix` is not valid, or the score is NaN throughout.

    See Also
    --------
    tune_decision : the same from probabilities that one has.
    LogitAdjustedClassifier : the decision for a prior, without tuning.
    ClassBalancedClassifierCV : weights for training, found in the same way.

    Notes
    -----
    ``predict_proba`` is the estimator's own: a decision moves, a belief does not. Probabilities below 1e-4 are
    taken for 1e-4 in decisions, so that v can raise a class that got 0.

    For several labels per sample ``MultiOutputClassifier`` around it tunes a threshold for each label, with
    ``scoring="f1"`` for its F1. ``OneVsRestClassifier`` asks for probabilities and cuts them at one half itself,
    so that a decision tuned inside it does nothing.

    References
    ----------
    Menon et al., Long-Tail Learning via Logit Adjustment, ICLR 2021, :arxiv:`2007.07314`.

    Narasimhan et al., Consistent Multiclass Algorithms for Complex Performance Measures, ICML 2015,
    :arxiv:`1501.00287`.

    Examples
    --------
    >>> from sklearn.metrics import balanced_accuracy_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skcb import TunedDecisionClassifierCV, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> plain = KNeighborsClassifier(10).fit(X, y)
    >>> tuned = TunedDecisionClassifierCV(KNeighborsClassifier(10)).fit(X, y)
    >>> for model in (plain, tuned):
    ...     print(f"{balanced_accuracy_score(y_test, model.predict(X_test)):.2f}")
    0.78
    0.92
    """

    _parameter_constraints = {  # noqa: RUF012 - as scikit-learn has it
        "estimator": [HasMethods(["fit", "predict"]), StackingClassifier],
        "scoring": [str, callable],
        "method": [StrOptions(set(METHODS))],
        "cost_matrix": ["array-like", None],
        "cv": ["cv_object", StrOptions({"prefit"})],
        "refit": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "store_cv_results": ["boolean"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        scoring: Scoring = "balanced_accuracy",
        method: Method = "auto",
        cost_matrix: ArrayLike | None = None,
        cv: Any = None,
        refit: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
        store_cv_results: bool = False,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.method = method
        self.cost_matrix = cost_matrix
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.store_cv_results = store_cv_results

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit clones on the folds, tune the decision on what they say out of fold, and fit on everything.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Goes to every fit, and weights the counts, the calibration and the score. Where the estimator takes
            none, neither does this method: its signature has no ``sample_weight`` then.
        **fit_params : dict
            Passed on to ``estimator.fit``, and ``groups`` to the splitter; with metadata routing on, routed.

        Returns
        -------
        self : TunedDecisionClassifierCV
        """
        if is_prefit(self) and self.refit:
            raise ValueError("cv='prefit' tunes a fitted classifier, which is not fitted again: give refit=False")
        forget(self, "estimator_", "estimators_", "cv_results_")
        y, labels, given = self._check_fit(y, sample_weight, fit_params)
        of_estimator, of_splitter = route(self, fit_params)
        gathered = gather(
            self,
            X,
            y,
            labels=labels,
            sample_weight=given,
            fit_params=of_estimator,
            split_params=of_splitter,
        )
        self._found(gathered, X, y, weighted=given is not None)
        if self.refit:
            weight = None if is_fitted_already(self) else given
            self.estimator_ = fit_clone(self, X, y, weight, of_estimator)
        elif is_prefit(self):
            self.estimator_ = self.estimator
        else:
            self.estimators_ = gathered.models
        return self

    if not TYPE_CHECKING:  # to which it is the method above
        fit = TakesWeightsAsItsEstimator(fit)

    def _found(self, gathered: Gathered, X: Any, y: Any, *, weighted: bool) -> None:
        evidence = gathered.evidence
        if self.cost_matrix is not None:
            self._cost = _check_costs(self.cost_matrix, gathered.classes)
            self._calibration, paid = tune_costs(evidence, self._cost, gathered.fold, self.random_state)
            self.best_score_, self.method_, self.temperature_ = -paid, "cost", self._calibration.temperature
            self.decision_weight_ = self.tau_ = curve = None
        else:
            score = resolve_score(self.scoring, gathered.classes, X, y, evidence, weighted=weighted)
            tuned, self.method_, self.best_score_ = tune(
                evidence, score, rules_of(self.method, score), gathered.fold, self.random_state
            )
            self.decision_weight_, self.tau_ = np.exp(tuned.offset), tuned.tau
            self.temperature_ = tuned.temperature
            curve = tuned.curve
        self._classes, self.class_count_ = gathered.classes, gathered.class_count
        if self.store_cv_results:
            self.cv_results_ = {} if curve is None else curve.as_dict()

    @property
    def classes_(self) -> NDArray[Any]:  # noqa: D102 - an attribute
        check_is_fitted(self)
        return self._classes

    @property
    def n_features_in_(self) -> int:  # noqa: D102
        return self._models()[0].n_features_in_

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:  # noqa: D102
        return self._models()[0].feature_names_in_

    def _prior_of_probabilities(self, _: NDArray[np.float64]) -> NDArray[np.float64]:
        return prior_of_probabilities(self._models()[0], self.class_count_)

    def _models(self) -> list[Any]:
        return [self.estimator_] if hasattr(self, "estimator_") else getattr(self, "estimators_", [self.estimator])

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict by the tuned decision.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        log_probability = floored_log(np.asarray(self.predict_proba(X), dtype=np.float64))
        if self.decision_weight_ is None:
            return self._classes[cheapest(self._calibration, log_probability, self._cost)]
        return self._classes[decide(log_probability, np.log(self.decision_weight_))]

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Probability of each class, as the estimator has it: the mean of the folds' models with ``refit=False``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        first, *others = self._models()
        probability = probabilities_of(first, X, self._classes)
        if others:
            total = probability.astype(np.float64)
            for model in others:
                total += probabilities_of(model, X, self._classes)
            probability = (total / (1 + len(others))).astype(probability.dtype)
        return probability

    @estimator_has("predict_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):  # of a probability that is 0
            return np.log(self.predict_proba(X))


def _check_costs(cost_matrix: ArrayLike, classes: NDArray[Any]) -> NDArray[np.float64]:
    for axis in ("index", "columns"):
        check_order("cost_matrix", cost_matrix, axis, classes)
    try:
        cost = np.array(cost_matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"cost_matrix must be a matrix of numbers, got {cost_matrix!r}") from None
    shape = (len(classes), len(classes))
    if cost.shape != shape:
        raise ValueError(
            f"cost_matrix has shape {cost.shape}; it needs one row for each true class and one column for each "
            f"predicted one, {shape}"
        )
    wrong = ~(np.abs(cost) <= _LARGEST_COST)
    if wrong.any():
        true, said = np.argwhere(wrong)[0]
        raise ValueError(
            f"cost_matrix[{true}, {said}] = {cost[true, said]}: costs must be finite, up to {_LARGEST_COST}"
        )
    return cost


def tune_decision(
    y: Any,
    probability: ArrayLike,
    scoring: Scoring = "balanced_accuracy",
    *,
    method: Method = "auto",
    sample_weight: ArrayLike | None = None,
    random_state: Any = None,
) -> NDArray[np.float64]:
    r"""Return the number for each class by which probabilities are to be multiplied before the largest is taken.

    .. math:: \hat y = \arg\max_c \; p_c \, v_c

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    probability : array-like of shape (n_samples, n_classes)
        Probabilities of samples that the model was not trained on, as ``cross_val_predict`` gives them; columns in
        the order of the sorted classes. Rows need not sum to exactly 1.
    scoring : str or callable, default="balanced_accuracy"
        What is to be maximised: the name of a scorer of scikit-learn's (``"f1_macro"``), ``"g_mean"`` or
        ``"cohen_kappa"``, what ``make_scorer`` makes, or a callable ``(estimator, X, y)``, which gets the
        probabilities as `X`. Scorers of probabilities are refused.
    method : {"auto", "calibrated", "prior", "free"}, default="auto"
        How the numbers are found, in the words of :class:`TunedDecisionClassifierCV`: by a calibration and the
        expected score, by the power of the prior that scores best, or one class after the other. ``"auto"``
        chooses. Rules are cross-fitted over five stratified folds of the rows.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, in the counts, the calibration and the score.
    random_state : int, RandomState instance or None, default=None
        Seeds these folds and the resamples; None is a fixed seed.

    Returns
    -------
    decision_weight : ndarray of shape (n_classes,)
        In the order of the columns, with geometric mean 1.

    Raises
    ------
    ValueError
        If an argument is not valid, or the score is NaN throughout.

    Examples
    --------
    >>> import numpy as np
    >>> from skcb import tune_decision
    >>> probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.6, 0.4]])
    >>> v = tune_decision(["no", "no", "no", "yes"], probability, method="prior")
    >>> np.array(["no", "yes"])[(probability * v).argmax(axis=1)].tolist()
    ['no', 'no', 'no', 'yes']
    """
    if not isinstance(method, str) or method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")
    y = check_target(y, tune_decision)
    labels = encode_labels(y)
    given = check_sample_weight(sample_weight, len(labels.codes))
    classes, counts = count(labels, given)
    true = ClassVector.codes(classes).of(labels)
    check_order("probability", probability, "columns", classes)
    evidence = Evidence.of(
        check_probability(probability, n_samples=len(true), n_classes=len(classes)),
        true,
        row=np.arange(len(true)),
        sample_weight=given,
        class_count=counts,
        n_folds=N_FOLDS,
    )
    score = resolve_score(scoring, classes, probability, y, evidence, weighted=given is not None)
    return np.exp(tune(evidence, score, rules_of(method, score), None, random_state).tuned.offset)
