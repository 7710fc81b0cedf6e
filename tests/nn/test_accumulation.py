"""``n_examples``: parts of a batch whose gradients are added give the gradient of the whole."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from skcb.nn import (  # noqa: E402
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
)

COUNTS = [500, 60, 9]
EVERY = [
    CBCrossEntropyLoss,
    partial(CBCrossEntropyLoss, label_smoothing=0.1),
    CBSigmoidLoss,
    CBFocalLoss,
    CBSoftmaxFocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
    partial(ClassBalancedLoss, torch.nn.MultiMarginLoss(reduction="none")),
]


def gradient(loss, logits, parts):
    logits = logits.detach().requires_grad_()
    total = sum(loss(logits[part], *arguments, n_examples=n) for part, arguments, n in parts)
    total.backward()
    return total.detach(), logits.grad


@pytest.mark.parametrize("make", EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("weighted", [False, True])
def test_micro_batches_give_the_gradient_of_the_batch(make, dtype, weighted):
    loss = make(COUNTS)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(12, 3, generator=generator).to(dtype)
    target = torch.tensor([0, 1, 2, 0, -100, -100, -100, 1, 0, 0, -100, 2])
    weight = (torch.rand(12, generator=generator),) if weighted else ()
    whole = loss(logits.requires_grad_(), target, *weight)
    whole.backward()
    parts = [slice(0, 1), slice(1, 5), slice(5, 7), slice(7, 12)]
    value, of_parts = gradient(
        loss, logits, [(part, (target[part], *(w[part] for w in weight)), 8) for part in parts]
    )
    tolerance = 1e-6 if dtype != torch.bfloat16 else 4e-3  # the gradients themselves are rounded to 8 bits
    torch.testing.assert_close(value, whole.detach(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(of_parts, logits.grad, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n_examples", [8, 8.0, np.int64(8), np.float32(8), torch.tensor(8), torch.tensor([8.0])])
def test_any_number_will_do(n_examples):
    loss, logits, target = CBFocalLoss(COUNTS), torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    torch.testing.assert_close(loss(logits, target, n_examples=n_examples), loss(logits, target) / 2)


def test_soft_targets_and_tokens():
    loss, soft = CBCrossEntropyLoss(COUNTS), torch.rand(4, 3).softmax(1)
    torch.testing.assert_close(loss(soft, soft, n_examples=8), loss(soft, soft) / 2)
    logits, target = torch.randn(2, 3, 5), torch.randint(3, (2, 5))
    torch.testing.assert_close(loss(logits, target, n_examples=5), loss(logits, target) * 2)


def test_nothing_left_in_a_part_costs_nothing():
    loss = CBCrossEntropyLoss(COUNTS)
    assert loss(torch.randn(2, 3), torch.tensor([-100, -100]), n_examples=7) == 0


@pytest.mark.parametrize("make", EVERY)
def test_an_ignored_example_may_weigh_anything(make):
    loss, logits, target = make(COUNTS), torch.randn(3, 3), torch.tensor([0, -100, 2])
    weight = torch.tensor([2.0, float("nan"), 0.5])
    expected = loss(logits[[0, 2]], target[[0, 2]], weight[[0, 2]])
    torch.testing.assert_close(loss(logits, target, weight), expected)


def test_what_was_right_of_one_batch_is_not_taken_for_the_values_of_the_next():
    loss = CBCrossEntropyLoss(COUNTS)
    loss(torch.randn(2, 3), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="target 3 lies outside"):
        loss(torch.randn(2, 3), torch.tensor([0, 3]))
    with pytest.raises(TypeError, match="logits must be floating"):
        loss(torch.zeros(2, 3, dtype=torch.int64), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="class indices for logits"):
        loss(torch.randn(2, 3), torch.tensor([0, 1, 1]))


def test_the_weights_that_are_kept_from_batch_to_batch_follow_every_change():
    loss, logits = CBCrossEntropyLoss(COUNTS), torch.randn(4, 3, requires_grad=True)
    target = torch.tensor([0, 1, 2, 2])

    def right():
        expected = torch.nn.functional.cross_entropy(logits, target, loss.weight, reduction="sum") / 4
        torch.testing.assert_close(loss(logits, target), expected)

    with torch.inference_mode():
        loss(logits, target)
    right()
    loss(logits, target).backward()
    loss.set_counts([1, 50, 100])
    right()
    with torch.no_grad():
        loss.weight.mul_(2)
    right()
    loss.load_state_dict(CBCrossEntropyLoss([9, 8, 1]).state_dict())
    right()
    loss.weight.data[0] = 5.0
    right()
    loss.weight.numpy()[1] = 7.0
    right()
    loss.weight = torch.tensor([1.0, 2.0, 3.0])
    right()
    torch.testing.assert_close(
        loss(logits[:2], target[:2], n_examples=4) + loss(logits[2:], target[2:], n_examples=4),
        loss(logits, target),
    )
    for again in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        again.weight.zero_()
        assert again(logits, target) == 0
    right()
    torch.testing.assert_close(loss.double()(logits.double(), target), loss(logits, target).double())
    with torch.inference_mode():
        made_there = CBCrossEntropyLoss(COUNTS)
        made_there(logits, target)


@pytest.mark.parametrize(
    ("n_examples", "error", "message"),
    [
        (0, ValueError, "n_examples must be positive, got 0"),
        (-3, ValueError, "must be positive"),
        (float("nan"), ValueError, "must be positive"),
        (float("inf"), ValueError, "must be positive"),
        (torch.tensor(0), ValueError, "must be positive"),
        (torch.tensor([4, 4]), ValueError, "must be one number"),
        ("8", TypeError, "must be a real number"),
        (True, TypeError, "must be a real number"),
    ],
)
def test_errors(n_examples, error, message):
    with pytest.raises(error, match=message):
        CBCrossEntropyLoss(COUNTS)(torch.randn(2, 3), torch.tensor([0, 1]), n_examples=n_examples)


@pytest.mark.parametrize("reduction", ["sum", "none", "weighted_mean"])
def test_only_a_mean_divides_by_it(reduction):
    loss = CBCrossEntropyLoss(COUNTS, reduction=reduction)
    with pytest.raises(ValueError, match=f"with reduction='{reduction}' leave it out"):
        loss(torch.randn(2, 3), torch.tensor([0, 1]), n_examples=4)


def test_compiled():
    loss, logits, target = CBCrossEntropyLoss(COUNTS), torch.randn(4, 3), torch.tensor([0, 1, 2, -100])
    compiled = torch.compile(loss, backend="eager", fullgraph=True)
    for n in (6, torch.tensor(6)):
        torch.testing.assert_close(compiled(logits, target, n_examples=n), loss(logits, target, n_examples=6))


class Output(dict):
    def __getattr__(self, name):
        return self[name]


def test_the_function_of_a_trainer():
    loss = CBCrossEntropyLoss(COUNTS)
    compute_loss = loss.for_trainer()
    logits, labels = torch.randn(2, 5, 3), torch.tensor([[0, 1, -100, -100, 2], [-100, 0, 0, 1, -100]])
    flat = loss(logits.reshape(-1, 3), labels.reshape(-1))
    torch.testing.assert_close(compute_loss(Output(logits=logits), labels), flat)
    torch.testing.assert_close(
        compute_loss(Output(logits=logits), labels, num_items_in_batch=torch.tensor(12)), flat / 2
    )
    pooled = logits[:, 0]
    torch.testing.assert_close(compute_loss({"logits": pooled}, labels[:, 4]), loss(pooled, labels[:, 4]))


def test_a_trainer_is_told_what_it_cannot_have():
    with pytest.raises(ValueError, match="reduction='sum'"):
        CBCrossEntropyLoss(COUNTS, reduction="sum").for_trainer()
    with pytest.raises(ValueError, match="ignore_index=255 is not what the trainer leaves out"):
        CBCrossEntropyLoss(COUNTS, ignore_index=255).for_trainer()
    with pytest.raises(TypeError, match=r"Tensor, which has no \.logits"):
        CBCrossEntropyLoss(COUNTS).for_trainer()(torch.zeros(2, 3), torch.tensor([0, 1]))
