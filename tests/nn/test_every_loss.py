"""What holds for every loss: a new one is tested by standing in the table."""

import copy
import io
import pickle
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("mpmath")

import skcb  # noqa: E402
import skcb.nn as losses_module  # noqa: E402
from skcb.nn import (  # noqa: E402
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBMultilabelLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
    functional,
)

from . import references  # noqa: E402

COUNTS = (500, 60, 9, 30)


def per_example_loss(logits, target):
    """Any per-example loss will do as a base; this one knows no ignore_index."""
    return -logits.log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)


# name -> (the loss, made from counts and keywords; its paper's formula for one example)
EVERY = {
    "CBCrossEntropyLoss": (CBCrossEntropyLoss, lambda _: references.cross_entropy_of),
    "CBSigmoidLoss": (CBSigmoidLoss, lambda _: partial(references.sigmoid_focal_of, gamma=0)),
    "CBFocalLoss": (CBFocalLoss, lambda _: partial(references.sigmoid_focal_of, gamma=2)),
    "CBFocalLoss, 1.3": (
        partial(CBFocalLoss, gamma=1.3),
        lambda _: partial(references.sigmoid_focal_of, gamma=1.3),
    ),
    "CBSoftmaxFocalLoss": (CBSoftmaxFocalLoss, lambda _: partial(references.softmax_focal_of, gamma=2)),
    "CBSoftmaxFocalLoss, .5": (
        partial(CBSoftmaxFocalLoss, gamma=0.5),
        lambda _: partial(references.softmax_focal_of, gamma=0.5),
    ),
    "ClassBalancedLoss": (
        partial(ClassBalancedLoss, per_example_loss),
        lambda _: references.cross_entropy_of,
    ),
    "LDAMLoss": (LDAMLoss, lambda n: partial(references.margin_of, counts=n, max_margin=0.5, scale=30)),
    "LogitAdjustedLoss": (
        LogitAdjustedLoss,
        lambda n: partial(references.vector_scaling_of, counts=n, gamma=0, tau=1),
    ),
    "VSLoss": (VSLoss, lambda n: partial(references.vector_scaling_of, counts=n, gamma="0.3", tau=1)),
}
SHIFTED = {"LDAMLoss", "LogitAdjustedLoss", "VSLoss"}
SMOOTHED = SHIFTED | {"CBCrossEntropyLoss", "CBSoftmaxFocalLoss"}
HARD_ONLY = {"ClassBalancedLoss"}

# Losses of several labels per example: each pair of example and label has a loss of its own.
SEVERAL = {
    "CBMultilabelLoss": partial(CBMultilabelLoss, n_samples=1000),
    "CBMultilabelLoss, asymmetric": partial(CBMultilabelLoss, n_samples=1000, gamma=(2.5, 1), clip=0.05, tau=0.7),
}

every_loss = pytest.mark.parametrize("name", [*EVERY, *SEVERAL])
every_class_loss = pytest.mark.parametrize("name", EVERY)
# Compiling takes seconds: one loss of each machinery is compiled always, the others where there is time.
COMPILED_ALWAYS = {"CBCrossEntropyLoss", "CBFocalLoss", "LDAMLoss"}
every_loss_compiled = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in COMPILED_ALWAYS else [pytest.mark.slow])
        for name in [*EVERY, *SEVERAL]
    ],
)


