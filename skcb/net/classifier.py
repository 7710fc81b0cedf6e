"""A scikit-learn classifier that trains any torch module with a class-balanced loss."""

import inspect
import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from skorch import NeuralNet, NeuralNetClassifier
from skorch.utils import to_tensor
from torch import Tensor, nn

from skcb._checks import as_counts, counts_in_order_of, labelled_counts
from skcb._classes.indicators import LabelCounts
from skcb._guards import Balancer
from skcb._warnings import warn
from skcb.balancing import DoubleBalancingWarning, EmptyClassWarning
from skcb.net._upstream import builds_module, classes_of, is_criterion, rebuild_criterion
from skcb.net.callbacks import DeferredReweighting
from skcb.net.counts import declared_label_counts
from skcb.net.criteria import (
    build_criterion,
    loss_class,
    own_beta,
    shifts_by_counts,
    takes_indicators,
    unwrapped,
)
from skcb.net.datasets import WeightedTarget, target_of
from skcb.net.draws import balancing_sampler, draws_by_counts, draws_unevenly, sampler_in
from skcb.net.estimator import SklearnNet
from skcb.net.heads import retrain_head
from skcb.net.loading import BatchLoader
from skcb.net.perceptron import MultilayerPerceptron
from skcb.net.processes import prepare_criterion
from skcb.net.targets import ONE_LABEL, SEVERAL_LABELS, OneLabel, SeveralLabels
from skcb.net.text import text_of, with_inherited
from skcb.nn import label_prior_bias_, prior_bias_
from skcb.nn._counted import CountedLoss
from skcb.nn._focal import at_least_float32
from skcb.nn.initialization import last_layer
from skcb.nn.losses import LossName


