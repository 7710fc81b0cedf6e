"""The kernels of a GPU: what they give by Triton's interpreter, and when the losses take them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from skcb.nn import CBCrossEntropyLoss, ClassBalancedLoss
from skcb.nn._device import device_loss, form_of


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_the_kernels_equal_operations():
    """Triton chooses its interpreter when it is first imported: in a process of its own."""
    tests = Path(__file__).with_name("interpreted_kernels.py")
    command = [sys.executable, "-m", "pytest", "--quiet", "--no-header", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(
        command, env={**os.environ, "TRITON_INTERPRET": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]


def test_losses_of_ones_own_and_smoothing_have_no_kernel():
    class Own(type(CBCrossEntropyLoss.term)):
        """A term that must not be passed over."""

    class OwnLoss(CBCrossEntropyLoss):
        """A loss with it."""

        term = Own()

    base = torch.nn.CrossEntropyLoss(reduction="none")
    for loss in (
        OwnLoss([2, 1]),
        ClassBalancedLoss(base, [2, 1]),
        CBCrossEntropyLoss([2, 1], label_smoothing=0.1),
    ):
        assert form_of(loss) is None


def test_a_cpu_has_no_kernels():
    loss = CBCrossEntropyLoss([2, 1])
    logits, target = torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64)
    assert device_loss(loss, logits, target, loss.weight, mean=True, by_operations=None) is None
