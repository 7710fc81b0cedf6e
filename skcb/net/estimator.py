"""A skorch classifier that keeps scikit-learn's conventions: inputs, labels, sample weights and seeds."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metadata_routing import UNUSED
from skorch import NeuralNetClassifier
from skorch.dataset import Dataset as SkorchDataset
from skorch.dataset import get_len, unpack_data
from skorch.utils import is_dataset, to_device, to_numpy
from torch import Tensor, nn
from torch.utils.data import IterableDataset, Subset

from skcb._checks import check_integer, check_sample_weight
from skcb._upstream import DocumentedEstimator
from skcb.net._upstream import AS_FIT, classes_of, constructor_attribute, keep_classes, module_names
from skcb.net.datasets import ArrayDataset, LabelledDataset, Target, WeightedTarget, labels_of, take, target_of
from skcb.net.draws import draws_per_sample, sampler_for, sampler_in
from skcb.net.inputs import as_tensors, cast_floating, check_inputs, floating_dtype
from skcb.net.loading import Permutation
from skcb.net.plan import Plan
from skcb.net.processes import in_several_processes, prepare_again, shared_seed
from skcb.net.seeding import seeded
from skcb.net.targets import ONE_LABEL, OneLabel, SeveralLabels
from skcb.nn import ClassBalancedSampler


class SklearnNet(DocumentedEstimator, NeuralNetClassifier):
    """What :class:`CBNeuralNetClassifier` has from scikit-learn's conventions, whatever its loss.

    Labels are encoded on the way in and decoded on the way out, in batches that callbacks see as well. The
    classes are known from `fit`, the first `partial_fit`, or `classes`.
    """

    history_ = constructor_attribute("history_")
    initialized_ = constructor_attribute("initialized_")
    virtual_params_ = constructor_attribute("virtual_params_")

    # Declared by hand with set_fit_request, as skorch does, which takes names that no signature lists.
    __metadata_request__fit: ClassVar = {"sample_weight": UNUSED}
    __metadata_request__partial_fit: ClassVar = {"classes": UNUSED, "sample_weight": UNUSED}

    # A subclass with modules or a criterion of its own may pass over the steps that replace it.
    _plan = Plan()

    random_state: Any

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Initialize the net and train it; with ``warm_start=True`` and an initialized one, train on.

        Parameters
        ----------
        X : array-like, sparse matrix, DataFrame, tensor, mapping or sequence of inputs, or Dataset
            Tables are cast to the dtype of the module. A mapping is passed to the module by keywords.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), optional
            Labels: integers, booleans or strings; for a loss of several labels an indicator matrix, 1 where a
            sample has the label, NaN where that is not known. May be left out where `X` is a Dataset that has
            them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, also in the counts of the classes. They are rescaled to mean 1 over the
            training part; samples of weight 0 are left out.
        **fit_params : dict
            For the module's ``forward`` and the `train_split`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If X holds NaN or infinity, if lengths differ, if labels are missing or there is one class alone,
            or if the module does not give one logit per class.
        FloatingPointError
            If the loss is not finite: the epoch and the batch are named, and their step is not taken.
        """
        continued = self.warm_start and self.initialized_
        X, target = self._check_data(X, y, sample_weight, None, reset=not continued)
        if not continued:
            self.initialize()
        return super().partial_fit(X, target.y, target=target, from_scratch=not continued, **AS_FIT, **fit_params)

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Train on, for `max_epochs` epochs over the part of the data that is given.

        Parameters
        ----------
        X : array-like, sparse matrix, Tensor, Dataset or dict
            Samples of this part.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), optional
            Their labels, of the kinds that :meth:`fit` takes.
        classes : array-like of shape (n_classes,), default=None
            All classes that may come, for the first call; by default those of its `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, also in the counts of the classes.
        **fit_params : dict
            For the module's ``forward`` and the `train_split`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If data are not valid, as :meth:`fit` says it, or if `y` has a class that the net does not know.
        """
        fresh = not self.initialized_
        X, target = self._check_data(X, y, sample_weight, classes, reset=fresh)
        if fresh:
            self.initialize()
        return super().partial_fit(X, target.y, target=target, **fit_params)

    def fit_loop(
        self,
        X: Any,
        y: Any = None,
        epochs: int | None = None,
        *,
        target: Target | None = None,
        from_scratch: bool = False,
        **fit_params: Any,
    ) -> Self:
        """Train for `epochs` epochs; a run `from_scratch` that has loaded a checkpoint trains those left."""
        if epochs is None and from_scratch:
            epochs = max(0, self.max_epochs - len(self.history))
        prepare_again(self)
        if target is None:
            target = Target(y, None if y is None else self._encode(y), None)
        # Callbacks see labels: where codes are others, and where a batch has weights beside them.
        renamed = self._renames or target.weight is not None
        self._plan = replace(self._plan, names=self.classes_ if renamed else None)
        return super().fit_loop(self._training_set(X, target), y, epochs, **fit_params)

    def check_data(self, X: Any, y: Any = None) -> None:
        """Do nothing: data are checked before the net is initialized, which takes its sizes from them."""

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes, sorted, in the order of the columns of ``predict_proba``."""
        known = classes_of(self)
        known = self._declared_classes() if known is None else known
        known = self._numbered_classes() if known is None else known
        if known is None:
            raise AttributeError(
                f"{type(self).__name__} does not know its classes before fit; classes= names them"
            )
        return known

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Probability of each class, or of each of several labels.

        Parameters
        ----------
        X : as in :meth:`fit`

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
            Rows sum to 1, save of several labels, each of which has a probability of its own.

        Raises
        ------
        ValueError
            If X is not finite or has other features than in `fit`, or if the module's output is not finite.
        """
        self.check_is_fitted()
        return self._probability(X, self._get_predict_nonlinearity())

    def _probability(self, X: Any, nonlinearity: Callable[[Any], Any]) -> NDArray[np.floating]:
        """Return what a function makes of the module's output, for the rows of X, if it is finite."""
        outputs = self.forward_iter(self._check_inputs(X, reset=False))
        logits = (output[0] if isinstance(output, tuple) else output for output in outputs)
        probability = np.concatenate([to_numpy(nonlinearity(of_batch)) for of_batch in logits])
        wrong = ~np.isfinite(probability).all(axis=tuple(range(1, probability.ndim)))
        if wrong.any():
            raise ValueError(
                f"the module's output is not finite for {np.count_nonzero(wrong)} samples, the first at position "
                f"{int(wrong.argmax())}; look for NaN in X, and for parameters that diverged in training"
            )
        return probability

    def predict(self, X: Any) -> NDArray[Any]:
        """Label of the class with the largest probability; of several labels, those likelier than not.

        Parameters
        ----------
        X : as in :meth:`fit`

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        self.check_is_fitted()
        return self._plan.targets.decide(self._probability(X, self._decides_by()), self.classes_)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy; of several labels, the share of samples of which all labels are right.

        Parameters
        ----------
        X, y : as in :meth:`fit`
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        self.check_is_fitted()
        if self._plan.targets.several:  # a wrong number of labels is named, or a value that is none
            indicator, _ = self._plan.targets.read(y, self)
            self._plan.targets.codes(indicator, self.classes_)
        return float(super().score(X, y, sample_weight))

    def _decides_by(self) -> Callable[[Any], Any]:
        """Return what makes of the module's output the numbers by which it is predicted."""
        return self._get_predict_nonlinearity()

    def forward_iter(self, X: Any, training: bool = False, device: Any = "cpu") -> Iterator[Any]:
        """Yield what the module makes of each batch, in the order of X, also with ``training=True``."""
        self.check_is_fitted()
        iterator = self.get_iterator(self.get_dataset(X), training=False)
        for batch in iterator:
            yield to_device(self.evaluation_step(batch, training=training), device=device)

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Apply the module to a batch, in the dtype of its parameters; of a Transformers model, its logits."""
        output = super().infer(cast_floating(x, floating_dtype(self._network)), **fit_params)
        return getattr(output, "logits", output)

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        """Return a dataset of X with the codes of the labels `y`."""
        if is_dataset(X):
            return X
        codes = None if y is None else self._encode(y)
        if self._owns_dataset:
            return ArrayDataset(as_tensors(X, self._network), y, codes)
        return super().get_dataset(X, codes)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return an iterator over the batches of a dataset; training shuffles, unless told how to sample."""
        parameters = self.get_params_for("iterator_train" if training else "iterator_valid")
        parameters.setdefault("batch_size", self.batch_size)
        if parameters["batch_size"] == -1:
            parameters["batch_size"] = len(dataset)
        target = target_of(dataset) if training else None
        codes = None if target is None else target[0]
        if training and "sampler" in parameters:
            parameters["sampler"] = sampler_for(parameters["sampler"], codes, self.classes_, self._plan.seed)
        _check_sampler(parameters.get("sampler"), dataset)
        told = parameters.keys() & {"shuffle", "sampler", "batch_sampler"}
        if training and not told and not isinstance(dataset, IterableDataset):
            if in_several_processes(self):
                parameters["sampler"] = Permutation(dataset)
            else:
                parameters["shuffle"] = True
        iterator = (self.iterator_train if training else self.iterator_valid)(dataset, **parameters)
        if training:
            draws = draws_per_sample(sampler_in(iterator), codes, len(self.classes_))
            self._plan = replace(self._plan, draws=draws)
        return iterator

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> tuple[Any, Any]:
        """Split into a training and a validation part, which may be None."""
        with self._seeded(0):
            train, valid = super().get_split_datasets(X, y, **fit_params)
        return self._with_codes(train), None if valid is None else self._with_codes(valid)

    def run_single_epoch(self, iterator: Any, training: bool, *args: Any, **kwargs: Any) -> None:
        """Go through the batches once; a training epoch has a seed of its own."""
        if not training:
            super().run_single_epoch(iterator, training, *args, **kwargs)
            return
        sampler = sampler_in(iterator)
        if isinstance(sampler, ClassBalancedSampler):
            sampler.set_epoch(len(self.history))
        with self._seeded(len(self.history)):
            super().run_single_epoch(iterator, training, *args, **kwargs)

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Call the callbacks; in the batches that they see, labels are what the user calls them."""
        if "batch" in kwargs and self._plan.names is not None:
            X, y = unpack_data(kwargs["batch"])
            codes = y.codes if isinstance(y, WeightedTarget) else y
            kwargs["batch"] = X, self._plan.targets.seen(codes, self._plan.names)
        super().notify(method_name, **kwargs)

    def initialize_module(self) -> Self:
        """Build the module, from a seed of its own."""
        state = self.random_state
        self._plan = replace(self._plan, seed=shared_seed(self, state if state is None else _seed_of(state)))
        with self._seeded(0):
            super().initialize_module()
        return self

    def _get_param_names(self) -> list[str]:
        return [name for name in super()._get_param_names() if not name.startswith("_")]

    def _seeded(self, epoch: int) -> AbstractContextManager[None]:
        return seeded(self._plan.seed, epoch, self.device)

    def _declared_classes(self) -> NDArray[Any] | None:
        """Return the classes that parameters name, sorted; None where they are to be found in `y`."""
        if self.classes is None:
            return None
        if not len(self.classes):
            raise ValueError("classes is empty, so that there is none to predict; name them, or leave it None")
        return np.unique(np.asarray(self.classes))

    def _numbered_classes(self) -> NDArray[Any] | None:
        """Return 0 to C - 1 where a net knows the number of its classes and no more; None where not even that."""
        return None

    def _ignored_label(self) -> Any:
        """Return the label whose samples are left out, None if there is none."""
        return None

    @property
    def _targets(self) -> OneLabel | SeveralLabels:
        """What is learnt of a sample: one label, as long as no loss says otherwise."""
        return ONE_LABEL

    @property
    def _network(self) -> nn.Module:
        """The module; of a subclass with others, all of them."""
        if hasattr(self, "module_"):
            return self.module_
        return nn.ModuleList(getattr(self, f"{name}_") for name in module_names(self))

    @property
    def _owns_dataset(self) -> bool:
        return self.dataset is SkorchDataset and not self.get_params_for("dataset")

    @property
    def _renames(self) -> bool:
        classes = self.classes_
        return classes.dtype.kind not in "iu" or not np.array_equal(classes, np.arange(len(classes)))

    def _check_inputs(self, X: Any, *, reset: bool) -> Any:
        return check_inputs(self, X, reset=reset) if self._owns_dataset else X

    def _check_data(
        self, X: Any, y: Any, sample_weight: ArrayLike | None, classes: ArrayLike | None, *, reset: bool
    ) -> tuple[Any, Target]:
        if check_integer("max_epochs", self.max_epochs) < 0:
            raise ValueError(f"max_epochs must not be negative, got {self.max_epochs!r}")
        if isinstance(X, IterableDataset):
            return self._check_stream(X, sample_weight), Target(None, None, None)
        if y is None and is_dataset(X):
            y = labels_of(X)
        labels, y = self._targets.read(y, self)
        X = self._check_inputs(X, reset=reset)
        n_samples = len(X) if is_dataset(X) else get_len(X)
        if n_samples != len(y):
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: X has {n_samples}, y has {len(y)}"
            )
        weight = check_sample_weight(sample_weight, n_samples)
        kept = self._looked_at(y)
        if not kept.any():
            raise ValueError(f"every label is {self._ignored_label()!r}, which criterion__ignore_index leaves out")
        labels = labels if kept.all() else labels._replace(codes=labels.codes[kept])
        if reset or classes_of(self) is None:
            declared = self._declared_classes()
            keep_classes(self, self._targets.find_classes(labels, classes if declared is None else declared))
        self._targets.remember(self, labels, reset=reset)
        codes = self._targets.codes(labels, self.classes_)
        if weight is not None:
            weighs = weight > 0
            codes = codes[weighs[kept]]
            kept &= weighs
            if not kept.any():
                raise ValueError(
                    "sample_weight is zero for all samples that criterion__ignore_index does not leave out"
                )
        if not kept.all():
            rows = np.flatnonzero(kept)
            X = Subset(X, rows.tolist()) if is_dataset(X) else take(X, torch.from_numpy(rows))
            y, weight = y[rows], None if weight is None else weight[rows]
        return X, Target(y, codes, None if weight is None else torch.from_numpy(weight))

    def _looked_at(self, y: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which labels are not those that are left out."""
        ignored = self._ignored_label()
        return np.ones(len(y), dtype=bool) if ignored is None else np.asarray(y != ignored)

    def _check_stream(self, X: Any, sample_weight: ArrayLike | None) -> Any:
        classes = self._declared_classes()
        if classes is None or sample_weight is not None:
            raise ValueError(
                "an IterableDataset can only be read by training on it: name its classes= and its class_counts=, "
                "and leave sample_weight out"
            )
        keep_classes(self, classes)
        if self._renames:
            raise ValueError(f"an IterableDataset must give out the labels 0 to {len(classes) - 1}, not {classes}")
        return X

    def _encode(self, y: Any) -> Tensor:
        labels, _ = self._targets.read(y, self)
        return self._targets.codes(labels, self.classes_)

    def _training_set(self, X: Any, target: Target) -> Any:
        if self._owns_dataset and not is_dataset(X):
            return ArrayDataset(as_tensors(X, self._network), *target)
        dataset = X if is_dataset(X) else super().get_dataset(X, target.codes)
        if target.codes is None:
            return dataset
        return LabelledDataset(dataset, target.y, target.codes, target.weight)

    def _with_codes(self, dataset: Any) -> Any:
        inner = dataset
        while isinstance(inner, Subset):
            inner = inner.dataset
        if isinstance(inner, ArrayDataset | LabelledDataset | IterableDataset):
            return dataset
        y = labels_of(dataset)  # a validation set that the user's train_split brings along
        looked_at = self._looked_at(np.asarray(y))
        if not looked_at.all():
            rows = np.flatnonzero(looked_at)
            dataset, y = Subset(dataset, rows.tolist()), np.asarray(y)[rows]
        return LabelledDataset(dataset, y, self._encode(y))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.non_deterministic = self.random_state is None
        return tags


def _check_sampler(sampler: Any, dataset: Any) -> None:
    """Refuse a sampler that was made for other data than the training part."""
    drawn_from = getattr(sampler, "weights", getattr(sampler, "data_source", None))
    n_samples = getattr(sampler, "n_samples", None if drawn_from is None else len(drawn_from))
    if n_samples is not None and n_samples != len(dataset):
        raise ValueError(
            f"the sampler draws from {n_samples} samples, but the training part has {len(dataset)}: a "
            "train_split, or a fold, trains on a part. Give a class, iterator_train__sampler="
            "skcb.nn.ClassBalancedSampler or a functools.partial of it, which is made anew for each part"
        )


def _seed_of(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        check_random_state(random_state)  # names a seed that is out of range
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