@pytest.fixture(autouse=True)
def _float64():
    """The vectors are made in the default dtype: in float64 they equal the references'."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make(name, counts=COUNTS, **parameters):
    return factory(name)(list(counts), **parameters)


def factory(name):
    return SEVERAL[name] if name in SEVERAL else EVERY[name][0]


def batch(name, *shape):
    logits = torch.randn(shape[0], len(COUNTS), *shape[1:], requires_grad=True)
    if name in SEVERAL:
        return logits, torch.randint(2, logits.shape).to(logits.dtype)
    return logits, torch.randint(len(COUNTS), shape)


def left_out(name, target):
    """Return a target that counts for nothing."""
    return torch.full_like(target, torch.nan if name in SEVERAL else -100)


def value_and_gradient(loss, logits, *rest):
    logits = logits.detach().requires_grad_()
    value = loss(logits, *rest)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    return value.detach(), gradient


def test_every_public_loss_is_in_the_table():
    public = {name for name in losses_module.__all__ if name.endswith("Loss")} - {"ClassWeightedLoss"}  # the base
    assert public == {name.split(",")[0] for name in [*EVERY, *SEVERAL]}
    assert all(getattr(skcb, name) is getattr(losses_module, name) for name in public)


@every_class_loss
def test_probabilities_sum_to_one_and_follow_the_logits(name):
    logits, _ = batch(name, 50)
    probabilities = make(name).probabilities(logits.detach() * 20)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(50, dtype=logits.dtype))
    assert (probabilities.argmax(1) == logits.argmax(1)).all()


@every_class_loss
def test_paper(name):
    logits, target = batch(name, 6)
    weights = np.array([float(w) for w in references.class_weights(COUNTS, 0 if name in SHIFTED else 0.999)])
    expected = references.losses(EVERY[name][1](COUNTS), logits.tolist(), target)
    loss = make(name, reduction="none")(logits, target)
    np.testing.assert_allclose(loss.detach(), expected * weights[target], rtol=1e-10, atol=1e-14)
    slope = references.gradients(EVERY[name][1](COUNTS), logits.tolist(), target) * weights[target][:, None]
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-12)


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("gradient_of", [torch.autograd.gradcheck, torch.autograd.gradgradcheck])
def test_derivatives(name, reduction, gradient_of):
    logits, target = batch(name, 4)
    sample_weight = torch.rand(4, requires_grad=True)
    loss = make(name, reduction=reduction)
    assert gradient_of(lambda z: loss(z, target), (logits,))
    assert gradient_of(lambda z, w: loss(z, target, w), (logits, sample_weight))


@every_class_loss
def test_derivatives_of_soft_targets(name):
    if name in HARD_ONLY:
        pytest.skip("its base takes class indices")
    logits, _ = batch(name, 3)
    soft = torch.softmax(torch.randn(3, len(COUNTS)), 1).requires_grad_()
    assert torch.autograd.gradcheck(make(name), (logits, soft))


@every_class_loss
def test_soft_targets_at_the_corners_are_class_indices(name):
    if name in HARD_ONLY:
        pytest.skip("its base takes class indices")
    logits, target = batch(name, 5, 2)
    soft = torch.nn.functional.one_hot(target, len(COUNTS)).movedim(-1, 1).double()
    for reduction in ("mean", "weighted_mean", "none"):
        loss = make(name, reduction=reduction)
        for hard, corner in zip(
            value_and_gradient(loss, logits, target), value_and_gradient(loss, logits, soft), strict=True
        ):
            torch.testing.assert_close(hard, corner)


@every_class_loss
def test_a_soft_target_has_the_expected_weight(name):
    if name in HARD_ONLY | {"LDAMLoss"}:  # a margin is no linear function of the target
        pytest.skip("its base takes class indices, or its loss is not the expected one")
    logits, _ = batch(name, 3)
    soft = torch.softmax(torch.randn(3, len(COUNTS)), 1)
    loss, unweighted = make(name, reduction="none", beta=0.99), make(name, reduction="none", beta=0)
    each = torch.stack([unweighted(logits, torch.full((3,), c)) for c in range(len(COUNTS))], 1)
    torch.testing.assert_close(loss(logits, soft), (soft * each).sum(1) * (soft @ loss.weight))


@every_class_loss
def test_reductions(name):
    logits, target = batch(name, 7)
    sample_weight = torch.rand(7)
    each = make(name, reduction="none")(logits, target)
    weight = make(name).weight[target]
    for factor, rest in ((torch.ones(7), ()), (sample_weight, (sample_weight,))):
        total = (each * factor).sum()
        torch.testing.assert_close(make(name, reduction="sum")(logits, target, *rest), total)
        torch.testing.assert_close(make(name)(logits, target, *rest), total / 7)
        weighted_mean = make(name, reduction="weighted_mean")(logits, target, *rest)
        torch.testing.assert_close(weighted_mean, total / (weight * factor).sum())


@every_class_loss
@pytest.mark.parametrize("ignore_index", [-100, -1, 2, 255])
def test_ignored_examples_count_for_nothing(name, ignore_index):
    logits, target = batch(name, 6, 3)
    target[:, 1][target[:, 1] == 2] = 1
    target[target == 2] = 0
    holes = target.clone()
    holes[:, 1] = ignore_index
    for reduction in ("mean", "weighted_mean", "sum"):
        loss = make(name, reduction=reduction, ignore_index=ignore_index)
        value, gradient = value_and_gradient(loss, logits, holes)
        expected, slope = value_and_gradient(loss, logits[:, :, [0, 2]], target[:, [0, 2]])
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(gradient[:, :, [0, 2]], slope)
        assert not gradient[:, :, 1].any()
    assert not make(name, reduction="none", ignore_index=ignore_index)(logits, holes)[:, 1].any()


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(3,), (2, 2), (0,), (0, 3), (2, 0)])
def test_nothing_left_to_learn_from(name, reduction, shape):
    logits, target = batch(name, *shape)
    value, gradient = value_and_gradient(make(name, reduction=reduction), logits, left_out(name, target))
    of_each = logits.shape if name in SEVERAL else shape
    assert value.shape == (of_each if reduction == "none" else ())
    assert not value.any()
    assert not gradient.any()


@every_class_loss
def test_more_dimensions_are_more_examples(name):
    logits, target = batch(name, 2, 3, 5)
    loss = make(name)
    value, gradient = value_and_gradient(loss, logits, target)
    flat, slope = value_and_gradient(loss, logits.movedim(1, -1).reshape(-1, len(COUNTS)), target.reshape(-1))
    torch.testing.assert_close(value, flat)
    torch.testing.assert_close(gradient.movedim(1, -1).reshape(-1, len(COUNTS)), slope)
    per_example = torch.rand(2)
    torch.testing.assert_close(
        loss(logits, target, per_example), loss(logits, target, per_example[:, None, None].expand(2, 3, 5))
    )


@every_class_loss
def test_balanced_counts_weight_and_shift_nothing(name):
    logits, target = batch(name, 5)
    plain = make(name, (40,) * 4, **({"max_margin": 0.0, "scale": 1.0} if name == "LDAMLoss" else {}))
    torch.testing.assert_close(plain.weight, torch.ones(4))
    of = EVERY[name][1]((40,) * 4) if name not in SHIFTED else references.cross_entropy_of
    expected = references.losses(of, logits.tolist(), target).mean()
    torch.testing.assert_close(plain(logits, target).item(), expected)


@every_class_loss
def test_relabelling_the_classes_changes_nothing(name):
    logits, target = batch(name, 6)
    order = torch.tensor([2, 0, 3, 1])
    renamed = make(name, [COUNTS[c] for c in order])
    torch.testing.assert_close(renamed(logits[:, order], order.argsort()[target]), make(name)(logits, target))


@every_class_loss
def test_smoothing_keeps_the_weight_of_the_example(name):
    if name not in SMOOTHED:
        pytest.skip("no softmax")
    logits, target = batch(name, 5)
    smooth = make(name, reduction="none", label_smoothing=0.2)(logits, target)
    if name == "LDAMLoss":
        adjusted = functional.adjust_logits(logits, target, 30.0, margin=make(name).margin)
        cost = -adjusted.log_softmax(1)
    else:
        unweighted = make(name, reduction="none", beta=0)
        cost = torch.stack([unweighted(logits, torch.full((5,), c)) for c in range(len(COUNTS))], 1)
    expected = 0.8 * cost.gather(1, target[:, None]).squeeze(1) + 0.2 * cost.mean(1)
    torch.testing.assert_close(smooth, make(name).weight[target] * expected)


@every_loss
@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda n: torch.tensor(n).float()])
def test_counts_of_any_kind(name, kind):
    assert torch.equal(factory(name)(kind(COUNTS)).weight, make(name).weight)


@every_loss
def test_counts_can_be_set_again(name):
    logits, target = batch(name, 5)
    loss, other = make(name, beta=0.9), make(name, (9, 8, 70, 600), beta=0.9)
    buffers = dict(loss.named_buffers())
    loss.set_counts([9, 8, 70, 600])
    torch.testing.assert_close(loss(logits, target), other(logits, target))
    assert all(buffer is buffers[key] for key, buffer in loss.named_buffers())
    loss.beta = 0.99
    loss.set_counts(COUNTS)
    torch.testing.assert_close(loss(logits, target), make(name, beta=0.99)(logits, target))


@every_loss
def test_state_travels(name):
    logits, target = batch(name, 5)
    loss = make(name)
    other = make(name, (7, 7, 9, 900))
    saved = io.BytesIO()
    torch.save(loss.state_dict(), saved)
    saved.seek(0)
    other.load_state_dict(torch.load(saved, weights_only=True))
    for twin in (other, copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert torch.equal(twin(logits, target), loss(logits, target))
        assert twin.counts.tolist() == list(COUNTS)
        twin.set_counts(COUNTS)
        assert torch.equal(twin(logits, target), loss(logits, target))
    assert repr(other) == repr(loss)


@every_loss
def test_buffers_follow_the_module(name):
    loss = make(name).to(torch.bfloat16)
    assert {buffer.dtype for buffer in loss.buffers()} <= {torch.bfloat16, torch.bool}
    assert loss.counts.tolist() == list(COUNTS)
    assert {buffer.device.type for buffer in make(name).to("meta").buffers()} == {"meta"}
    logits, target = batch(name, 3)
    with pytest.raises(ValueError, match=r"logits are on cpu, the loss is on meta; move the loss"):
        make(name).to("meta")(logits, target)


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(name, dtype):
    torch.set_default_dtype(torch.float32)
    logits, target = batch(name, 8)
    half = logits.detach().to(dtype)
    loss = make(name)
    value, gradient = value_and_gradient(loss, half.float(), target)
    with torch.autocast("cpu", dtype=dtype):
        cast, slope = value_and_gradient(loss, half, target)
    assert cast.dtype == torch.float32
    torch.testing.assert_close(cast, value)
    torch.testing.assert_close(slope, gradient.to(dtype))
    torch.testing.assert_close(loss(half, target), value)


@every_class_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_extreme_logits(name, dtype, smoothing):
    if smoothing and name not in SMOOTHED:
        pytest.skip("no softmax")
    options = {"label_smoothing": smoothing} if smoothing else {}
    size = 1e4 if dtype == torch.float32 else 60.0
    logits = size * torch.tensor(
        [[1.0, -1, 0, 0.5], [-1, 1, 1, 1], [0, 0, 0, 0], [-1, -1, -1, 1], [-1, -1, -1, -1]]
    )
    logits = logits.repeat_interleave(4, 0).to(dtype)
    target = torch.arange(4).repeat(5)
    loss = make(name, reduction="none", **options)
    value, gradient = value_and_gradient(loss, logits, target)
    assert value.isfinite().all()
    assert gradient.isfinite().all()
    if not smoothing:
        expected = references.losses(EVERY[name][1](COUNTS), logits.tolist(), target)
        # What is added to a logit is rounded as the logit is.
        rounding = 1e-5 if name not in SHIFTED else 2.0**-22 * size * getattr(loss, "max_margin", 1 / 30) * 60
        expected = torch.tensor(expected) * loss.weight[target]
        torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=rounding)


@every_loss
def test_a_retained_graph_is_never_spoilt(name):
    logits, target = batch(name, 6)
    _, expected = value_and_gradient(make(name), logits, target)
    value = make(name)(logits, target)
    for _ in range(3):
        (gradient,) = torch.autograd.grad(value, logits, retain_graph=True)
        torch.testing.assert_close(gradient, expected)
        gradient.mul_(1e6)  # the caller's own, to do with as he likes
    value.backward(retain_graph=True)
    value.backward()
    torch.testing.assert_close(logits.grad, 2 * expected)


@every_loss
def test_without_gradient(name):
    logits, target = batch(name, 6)
    loss = make(name)
    with torch.no_grad():
        value = loss(logits, target)
    assert not value.requires_grad
    torch.testing.assert_close(value, loss(logits, target).detach())


@every_loss
def test_functional_transforms(name):
    logits, target = batch(name, 3)
    loss = make(name)
    _, gradient = value_and_gradient(loss, logits, target)
    if name != "ClassBalancedLoss":
        torch.testing.assert_close(torch.func.grad(loss)(logits.detach(), target), gradient)
    assert torch.autograd.functional.hessian(lambda z: loss(z, target), logits).isfinite().all()


@every_loss_compiled
def test_compiled_equals_eager(name):
    torch.set_default_dtype(torch.float32)
    loss = make(name)
    torch.compiler.reset()  # a code object has so many compilations, and the losses share theirs
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for logits, target in (batch(name, 6), batch(name, 2, 3)):
        target[0] = left_out(name, target[0])
        for a, b in zip(
            value_and_gradient(compiled, logits, target),
            value_and_gradient(loss, logits, target),
            strict=True,
        ):
            torch.testing.assert_close(a, b)


@pytest.mark.slow
@every_loss
@pytest.mark.filterwarnings("ignore")
def test_compiled_to_machine_code_equals_eager(name):
    torch.set_default_dtype(torch.float32)
    loss = make(name)
    logits, target = batch(name, 6)
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True)
    for a, b in zip(
        value_and_gradient(compiled, logits, target), value_and_gradient(loss, logits, target), strict=True
    ):
        torch.testing.assert_close(a, b)


@every_class_loss
def test_errors(name):
    loss = make(name)
    logits, target = batch(name, 4)
    with pytest.raises(ValueError, match=r"logits have shape \(4, 3\), but the counts are of 4 classes"):
        loss(logits[:, :3], target)
    with pytest.raises(ValueError, match=r"logits have shape \(4,\)"):
        loss(logits[:, 0], target)
    with pytest.raises(TypeError, match=r"target must be a tensor, got list; torch.as_tensor"):
        loss(logits, target.tolist())
    with pytest.raises(TypeError, match=r"logits must be floating, got torch.int64"):
        loss(logits.detach().long(), target)
    with pytest.raises(ValueError, match=r"class indices are integers: target.long\(\)"):
        loss(logits, target.double())
    with pytest.raises(TypeError, match=r"class probabilities \(floating\), got torch.bool"):
        loss(logits, target.bool())
    with pytest.raises(ValueError, match=r"have shape \(4,\), got \(4, 4\); a one-hot target"):
        loss(logits, torch.nn.functional.one_hot(target, 4))
    with pytest.raises(
        ValueError, match=r"sample_weight has shape \(3,\), expected one number per example: \(4,\)"
    ):
        loss(logits, target, torch.ones(3))
    for wrong in (4, -1, 1000):
        target[2] = wrong
        with pytest.raises(ValueError, match=rf"target {wrong} lies outside \[0, 4\).*ignore_index=-100"):
            loss(logits, target)
    with pytest.raises(ValueError, match=r"made for 4 classes, but counts has 3"):
        loss.set_counts([1, 2, 3])
    for counts, message in (
        ([3, -1], "counts[1] = -1"),
        ([3, float("nan")], "nan"),
        (["a", "b"], "one number per class"),
    ):
        with pytest.raises(ValueError, match=message.replace("[", r"\[")):
            make(name, counts)
    for parameters, error, message in (
        ({"beta": 1.5}, ValueError, r"beta must lie in \[0, 1\].*1.5"),
        ({"beta": "x"}, TypeError, "beta must be a real number"),
        ({"reduction": "max"}, ValueError, "reduction must be .* got 'max'"),
        ({"normalize": "mean"}, ValueError, "normalize must be .* got 'mean'"),
    ):
        with pytest.raises(error, match=message):
            make(name, **parameters)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_one_logit_for_two_classes_is_told_the_way_out(shape):
    with pytest.raises(ValueError, match="one logit for two classes takes CBMultilabelLoss, or a second logit"):
        CBCrossEntropyLoss([90, 10])(torch.zeros(shape), torch.tensor([0, 1, 0, 1]))


@every_class_loss
def test_integer_targets_of_any_width(name):
    logits, target = batch(name, 4)
    loss = make(name)
    for dtype in (torch.int32, torch.int16, torch.uint8):
        assert torch.equal(loss(logits, target.to(dtype)), loss(logits, target))


@every_loss
def test_nan_logits_are_not_hidden(name):
    logits, target = batch(name, 4)
    assert make(name)(torch.full_like(logits, float("nan")), target).isnan()


@every_loss
def test_plain_skorch_knows_softmax_losses(name):
    is_softmax = isinstance(make(name), torch.nn.CrossEntropyLoss)
    assert is_softmax == (name.split(",")[0] in SMOOTHED)


@every_loss
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # torch's own use of it
def test_forward_derivatives_are_those_of_backward(name):
    logits, target = batch(name, 5)
    direction = torch.randn_like(logits)
    loss = make(name)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(logits.detach(), direction)
        slope = torch.autograd.forward_ad.unpack_dual(loss(dual, target)).tangent
    _, gradient = value_and_gradient(loss, logits, target)
    torch.testing.assert_close(slope, (gradient * direction).sum())


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_dtype_is_that_of_the_logits_whatever_that_of_the_vectors(name, reduction):
    logits, target = batch(name, 5)
    loss = make(name, reduction=reduction).double()
    assert loss(logits.float(), target).dtype == torch.float32
    assert loss(logits.half(), target).dtype == torch.float32
    assert loss.float()(logits.double(), target).dtype == torch.float64
