"""The kernels of a GPU give what torch gives in float64 on a CPU, and keep all that a loss promises."""

import subprocess
import sys
import textwrap

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

from .kernel_losses import KERNEL_LOSSES

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

LOSSES = {**KERNEL_LOSSES, "sum": lambda counts: CBCrossEntropyLoss(counts, reduction="sum")}
SHAPES = {"rows": (513, 37), "many": (19, 9000), "mask": (3, 21, 17, 11), "last": (3, 21, 17, 11)}


def batch(shape, *, last=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(shape, generator=generator)
    if last:
        logits = logits.to(memory_format=torch.channels_last)
    target = torch.randint(shape[1], shape[:1] + shape[2:], generator=generator)
    target.view(-1)[::7] = -100
    return logits, target


def both(make, logits, target, **more):
    """Loss and gradient, on the CPU in float64 and on the GPU as the logits are."""
    counts = np.maximum(1, 5000 * 0.01 ** (np.arange(logits.shape[1]) / (logits.shape[1] - 1))).astype(int)
    found = []
    for device, dtype in (("cpu", torch.float64), ("cuda", logits.dtype)):
        z = logits.detach().to(device, dtype).requires_grad_()
        loss = make(counts).to(device)
        loss = loss.double() if device == "cpu" else loss
        value = loss(z, target.to(device), **more)
        (gradient,) = torch.autograd.grad(3 * value, z)
        assert gradient.dtype == z.dtype
        assert value.dtype == (torch.float64 if device == "cpu" else torch.float32)
        found.append((value.item(), gradient.cpu().double()))
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_equals_operations(name, shape):
    logits, target = batch(SHAPES[shape], last=shape == "last")
    (expected, slope), (value, gradient) = both(LOSSES[name], logits, target)
    assert value == pytest.approx(expected, rel=2e-6)
    torch.testing.assert_close(gradient, slope, rtol=2e-5, atol=2e-6 * slope.abs().max().item())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["cross-entropy", "focal, 1", "ldam"])
def test_half_precision_is_computed_in_float32(name, dtype):
    logits, target = batch((64, 37))
    logits = logits.to(dtype)
    (expected, slope), (value, gradient) = both(LOSSES[name], logits, target)
    assert value == pytest.approx(expected, rel=2e-6)
    torch.testing.assert_close(gradient, slope, rtol=1e-2, atol=1e-2 * slope.abs().max().item())


def test_what_is_ignored_is_not_looked_at():
    logits, target = batch((64, 37))
    logits[target == -100] = torch.nan
    z = logits.cuda().requires_grad_()
    loss = CBFocalLoss(np.arange(1, 38)).cuda()
    value = loss(z, target.cuda())
    value.backward()
    assert value.isfinite()
    assert z.grad.isfinite().all()
    assert not z.grad[target == -100].any()


@pytest.mark.parametrize("target", [torch.full((4,), -100), torch.empty(0, dtype=torch.int64)])
def test_nothing_to_learn_from_is_0(target):
    z = torch.randn(len(target), 5, device="cuda", requires_grad=True)
    value = CBCrossEntropyLoss([5, 4, 3, 2, 1]).cuda()(z, target.cuda())
    value.backward()
    assert value == 0
    assert not z.grad.any()


def test_an_empty_class_is_out_of_the_running():
    logits, target = batch((64, 5))
    target[target == 2] = 1
    for kind in (LogitAdjustedLoss, VSLoss, LDAMLoss):
        with pytest.warns(EmptyClassWarning):
            loss = kind([50, 40, 0, 20, 10])
        z = logits.double().requires_grad_()
        expected = loss.double()(z, target)
        (slope,) = torch.autograd.grad(expected, z)
        loss = loss.float().cuda()
        z = logits.cuda().requires_grad_()
        value = loss(z, target.cuda())
        (gradient,) = torch.autograd.grad(value, z)
        assert value.item() == pytest.approx(expected.item(), rel=1e-5)
        torch.testing.assert_close(gradient.cpu().double(), slope, rtol=1e-4, atol=1e-5)


def test_extreme_logits():
    z = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 3e4]], device="cuda", requires_grad=True)
    for make in LOSSES.values():
        for target in ([0, 2], [1, 0]):
            value = make([100, 10, 1]).cuda()(z, torch.tensor(target, device="cuda"))
            (gradient,) = torch.autograd.grad(value, z)
            assert value.isfinite()
            assert gradient.isfinite().all()


@pytest.mark.parametrize("n_examples", [40, torch.tensor(40)])
def test_divides_by_another_number(n_examples):
    logits, target = batch((64, 37))
    (expected, slope), (value, gradient) = both(CBSigmoidLoss, logits, target, n_examples=n_examples)
    assert value == pytest.approx(expected, rel=2e-6)
    torch.testing.assert_close(gradient, slope, rtol=2e-5, atol=1e-7)


def test_a_retained_graph_gives_the_same_again():
    logits, target = batch((64, 37))
    z = logits.cuda().requires_grad_()
    value = CBFocalLoss(np.arange(1, 38)).cuda()(z, target.cuda())
    first, second = (torch.autograd.grad(value, z, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
    assert not first.is_set_to(second)


@pytest.mark.parametrize("name", ["cross-entropy", "sum", "focal, 1", "ldam"])
def test_second_derivatives(name):
    logits, target = batch((6, 5))
    found = []
    for device, dtype in (("cpu", torch.float64), ("cuda", torch.float32)):
        z = logits.to(device, dtype).requires_grad_()
        loss = LOSSES[name]([50, 40, 30, 20, 10]).to(device, dtype)
        (gradient,) = torch.autograd.grad(loss(z, target.to(device)), z, create_graph=True)
        found.append(torch.autograd.grad(gradient.square().sum(), z)[0].cpu().double())
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-5)


def test_recorded_as_a_graph():
    loss = CBFocalLoss(np.arange(1, 38)).cuda()
    (first, y), (second, other) = (batch((64, 37), seed=seed) for seed in range(2))
    z, target = first.cuda().requires_grad_(), y.cuda()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.autograd.grad(loss(z, target), z)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        value = loss(z, target)
        (gradient,) = torch.autograd.grad(value, z)
    with torch.no_grad():
        z.copy_(second)
        target.copy_(other)
    graph.replay()
    again = second.cuda().requires_grad_()
    expected = loss(again, other.cuda())
    assert torch.equal(value, expected)
    assert torch.equal(gradient, torch.autograd.grad(expected, again)[0])


def test_without_gradients():
    logits, target = batch((64, 37))
    loss = CBFocalLoss(np.arange(1, 38))
    with torch.no_grad():
        expected = loss(logits, target)
        assert loss.cuda()(logits.cuda(), target.cuda()).item() == pytest.approx(expected.item(), rel=1e-5)


def test_an_index_out_of_range_stops_the_program():
    code = """
        import torch
        from skcb.nn import CBCrossEntropyLoss
        loss = CBCrossEntropyLoss([5, 4, 3]).cuda()
        print(loss(torch.randn(4, 3, device="cuda"), torch.tensor([0, 1, 2, 3], device="cuda")).item())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "outside the classes" in done.stderr
