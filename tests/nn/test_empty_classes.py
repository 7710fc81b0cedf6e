"""A class without samples: it weighs 0, and where there is a prior it has none."""

import pytest

torch = pytest.importorskip("torch")

from skcb import EmptyClassWarning  # noqa: E402
from skcb.nn import (  # noqa: E402
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    VSLoss,
)

COUNTS = [50, 0, 5]
reweighting = pytest.mark.parametrize("kind", [CBCrossEntropyLoss, CBFocalLoss, CBSigmoidLoss, CBSoftmaxFocalLoss])
with_prior = pytest.mark.parametrize("kind", [LDAMLoss, LogitAdjustedLoss, VSLoss])


def make(kind, counts=COUNTS, **parameters):
    with pytest.warns(EmptyClassWarning, match=r"classes at positions \[1\] have 0 samples"):
        return kind(counts, **parameters)


@reweighting
@pytest.mark.parametrize("reduction", ["mean", "weighted_mean"])
def test_it_weighs_nothing(kind, reduction):
    loss = kind(COUNTS, reduction=reduction)
    assert loss.weight[1] == 0
    assert loss.weight.sum() == 2
    logits = torch.randn(2, 3, requires_grad=True)
    value = loss(logits, torch.tensor([1, 1]))
    value.backward()
    assert value == 0
    assert not logits.grad.any()


@with_prior
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("soft", [False, True])
def test_the_others_learn(kind, label_smoothing, soft):
    loss = make(kind, label_smoothing=label_smoothing)
    logits = torch.randn(4, 3, requires_grad=True)
    target = torch.tensor([0, 2, 2, 0])
    value = loss(logits, torch.nn.functional.one_hot(target, 3).float() if soft else target)
    value.backward()
    assert value.isfinite()
    assert logits.grad.isfinite().all()
    assert logits.grad.any()


@pytest.mark.parametrize("kind", [LogitAdjustedLoss, VSLoss])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_it_is_as_if_it_were_not_there(kind, label_smoothing):
    logits, target = torch.randn(4, 3), torch.tensor([0, 2, 2, 0])
    without = kind([50, 5], label_smoothing=label_smoothing)(logits[:, [0, 2]], target // 2)
    torch.testing.assert_close(make(kind, label_smoothing=label_smoothing)(logits, target), without)


@with_prior
def test_its_targets_are_errors(kind):
    loss = make(kind)
    logits = torch.randn(2, 3)
    message = r"a target is of class 1, which has 0 samples in counts and so no prior; .* ignore_index=1"
    with pytest.raises(ValueError, match=message):
        loss(logits, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=message):
        loss(logits, torch.tensor([[0.5, 0.5, 0], [1, 0, 0]]))
    assert make(kind, ignore_index=1)(logits, torch.tensor([0, 1])).isfinite()


@with_prior
def test_what_is_empty_travels_with_the_state(kind):
    whole = kind([50, 7, 5])
    whole.load_state_dict(make(kind).state_dict())
    with pytest.raises(ValueError, match="a target is of class 1"):
        whole(torch.randn(2, 3), torch.tensor([0, 1]))
    whole.set_counts([50, 7, 5])
    assert whole(torch.randn(2, 3), torch.tensor([0, 1])).isfinite()


@with_prior
def test_compiled(kind):
    loss = make(kind)
    torch.compiler.reset()
    logits, target = torch.randn(4, 3), torch.tensor([0, 2, 2, 0])
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(logits, target), loss(logits, target))
