"""Check what a loss is called with: tensors, weights, rows of probabilities, the number to divide by."""

import math

import torch
from torch import Tensor

from skcb._checks import check_real
from skcb.nn._upstream import transforms_are_active

# How far the sum of the probabilities of an example may be from 1: mixup in half precision is within it.
_ROUNDING = 0.05


def check_n_examples(n_examples: float | Tensor, reduction: str) -> float | Tensor:
    """Return the number that "mean" is to divide by; one on an accelerator is not waited for."""
    if reduction != "mean":
        raise ValueError(f'n_examples is what "mean" divides by; with reduction={reduction!r} leave it out')
    if isinstance(n_examples, Tensor):
        if n_examples.numel() != 1 or n_examples.dtype == torch.bool or n_examples.is_complex():
            raise ValueError(f"n_examples must be one number, got {n_examples!r}")
        if not (n_examples.is_cpu and values_are_known(n_examples)):
            return n_examples.reshape(())
        n_examples = n_examples.item()
    if not 0 < check_real("n_examples", n_examples) < math.inf:
        raise ValueError(
            f"n_examples must be positive, got {n_examples!r}; it is the number of examples of the whole batch"
        )
    return n_examples


def check_tensor(name: str, value: object) -> None:
    if isinstance(value, Tensor):
        return
    way_out = "give its .logits" if hasattr(value, "logits") else "torch.as_tensor makes one"
    raise TypeError(f"{name} must be a tensor, got {type(value).__name__}; {way_out}")


def check_sample_weight(sample_weight: Tensor, per_example: tuple[int, ...]) -> None:
    check_tensor("sample_weight", sample_weight)
    if sample_weight.shape not in {per_example, per_example[:1]}:
        raise ValueError(
            f"sample_weight has shape {tuple(sample_weight.shape)}, expected one number per example: "
            f"{tuple(per_example)}" + (f" or {tuple(per_example[:1])}" if len(per_example) > 1 else "")
        )


def check_pair_weight(sample_weight: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse weights that are neither of the examples nor of their pairs with labels."""
    check_tensor("sample_weight", sample_weight)
    per_example = shape[:1] + shape[2:]
    if sample_weight.shape not in {per_example, shape[:1], shape}:
        raise ValueError(
            f"sample_weight has shape {tuple(sample_weight.shape)}, expected one number per example, "
            f"{tuple(per_example)}, or per pair of example and label, {tuple(shape)}"
        )


def values_are_known(tensor: Tensor) -> bool:
    """Whether a decision may hang on a tensor's values: not while a graph is compiled, or a function mapped."""
    return not (
        torch.compiler.is_compiling()
        or transforms_are_active()
        or (tensor.is_cuda and torch.cuda.is_current_stream_capturing())
    )


def check_rows(target: Tensor) -> None:
    """Refuse targets of several labels per example, or of none: the weight of an example is that of its class."""
    if not values_are_known(target):
        return
    sums = target.sum(1, dtype=torch.promote_types(target.dtype, torch.float32))
    wrong = ~((sums - 1).abs() <= _ROUNDING)
    if wrong.any():
        raise ValueError(
            "a floating target holds the probability of each class, which sum to 1, but that of an example sums "
            f"to {sums[wrong][0].item():.4g}. Several labels per example, or none, are a decision for each label: "
            "skcb.nn.CBMultilabelLoss"
        )


# So many entries at a time, which stay in the cache of a CPU while they are looked at.
_BLOCK = 1 << 17


def n_masked_of(target: Tensor) -> int:
    """Return how many entries of an indicator are NaN, and refuse others than these, 0 and 1."""
    n_masked = 0
    size = max(1, _BLOCK // max(1, target[:1].numel())) if target.is_cpu else max(1, len(target))
    for start in range(0, len(target), size):
        block = target[start : start + size]
        if _are_zeros_and_ones(block):
            continue
        n_masked += int(block.isnan().count_nonzero())
        if not _are_zeros_and_ones(block.nan_to_num(nan=0.0)):
            first, *place = (~((block == 0) | (block == 1) | block.isnan())).nonzero()[0].tolist()
            raise ValueError(
                f"target{[start + first, *place]} is {block[(first, *place)].item():.9g}, of label {place[0]}; a "
                "target is 1, 0, or NaN where it is not known. Probabilities of labels are for "
                "torch.nn.BCEWithLogitsLoss"
            )
    return n_masked


def _are_zeros_and_ones(block: Tensor) -> bool:
    # t * t - t is 0 for 0 and 1 alone, in integers too; its extremes are found faster than what differs is.
    return not block.numel() or all(extreme.item() == 0 for extreme in block.mul(block).sub_(block).aminmax())
