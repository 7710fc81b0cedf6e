"""Count the classes, or the labels, of the part that a net trains on."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skcb._checks import as_counts, labelled_counts, shown
from skcb._classes.indicators import LabelCounts
from skcb._warnings import warn
from skcb.balancing import EmptyClassWarning


def count_part(
    codes: Tensor, weight: Tensor | None, classes: NDArray, declared: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], float]:
    """Return the counts of a training part, those that are declared where they are, and the mean of its weights.

    Raises
    ------
    ValueError
        If the part is empty, or has a class of which the declared counts say that it has no samples.
    """
    if not len(codes):
        raise ValueError("the training part is empty: train_split leaves no sample in it")
    mean_weight = 1.0 if weight is None else float(weight.mean())
    occurring = torch.bincount(codes, minlength=len(classes)).numpy()
    if declared is not None:
        wrong = classes[(declared == 0) & (occurring > 0)].tolist()
        if wrong:
            raise ValueError(f"class_counts gives 0 samples to the classes {wrong}, which y has")
        return declared, mean_weight
    absent = classes[occurring == 0].tolist()
    if absent:
        warn(
            f"the classes {absent} have no samples in the part that is trained on, so they weigh 0 and cannot "
            "be learned; stratify train_split (ValidSplit(5, stratified=True)), or, where training goes in "
            "parts, give class_counts=",
            EmptyClassWarning,
        )
    if weight is None:
        return occurring.astype(np.float64), mean_weight
    return torch.bincount(codes, weight, minlength=len(classes)).numpy(), mean_weight


def warn_of_one_sided(counted: LabelCounts) -> None:
    """Name the labels that all samples of a training part have, or none."""
    never = counted.labels[counted.counts == 0].tolist()
    always = counted.labels[
        (counted.counts > 0) & np.isclose(counted.counts, counted.n_samples, rtol=1e-9)
    ].tolist()
    told = [f"no sample has the labels [{shown(never)}]"] * bool(never)
    told += [f"all samples have the labels [{shown(always)}]"] * bool(always)
    if told:
        warn(
            f"in the part that is trained on {', and '.join(told)}, so that there is nothing to tell them by; "
            "leave them out, or, where training goes in parts, give class_counts=",
            EmptyClassWarning,
        )


def declared_label_counts(
    class_counts: Any, n_samples: Any, names: NDArray[Any] | None, n_labels: int | None
) -> LabelCounts | None:
    """Return the counts of labels that parameters give, in the order of the columns; None where they give none.

    Raises
    ------
    ValueError
        If there is no number of samples to them, or if they are of other labels.
    """
    if class_counts is None:
        if n_samples is not None:
            raise ValueError("criterion__n_samples goes with class_counts=; without these the net counts both")
        return None
    n_samples = getattr(class_counts, "n_samples", n_samples)
    if n_samples is None:
        raise ValueError(
            "class_counts of several labels need the number of samples: skcb.count_labels(y) has both, or give "
            "criterion__n_samples="
        )
    labelled = labelled_counts(class_counts)
    counts = as_counts(class_counts if labelled is None else labelled[1], name="class_counts")
    if n_labels not in {None, len(counts)}:
        raise ValueError(f"class_counts has {len(counts)} counts for {n_labels} labels")
    known = np.broadcast_to(np.asarray(n_samples, dtype=np.float64), counts.shape)
    order = list(range(len(counts)))
    if labelled is not None:
        order = _places_of(labelled[0], None if names is None else names.tolist())
    return LabelCounts(np.arange(len(counts)), counts[order], known[order])


def _places_of(labels: list[Any], names: list[Any] | None) -> list[int]:
    """Return where the columns of y stand among the labels that counts are of: by name, else by position."""
    positions = list(range(len(labels)))
    if labels == names:
        return positions
    wanted = names if names is not None and set(labels) == set(names) else positions
    if set(labels) != set(wanted):
        if names is None:  # of counts that name the columns of a y without names
            return positions
        raise ValueError(f"class_counts are of the labels [{shown(labels)}], but y has [{shown(names)}]")
    if len(set(labels)) < len(labels):
        raise ValueError(f"class_counts are of the labels [{shown(labels)}], of which one is there twice")
    place = dict(zip(labels, positions, strict=True))
    return [place[name] for name in wanted]
