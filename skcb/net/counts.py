"""Count the classes of the part that a net trains on."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skcb._checks import warn
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
