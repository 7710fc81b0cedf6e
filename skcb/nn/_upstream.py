"""The privates of torch that the losses lean on, one name each, which tests/nn/test_upstream.py holds."""

import torch

__all__ = ["transforms_are_active"]


def transforms_are_active() -> bool:
    """Whether a function is being mapped or differentiated by ``torch.func``."""
    return bool(torch._C._are_functorch_transforms_active())  # noqa: SLF001