class CBNeuralNetClassifier(SklearnNet):
    r"""Train a torch module with a class-balanced loss, as a scikit-learn classifier.

    .. math:: L = w_y \, \ell(z, y), \qquad w_c \propto (1 - \beta) / (1 - \beta^{n_c})

    It is a :class:`skorch.NeuralNetClassifier` (callbacks, history, ``module__x``, ``optimizer__x``,
    ``criterion__x``, saving and loading) that counts the classes of the part it trains on, after `train_split`
    and in each fold, and gives the counts to its loss.

    Parameters
    ----------
    module : Module class or instance, default=None
        What gives one logit per class. A class whose signature names ``n_features_in`` or ``n_classes`` gets
        them from the data. None is :class:`skcb.net.MultilayerPerceptron`, for tables (scale them first).
    loss : str or class, default="softmax"
        ``"softmax"``, ``"sigmoid"``, ``"focal"`` (sigmoid focal, the paper's), ``"softmax_focal"``,
        ``"ldam"``, ``"logit_adjusted"`` or ``"vs"``; ``"multilabel"`` for an indicator matrix of several labels
        per sample; or a loss class of :mod:`skcb.nn`. Its other parameters are ``criterion__x``;
        ``criterion__ignore_index`` is a label here, whose samples are left out. LDAM needs cosines for logits: a
        module of yours ends in a :class:`skcb.nn.NormalizedLinear` then (the default one does).
    beta : float in [0, 1], default=None
        0 ignores the counts; 1 is inverse frequency. None is the loss's own default: .999, and 0 where the
        counts shift the logits. :func:`skcb.beta_grid` proposes values.
    gamma : float or pair of float, default=None
        Focusing of the focal losses, exponent of ``"vs"``; ignored by losses that have none, so that one grid
        covers all. Of several labels it may be a pair (negatives, positives). None is the loss's own default.
    class_counts : array-like of shape (n_classes,), dict, Series, ClassCounts or LabelCounts, default=None
        Samples per class in place of those that are counted, as training out of core wants it: by label (a
        dict, ``y.value_counts()``, :func:`skcb.count_classes`), or in the order of `classes` as they are
        written, of the sorted classes where they are not. Of several labels the samples that have each, from
        :func:`skcb.count_labels`, or with ``criterion__n_samples``. None counts the training part in `fit`, and
        in `partial_fit` the part given.
    bias_init : {"auto"} or None, default="auto"
        ``"auto"`` starts a sigmoid-based loss from the prior, b = -log(C - 1) on the last linear layer, not
        decayed, where the net builds the module; each of several labels from its own, b = -log(n- / n+). None
        leaves every bias alone.
    prior_correction : bool, default=False
        True gives in ``predict_proba`` the posterior at the prevalence of the training data: weights, shifts, the
        focus and the draws of a sampler are undone, by the loss's ``posterior``. ``predict`` stays the decision of
        the balanced net.
    random_state : int, RandomState or None, default=None
        Of the initial parameters, the order of the examples and dropout; every epoch has a seed that follows
        from it and the epoch. The global states are left alone, save with None, which draws from them.
    optimizer : Optimizer class, default=torch.optim.Adam
        What takes the steps; its parameters are ``optimizer__x``.
    lr : float, default=0.001
        The optimizer's step size.
    max_epochs : int, default=100
        How often `fit` goes through the training part.
    batch_size : int, default=64
        Samples in a batch.
    iterator_train, iterator_valid : DataLoader class, default=BatchLoader
        What cuts the data into batches: :class:`skcb.net.BatchLoader`. Training is shuffled unless
        ``iterator_train__shuffle`` (or a sampler) says otherwise. What is given as ``iterator_train__sampler`` is
        a sampler of the training part, or a class or ``functools.partial`` of one, such as
        :class:`skcb.nn.ClassBalancedSampler`, which is made from the labels of each training part.
    train_split : callable, default=None
        What keeps a validation part, such as ``skorch.dataset.ValidSplit(5, stratified=True)``.
    verbose : int, default=0
        1 prints skorch's table of epochs.
    **kwargs
        Any other parameter of :class:`skorch.NeuralNetClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted, in the order of the columns of ``predict_proba``; of several labels their positions.
    class_count_ : ndarray of shape (n_classes,)
        Samples of each class, or with each label, in the training part, or the sum of their weights.
    label_names_ : ndarray of shape (n_labels,)
        The columns of an indicator matrix that names them.
    criterion_ : Module
        The loss; ``criterion_.weight`` holds the class weights.
    module_ : Module
        The trained network.
    optimizer_ : Optimizer
        With its state, for training on.
    history_ : History
        What each epoch measured: ``net.history[:, "train_loss"]``.
    callbacks_ : list of tuple
        The callbacks by name, in the order in which they are called.
    n_features_in_ : int
        Number of features, where X is an array or a tensor.

    Raises
    ------
    ValueError
        In `fit`: if data or a parameter are not valid, or if the module does not give one logit per class.
    FloatingPointError
        In `fit`, if the loss is not finite; the step of that batch is not taken.

    Warns
    -----
    EmptyClassWarning
        In `fit`, if a class has no samples in the training part, or if all or none have one of several labels.

    Notes
    -----
    ``set_params`` of `loss`, `beta`, `gamma` and `class_counts` takes effect with the next `fit` or
    `partial_fit`; until then a fitted net predicts as it did. ``valid_loss`` is the training's loss, weights
    included, over the classes that the training part has.

    See Also
    --------
    skcb.ClassBalancedClassifier : for any other classifier.
    skcb.DeferredReweighting : weights that set in after some epochs.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import CBNeuralNetClassifier, load_long_tailed_digits
    >>> X, X_test, y, y_test = load_long_tailed_digits()
    >>> net = CBNeuralNetClassifier(loss="focal", beta=0.999, gamma=0.5, random_state=0).fit(X / 16, y)
    >>> net.predict_proba(X_test / 16).shape
    (500, 10)
    >>> net.class_count_[:3], net.criterion_.weight[:3]
    (array([128.,  91.,  65.]), tensor([0.1470, 0.2030, 0.2806]))
    """

    # What predict goes by in a net that was trimmed and has no loss any more.
    _decided_by: Any = None

    def __init__(
        self,
        module: Any = None,
        *,
        loss: LossName | type[CountedLoss] = "softmax",
        beta: float | None = None,
        gamma: float | tuple[float, float] | None = None,
        class_counts: ArrayLike | Mapping[Any, float] | LabelCounts | None = None,
        bias_init: Literal["auto"] | None = "auto",
        prior_correction: bool = False,
        random_state: Any = None,
        optimizer: Any = torch.optim.Adam,
        lr: float = 0.001,
        max_epochs: int = 100,
        batch_size: int = 64,
        iterator_train: Any = BatchLoader,
        iterator_valid: Any = BatchLoader,
        train_split: Any = None,
        verbose: int = 0,
        criterion: None = None,
        **kwargs: Any,
    ) -> None:
        self.loss = loss
        self.beta = beta
        self.gamma = gamma
        self.class_counts = class_counts
        self.bias_init = bias_init
        self.prior_correction = prior_correction
        self.random_state = random_state
        super().__init__(
            module,
            criterion=criterion,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            iterator_train=iterator_train,
            iterator_valid=iterator_valid,
            train_split=train_split,
            verbose=verbose,
            **kwargs,
        )

    # scikit-learn prints what differs from the defaults that it finds here. Its checks try numbers on all that is
    # here, which skorch refuses at once for callbacks alone.
    __init__.__signature__ = with_inherited(  # type: ignore[attr-defined]
        __init__, NeuralNetClassifier.__init__, NeuralNet.__init__, leave_out={"callbacks"}
    )

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return text_of(self)

    @property
    def class_count_(self) -> NDArray[np.float64]:
        """Samples of each class in the training part, or the sum of their weights."""
        loss = unwrapped(self.criterion_)
        if loss is None:
            raise AttributeError(f"{type(self.criterion_).__name__} is no loss of skcb.nn, and holds no counts")
        return loss.counts.copy()

    def _prior_of_probabilities(self, class_count: NDArray[np.float64]) -> NDArray[np.float64]:
        """What wrappers that change the prior ask: weights make it theirs, a shift in training takes it away."""
        loss = unwrapped(self.criterion_)
        if loss is None:
            return class_count
        if self.prior_correction and self.predict_nonlinearity == "auto":
            return loss.counts.copy()
        prior = loss.counts * loss.weight.numpy(force=True).astype(np.float64)
        if self._plan.draws is not None:
            prior *= self._plan.draws
        shift = getattr(loss, "shift", None)
        if shift is not None:
            prior *= np.exp(-shift.numpy(force=True).astype(np.float64))
        return prior

    def _balancer(self) -> Balancer | None:
        """What wrappers that balance ask: what of this net balances already."""
        sampler = balancing_sampler(self._given_sampler)
        if sampler is not None:
            name = type(self).__name__
            return Balancer(f"iterator_train__sampler={sampler} of {name}", "Leave it out there", ours=True)
        return self._balancing_loss()

    def _balancing_loss(self) -> Balancer | None:
        name = type(self).__name__
        if self.own_beta > 0:
            return Balancer(f"beta={self.own_beta!r} of {name}", "Set beta=0 there", ours=True)
        if shifts_by_counts(self.loss, self.get_params_for("criterion")):
            return Balancer(f"loss={self.loss!r} of {name}", 'Set loss="softmax" and beta=0 there', ours=True)
        if any(isinstance(part, DeferredReweighting) for part in self._all_callbacks()):
            return Balancer(f"DeferredReweighting of {name}", "Take it out of callbacks there")
        return None

    def _all_callbacks(self) -> list[Any]:
        given = self.callbacks if isinstance(self.callbacks, list | tuple) else []
        return [part[1] if isinstance(part, tuple) else part for part in given]

    def initialized_instance(self, instance_or_cls: Any, kwargs: dict[str, Any]) -> Any:
        """Build a module or a criterion; a module's class gets the sizes that it asks for."""
        given = isinstance(instance_or_cls, nn.Module) and not kwargs
        if builds_module(self) and not given:
            if instance_or_cls is None:
                instance_or_cls = MultilayerPerceptron
                term = getattr(loss_class(self.loss), "term", None)  # a base has its own for each instance
                kwargs = {"cosine": term is not None and term.wants_cosines, **kwargs}
            if not callable(instance_or_cls):
                raise TypeError(
                    "module must be a class of torch.nn.Module, an instance of one or a function that makes one, "
                    f"got {instance_or_cls!r}"
                )
            kwargs = {**self._sizes_for(instance_or_cls, kwargs), **kwargs}
        return super().initialized_instance(instance_or_cls, kwargs)

    def initialize_module(self) -> Self:
        """Build the module, and start it from the prior where the loss is sigmoid-based."""
        if self.bias_init not in {"auto", None}:
            raise ValueError(f'bias_init must be "auto" or None, got {self.bias_init!r}')
        if not isinstance(self.prior_correction, bool | np.bool_):
            raise ValueError(f"prior_correction must be True or False, got {self.prior_correction!r}")  # noqa: TRY004
        super().initialize_module()
        layer = self._layer_from_prior()
        self._plan = replace(self._plan, from_prior=layer is not None)
        if layer is not None and self._n_classes is not None:
            if self._targets.several:  # each has a prior of its own, which is known with the training part
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            else:
                prior_bias_(layer, self._n_classes)
        return self

    def _layer_from_prior(self) -> nn.Module | None:
        """Return the layer that is to start from the prior: of a module that the net has built for sigmoids."""
        if self.bias_init is None or self.module_ is self.module:
            return None
        layer = last_layer(self.module_)
        bias = None if layer is None else layer.bias
        if not isinstance(bias, Tensor) or nn.parameter.is_lazy(bias) or len(bias) != self._n_classes:
            return None
        loss = build_criterion(
            self.loss,
            self._targets.without_counts(len(bias)),
            beta=0.0 if "beta" not in self.get_params_for("criterion") else None,
            gamma=self.gamma,
            parameters=self.get_params_for("criterion"),
        )
        return layer if loss.starts_from_prior else None

    def initialize_criterion(self) -> Self:
        """Build the loss, with the counts as far as they are known; training counts anew."""
        if self.criterion is not None:
            raise ValueError(
                f"criterion={self.criterion!r} is given, but the loss of this net is loss=: a name, or a class "
                "of skcb.nn, with criterion__x for its parameters"
            )
        self._plan = replace(self._plan, loss=self._loss_parameters, targets=self._targets)
        self.criterion_ = build_criterion(
            self.loss,
            self._known_counts(),
            beta=self.beta,
            gamma=self.gamma,
            parameters=self.get_params_for("criterion"),
        )
        if self.prior_correction:
            self.criterion_.posterior(torch.zeros(1, len(self.criterion_.weight)))  # refuses where there is none
        prepare_criterion(self, self.criterion_)
        return self

    def torch_compile(self, module: Any, name: str) -> Any:
        """Compile the module, but not the loss, which changes with its counts."""
        return module if is_criterion(self, name) else super().torch_compile(module, name)

    def get_params_for_optimizer(self, prefix: str, named_parameters: Any) -> tuple[Any, dict[str, Any]]:
        """Return what the optimizer is built from, in which weight decay spares the prior bias."""
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        optimizer = inspect.signature(getattr(self, prefix)).parameters.get("weight_decay")
        if not self._plan.from_prior or optimizer is None or not kwargs.get("weight_decay", optimizer.default):
            return args, kwargs
        (groups,), bias = args, last_layer(self.module_).bias  # type: ignore[union-attr]
        others = [parameter for parameter in groups[-1]["params"] if parameter is not bias]
        if "weight_decay" not in groups[-1] and len(others) < len(groups[-1]["params"]):
            groups = [*groups[:-1], {"params": others}, {"params": [bias], "weight_decay": 0.0}]
        return (groups,), kwargs

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> tuple[Any, Any]:
        """Split into a training and a validation part, and give the loss the counts of the training part."""
        if self._targets.several and getattr(self.train_split, "stratified", False):
            raise ValueError(
                "train_split is stratified=True, by classes, and y has several labels per sample; write "
                "ValidSplit(5), or skorch.helper.predefined_split of a part that has its share of every label"
            )
        train, valid = super().get_split_datasets(X, y, **fit_params)
        loss = unwrapped(self.criterion_)
        if loss is None:  # a subclass has a criterion of its own
            return train, valid
        if self._plan.loss != self._loss_parameters or len(loss.counts) != len(self.classes_):
            rebuild_criterion(self)
        counts, mean_weight = self._count(train)
        self._plan = replace(self._plan, weight_scale=1 / mean_weight)
        self.weigh_by(self.own_beta, counts)
        if loss.takes_indicators:
            self._begin_with_labels(loss, valid)
        return train, valid

    def _begin_with_labels(self, loss: Any, valid: Any) -> None:
        """Start the last layer, if it is as it was made, from the prior of each label."""
        layer = last_layer(self.module_)
        if self._plan.from_prior and layer is not None and not layer.bias.any():  # type: ignore[operator]
            label_prior_bias_(layer, *loss.counted, tau=loss.tau)
        held = None if valid is None else target_of(valid)
        if held is None or not held[0].is_floating_point():
            return
        if dict(self.callbacks_).get("valid_acc") is not None:
            raise ValueError(
                "y has NaN in the validation part, whose accuracy is not known then; leave that score out with "
                "callbacks__valid_acc=None"
            )

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return an iterator over the batches, and warn where sampler and loss both balance."""
        iterator = super().get_iterator(dataset, training)
        if training and self._targets.several and self.prior_correction and draws_unevenly(sampler_in(iterator)):
            raise ValueError(
                "prior_correction=True divides out how often labels were drawn, which is not known where samples "
                "have several; leave out iterator_train__sampler, and let the loss weigh them"
            )
        draws = self._plan.draws if training else None
        balancer = None if draws is None or np.ptp(draws) == 0 else self._balancing_loss()
        if draws is not None and balancer is not None:
            most, least = self.classes_[[draws.argmax(), draws.argmin()]].tolist()
            warn(
                f"the sampler draws samples of class {most!r} {draws.max() / draws.min():.3g} times as often as "
                f"those of {least!r}, and {balancer.what} balances the classes too: they are balanced twice. "
                f"{balancer.way_out}, or leave out iterator_train__sampler",
                DoubleBalancingWarning,
            )
        return iterator

    @property
    def own_beta(self) -> float:
        """The beta that the parameters give the loss, whatever a callback weights by in between."""
        return own_beta(self.loss, self.beta, self.get_params_for("criterion"))

    def weigh_by(self, beta: float, counts: Any = None) -> None:
        """Weight the classes by another beta, until the next training begins.

        Parameters
        ----------
        beta : float in [0, 1]
            0 weights none.
        counts : array-like of shape (n_classes,) or LabelCounts, default=None
            None keeps those of the training part.
        """
        loss = unwrapped(self.criterion_)
        if loss is None:
            raise TypeError(f"{type(self.criterion_).__name__} is no loss of skcb.nn, and has no class weights")
        loss.beta = beta
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EmptyClassWarning)  # counting has named them
            loss.set_counts(loss.counted if counts is None else counts)

    def rebalance_classifier(
        self,
        X: Any,
        y: Any = None,
        beta: float = 1.0,
        *,
        sample_weight: ArrayLike | None = None,
        max_epochs: int | None = None,
        lr: float | None = None,
    ) -> Self:
        """Train the last layer anew with class-balanced weights, on features that stay as they are.

        The second stage of decoupled training (classifier re-training, cRT): representations are learnt best from
        the classes as they come, and decisions from balanced ones. Weights take the place of the class-balanced
        sampling of the paper: both have the same expected gradient.

        Parameters
        ----------
        X, y, sample_weight
            The training data, as in :meth:`fit`.
        beta : float in [0, 1], default=1.0
            0 ignores the counts; 1 is inverse frequency, as in the paper.
        max_epochs, lr : int and float, default=None
            Of this stage; None takes those of the net. Loss, optimizer, batches and seed are the net's.

        Returns
        -------
        self : object
            Its ``criterion_`` has the new weights, by which `prior_correction` divides.

        Raises
        ------
        ValueError
            If the module does not end in a linear layer, or if the loss shifts the logits by the counts, which
            balances already.
        NotFittedError
            If the net has not been fitted.

        References
        ----------
        Kang et al., Decoupling Representation and Classifier for Long-Tailed Recognition, ICLR 2020,
        :arxiv:`1910.09217`.

        Examples
        --------
        >>> from skcb import CBNeuralNetClassifier, load_long_tailed_digits
        >>> X, X_test, y, y_test = load_long_tailed_digits()
        >>> net = CBNeuralNetClassifier(beta=0, max_epochs=30, random_state=0).fit(X / 16, y)
        >>> net.rebalance_classifier(X / 16, y).score(X_test / 16, y_test) > 0.8
        True
        """
        self.check_is_fitted()
        self.check_training_readiness()
        counts = retrain_head(self, X, y, beta, sample_weight=sample_weight, max_epochs=max_epochs, lr=lr)
        self.weigh_by(beta, counts)
        self._plan = replace(self._plan, draws=np.ones(len(self.classes_)))
        return self

    def get_loss(self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False) -> Tensor:  # noqa: ARG002
        """Return the loss of a batch.

        Raises
        ------
        ValueError
            If the module does not give one logit per class.
        FloatingPointError
            If the loss is not finite while training.
        """
        logits = y_pred[0] if isinstance(y_pred, tuple) else y_pred
        loss = unwrapped(self.criterion_)
        if loss is None:
            return super().get_loss(y_pred, y_true.codes if isinstance(y_true, WeightedTarget) else y_true)
        n_classes = len(loss.weight)
        if logits.ndim < 2 or logits.shape[1] != n_classes:
            raise ValueError(
                f"{type(self.module_).__name__} gives logits of shape {tuple(logits.shape)} for a batch, but "
                f"there are {n_classes} classes: expected (n_samples, {n_classes}). Name n_classes in the "
                "module's signature to get their number, or name all classes with classes="
            )
        codes, weight = y_true if isinstance(y_true, WeightedTarget) else (y_true, None)
        codes = to_tensor(codes, device=self.device)
        if weight is not None:
            dtype = torch.promote_types(logits.dtype, torch.float32)
            weight = to_tensor(weight.to(dtype), device=self.device) * self._plan.weight_scale
        if loss.has_empty_class and not training:  # what the training part does not have is not scored
            empty = to_tensor(torch.from_numpy(loss.counts == 0), device=self.device)
            codes = codes.masked_fill(empty[codes], loss.ignore_index)
        value = self.criterion_(logits, codes, weight)
        if training and not math.isfinite(value.item()):
            batch = len(self.history[-1, "batches"])
            raise FloatingPointError(
                f"the loss is {value.item()} in epoch {len(self.history)}, batch {batch}; the parameters are "
                f"those before this batch. Lower lr ({self.lr}), clip the gradients "
                "(skorch.callbacks.GradientNormClipping), or scale X"
            )
        return value

    def trim_for_prediction(self) -> None:
        """Drop what only training needs; see :class:`skorch.NeuralNetClassifier`."""
        nonlinearity, decides_by = self._get_predict_nonlinearity(), self._decides_by()
        super().trim_for_prediction()
        self.predict_nonlinearity, self._decided_by = nonlinearity, decides_by

    def _get_predict_nonlinearity(self) -> Any:
        if self.predict_nonlinearity != "auto":
            return super()._get_predict_nonlinearity()
        self.check_is_fitted()
        loss = unwrapped(self.criterion_)
        if loss is None or not self.prior_correction:
            return self._decides_by()
        draws = self._plan.draws
        if draws is None:  # as where parameters were loaded
            draws = draws_by_counts(self._given_sampler, loss.counts)
        return partial(_posterior, loss, torch.from_numpy(draws) if np.ptp(draws) > 0 else None)

    def _decides_by(self) -> Any:
        if self._decided_by is not None:
            return self._decided_by
        # Of several labels logits are no decision, which is cut at one half; of one the largest is.
        by_loss = self.predict_nonlinearity == "auto" or (
            self.predict_nonlinearity is None and self._targets.several
        )
        loss = unwrapped(self.criterion_) if by_loss else None
        return super()._get_predict_nonlinearity() if loss is None else partial(_probabilities, loss)

    @property
    def _targets(self) -> OneLabel | SeveralLabels:
        return SEVERAL_LABELS if takes_indicators(self.loss) else ONE_LABEL

    @property
    def _given_sampler(self) -> Any:
        return self.get_params_for("iterator_train").get("sampler")

    @property
    def _loss_parameters(self) -> tuple[Any, ...]:
        return self.loss, self.beta, self.gamma

    @property
    def _n_classes(self) -> int | None:
        """Number of classes as far as data or parameters say it."""
        if classes_of(self) is not None or self._declared_classes() is not None:
            return len(self.classes_)
        return None if self.class_counts is None else len(self.class_counts)  # type: ignore[arg-type]

    def _declared_classes(self) -> NDArray[Any] | None:
        if self._targets.several:
            named = self.classes
            if named is None and self.class_counts is not None:
                labelled = labelled_counts(self.class_counts)
                named = np.asarray(self.class_counts) if labelled is None else labelled[0]
            return None if named is None else np.arange(len(named))
        labelled = None if self.class_counts is None else labelled_counts(self.class_counts)
        if self.classes is None and labelled is not None:
            return np.unique(np.asarray(labelled[0]))
        return super()._declared_classes()

    def _numbered_classes(self) -> NDArray[Any] | None:
        loss = unwrapped(getattr(self, "criterion_", None))
        return None if loss is None or not self.initialized_ else np.arange(len(loss.counts))

    def _ignored_label(self) -> Any:
        return None if self._targets.several else self.get_params_for("criterion").get("ignore_index")

    def _declared_counts(self) -> Any:
        """Return `class_counts` in the order of the classes, None if it was not given."""
        if self._targets.several:
            return declared_label_counts(
                self.class_counts,
                self.get_params_for("criterion").get("n_samples"),
                getattr(self, "label_names_", None),
                self._n_classes,
            )
        if self.class_counts is None:
            return None
        if labelled_counts(self.class_counts) is not None:
            return counts_in_order_of(self.classes_.tolist(), self.class_counts, name="class_counts")
        counts = as_counts(self.class_counts)
        if self._n_classes not in {None, len(counts)}:
            raise ValueError(
                f"class_counts has {len(counts)} counts for {self._n_classes} classes; give a dict by label, or "
                "name all classes with classes="
            )
        if self.classes is None:
            return counts
        # Counts without labels beside classes are in the order in which the classes were written.
        return counts_in_order_of(self.classes_.tolist(), dict(zip(self.classes, counts.tolist(), strict=True)))

    def _known_counts(self) -> Any:
        """Return counts to build the loss with: all equal, as long as nothing has been counted."""
        declared = self._declared_counts()
        if declared is not None:
            return declared
        n_classes = self._n_classes
        if n_classes is None:  # initialized without data, as before load_params
            layer = last_layer(self.module_)
            if layer is None:
                raise ValueError("the number of classes is not known before fit; name them with classes=")
            n_classes = len(layer.weight)  # type: ignore[arg-type]
        before = getattr(self, "criterion_", None)
        loss = unwrapped(before)
        if loss is None or len(loss.counts) != n_classes or loss.takes_indicators != self._targets.several:
            return self._targets.without_counts(n_classes)
        return loss.counted

    def _count(self, train: Any) -> tuple[Any, float]:
        """Count the classes of the training part, or check them against `class_counts`."""
        classes = getattr(self, "label_names_", self.classes_)
        declared, target = self._declared_counts(), target_of(train)
        if target is None:
            if declared is None:
                raise ValueError("a stream cannot be counted before it is trained on; give class_counts=")
            return declared, 1.0
        return self._targets.count(*target, classes, declared)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self._targets.several:
            tags.classifier_tags.multi_label = True
            tags.classifier_tags.multi_class = False
            tags.target_tags.multi_output, tags.target_tags.single_output = True, False
        return tags

    def _sizes_for(self, module: Any, kwargs: Mapping[str, Any]) -> dict[str, int]:
        """Return the sizes that a module's signature names and that are not given."""
        known = {"n_features_in": getattr(self, "n_features_in_", None), "n_classes": self._n_classes}
        asked = [name for name in inspect.signature(module).parameters if name in known and name not in kwargs]
        for name in asked:
            if known[name] is None:
                raise ValueError(
                    f"{name} of {getattr(module, '__name__', module)} does not follow from the data; give it: "
                    f"module__{name}="
                )
        return {name: known[name] for name in asked}  # type: ignore[misc]


def _probabilities(loss: CountedLoss, logits: Tensor) -> Tensor:
    # NumPy has no bfloat16.
    return loss.probabilities(at_least_float32(logits))


def _posterior(loss: CountedLoss, draws: Tensor | None, logits: Tensor) -> Tensor:
    posterior = loss.posterior(logits)
    if draws is None:
        return posterior
    posterior = posterior / draws.to(posterior.device, posterior.dtype)
    return posterior / posterior.sum(1, keepdim=True)
