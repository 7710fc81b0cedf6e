"""The sampler of a training part: made for it where it is given as a class, and how often it draws each class."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Sampler

from skcb.balancing import sampling_probability
from skcb.nn import ClassBalancedSampler

# Within a tenth, a sampler draws every class as often as it is there.
_EVEN = 1.1


class EpochsOfTheNet(Sampler[int]):
    """A class-balanced sampler whose epochs are the net's: accelerate finds no `set_epoch` to set its own."""

    def __init__(self, sampler: ClassBalancedSampler) -> None:
        self.sampler = sampler

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[int]:
        return iter(self.sampler)


def sampler_for(sampler: Any, codes: Tensor | None, seed: int | None) -> Any:
    """Return a sampler of the training part: one that is given, or what a class or function makes.

    Raises
    ------
    ValueError
        If there are no labels to make it from.
    """
    if not isinstance(sampler, Sampler) and callable(sampler):
        sampler = _made(sampler, codes, seed)
    return EpochsOfTheNet(sampler) if isinstance(sampler, ClassBalancedSampler) else sampler


def _made(factory: Callable[..., Any], codes: Tensor | None, seed: int | None) -> Any:
    if codes is None:
        raise ValueError(
            f"{_name(factory)} is made from the labels of the training part, and a stream's are not known before "
            "it is trained on; give a sampler, or none"
        )
    accepted = inspect.signature(factory).parameters
    if "seed" not in accepted or "seed" in getattr(factory, "keywords", {}):
        return factory(codes.numpy(force=True))
    if seed is None:
        seed = int(np.random.randint(2**31 - 1))  # noqa: NPY002 - without random_state the global one
    return factory(codes.numpy(force=True), seed=seed)


def balancing_sampler(sampler: Any) -> str | None:
    """Return the name of a class or factory of class-balanced samplers that draws unevenly, None of others."""
    beta = _beta_of(sampler)
    return f"ClassBalancedSampler(beta={beta!r})" if beta else None


def draws_by_counts(sampler: Any, counts: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return what `draws_per_sample` would, of a sampler that is yet to be made; None where it is not known."""
    beta = _beta_of(sampler)
    if not beta:
        return None
    return np.divide(sampling_probability(counts, beta), counts, out=np.ones(len(counts)), where=counts > 0)


def _beta_of(sampler: Any) -> float | None:
    made = getattr(sampler, "func", sampler)
    if not (isinstance(made, type) and issubclass(made, ClassBalancedSampler)):
        return None
    default = inspect.signature(made).parameters["beta"].default
    return getattr(sampler, "keywords", {}).get("beta", default)


def draws_per_sample(sampler: Any, codes: Tensor, n_classes: int) -> NDArray[np.float64] | None:
    """Return how often a sampler draws a sample of each class, on the average; 1 where there is none.

    None where it draws all as often as one another, or is not known to do anything else.
    """
    weights = getattr(sampler, "weights", None)
    if weights is None and not isinstance(sampler, ClassBalancedSampler):
        return None
    counts = torch.bincount(codes, minlength=n_classes).numpy(force=True)
    if weights is None:
        drawn = np.zeros(n_classes)
        drawn[counts > 0] = sampler.counts  # of the labels that occur, sorted as the codes are
    else:
        weights = torch.as_tensor(weights, dtype=torch.float64)
        drawn = torch.bincount(codes, weights, minlength=n_classes).numpy(force=True)
    often = np.divide(drawn, counts, out=np.ones(n_classes), where=counts > 0)
    present = often[counts > 0]
    return often if present.max() > _EVEN * present.min() else None


def sampler_in(loader: Any) -> Any:
    """Return the sampler of a loader, also inside the shells of accelerate's; None if it has none."""
    batches = getattr(loader, "batch_sampler", None)
    while batches is not None and not hasattr(batches, "sampler"):
        batches = getattr(batches, "batch_sampler", None)
    sampler = getattr(batches, "sampler", None)
    return sampler.sampler if isinstance(sampler, EpochsOfTheNet) else sampler


def _name(factory: Any) -> str:
    made = getattr(factory, "func", factory)
    return getattr(made, "__name__", repr(made))
