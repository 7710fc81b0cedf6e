"""The sampler of a training part: made for it where it is given as a class, and how often it draws each class."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import (
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from skcb.balancing import sampling_probability
from skcb.nn import ClassBalancedSampler

# Within a tenth, a sampler draws every class as often as it is there.
_EVEN = 1.1


class EpochsOfTheNet(Sampler[int]):
    """A class-balanced sampler whose epochs are the net's: accelerate finds no `set_epoch` to set its own."""

    def __init__(self, sampler: ClassBalancedSampler) -> None:
        self.sampler, self.n_samples = sampler, sampler.n_samples

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[int]:
        return iter(self.sampler)


def sampler_for(sampler: Any, codes: Tensor | None, classes: NDArray[Any], seed: int | None) -> Any:
    """Return a sampler of the training part: one that is given, or what a class or function makes.

    Raises
    ------
    ValueError
        If there are no labels to make it from.
    TypeError
        If it is made from something else.
    """
    if not isinstance(sampler, Sampler) and callable(sampler):
        if codes is not None and codes.ndim > 1:
            raise ValueError(
                f"{_name(sampler)} is made from one label per sample, and y has several; leave it to the loss to "
                "weigh them, or give a sampler of your own for the training part"
            )
        labels = None if codes is None else classes[codes.numpy(force=True)]
        sampler = _made(sampler, labels, seed)
    if isinstance(sampler, str):
        raise TypeError(
            f"iterator_train__sampler must be a sampler, or a class or function that makes one, got {sampler!r}; "
            "skcb.nn.ClassBalancedSampler draws by effective numbers"
        )
    return EpochsOfTheNet(sampler) if isinstance(sampler, ClassBalancedSampler) else sampler


def _made(factory: Callable[..., Any], labels: NDArray[Any] | None, seed: int | None) -> Any:
    made = getattr(factory, "func", factory)
    if isinstance(made, type) and issubclass(made, WeightedRandomSampler | SubsetRandomSampler):
        raise TypeError(
            f"a sampler that is given as a class is made from the labels of the training part, and "
            f"{made.__name__} is not; give skcb.nn.ClassBalancedSampler, or a function of the labels"
        )
    if labels is None:
        raise ValueError(
            f"{_name(factory)} is made from the labels of the training part, and a stream's are not known before "
            "it is trained on; give a sampler, or none"
        )
    accepted = inspect.signature(factory).parameters
    if "seed" not in accepted or "seed" in getattr(factory, "keywords", {}):
        return factory(labels)
    if seed is None:
        seed = int(np.random.randint(2**31 - 1))  # noqa: NPY002 - without random_state the global one
    return factory(labels, seed=seed)


def balancing_sampler(sampler: Any) -> str | None:
    """Return the name of a class-balanced sampler, made or not, that draws unevenly; None of others."""
    beta = _beta_of(sampler)
    return f"ClassBalancedSampler(beta={beta:g})" if beta else None


def draws_by_counts(sampler: Any, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `draws_per_sample` would, of the sampler of a training that has left its counts alone.

    Raises
    ------
    ValueError
        If it is not known how such a sampler draws.
    """
    if sampler is None or isinstance(sampler, RandomSampler | SequentialSampler):
        return np.ones(len(counts))
    beta = _beta_of(sampler)
    if beta is None:
        raise ValueError(
            "prior_correction=True divides out how often each class was drawn, which is not known of "
            f"{_name(sampler)} where parameters are loaded; pickle the net, or sample by ClassBalancedSampler"
        )
    return np.divide(sampling_probability(counts, beta), counts, out=np.ones(len(counts)), where=counts > 0)


def _beta_of(sampler: Any) -> float | None:
    if isinstance(sampler, ClassBalancedSampler):
        return sampler.beta
    made = getattr(sampler, "func", sampler)
    if not (isinstance(made, type) and issubclass(made, ClassBalancedSampler)):
        return None
    default = inspect.signature(made).parameters["beta"].default
    return getattr(sampler, "keywords", {}).get("beta", default)


def draws_per_sample(sampler: Any, codes: Tensor | None, n_classes: int) -> NDArray[np.float64]:
    """Return how often a sampler draws a sample of each class, on the average; 1 where all are drawn alike.

    So it is said of samplers that are not known to do anything else.
    """
    weights, even = getattr(sampler, "weights", None), np.ones(n_classes)
    if codes is None or codes.ndim > 1 or (weights is None and not isinstance(sampler, ClassBalancedSampler)):
        return even
    counts = torch.bincount(codes, minlength=n_classes).numpy(force=True)
    if weights is None:
        drawn = np.zeros(n_classes)
        drawn[counts > 0] = sampler.counts  # of the labels that occur, sorted as the codes are
    else:
        weights = torch.as_tensor(weights, dtype=torch.float64)
        drawn = torch.bincount(codes, weights, minlength=n_classes).numpy(force=True)
    often = np.divide(drawn, counts, out=even.copy(), where=counts > 0)
    often[counts == 0] = often[counts > 0].mean()
    return often if often.max() > _EVEN * often.min() else even


def draws_unevenly(sampler: Any) -> bool:
    """Whether a sampler is known to draw some samples more often than others."""
    weights = getattr(sampler, "weights", None)
    if weights is None:
        return isinstance(sampler, ClassBalancedSampler)
    weights = torch.as_tensor(weights)
    return bool(weights.max() > _EVEN * weights.min())


def sampler_in(loader: Any) -> Any:
    """Return the sampler of a loader, also inside the shells of accelerate's; None if it has none."""
    batches = getattr(loader, "batch_sampler", None)
    while batches is not None and not hasattr(batches, "sampler"):
        batches = getattr(batches, "batch_sampler", None)
    sampler = getattr(batches, "sampler", None)
    return sampler.sampler if isinstance(sampler, EpochsOfTheNet) else sampler


def _name(sampler: Any) -> str:
    made = getattr(sampler, "func", sampler)
    return getattr(made, "__name__", type(made).__name__)
