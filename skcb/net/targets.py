"""What a net learns to say of a sample: one label, or which of several labels it has."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from skcb._checks import check_target, shown
from skcb._classes.indicators import Indicator, LabelCounts, as_indicator, count_indicator
from skcb._classes.labels import Labels, encode_labels
from skcb._classes.vector import ClassVector, count
from skcb.net.counts import count_part, warn_of_one_sided


class OneLabel:
    """One label per sample; its code is its position among the classes."""

    several = False

    def read(self, y: Any, net: Any) -> tuple[Any, NDArray[Any]]:
        """Return valid labels, and the same as an array."""
        _check_one_label(y, net)
        labels = encode_labels(check_target(y, net))
        return labels, labels.decode()

    def find_classes(self, labels: Labels, named: ArrayLike | None) -> NDArray[Any]:
        """Return the classes that are named, else those of the labels, sorted."""
        found = count(labels).classes if named is None else np.unique(np.asarray(named))
        if len(found) < 2:
            raise ValueError(
                f"a classifier needs at least 2 classes, y has one class alone: {found.tolist()[0]!r}; name all "
                "classes with classes= if the others come later"
            )
        return found

    def remember(self, net: Any, labels: Labels, *, reset: bool) -> None:
        """Do nothing: the classes say it all."""

    def codes(self, labels: Labels, classes: NDArray[Any]) -> Tensor:
        """Return the position of each label among the classes."""
        codes = ClassVector.codes(classes)
        return torch.from_numpy(codes.of(labels, out_of="the classes of this net (classes= names all)"))

    def seen(self, codes: Tensor, names: NDArray[Any]) -> NDArray[Any]:
        """Return what callbacks are to see in place of codes."""
        return names[codes.numpy(force=True)]

    def decide(self, probability: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
        """Return the class with the largest number."""
        return classes[probability.argmax(axis=1)]

    def without_counts(self, n_classes: int) -> Any:
        """Return what a loss may be built from before anything is counted."""
        return np.ones(n_classes)

    def count(
        self, codes: Tensor, weight: Tensor | None, classes: NDArray[Any], declared: NDArray[np.float64] | None
    ) -> tuple[Any, float]:
        """Return the counts of a training part and the mean of its weights."""
        return count_part(codes, weight, classes, declared)


class SeveralLabels:
    """An indicator matrix: a sample may have several labels, or none; its codes are its row."""

    several = True

    def read(self, y: Any, net: Any) -> tuple[Any, NDArray[Any]]:
        """Return a valid indicator, and the same as an array."""
        if y is None:
            check_target(y, net)  # says so
        indicator = as_indicator(y)
        codes = indicator.dense()
        unknown = codes.dtype.kind == "f" and bool(np.isnan(codes).any())
        indicator = indicator._replace(codes=codes.astype(np.float32 if unknown else np.uint8, copy=False))
        return indicator, indicator.codes

    def find_classes(self, labels: Indicator, named: ArrayLike | None) -> NDArray[Any]:
        """Return the positions of the labels; those that are named must be as many."""
        n_labels = labels.codes.shape[1]
        if named is not None and len(np.asarray(named)) != n_labels:
            raise ValueError(
                f"y has {n_labels} labels, but classes= or class_counts= names {len(np.asarray(named))}"
            )
        return np.arange(n_labels)

    def remember(self, net: Any, labels: Indicator, *, reset: bool) -> None:
        """Keep the names of the columns, where they have names, or compare them with those that are known."""
        named = not np.array_equal(labels.labels, np.arange(len(labels.labels)))  # else they have no names
        known = None if reset else getattr(net, "label_names_", None)
        if (
            known is not None
            and named
            and len(known) == len(labels.labels)
            and known.tolist() != labels.labels.tolist()
        ):
            raise ValueError(
                f"the columns of y are [{shown(labels.labels.tolist())}], but this net was trained on "
                f"[{shown(known.tolist())}]; give the labels in that order: y[net.label_names_]"
            )
        if named:
            net.label_names_ = labels.labels
        elif reset and hasattr(net, "label_names_"):
            del net.label_names_

    def codes(self, labels: Indicator, classes: NDArray[Any]) -> Tensor:
        """Return the rows of the indicator."""
        n_labels = labels.codes.shape[1]
        if n_labels != len(classes):
            raise ValueError(f"y has {n_labels} labels, but this net knows {len(classes)}; give all of its labels")
        return torch.from_numpy(np.require(labels.codes, requirements=["C", "W"]))

    def seen(self, codes: Tensor, names: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG002 - labels are their positions
        """Return the rows themselves."""
        return codes.numpy(force=True)

    def decide(self, probability: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:  # noqa: ARG002
        """Return an indicator of the labels that are likelier than not."""
        return (probability > 0.5).astype(np.int64)

    def without_counts(self, n_classes: int) -> Any:
        """Return what a loss may be built from before anything is counted."""
        return LabelCounts(np.arange(n_classes), np.ones(n_classes), np.full(n_classes, 2.0))

    def count(
        self, codes: Tensor, weight: Tensor | None, classes: NDArray[Any], declared: LabelCounts | None
    ) -> tuple[Any, float]:
        """Return the counts of a training part and the mean of its weights."""
        if not len(codes):
            raise ValueError("the training part is empty: train_split leaves no sample in it")
        own = None if weight is None else weight.numpy()
        counted = count_indicator(Indicator(codes.numpy(), classes), own)
        mean_weight = 1.0 if own is None else float(own.mean())
        if declared is None:
            warn_of_one_sided(counted)
            return counted, mean_weight
        wrong = classes[(declared.counts == 0) & (counted.counts > 0)].tolist()
        if wrong:
            raise ValueError(f"class_counts gives 0 samples to the labels {wrong}, which y has")
        return declared, mean_weight


ONE_LABEL, SEVERAL_LABELS = OneLabel(), SeveralLabels()


def _check_one_label(y: Any, net: Any) -> None:
    shape = tuple(getattr(y, "shape", ()))
    several = isinstance(y, list) and y and isinstance(y[0], list | tuple | np.ndarray) and len(y[0]) > 1
    if several or len(shape) > 2 or (len(shape) == 2 and shape[1] > 1):
        given = f"loss={net.loss!r}" if isinstance(getattr(net, "loss", None), str) else "this net"
        raise ValueError(
            f"y has {'shape ' + str(shape) if shape else 'a sequence of labels for each sample'}, several targets "
            f"per sample, and {given} predicts one label for each; an indicator matrix of several labels is for "
            'loss="multilabel". For a label per token or pixel train in a loop of your own, with the losses of '
            "skcb.nn, which take logits (N, C, d1, ...)"
        )
