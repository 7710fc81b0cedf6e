"""The per-example functions against their papers' formulas, where floating point is hardest."""

from functools import partial

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("mpmath")

from skcb.nn import _focal, functional  # noqa: E402

from . import references  # noqa: E402

GAMMAS = (0, 0.5, 1, 2, 5)
KINDS = {
    "sigmoid": (functional.sigmoid_focal, references.sigmoid_focal_of),
    "softmax": (functional.softmax_focal, references.softmax_focal_of),
}

both = pytest.mark.parametrize("kind", KINDS)
every_gamma = pytest.mark.parametrize("gamma", GAMMAS)


def hard_cases(size):
    """Every pair of sizes around the places where exp, log1p and the powers give out, right and wrong."""
    sizes = [s for s in (0, 1e-3, 1, 12, 16.7, 21, 60, 88, 89, 104, 300, 1e4) if s <= size]
    values = torch.tensor([*sizes, *(-s for s in sizes)])
    logits = torch.cartesian_prod(values, values, values[::5])
    return logits, torch.arange(len(logits)) % 3


@both
@every_gamma
@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e4), (torch.bfloat16, 60), (torch.float16, 60)])
def test_numerics(kind, gamma, dtype, size):
    loss, formula = KINDS[kind]
    logits, target = hard_cases(size)
    logits = logits.to(dtype)[::7].requires_grad_()  # of all pairs some: exact arithmetic takes its time
    target = target[::7]
    of = partial(formula, gamma=gamma)
    value = loss(logits, target, gamma)
    (gradient,) = torch.autograd.grad(value.sum(), logits, retain_graph=True)
    numbers = logits.tolist()
    expected = torch.tensor(references.losses(of, numbers, target))
    slope = torch.tensor(references.gradients(of, numbers, target))
    torch.testing.assert_close(value.double(), expected, rtol=2e-5, atol=1e-30)
    half = {torch.float32: 2e-5, torch.bfloat16: 5e-3, torch.float16: 1e-3}[dtype]
    torch.testing.assert_close(gradient.double(), slope, rtol=half, atol=1e-30 if dtype == torch.float32 else 1e-7)
    # The differentiable form, that of second derivatives and compiled graphs, is no less stable.
    (again,) = torch.autograd.grad(value.sum(), logits, create_graph=True)
    torch.testing.assert_close(again.double(), slope, rtol=5 * half, atol=1e-7)
    (second,) = torch.autograd.grad(again.float().square().sum(), logits)
    assert second.isfinite().all()


@both
@every_gamma
def test_soft_targets_are_expectations(kind, gamma):
    loss, formula = KINDS[kind]
    logits = torch.tensor([[50.0, -50, 0], [1e4, 1e4, -1e4], [0.5, -1, 2], [90, 0, 0]], dtype=torch.float64)
    soft = torch.tensor([[0.5, 0.25, 0.25], [1, 0, 0], [0.1, 0.2, 0.7], [0.9, 0.1, 0]], dtype=torch.float64)
    each = torch.stack(
        [
            torch.tensor(references.losses(partial(formula, gamma=gamma), logits.tolist(), [c] * 4))
            for c in range(3)
        ],
        1,
    )
    logits.requires_grad_()
    value = loss(logits, soft, gamma)
    torch.testing.assert_close(value, (soft * each).sum(1))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    assert gradient.isfinite().all()


