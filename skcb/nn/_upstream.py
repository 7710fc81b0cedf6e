"""The privates of torch that the losses lean on, one name each, which tests/nn/test_upstream.py holds."""

import torch

__all__ = ["transforms_are_active"]


def transforms_are_active() -> bool:
    """Whether ``torch.func`` is mapping or differentiating a function, or dual numbers are, in forward mode."""
    dual = torch.autograd.forward_ad._current_level >= 0  # noqa: SLF001
    return bool(dual or torch._C._are_functorch_transforms_active())  # noqa: SLF001
