"""The sampler of a training part: made for it where it is given as a class, and how often it draws each class."""

import inspect
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Sampler

from skcb.nn import ClassBalancedSampler

# Within a tenth, a sampler draws every class as often as it is there.
_EVEN = 1.1


def sampler_for(sampler: Any, codes: Tensor | None, seed: int | None) -> Any:
    """Return a sampler of the training part: one that is given as it is, of a class or function what it makes.

    Raises
    ------
    ValueError
        If there are no labels to make it from.
    """
    if isinstance(sampler, Sampler) or not callable(sampler):
        return sampler
    if codes is None:
        raise ValueError(
            f"{_name(sampler)} is made from the labels of the training part, and a stream's are not known before "
            "it is trained on; give a sampler, or none"
        )
    accepted = inspect.signature(sampler).parameters
    given = getattr(sampler, "keywords", {})
    seeded = "seed" in accepted and "seed" not in given
    if seed is None:
        seed = int(np.random.randint(2**31 - 1))  # noqa: NPY002 - without random_state the global one
    return sampler(codes.numpy(force=True), **({"seed": seed} if seeded else {}))


def balancing_sampler(sampler: Any) -> str | None:
    """Return the name of a class or factory of class-balanced samplers that draws unevenly, None of others."""
    made = getattr(sampler, "func", sampler)
    if not (isinstance(made, type) and issubclass(made, ClassBalancedSampler)):
        return None
    default = inspect.signature(made).parameters["beta"].default
    beta = getattr(sampler, "keywords", {}).get("beta", default)
    return f"{made.__name__}(beta={beta!r})" if beta else None


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
    return getattr(batches, "sampler", None)


def _name(sampler: Any) -> str:
    made = getattr(sampler, "func", sampler)
    return getattr(made, "__name__", repr(made))
