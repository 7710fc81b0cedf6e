"""What real clients hand to every loss: labelled counts, several labels, averaged buffers, ignored infinities."""

import copy
from collections import Counter
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn  # noqa: E402

from skcb import EmptyClassWarning, count_classes  # noqa: E402
from skcb.nn import (  # noqa: E402
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
    ClassWeightedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    NormalizedLinear,
    Term,
    VSLoss,
    functional,
)

COUNTS = [20, 5, 50]
EVERY = {
    "CBCrossEntropyLoss": CBCrossEntropyLoss,
    "CBSigmoidLoss": CBSigmoidLoss,
    "CBFocalLoss": CBFocalLoss,
    "CBSoftmaxFocalLoss": CBSoftmaxFocalLoss,
    "ClassBalancedLoss": partial(ClassBalancedLoss, functional.cross_entropy),
    "LDAMLoss": LDAMLoss,
    "LogitAdjustedLoss": LogitAdjustedLoss,
    "VSLoss": VSLoss,
}
every_loss = pytest.mark.parametrize("name", EVERY)
with_prior = pytest.mark.parametrize("name", ["LDAMLoss", "LogitAdjustedLoss", "VSLoss"])
REDUCTIONS = ["mean", "weighted_mean", "sum", "none"]


@every_loss
def test_labelled_counts_are_read_by_label(name):
    pandas = pytest.importorskip("pandas")
    y = [2] * 50 + [0] * 20 + [1] * 5
    expected = EVERY[name](COUNTS, beta=1).weight
    for counts in (pandas.Series(y).value_counts(), Counter(y), {1: 5, 2: 50, 0: 20}, count_classes(y)):
        loss = EVERY[name](counts, beta=1)
        assert torch.equal(loss.weight, expected)
        loss.set_counts([1, 2, 3])
        loss.set_counts(counts)
        assert torch.equal(loss.weight, expected)
    with pytest.raises(ValueError, match=r"labelled 'a', 'b', but classes are known here by their index, 0 to 1"):
        EVERY[name](pandas.Series(["a", "b", "a"]).value_counts())
    with pytest.raises(ValueError, match="labelled 1, 2, 3, but classes"):
        EVERY[name]({1: 20, 2: 5, 3: 50})


@every_loss
@pytest.mark.parametrize(
    ("target", "total"),
    [([[1.0, 1, 0], [1, 0, 0]], "2"), ([[0.0, 0, 0], [0, 1, 0]], "0"), ([[float("nan"), 0, 0], [0, 1, 0]], "nan")],
)
def test_several_labels_or_none_are_refused(name, target, total):
    with pytest.raises(ValueError, match=rf"that of an example sums to {total}\..*skcb.nn.CBMultilabelLoss"):
        EVERY[name](COUNTS)(torch.randn(2, 3), torch.tensor(target))


def test_mixup_in_half_precision_passes():
    soft = torch.full((4, 1000), 1e-3, dtype=torch.float16)
    assert CBCrossEntropyLoss(np.arange(1, 1001.0))(torch.randn(4, 1000), soft).isfinite()


class WithLoss(torch.nn.Module):
    def __init__(self, loss):
        super().__init__()
        self.linear, self.loss = torch.nn.Linear(4, 3), loss


@with_prior
@pytest.mark.parametrize("counts", [[20, 5, 50], [20, 0, 50]])
@pytest.mark.parametrize("average", [None, get_ema_multi_avg_fn(0.9)], ids=["mean", "exponential"])
@pytest.mark.filterwarnings("ignore::skcb.EmptyClassWarning")
def test_averaged_models_keep_their_loss(name, counts, average):
    model = WithLoss(EVERY[name](counts, label_smoothing=0.1))
    averaged = AveragedModel(model, use_buffers=True, multi_avg_fn=average)
    for _ in range(3):
        averaged.update_parameters(model)
    logits, target = torch.randn(4, 3), torch.tensor([0, 2, 2, 0])
    torch.testing.assert_close(averaged.module.loss(logits, target), model.loss(logits, target))
    for buffer in model.loss.buffers():
        assert buffer.is_floating_point()
        assert buffer.isfinite().all()


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("shape", [(6,), (6, 2)])
def test_what_is_not_finite_in_ignored_examples_reaches_nothing(name, reduction, value, shape):
    torch.manual_seed(0)
    logits = torch.randn(6, 3, *shape[1:])
    target = torch.randint(3, shape)
    target[:2] = -100
    loss = EVERY[name](COUNTS, reduction=reduction)
    results = []
    for spoilt in (0.0, value):
        z = logits.clone()
        z[:2] = spoilt
        z.requires_grad_()
        result = loss(z, target)
        result.sum().backward()
        results.append((result.detach(), z.grad))
    torch.testing.assert_close(*(result for result, _ in results))
    torch.testing.assert_close(*(gradient for _, gradient in results))
    assert not results[1][1][:2].any()


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_from_numpy_leave_the_dtype_of_the_loss(name, reduction):
    logits, target = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    weight = torch.from_numpy(np.random.default_rng(0).uniform(0.5, 2, 6))
    loss = EVERY[name](COUNTS, reduction=reduction)
    assert loss(logits, target, weight).dtype == torch.float32
    torch.testing.assert_close(loss(logits, target, weight), loss(logits, target, weight.float()))


