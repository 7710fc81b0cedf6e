"""The kernels of a GPU, run by Triton's interpreter on a CPU, equal torch's operations in float64.

test_fused.py runs these with TRITON_INTERPRET=1.
"""

import numpy as np
import pytest
import torch

from skcb import EmptyClassWarning
from skcb.nn import (
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
)
from skcb.nn import _fused as fused
from skcb.nn._device import form_of

from .kernel_losses import KERNEL_LOSSES as LOSSES


def by_kernels(loss, logits, target, *, mean=True):
    return fused.fused_loss(
        form_of(loss), logits, target, loss.weight, ignore_index=-100, mean=mean, by_operations=None
    )


def both(loss, logits, target):
    """Loss and gradient of torch's operations in float64, and of the kernels."""
    z = logits.double().requires_grad_()
    expected = loss.double()(z, target)
    (slope,) = torch.autograd.grad(3 * expected, z)
    z = logits.clone().requires_grad_()
    value = by_kernels(loss.float(), z, target)
    (gradient,) = torch.autograd.grad(3 * value, z)
    assert gradient.stride() == logits.stride()
    return (expected.item(), slope), (value.item(), gradient.double())


@pytest.mark.parametrize("shape", [(33, 10), (3, 300), (5, 7, 4, 3)])
@pytest.mark.parametrize("name", LOSSES)
def test_equals_operations(name, shape):
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(shape, generator=generator)
    if logits.ndim == 4:
        logits = logits.to(memory_format=torch.channels_last)
    target = torch.randint(shape[1], shape[:1] + shape[2:], generator=generator)
    target.view(-1)[::5] = -100
    loss = LOSSES[name](np.arange(1, shape[1] + 1) ** 2)
    (expected, slope), (value, gradient) = both(loss, logits, target)
    assert value == pytest.approx(expected, rel=1e-6)
    torch.testing.assert_close(gradient, slope, rtol=2e-5, atol=1e-6 * slope.abs().max().item())
    assert not gradient.movedim(1, -1)[target == -100].any()


@pytest.mark.parametrize("kind", [LogitAdjustedLoss, VSLoss, LDAMLoss])
def test_an_empty_class_is_out_of_the_running(kind):
    with pytest.warns(EmptyClassWarning):
        loss = kind([50, 40, 0, 20])
    logits, target = torch.randn(6, 4), torch.tensor([0, 1, 3, 0, 1, 3])
    (expected, slope), (value, gradient) = both(loss, logits, target)
    assert value == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(gradient, slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_logits_are_finite(name):
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 3e4]])
    for target in ([0, 2], [1, 0]):
        (_, _), (value, gradient) = both(LOSSES[name]([100, 10, 1]), logits, torch.tensor(target))
        assert np.isfinite(value)
        assert gradient.isfinite().all()


@pytest.mark.parametrize("make", [CBCrossEntropyLoss, CBFocalLoss])
def test_what_is_almost_certain_keeps_its_digits(make):
    loss, target = make([1, 1]), torch.tensor([0])
    logits = torch.tensor([[20.0, -20.0]])
    exact = np.exp(-40.0) if make is CBCrossEntropyLoss else 2 * np.exp(-20.0) ** 3
    assert by_kernels(loss, logits, target).item() == pytest.approx(exact, rel=1e-5, abs=0)


def test_half_precision_is_computed_in_float32():
    logits, target = torch.randn(9, 5).bfloat16().requires_grad_(), torch.arange(9) % 5
    loss = CBFocalLoss([5, 4, 3, 2, 1])
    value = by_kernels(loss, logits, target)
    assert value.item() == pytest.approx(loss(logits.double(), target).item(), rel=1e-6)
    assert torch.autograd.grad(value, logits)[0].dtype == torch.bfloat16


def test_the_sum():
    logits, target = torch.randn(9, 5), torch.arange(9) % 5
    loss = CBCrossEntropyLoss([5, 4, 3, 2, 1], reduction="sum")
    assert by_kernels(loss, logits, target, mean=False).item() == pytest.approx(
        loss(logits, target).item(), rel=1e-6
    )


@pytest.mark.parametrize("target", [torch.full((4,), -100), torch.empty(0, dtype=torch.int64)])
def test_nothing_to_learn_from_is_0(target):
    logits = torch.randn(len(target), 3, requires_grad=True)
    value = by_kernels(CBCrossEntropyLoss([3, 2, 1]), logits, target)
    assert value == 0
    assert not torch.autograd.grad(value, logits)[0].any()


def test_many_tiles_are_added_up(monkeypatch):
    monkeypatch.setattr(fused, "ENTRIES", 8)
    monkeypatch.setattr(fused, "MAX_TILES", 4)
    logits, target = torch.randn(33, 8), torch.arange(33) % 8
    loss = CBSigmoidLoss(np.arange(1, 9))
    assert by_kernels(loss, logits, target).item() == pytest.approx(loss(logits, target).item(), rel=1e-6)
