"""Run the strategies: every one on every fold, and what fails becomes a row that says why."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.parallel import Parallel, delayed

from skcb._pipelines import for_labels
from skcb._progress import with_progress
from skcb._upstream import rows_of
from skcb.comparison.folds import DataSet, Fold, as_data_sets, check_estimator_is_classifier
from skcb.comparison.metrics import METRICS, Metric, Outcome
from skcb.comparison.multilabel_metrics import MULTILABEL_METRICS, LabelsOutcome
from skcb.comparison.multilabel_strategies import resolve_multilabel_strategies
from skcb.comparison.pipelines import count_rows_before_last_step, resamples, with_seed
from skcb.comparison.results import COLUMNS, StrategyComparison
from skcb.comparison.scoring import FACTS, resolve_scoring
from skcb.comparison.strategies import NotApplicableError, Strategy, TrainingPart, plain, resolve_strategies

Scoring = dict[str, Metric | Callable[..., float]]
Cell = tuple[float, str]


def compare_strategies(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    strategies: Any = None,
    cv: Any = 5,
    groups: Any = None,
    scoring: Any = None,
    tuned_for: Any = None,
    prior: Any = None,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> StrategyComparison:
    """Cross-validate an estimator under every strategy against imbalance, on the same folds with the same seeds.

    All counting, weighting and resampling happens inside the training part of each fold. A strategy that cannot
    run, or fails in a fold, gets a row without a value that says why, and the others go on.

    Parameters
    ----------
    estimator : classifier
        Or a Pipeline that ends in one: samplers and weights go in before its last step, after scalers and
        encoders. It is cloned, never changed. A ``CBNeuralNetClassifier`` is not wrapped: its own `beta` and
        `loss` are set, and `beta` is 0 where a strategy does not weight.
    X : array-like of shape (n_samples, n_features), or dict
        The samples; or several data sets, a dict from name to ``(X, y)``.
    y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
        Labels; left out where `X` is a dict. An indicator matrix has several labels per sample, see *Notes*.
    strategies : list of str, or dict, default=None
        Names of :ref:`strategies <strategies>`, or ``"class-balanced (beta=B)"`` for any B; or a dict from a
        name of your own to such a name, a sampler, a classifier, or a callable from the estimator to another.
        None runs them all: no strategy, ``balanced`` and inverse square root weights, class-balanced weights at
        the inner values of :func:`beta_grid` and at the beta that an inner cross-validation chooses,
        imbalanced-learn's samplers, logit adjustment, decisions and a beta tuned on out-of-fold probabilities,
        with two classes a tuned threshold, and, where `prior` is given, the decision for it.
    cv : int, splitter or list of (train, test), default=5
        An integer takes that many stratified, shuffled folds; of an indicator matrix each has its share of every
        label. Repeated folds make the tests of
        :meth:`StrategyComparison.significance` stronger.
    groups : array-like of shape (n_samples,), or dict, default=None
        For splitters by groups (``GroupKFold``); a dict by the names of several data sets.
    scoring : list of str, or dict, default=None
        Names of :ref:`metrics <metrics>`, scikit-learn's scorers by name, and callables
        ``(estimator, X, y)``. None takes all of ``METRICS``; where samples have several labels, the names and
        the default are those of ``MULTILABEL_METRICS``.
    tuned_for : str or callable, default=None
        The score that strategies which tune themselves are tuned for, ``tuned decisions``, ``tuned beta``,
        ``class-balanced (beta=cv)`` and ``threshold``: as `scoring` of :class:`TunedDecisionClassifierCV`. None
        is balanced accuracy; where samples have several labels, the F1 of each label.
    prior : array-like of shape (n_classes,) or dict, default=None
        The prior that the strategy ``prior`` decides for, as in :class:`LogitAdjustedClassifier`.
    n_jobs : int, default=None
        How many folds are fitted at the same time; the numbers, but for the times, do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds, and every ``random_state`` of samplers and estimators that is None. None draws a seed.
    verbose : int, default=0
        1 or more shows a progress bar.

    Returns
    -------
    comparison : StrategyComparison
        The scores in a tidy frame, with a summary, tests, pictures and tables.

    Raises
    ------
    ValueError
        If a strategy or metric is unknown, if a class has fewer samples than there are folds, if an indicator
        matrix holds another value than 0 and 1 or no 1 at all, or if no strategy can be fitted at all.
    TypeError
        If `estimator` is not a classifier.

    Notes
    -----
    The betas of the grid: for one data set they are those of its counts, rounded, and name their strategies (five
    numbers that the folds share). Over several data sets they differ from one to the next, so the names say the
    place in the grid, ``grid 1/4`` to ``grid 3/4``, and each fold takes the grid of its own training counts.
    ``effective-number over-sampling`` takes the middle of the grid.

    The metrics: ``balanced_accuracy``, ``macro_f1``, ``g_mean`` (imbalanced-learn's geometric mean of the
    recalls); ``auprc`` and ``auroc``, each class against the rest, averaged over the classes, also where there
    are two; ``log_loss``; ``brier``, the squared error summed over the classes, from 0 to 2; ``ece``, the gap
    between the largest probability and how often it is right, over 15 bins of equal width;
    ``many_shot``, ``medium_shot`` and ``few_shot``, see :func:`shot_accuracy`, counted in the training part.

    Several labels per sample. Each label is two classes of its own. An estimator of one label is fitted for each,
    as in ``MultiOutputClassifier``; give a ``ClassifierChain`` or ``OneVsRestClassifier`` to have them so. Every
    strategy of one label can be asked for, and sees the counts of each label: the grid of betas is that label's. A
    label for which it has nothing to offer, tuned decisions for a label with one sample say, is fitted as it is; a
    label that a training part has always or never is predicted so.
    An estimator that takes indicator matrices (trees, forests, nearest neighbours, ``MLPClassifier``) is fitted on
    all labels at once. Weights are then one for each row, the mean over its labels (see
    :func:`compute_sample_weight`), ``tuned decisions`` a threshold for each label, tuned on out-of-fold
    probabilities, and other strategies have no value; in a ``MultiOutputClassifier`` it has them all. Of a
    ``CBNeuralNetClassifier`` of several labels the one beta is set, by the grid of the least even label.
    None for `strategies` runs ``none``, ``balanced``, the grid of betas and ``tuned decisions``.
    The metrics: ``macro_f1``, over the labels that occur in the test part or are predicted; ``micro_f1``;
    ``macro_average_precision``, over the labels that some test samples have and some have not;
    ``label_ranking_loss``, scikit-learn's; ``log_loss`` and ``brier``, means over all pairs of sample and label.
    The folds are those of iterative stratification (Sechidis et al.), written here since the packages that have it
    are little kept; a splitter of theirs can be given as `cv`.

    References
    ----------
    Brier, Verification of Forecasts Expressed in Terms of Probability, 1950,
    :doi:`10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2`.
    Guo et al., On Calibration of Modern Neural Networks, ICML 2017, :arxiv:`1706.04599`.
    Sechidis et al., On the Stratification of Multi-Label Data, ECML PKDD 2011,
    :doi:`10.1007/978-3-642-23808-6_10`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skcb import compare_strategies, load_long_tailed_digits
    >>> X, _, y, _ = load_long_tailed_digits()
    >>> comparison = compare_strategies(
    ...     make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), X, y,
    ...     strategies=["none", "balanced", "RandomUnderSampler", "logit adjustment"],
    ...     cv=3, scoring=["balanced_accuracy", "log_loss"], random_state=0,
    ... )
    >>> print(comparison.to_markdown(["balanced_accuracy", "log_loss"], digits=2))
    | strategy | balanced_accuracy | log_loss |
    | --- | --- | --- |
    | logit adjustment | **0.90 ± 0.01** | 0.20 ± 0.04 |
    | balanced | 0.89 ± 0.03 | 0.16 ± 0.03 |
    | none | 0.86 ± 0.05 | **0.16 ± 0.03** |
    | RandomUnderSampler | 0.86 ± 0.07 | 0.56 ± 0.12 |
    <BLANKLINE>
    3 fits saved: logit adjustment decides by the plain fit of another strategy.
    """
    check_estimator_is_classifier(estimator)
    data_sets = as_data_sets(X, y, cv, groups, random_state)
    several_labels = data_sets[0].several_labels
    metrics = resolve_scoring(scoring, MULTILABEL_METRICS if several_labels else METRICS)
    asked = {
        data.name: resolve_multilabel_strategies(strategies, data.counts, prior)
        if several_labels
        else resolve_strategies(strategies, data.counts, one_data_set=len(data_sets) == 1, prior=prior)
        for data in data_sets
    }
    if tuned_for is None:
        tuned_for = "f1" if several_labels else "balanced_accuracy"
    jobs = [
        (data, number, group)
        for data in data_sets
        for group in _by_fit(estimator, asked[data.name])
        for number in range(len(data.folds))
    ]
    finished = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_run)(estimator, data, data.folds[number], group, metrics, tuned_for=tuned_for, prior=prior)
        for data, number, group in jobs
    )
    shown = with_progress(finished, len(jobs), verbose, title="strategies x folds", unit="fit")
    found = {
        (data.name, strategy.name, number): cells
        for (data, number, group), of_group in zip(jobs, shown, strict=True)
        for strategy, cells in zip(group, of_group, strict=True)
    }
    rows = [
        (data.name, strategy.name, number, metric, value, reason, strategy.family)
        for data in data_sets
        for strategy in asked[data.name]
        for number in range(len(data.folds))
        for metric, (value, reason) in found[data.name, strategy.name, number].items()
    ]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "family"])
    if not frame.loc[frame["metric"] == "fit_time", "value"].notna().any():
        raise ValueError(f"no strategy could be fitted in any fold; the first said: {frame['reason'].iloc[0]}")
    return StrategyComparison(frame)


def _by_fit(estimator: Any, strategies: list[Strategy]) -> list[list[Strategy]]:
    """Return the strategies in groups that need one fit of the estimator in each fold."""
    sharing = [strategy for strategy in strategies if strategy.shares_plain_fit(estimator)]
    if len(sharing) < 2:
        return [[strategy] for strategy in strategies]
    return [sharing, *([strategy] for strategy in strategies if strategy not in sharing)]


def _run(
    estimator: Any, data: DataSet, fold: Fold, group: list[Strategy], metrics: Scoring, **wanted: Any
) -> list[dict[str, Cell]]:
    """Fit the strategies of a group on one fold and score them: values without reasons, or NaN and the reason."""
    X_train, y_train = rows_of(data.X, fold.train), data.y[fold.train]
    X_test, y_test = rows_of(data.X, fold.test), data.y[fold.test]
    sizes: dict[str, Cell] = {"n_train": (float(len(y_train)), ""), "n_test": (float(len(y_test)), "")}
    training = TrainingPart(data.counts_of(fold.train), fold.seed, **wanted)
    shared: Fitted | None = None
    cells = []
    for strategy in group:
        with _seeded_torch(fold.seed):
            try:
                if len(group) == 1:
                    fitted = _fit(strategy.apply(estimator, training), X_train, y_train, fold.seed)
                else:
                    shared = shared or _fit(plain(estimator), X_train, y_train, fold.seed)
                    fitted = _decide(strategy, shared, plain(estimator), (X_train, y_train), training)
                    shared = shared._replace(saved=True)
                if data.several_labels:
                    if strategy.family == "resampling":
                        fitted = fitted._replace(n_resampled=(np.nan, "each label is resampled by itself"))
                    outcome: Outcome | LabelsOutcome = LabelsOutcome(fitted.model, X_test, y_test)
                else:
                    outcome = Outcome(fitted.model, X_test, y_test, y_train, data.classes)
            except Exception as error:  # noqa: BLE001 - whatever it is, the user reads it in the row
                missing = np.nan, _reason(error)
                cells.append({**dict.fromkeys([*metrics, *FACTS], missing), **sizes})
                continue
            scores = {
                name: _score(metric, fitted.model, X_test, y_test, outcome) for name, metric in metrics.items()
            }
        cells.append({**scores, **fitted.facts(), **sizes})
    return cells


class Fitted(NamedTuple):
    """A fitted model, the seconds that its fit would take alone, its rows, and whether a fit was saved."""

    model: Any
    seconds: float
    n_resampled: Cell
    saved: bool = False

    def facts(self) -> dict[str, Cell]:
        """Return what is recorded of it."""
        return {
            "fit_time": (self.seconds, ""),
            "n_resampled": self.n_resampled,
            "fits_saved": (float(self.saved), ""),
        }


def _fit(model: Any, X: Any, y: Any, seed: int) -> Fitted:
    """Fit, and say on how many rows the last step was."""
    model = for_labels(with_seed(model, seed), y)
    start = time.perf_counter()
    if resamples(model):
        model, counter = count_rows_before_last_step(model)
        model.fit(X, y)
        return Fitted(model, time.perf_counter() - start, (float(counter.n_rows_), ""))
    model.fit(X, y)
    seconds = time.perf_counter() - start
    if any(hasattr(part, "fit_resample") for part in model.get_params().values()):
        hidden = np.nan, f"the sampler is inside {type(model).__name__}, where its rows are not counted"
        return Fitted(model, seconds, hidden)
    return Fitted(model, seconds, (float(len(y)), ""))


def _decide(
    strategy: Strategy, shared: Fitted, unfitted: Any, part: tuple[Any, Any], training: TrainingPart
) -> Fitted:
    """Decide by a fit that others decide by as well."""
    strategy.check(training)
    assert strategy.decide is not None  # noqa: S101 - for the type checker
    unfitted = with_seed(unfitted, training.seed)
    start = time.perf_counter()
    model = strategy.decide(shared.model, unfitted, *part, training)
    return shared._replace(model=model, seconds=shared.seconds + time.perf_counter() - start)


def _score(
    metric: Metric | Callable[..., float], model: Any, X: Any, y: Any, outcome: Outcome | LabelsOutcome
) -> Cell:
    try:
        value = metric.score(outcome) if isinstance(metric, Metric) else metric(model, X, y)
    except Exception as error:  # noqa: BLE001 - as above: this cell stays empty, with the reason
        return np.nan, _reason(error)
    return float(value), ""


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, NotApplicableError) else f"{type(error).__name__}: {said}"


def _seeded_torch(seed: int) -> AbstractContextManager[None]:
    """Seed torch for nets that draw from its global state, and give that state back afterwards."""
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else _fork(torch, seed)


@contextmanager
def _fork(torch: Any, seed: int) -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
