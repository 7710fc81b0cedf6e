"""What a net must share when accelerate trains it in several processes: loss, seed and gradients."""

from typing import Any

import numpy as np
from torch import nn

from skcb.net._upstream import mark_as_prepared, wrap_again


def in_several_processes(net: Any) -> bool:
    """Whether a net has skorch's ``AccelerateMixin``, and trains in more processes than one."""
    return getattr(getattr(net, "accelerator", None), "num_processes", 1) > 1


def shared_seed(net: Any, seed: int | None) -> int | None:
    """Return the seed of the first process, which draws one where it has none; alone, `seed` as it is.

    The split into a training and a validation part follows from it, and the order of the examples: without a
    common seed the processes would count, and go through, other data than their twins.
    """
    if not in_several_processes(net):
        return seed
    from accelerate.utils import broadcast_object_list

    shared = [int(np.random.randint(2**31 - 1)) if seed is None else seed]  # noqa: NPY002 - the global state
    broadcast_object_list(shared)
    return shared[0]


def prepare_criterion(net: Any, criterion: nn.Module) -> None:
    """Do for a loss with nothing to learn what accelerate does, and mark it as done.

    Accelerate wraps every module for data-parallel training, and torch refuses those without gradients there.
    """
    accelerator = getattr(net, "accelerator", None)
    if accelerator is None or any(parameter.requires_grad for parameter in criterion.parameters()):
        return
    if accelerator.device_placement:
        criterion.to(accelerator.device)
    mark_as_prepared(criterion)


def prepare_again(net: Any) -> None:
    """Wrap a net that skorch has unwrapped after training; without it no gradient would be averaged any more."""
    if in_several_processes(net):
        wrap_again(net)
