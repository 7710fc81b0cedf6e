"""Meta-estimators that make any classifier class-balanced, from the labels that each ``fit`` receives."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax
from sklearn.ensemble import StackingClassifier
from sklearn.utils.validation import check_is_fitted

from skcb._classes.vector import Rule, effective_number_rule, weigh
from skcb._decisions.fitting import gather
from skcb._decisions.rules import by_weights
from skcb._decisions.scores import Scoring, resolve_score
from skcb._decisions.tuning import tune
from skcb._guards import Balancer
from skcb._pipelines import check_takes_weight, route
from skcb._upstream import HasMethods, Interval, StrOptions, fit_context
from skcb._wrappers import WeightedClassifier, estimator_has, forget, prior_of_probabilities
from skcb.balancing import Normalization, beta_grid, class_weight

__all__ = ["ClassBalancedClassifier", "ClassBalancedClassifierCV"]


class _PriorCorrectingClassifier(WeightedClassifier):
    """A weighted classifier that divides the weights back out of its probabilities, if so told."""

    prior_correction: bool

    def _says_prevalence(self) -> bool:
        return self.prior_correction

    @estimator_has("predict_proba")
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class: the estimator's, or with `prior_correction` the training prevalence's.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
        """
        if not self.prior_correction:
            check_is_fitted(self)
            return self.estimator_.predict_proba(X)
        return np.exp(self._corrected(X))

    @estimator_has("predict_log_proba")
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
        """
        if not self.prior_correction:
            check_is_fitted(self)
            return self.estimator_.predict_log_proba(X)
        return self._corrected(X)

    def _prior_of_probabilities(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.prior_correction:
            return prior_of_probabilities(self.estimator_, self.class_count_)
        return super()._prior_of_probabilities(counts)

    def _corrected(self, X: Any) -> NDArray[np.float64]:
        log_proba = self._log_proba(X)
        # A class whose samples all weigh 0 has nothing to divide by.
        return log_softmax(log_proba - np.log(np.where(self.class_weight_ > 0, self.class_weight_, 1)), axis=1)


class ClassBalancedClassifier(_PriorCorrectingClassifier):
    r"""Fit a classifier with class-balanced sample weights, computed from the labels that `fit` receives.

    .. math:: w_i \propto (1 - \beta) / (1 - \beta^{n_{y_i}})

    Because the weights are computed in `fit`, every fold of a cross-validation has its own, and `beta` can be
    searched like any parameter, alone or in a Pipeline.

    Parameters
    ----------
    estimator : classifier
        Anything whose ``fit`` takes ``sample_weight``, or a Pipeline that ends in one. It is cloned, never
        changed.
    beta : float in [0, 1], default=0.999
        0 ignores the counts; 1 is inverse frequency, scikit-learn's ``class_weight="balanced"``.
        :func:`beta_grid` proposes values between.
    normalize : {"classes", "samples"} or None, default="samples"
        What the weights average one over. ``"samples"`` leaves the sum of the weights, and with it the
        meaning of a regularisation strength, as it was. See :func:`class_weight`.
    prior_correction : bool, default=False
        Divide the class weights back out of ``predict_proba``, so that probabilities match the prevalence of
        the classes in training. ``predict`` keeps the class-balanced decision, so the two then differ.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of the columns of ``predict_proba``.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class.

    Raises
    ------
    TypeError
        In `fit`, if the weights cannot reach the estimator or a sampler stands in the Pipeline.
    ValueError
        In `fit`, if `y` or `sample_weight` is not valid.

    Warns
    -----
    DoubleBalancingWarning
        In `fit`, if something inside balances the classes as well, ``class_weight="balanced"`` for example.

    See Also
    --------
    ClassBalancedClassifierCV : finds beta without a grid of fits.
    TunedDecisionClassifierCV : leaves training alone, and moves the decision to where a score wants it.
    LogitAdjustedClassifier : for estimators that take no weights.
    EffectiveNumberStrategy : re-sampling to the same effect.
    compute_sample_weight : also one weight for each row of an indicator matrix.

    Notes
    -----
    XGBoost takes the labels 0 to K - 1 alone; in this and every other classifier of skcb that goes around one it
    takes labels of any kind, in `fit` and in an ``eval_set``. ``estimator_`` is an ``XGBClassifier`` then that was
    trained on their codes, which are in the order of ``classes_``; what its ``save_model`` writes knows the codes
    alone.

    For several labels per sample ``MultiOutputClassifier`` fits one for each label, with weights of its own, and
    ``ClassifierChain`` does so in turn; `beta` is ``estimator__beta`` there. A label that is always or never there
    is an error of estimators that want two classes; ``OneVsRestClassifier`` predicts it as it is.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skcb import ClassBalancedClassifier, beta_grid, count_classes, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> search = GridSearchCV(
    ...     make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression())),
    ...     {"classbalancedclassifier__beta": beta_grid(count_classes(y).counts)},
    ...     scoring="balanced_accuracy",
    ... ).fit(X, y)
    >>> search.score(X_test, y_test) > LogisticRegression().fit(X / 16, y).score(X_test / 16, y_test)
    True

    Several labels per sample:

    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.multioutput import MultiOutputClassifier
    >>> X, Y = make_multilabel_classification(random_state=0)
    >>> MultiOutputClassifier(ClassBalancedClassifier(LogisticRegression())).fit(X, Y).predict(X).shape
    (100, 5)
    """

    _parameter_constraints = {  # noqa: RUF012 - as scikit-learn has it
        # A StackingClassifier shows its predict only once it is fitted.
        "estimator": [HasMethods(["fit", "predict"]), StackingClassifier],
        "beta": [Interval(Real, 0, 1, closed="both")],
        "normalize": [StrOptions({"classes", "samples"}), None],
        "prior_correction": ["boolean"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        beta: float = 0.999,
        normalize: Normalization = "samples",
        prior_correction: bool = False,
    ) -> None:
        self.estimator = estimator
        self.beta = beta
        self.normalize = normalize
        self.prior_correction = prior_correction

    def _rule(self) -> Rule:
        return effective_number_rule(self.beta, self.normalize)

    def _balancer(self) -> Balancer | None:
        """What wrappers that balance ask."""
        if self.beta == 0:
            return None
        return Balancer(f"beta={self.beta!r} of {type(self).__name__}", "Set beta=0 there", ours=True)


class ClassBalancedClassifierCV(_PriorCorrectingClassifier):
    r"""Fit a classifier with class-balanced weights whose beta is found on out-of-fold probabilities.

    .. math:: \hat\beta = \arg\max_\beta \; \mathrm{score}\bigl(\arg\max_c \; p_c(x_i) \, w_c(\beta)\bigr),
        \qquad w_c(\beta) \propto (1 - \beta) / (1 - \beta^{n_c})

    A weight in training moves a decision as the same factor on the probabilities does, to first order. So
    clones are fitted without weights, once in each fold, every beta of :func:`beta_grid` is scored on what they
    say about the samples that they have not seen, and the estimator is fitted once, with the weights of the
    best: a search over the grid takes as many fits for each beta.

    Parameters
    ----------
    estimator : classifier
        Anything with ``predict_proba`` whose ``fit`` takes ``sample_weight``, or a Pipeline that ends in one.
        It is cloned, never changed.
    scoring : str or callable, default="balanced_accuracy"
        What is to be maximised, as in :class:`TunedDecisionClassifierCV`.
    normalize : {"classes", "samples"} or None, default="samples"
        What the weights average one over; see :func:`class_weight`.
    prior_correction : bool, default=False
        Divide the class weights back out of ``predict_proba``, as in :class:`ClassBalancedClassifier`.
    cv : int, splitter or iterable, default=None
        Folds, as scikit-learn's ``check_cv`` has them; None takes five, stratified.
    n_jobs : int, default=None
        Fits at a time; the result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seeds the cross-fitting of `best_score_` where `cv` has one part. None is a fixed seed.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`.

    Attributes
    ----------
    beta_ : float
        The beta that was found.
    estimator_ : classifier
        The clone fitted on everything with its weights.
    classes_ : ndarray of shape (n_classes,)
        The classes, in the order of the columns of ``predict_proba``.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or the sum of their weights.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class.
    best_score_ : float
        Score of the shifted decisions, each fold's by the beta that the others say: an estimate for the weighted
        classifier as far as weights do what shifts do.
    cv_results_ : dict
        ``"beta"`` and ``"score"``; only with ``store_cv_results=True``.

    Raises
    ------
    TypeError
        In `fit`, if the estimator has no ``predict_proba``, if the weights cannot reach it, or if a sampler
        stands in the Pipeline.
    ValueError
        In `fit`, if `y`, `sample_weight` or `scoring` is not valid, or the score is NaN throughout.

    Warns
    -----
    DoubleBalancingWarning
        In `fit`, if something inside balances the classes as well, ``class_weight="balanced"`` for example.

    See Also
    --------
    TunedDecisionClassifierCV : moves the decision itself, which boosters follow better than weights.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcb import ClassBalancedClassifierCV, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> model = ClassBalancedClassifierCV(LogisticRegression(max_iter=1000), scoring="f1_macro").fit(X / 16, y)
    >>> model.score(X_test / 16, y_test) > LogisticRegression().fit(X / 16, y).score(X_test / 16, y_test)
    True
    """

    _parameter_constraints = {  # noqa: RUF012 - as scikit-learn has it
        "estimator": [HasMethods(["fit", "predict"]), StackingClassifier],
        "scoring": [str, callable],
        "normalize": [StrOptions({"classes", "samples"}), None],
        "prior_correction": ["boolean"],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "store_cv_results": ["boolean"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        scoring: Scoring = "balanced_accuracy",
        normalize: Normalization = "samples",
        prior_correction: bool = False,
        cv: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        store_cv_results: bool = False,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.normalize = normalize
        self.prior_correction = prior_correction
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.store_cv_results = store_cv_results

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit clones on the folds without class weights, choose beta, and fit on everything with its weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that the samples have already: they go to every fit, weight the counts and the score, and are
            multiplied in.
        **fit_params : dict
            Passed on to ``estimator.fit``, and ``groups`` to the splitter; with metadata routing on, routed.
            Validation sets are weighted for the last fit, as in :class:`ClassBalancedClassifier`.

        Returns
        -------
        self : ClassBalancedClassifierCV
        """
        forget(self, "cv_results_")
        y, labels, given = self._check_fit(y, sample_weight, fit_params)
        of_estimator, of_splitter = route(self, fit_params)
        check_takes_weight(self)
        gathered = gather(
            self,
            X,
            y,
            labels=labels,
            sample_weight=given,
            fit_params=of_estimator,
            split_params=of_splitter,
        )
        score = resolve_score(self.scoring, gathered.classes, X, y, gathered.evidence, weighted=given is not None)
        betas = beta_grid(gathered.class_count)
        weights = np.array([class_weight(gathered.class_count, beta, normalize="samples") for beta in betas])
        # A class whose samples all weigh 0 has none of its own: it keeps its probability.
        rule = by_weights(np.where(weights > 0, weights, 1))
        found = tune(gathered.evidence, score, {"weights": rule}, gathered.fold, self.random_state)
        self.beta_, self.best_score_ = float(betas[found.tuned.place]), found.score
        if self.store_cv_results:
            self.cv_results_ = {"beta": betas, "score": found.tuned.curve.score}
        rule_of_beta = effective_number_rule(self.beta_, self.normalize)
        return self._fit_weighted(X, y, weigh(labels, given, rule_of_beta), of_estimator)

    def _balancer(self) -> Balancer:
        return Balancer(type(self).__name__, "Take the estimator in it", ours=True)