def test_what_is_no_tensor_is_named():
    loss, logits, target = CBCrossEntropyLoss(COUNTS), torch.randn(2, 3), torch.tensor([0, 1])
    with pytest.raises(TypeError, match=r"sample_weight must be a tensor, got list; torch\.as_tensor"):
        loss(logits, target, sample_weight=[1.0, 2.0])
    with pytest.raises(TypeError, match=r"logits must be a tensor, got SimpleNamespace; give its \.logits"):
        loss(SimpleNamespace(logits=logits), target)


@every_loss
def test_one_logit_for_two_classes_is_refused(name):
    with pytest.raises(ValueError, match=r"counts has 1 class; a loss needs two.*one logit for two classes"):
        EVERY[name]([9])


@every_loss
def test_a_state_of_other_classes_changes_nothing(name):
    loss, other = EVERY[name](COUNTS, beta=0.9), EVERY[name]([9, 8, 7, 6], beta=0.5)
    before = copy.deepcopy(loss)
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        loss.load_state_dict(other.state_dict())
    assert loss.counts.tolist() == before.counts.tolist()
    assert loss.beta == 0.9


@every_loss
def test_beta_travels_with_the_weights(name):
    loss, other = EVERY[name](COUNTS, beta=0.9), EVERY[name](COUNTS, beta=0.5)
    other.load_state_dict(loss.state_dict())
    assert repr(other) == repr(loss)
    other.set_counts([3, 4, 5])
    loss.set_counts([3, 4, 5])
    assert torch.equal(other.weight, loss.weight)


def test_buffers_are_made_on_the_default_device():
    with torch.device("meta"):
        assert {buffer.device.type for buffer in VSLoss(COUNTS).buffers()} == {"meta"}


def test_soft_targets_in_half_precision_cost_no_digits():
    logits = torch.randn(50, 3)
    soft = torch.softmax(torch.randn(50, 3), 1).bfloat16()
    exact = functional.sigmoid_focal(logits.double(), soft.double())
    torch.testing.assert_close(functional.sigmoid_focal(logits, soft).double(), exact, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("function", [functional.softmax_focal, functional.sigmoid_focal])
def test_an_infinite_gamma_is_refused(function):
    with pytest.raises(ValueError, match="gamma must be finite and not negative, got inf"):
        function(torch.randn(2, 3), torch.tensor([0, 1]), gamma=float("inf"))


def test_cosines_in_half_precision():
    torch.manual_seed(0)
    layer = NormalizedLinear(64, 3)
    features = torch.ones(2, 64) * 2000 + torch.randn(2, 64)
    expected = torch.nn.functional.cosine_similarity(features.unsqueeze(1), layer.weight, dim=-1)
    with torch.autocast("cpu", dtype=torch.float16):
        torch.testing.assert_close(layer(features.half()).float(), expected, atol=2e-3, rtol=0)
    half = copy.deepcopy(layer).half()
    torch.testing.assert_close(half(features.half()).float(), expected, atol=2e-3, rtol=0)
    assert not half(torch.zeros(2, 64).half()).any()
    assert half(features.half()).dtype == torch.float16


def test_a_loss_without_a_term_and_a_term_without_a_cost_are_named():
    with pytest.raises(TypeError, match=r"ClassWeightedLoss has no term; a loss is a class with term ="):
        ClassWeightedLoss(COUNTS, beta=0.9)
    empty = type("Empty", (ClassWeightedLoss,), {"term": Term()})(COUNTS, beta=0.9)
    with pytest.raises(NotImplementedError, match=r"Term has no per_example\(loss, logits, target\)"):
        empty(torch.zeros(2, 3), torch.tensor([0, 1]))


def test_a_sigmoid_base_predicts_as_its_twin_does():
    loss = ClassBalancedLoss(functional.sigmoid_focal, COUNTS, probabilities="sigmoid")
    twin, logits = CBFocalLoss(COUNTS), 5 * torch.randn(9, 3)
    torch.testing.assert_close(loss.probabilities(logits), twin.probabilities(logits))
    assert loss.term.starts_from_prior
    assert twin.term.starts_from_prior
    plain = ClassBalancedLoss(functional.cross_entropy, COUNTS)
    assert not plain.term.starts_from_prior
    torch.testing.assert_close(plain.probabilities(logits), logits.softmax(1))
    own = ClassBalancedLoss(functional.cross_entropy, COUNTS, probabilities=lambda z: (2 * z).softmax(1))
    torch.testing.assert_close(own.probabilities(logits), (2 * logits).softmax(1))
    with pytest.raises(ValueError, match=r'probabilities must be "softmax", "sigmoid" or a function.*got .tanh'):
        ClassBalancedLoss(functional.cross_entropy, COUNTS, probabilities="tanh")


def test_an_empty_class_is_left_out_whatever_its_shift_says():
    with pytest.warns(EmptyClassWarning):
        loss = LogitAdjustedLoss([20, 0, 50])
    logits = torch.tensor([[0.0, 1e4, 0.0]])
    expected = LogitAdjustedLoss([20, 50])(torch.zeros(1, 2), torch.tensor([1]))
    torch.testing.assert_close(loss(logits, torch.tensor([2])), expected)