def test_several_classes_may_be_true_of_a_sigmoid():
    logits = torch.randn(4, 3)
    target = torch.tensor([[1.0, 1, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)
    torch.testing.assert_close(functional.sigmoid_cross_entropy(logits, target), expected)


@both
@pytest.mark.parametrize("shape", [(50, 7), (3, 7, 40), (2, 7, 5, 9), (40, 1)])
@pytest.mark.parametrize("block", [1, 7, 60, 300])
def test_blocks_do_not_show(kind, shape, block, monkeypatch):
    logits = torch.randn(shape, dtype=torch.float64).transpose(0, -1).contiguous().transpose(0, -1)
    logits.requires_grad_()
    target = torch.randint(shape[1], shape[:1] + shape[2:])
    loss = KINDS[kind][0](logits, target, 1.5)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    monkeypatch.setattr(_focal, "_CPU_BLOCK", block)
    in_blocks = KINDS[kind][0](logits, target, 1.5)
    torch.testing.assert_close(in_blocks, loss)
    torch.testing.assert_close(KINDS[kind][0](logits.detach(), target, 1.5), loss.detach())
    torch.testing.assert_close(torch.autograd.grad(in_blocks.sum(), logits)[0], gradient)


@both
def test_a_lone_class(kind):
    logits = torch.tensor([[3.0], [-1e4]], requires_grad=True)
    loss = KINDS[kind][0](logits, torch.tensor([0, 0]))
    loss.sum().backward()
    assert loss.isfinite().all()
    assert logits.grad.isfinite().all()
    if kind == "softmax":
        assert not loss.any()
        assert not logits.grad.any()


@both
def test_logits_changed_after_the_loss_are_noticed(kind):
    logits = torch.randn(4, 3, requires_grad=True)
    scaled = logits * 1
    loss = KINDS[kind][0](scaled, torch.tensor([0, 1, 2, 0])).sum()
    scaled.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@both
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_transforms_see_the_formula(kind):
    logits, target = torch.randn(5, 3), torch.tensor([0, 1, 2, 0, 1])
    loss = KINDS[kind][0]
    per_example = torch.func.vmap(torch.func.grad(lambda z, y: loss(z[None], y[None]).sum()))(logits, target)
    leaf = logits.clone().requires_grad_()
    loss(leaf, target).sum().backward()
    torch.testing.assert_close(per_example, leaf.grad)
    tangent = torch.randn(5, 3)
    _, along = torch.func.jvp(lambda z: loss(z, target).sum(), (logits,), (tangent,))
    torch.testing.assert_close(along, (leaf.grad * tangent).sum())


@both
def test_negative_gamma(kind):
    with pytest.raises(ValueError, match=r"gamma must be finite and not negative, got -1"):
        KINDS[kind][0](torch.zeros(1, 2), torch.tensor([0]), -1)


def test_smoothing_by_class():
    logits = torch.randn(3, 4)
    target = torch.tensor([0, 1, -100])
    even = functional.cross_entropy(logits, target, label_smoothing=torch.full((4,), 0.05))
    expected = torch.nn.functional.cross_entropy(logits, target, reduction="none", label_smoothing=0.2)
    torch.testing.assert_close(even, expected)
    torch.testing.assert_close(functional.cross_entropy(logits, target, label_smoothing=0.2), expected)
    excluded = torch.cat([logits, torch.full((3, 1), -torch.inf)], 1)
    spread = torch.tensor([0.05, 0.05, 0.05, 0.05, 0])
    torch.testing.assert_close(functional.cross_entropy(excluded, target, label_smoothing=spread), expected)


def test_adjust_logits():
    logits = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    margin, shift, scale = torch.tensor([0.05, 0.5]), torch.tensor([-1.0, -2]), torch.tensor([2.0, 3])
    target = torch.tensor([0, 1])
    adjusted = functional.adjust_logits(logits, target, scale, shift, margin)
    torch.testing.assert_close(adjusted, torch.tensor([[0.05 * 2 - 1, 0.2 * 3 - 2], [0.3 * 2 - 1, -0.1 * 3 - 2]]))
    soft = torch.eye(2)
    torch.testing.assert_close(functional.adjust_logits(logits, soft, scale, shift, margin), adjusted)
    images = logits[:, :, None, None].expand(2, 2, 3, 4)
    pixels = functional.adjust_logits(images, target[:, None, None].expand(2, 3, 4), scale, shift, margin)
    torch.testing.assert_close(pixels[:, :, 2, 3], adjusted)
    assert functional.adjust_logits(logits.half(), target, 1e5).isfinite().all()
