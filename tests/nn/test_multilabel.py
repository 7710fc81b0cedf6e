"""The loss of several labels, beside torch's own, the papers' formulas written slowly, and loops by hand."""

import copy
import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

torch = pytest.importorskip("torch")
mpmath = pytest.importorskip("mpmath")

from skcb import EmptyClassWarning, InertBetaWarning, class_weight, count_classes, count_labels, label_weight  # noqa: E402
from skcb.nn import CBMultilabelLoss, _checks, _focal, functional, label_prior_bias_, prior_bias_  # noqa: E402

COUNTS, N = [500, 60, 9, 950], 1000
BCE = torch.nn.BCEWithLogitsLoss


@pytest.fixture(autouse=True)
def _float64():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def batch(*shape):
    logits = 3 * torch.randn(*shape, requires_grad=True)
    return logits.detach().requires_grad_(), torch.randint(2, shape).double()


def value_and_gradient(loss, logits, *rest, **keywords):
    logits = logits.detach().requires_grad_()
    value = loss(logits, *rest, **keywords)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    return value.detach(), gradient


def assert_same(first, second, **tolerance):
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, **tolerance)


def cost_slowly(z, t, weight, *, gamma, clip, shift):
    """The formula of one pair of example and label, in 60 digits."""
    with mpmath.workdps(60):
        z = mpmath.mpf(z) + mpmath.mpf(shift)
        p, rest = 1 / (1 + mpmath.exp(-z)), 1 / (1 + mpmath.exp(z))
        if t:
            return float(-mpmath.mpf(weight[1]) * rest ** mpmath.mpf(gamma[1]) * mpmath.log(p))
        q, rest = max(p - mpmath.mpf(clip), mpmath.mpf(0)), min(rest + mpmath.mpf(clip), mpmath.mpf(1))
        modulator = 1 if gamma[0] == 0 else q ** mpmath.mpf(gamma[0])
        return float(-mpmath.mpf(weight[0]) * modulator * mpmath.log(rest))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_beta_one_is_torchs_loss_with_pos_weight(reduction):
    logits, target = batch(50, 4)
    having = torch.tensor(COUNTS, dtype=torch.float64)
    negative = N / (2 * (N - having))
    torchs = BCE(weight=negative, pos_weight=(N - having) / having, reduction=reduction)
    ours = CBMultilabelLoss(COUNTS, N, beta=1, reduction=reduction)
    assert_same(
        value_and_gradient(ours, logits, target),
        value_and_gradient(torchs, logits, target),
        rtol=1e-12,
        atol=1e-13,
    )


def test_beta_zero_is_torchs_plain_loss():
    logits, target = batch(50, 4)
    ours = CBMultilabelLoss(COUNTS, N, beta=0)
    assert_same(
        value_and_gradient(ours, logits, target), value_and_gradient(BCE(), logits, target), rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize("beta", [0, 0.99, 1])
def test_one_label_is_the_binary_loss(beta):
    logits, target = batch(40, 1)
    weight = torch.tensor(class_weight([970, 30], beta, normalize="samples"))
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    expected = (weight[target.long()] * plain).mean()
    torch.testing.assert_close(CBMultilabelLoss([30], N, beta=beta)(logits, target), expected, rtol=1e-12, atol=0)


def test_the_weights_are_those_of_the_labels():
    loss = CBMultilabelLoss(COUNTS, N, beta=0.99)
    np.testing.assert_allclose(loss.weight, label_weight(COUNTS, N, 0.99), rtol=1e-15)
    each = CBMultilabelLoss(COUNTS, [N, 80, 900, 951], beta=0.99)
    np.testing.assert_allclose(each.weight, label_weight(COUNTS, [N, 80, 900, 951], 0.99), rtol=1e-15)


@pytest.mark.parametrize("clip", [0, 0.05, 0.3])
@pytest.mark.parametrize("gamma", [(4, 1), (4, 0), (0, 0), (2, 2), (0.5, 0.5), (1.7, 0.3)])
def test_the_asymmetric_loss_is_its_papers_formula(gamma, clip):
    logits, target = batch(20, 4)
    ours = CBMultilabelLoss(COUNTS, N, beta=0, gamma=gamma, clip=clip, reduction="sum")
    p = torch.sigmoid(logits)
    shifted = (p - clip).clamp(min=0)
    slowly = -target * (1 - p) ** gamma[1] * p.log() - (1 - target) * shifted ** gamma[0] * (1 - shifted).log()
    assert_same(
        value_and_gradient(ours, logits, target),
        (slowly.sum().detach(), torch.autograd.grad(slowly.sum(), logits)[0]),
        rtol=1e-10,
        atol=1e-12,
    )


def test_the_rebalanced_weights_are_their_papers_formula():
    target = torch.tensor([[1.0, 0, 1, 0], [0, 1, 1, 1], [0, 0, 0, 1]])
    slowly = torch.empty(3, 4)
    for i in range(3):
        total = sum(1 / COUNTS[k] for k in range(4) if target[i, k] == 1)
        for j in range(4):
            r = (1 / COUNTS[j]) / total
            slowly[i, j] = 0.1 + 1 / (1 + math.exp(-10 * (r - 0.2)))
    weight = functional.rebalanced_weight(target, COUNTS)
    torch.testing.assert_close(weight, slowly, rtol=1e-13, atol=0)
    logits, _ = batch(3, 4)
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    loss = CBMultilabelLoss(COUNTS, N, beta=0)
    torch.testing.assert_close(loss(logits, target, weight), (slowly * plain).mean(), rtol=1e-12, atol=0)
    # The bias of the paper, nu = -kappa log(n+/n-), is a tau of kappa.
    odds = torch.tensor(COUNTS) / (N - torch.tensor(COUNTS))
    shifted = torch.nn.functional.binary_cross_entropy_with_logits(
        logits + 0.05 * odds.log(), target, reduction="none"
    )
    loss = CBMultilabelLoss(COUNTS, N, beta=0, tau=0.05)
    torch.testing.assert_close(loss(logits, target, weight), (slowly * shifted).mean(), rtol=1e-12, atol=0)


def test_rebalanced_weights_at_the_borders():
    target = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, torch.nan, 1]])
    weight = functional.rebalanced_weight(target, [100, 10, 0], floor=0.2)
    torch.testing.assert_close(weight[0], torch.full((3,), 1.2))  # no label: the limit
    assert weight.isfinite().all()
    assert functional.rebalanced_weight(target.half(), count_labels([[1, 0, 1], [0, 1, 0]])).dtype == torch.float32
    with pytest.raises(ValueError, match=r"target has shape \(3, 3\), but the counts are of 2 labels"):
        functional.rebalanced_weight(target, [1, 2])
    with pytest.raises(ValueError, match="steepness must be finite and not negative, got -1"):
        functional.rebalanced_weight(target, [1, 2, 3], steepness=-1)
    with pytest.raises(ValueError, match=r"target\[0, 0\] is -100, of label 0; a target is 1, 0, or NaN"):
        functional.rebalanced_weight(torch.tensor([[-100, 1, 0]]), [1, 2, 3])
    with pytest.raises(TypeError, match="target must be a tensor, got ndarray"):
        functional.rebalanced_weight(np.eye(3), [1, 2, 3])


parameters_of_a_loss = st.fixed_dictionaries(
    {
        "gamma": st.tuples(*[st.sampled_from([0.0, 0.3, 0.5, 1.0, 2.0, 3.3, 4.0, 7.0])] * 2),
        "clip": st.sampled_from([0.0, 0.05, 0.5]),
        "tau": st.sampled_from([0.0, 1.0, 2.5]),
        "beta": st.sampled_from([0.0, 0.97, 1.0]),
    }
)


@given(z=st.floats(-1e4, 1e4), t=st.booleans(), parameters=parameters_of_a_loss)
def test_every_value_is_the_formula_in_sixty_digits(z, t, parameters):
    torch.set_default_dtype(torch.float64)
    gamma, clip = parameters["gamma"], parameters["clip"]
    loss = CBMultilabelLoss([50], N, **parameters)
    weight, shift = label_weight([50], N, parameters["beta"])[0], parameters["tau"] * math.log(50 / 950)
    expected = cost_slowly(z, t, weight, gamma=gamma, clip=clip, shift=loss.shift.item())
    assert loss.shift.item() == pytest.approx(shift)
    logits, target = torch.tensor([[z]], requires_grad=True), torch.tensor([[float(t)]])
    value, gradient = value_and_gradient(loss, logits, target)
    assert value.item() == pytest.approx(expected, rel=1e-9, abs=1e-13)
    assert gradient.isfinite().all()
    in_single = value_and_gradient(loss, logits.float(), target)
    assert in_single[0].item() == pytest.approx(expected, rel=1e-3 if gamma[0] else 1e-4, abs=1e-5)
    assert in_single[1].isfinite().all()


@pytest.mark.parametrize(
    "parameters", [{}, {"gamma": 2.0}, {"gamma": (4, 1), "clip": 0.05}, {"tau": 1.0}], ids=str
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_extreme_logits_are_finite(parameters, dtype):
    size = 6e4 if dtype == torch.float16 else 1e4
    logits = (size * torch.tensor([[1.0, -1, 1, -1], [-1, 1, -1, 1], [0, 0.01, -0.01, 1e-3]])).to(dtype)
    target = torch.tensor([[1.0, 1, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    loss = CBMultilabelLoss(COUNTS, N, **parameters).float()
    for value in (*value_and_gradient(loss, logits, target), loss.posterior(logits), loss.probabilities(logits)):
        assert value.isfinite().all()


@pytest.mark.parametrize("parameters", [{}, {"gamma": (4, 1), "clip": 0.05}], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "sum", "none"])
def test_masked_labels_count_for_nothing(parameters, reduction):
    logits, target = batch(6, 4)
    holes = target.masked_fill(torch.rand(6, 4) < 0.4, torch.nan)
    known = ~holes.isnan()
    loss = CBMultilabelLoss(COUNTS, N, reduction=reduction, **parameters)
    each = CBMultilabelLoss(COUNTS, N, reduction="none", **parameters)(logits, target).detach()
    weight = torch.where(target == 1, loss.weight[:, 1], loss.weight[:, 0])
    own, pairs = torch.rand(6), torch.rand(6, 4)
    for rest, factor in (((), torch.ones(6, 1)), ((own,), own[:, None]), ((pairs,), pairs)):
        total = (each * factor * known).sum()
        expected = {
            "sum": total,
            "mean": total / known.sum(),
            "weighted_mean": total / (weight * factor * known).sum(),
            "none": each * factor * known,
        }[reduction]
        hidden = logits.detach().masked_fill(~known, torch.nan)
        value, gradient = value_and_gradient(loss, hidden, holes, *rest)
        torch.testing.assert_close(value, expected)
        assert not gradient[~known].any()
        assert gradient.isfinite().all()
    pairs[~known] = torch.nan
    assert loss(logits, holes, pairs).isfinite().all()


@pytest.mark.parametrize("reduction", ["mean", "weighted_mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(3, 4), (0, 4), (2, 4, 0)])
def test_nothing_to_learn_from_is_zero(reduction, shape):
    value, gradient = value_and_gradient(
        CBMultilabelLoss(COUNTS, N, reduction=reduction), torch.randn(shape), torch.full(shape, torch.nan)
    )
    assert not value.any()
    assert not gradient.any()


def test_a_row_without_labels_is_an_example():
    logits = torch.zeros(1, 4, requires_grad=True)
    value, gradient = value_and_gradient(CBMultilabelLoss(COUNTS, N, beta=1), logits, torch.zeros(1, 4))
    assert value > 0
    assert (gradient > 0).all()


def test_masked_examples_are_counted_out_by_their_counts():
    _, target = batch(30, 4)
    target[:, 2] = torch.nan
    target[0, 2] = 1
    target[1:4, 2] = 0
    loss = CBMultilabelLoss(count_labels(target), beta=1)
    assert loss.n_samples.tolist() == [30, 30, 4, 30]
    assert loss.weight[2].tolist() == pytest.approx([2 / 3, 2])


@pytest.mark.parametrize("weighted", [False, True])
def test_parts_with_their_number_are_the_whole(weighted):
    logits, target = batch(10, 4)
    target[:3, 1:] = torch.nan
    weight = [torch.rand(10)] if weighted else []
    loss = CBMultilabelLoss(COUNTS, N)
    whole = value_and_gradient(loss, logits, target, *weight)
    n_pairs = (~target.isnan()).sum()
    parts = [slice(0, 2), slice(2, 7), slice(7, 10)]
    each = [
        value_and_gradient(loss, logits[p], target[p], *(w[p] for w in weight), n_examples=n_pairs) for p in parts
    ]
    assert_same(whole, (sum(value for value, _ in each), torch.cat([gradient for _, gradient in each])))
    with pytest.raises(ValueError, match=r'n_examples is what "mean" divides by'):
        CBMultilabelLoss(COUNTS, N, reduction="sum")(logits, target, n_examples=3)


@pytest.mark.parametrize("parameters", [{"gamma": 2.0}, {"gamma": (4, 1), "clip": 0.05, "tau": 1.0}], ids=str)
@pytest.mark.parametrize("shape", [(37, 4), (5, 4, 11), (3, 4, 5, 3)])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_blocks_and_positions_are_more_examples(monkeypatch, parameters, shape, reduction):
    logits, target = batch(*shape)
    target = target.masked_fill(torch.rand(shape) < 0.1, torch.nan)
    per_example, own = torch.rand(shape[0]), torch.rand(shape[:1] + shape[2:])
    loss = CBMultilabelLoss(COUNTS, N, reduction=reduction, **parameters)

    def flat(tensor):
        return tensor.detach().movedim(1, -1).reshape(-1, 4)

    everywhere = per_example.view(-1, *[1] * (len(shape) - 2)).expand(own.shape)
    expected = [
        value_and_gradient(loss, flat(logits), flat(target), *rest)
        for rest in ([], [everywhere.reshape(-1)], [own.reshape(-1)])
    ]
    monkeypatch.setattr(_focal, "_CPU_BLOCK", 9)
    monkeypatch.setattr(_checks, "_BLOCK", 9)
    for rest, (value, gradient) in zip(([], [per_example], [own]), expected, strict=True):
        found, slope = value_and_gradient(loss, logits, target, *rest)
        torch.testing.assert_close(flat(found) if reduction == "none" else found, value)
        torch.testing.assert_close(flat(slope), gradient)


def test_labels_in_another_order():
    logits, target = batch(6, 4)
    order = torch.tensor([2, 0, 3, 1])
    renamed = CBMultilabelLoss([COUNTS[j] for j in order], N, tau=1)
    plain = CBMultilabelLoss(COUNTS, N, tau=1)
    torch.testing.assert_close(renamed(logits[:, order], target[:, order]), plain(logits, target))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32, torch.float16])
def test_targets_of_any_dtype(dtype):
    logits, target = batch(6, 4)
    loss = CBMultilabelLoss(COUNTS, N)
    expected = value_and_gradient(loss, logits, target)
    assert_same(value_and_gradient(loss, logits, target.to(dtype)), expected)


def test_counts_of_several_kinds():
    Y = np.random.default_rng(0).random((50, 3)) < [0.5, 0.2, 0.1]
    expected = CBMultilabelLoss(Y.sum(0), 50).weight
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(Y, columns=["cat", "ant", "dog"])
    for counted in (
        (count_labels(frame),),
        (sum(count_labels(part) for part in (Y[:20], Y[20:])),),
        (frame.sum(), len(frame)),
        (torch.tensor(Y).sum(0), torch.tensor(50)),
        (torch.tensor(Y.sum(0)), [50] * 3),
    ):
        assert torch.equal(CBMultilabelLoss(*counted).weight, expected)
        loss = CBMultilabelLoss([1, 2, 3], 100)
        loss.set_counts(*counted)
        assert torch.equal(loss.weight, expected)
    loss.set_counts([5, 6, 7])  # of as many examples
    assert loss.n_samples.tolist() == [50, 50, 50]
    loss.set_counts(CBMultilabelLoss([1, 2, 3], 100).counted)
    assert loss.n_samples.tolist() == [100, 100, 100]


def test_the_number_of_examples_travels_with_the_state():
    loss, other = CBMultilabelLoss(COUNTS, [1000, 70, 30, 2000]), CBMultilabelLoss([1, 2, 3, 4], 9)
    other.load_state_dict(loss.state_dict())
    assert other.n_samples.tolist() == [1000, 70, 30, 2000]
    other.set_counts(COUNTS)
    torch.testing.assert_close(other.weight, loss.weight)
    assert repr(loss) == (
        "CBMultilabelLoss(n_labels=4, beta=0.999, gamma=0.0, clip=0.0, tau=0.0, reduction='mean')"
    )


def test_a_parameter_and_then_the_counts_set_anew():
    logits, target = batch(5, 4)
    loss = CBMultilabelLoss(COUNTS, N)
    loss.beta, loss.gamma, loss.clip, loss.tau = 0.9, [3, 1], 0.1, 0.5
    loss.set_counts(COUNTS)
    expected = CBMultilabelLoss(COUNTS, N, beta=0.9, gamma=(3, 1), clip=0.1, tau=0.5)
    torch.testing.assert_close(loss(logits, target), expected(logits, target))
    assert copy.deepcopy(loss).gamma == (3.0, 1.0)


def test_labels_that_are_always_or_never_there():
    with pytest.warns(
        EmptyClassWarning, match=r"positions \[1\] are never there and labels at positions \[2\] are always there"
    ):
        loss = CBMultilabelLoss([30, 0, 100], 100, beta=0.9, tau=1)
    assert loss.weight[1:].tolist() == [[1, 0], [0, 1]]
    assert loss.shift[1:].tolist() == [0, 0]
    logits, target = torch.randn(4, 3, requires_grad=True), torch.tensor([[1.0, 0, 1], [0, 0, 1]]).repeat(2, 1)
    assert (value_and_gradient(loss, logits, target)[1] != 0).all()
    against = value_and_gradient(loss, logits, torch.tensor([[0.0, 1, 0]]).repeat(4, 1))[1]
    assert not against[:, 1:].any()
    for parameters in ({}, {"gamma": (4, 1), "clip": 0.05}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EmptyClassWarning)
            loss = CBMultilabelLoss([30, 0, 100, 0], [100, 100, 100, 0], **parameters)
        posterior = loss.posterior(torch.tensor([[0.0, 99, -99, 3], [0, 1e4, -1e4, 3]]))
        assert posterior[:, 1:].tolist() == [[0, 1, 0]] * 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"beta": 0},
        {"beta": 1},
        {"tau": 1.5, "beta": 0.99},
        {"gamma": 2.0},
        {"gamma": (4, 1)},
        {"gamma": (0.5, 3), "tau": 1.0},
        {"gamma": (4, 1), "clip": 0.05},
        {"clip": 0.2, "beta": 1},
    ],
    ids=str,
)
def test_the_minimum_of_the_expected_loss_gives_the_posterior_back(parameters):
    loss = CBMultilabelLoss([100], N, **parameters)

    def slope(z, eta):
        logits = torch.tensor([[z], [z]], requires_grad=True)
        cost = CBMultilabelLoss([100], N, **parameters, reduction="none")(logits, torch.tensor([[1.0], [0.0]]))
        (gradient,) = torch.autograd.grad((cost * torch.tensor([[eta], [1 - eta]])).sum(), logits)
        return gradient.sum().item()

    # Without a focus on the negatives the minimum of small probabilities is the corner of the clip, and the
    # bounded cost of a negative leaves large ones none.
    for eta in (0.05, 0.1, 0.2) if parameters == {"clip": 0.2, "beta": 1} else (0.003, 0.1, 0.5, 0.93):
        minimum = brentq(slope, -15, 15, args=(eta,), xtol=1e-13)
        assert loss.posterior(torch.tensor([[minimum]])).item() == pytest.approx(eta, rel=1e-6)


def test_the_posterior_below_the_clip_is_zero():
    loss = CBMultilabelLoss(COUNTS, N, beta=0, clip=0.05)
    assert not loss.posterior(torch.full((1, 4), -3.0)).any()
    assert (loss.posterior(torch.full((1, 4), -2.9)) > 0).all()


def test_a_trainer_counts_the_pairs_and_marks_by_its_own_number():
    logits, target = batch(4, 4)
    loss = CBMultilabelLoss(COUNTS, N)
    compute = loss.for_trainer()
    marked, masked = target.clone(), target.clone()
    marked[1, 2], masked[1, 2] = -100, torch.nan
    outputs = SimpleNamespace(logits=logits)
    torch.testing.assert_close(compute(outputs, marked), loss(logits, masked))
    torch.testing.assert_close(compute(outputs, target.long()), loss(logits, target))
    torch.testing.assert_close(
        compute(outputs, marked, torch.tensor(31)), loss(logits, masked, n_examples=31), rtol=0, atol=0
    )
    tokens = SimpleNamespace(logits=logits.view(2, 2, 4))
    torch.testing.assert_close(compute(tokens, target.view(2, 2, 4)), loss(logits, target))
    with pytest.raises(ValueError, match="reduction='sum' is not; take \"mean\""):
        CBMultilabelLoss(COUNTS, N, reduction="sum").for_trainer()


def test_what_is_no_indicator_is_refused_by_name():
    loss = CBMultilabelLoss(COUNTS, N)
    logits, target = batch(3, 4)
    with pytest.raises(ValueError, match=r"logits have shape \(3, 3\), but the counts are of 4 labels"):
        loss(logits[:, :3], target)
    with pytest.raises(
        ValueError, match=r"has the shape of the logits, \(3, 4\).*got \(3,\); class indices.*CBCross"
    ):
        loss(logits, torch.tensor([0, 3, 1]))
    with pytest.raises(TypeError, match="target must be a tensor, got list"):
        loss(logits, target.tolist())
    with pytest.raises(TypeError, match=r"target must hold zeros and ones, got torch\.complex128"):
        loss(logits, target.to(torch.complex128))
    for wrong, shown in ((0.9, "0.9"), (2.0, "2"), (-1.0, "-1"), (torch.inf, "inf"), (1 + 1e-7, r"1\.0000001")):
        target[1, 2] = wrong
        for masked in (0.0, torch.nan):
            target[0, 0] = masked
            with pytest.raises(
                ValueError, match=rf"target\[1, 2\] is {shown}, of label 2; a target is 1, 0, or NaN"
            ):
                loss(logits, target)
    with pytest.raises(ValueError, match=r"target\[0, 1\] is 3, of label 1"):
        loss(logits, torch.full((3, 4), 3).index_fill(1, torch.tensor([0]), 1))
    for shape in ((4,), (3, 3), (3, 1)):
        with pytest.raises(
            ValueError, match=rf"sample_weight has shape \({shape[0]},.* per pair of example and lab"
        ):
            loss(logits, torch.zeros(3, 4), torch.ones(shape))


@pytest.mark.parametrize(
    ("given", "parameters", "message"),
    [
        ((COUNTS, 900), {}, "label 3 has a count of 950, but n_samples is 900"),
        ((COUNTS,), {}, r"need n_samples.*count_labels\(Y\) has both"),
        ((count_classes([0, 0, 1, 1, 1]),), {}, r"need n_samples.*count_labels\(Y\) has both"),
        (([0, 0], 5), {}, "all 2 counts are 0: no sample has any label"),
        (([3, -1], 5), {}, r"counts\[1\] = -1"),
        (([3, float("nan")], 5), {}, "nan"),
        (([3, 1], 5), {"beta": 2}, r"beta must lie in \[0, 1\]"),
        (([3, 1], 5), {"gamma": -1}, "gamma must be finite and not negative, got -1"),
        (([3, 1], 5), {"gamma": (1, 2, 3)}, r"gamma must be one number or a pair \(negatives, positives\)"),
        (([3, 1], 5), {"gamma": (1, -2)}, "gamma must be finite and not negative, got -2"),
        (([3, 1], 5), {"clip": 1}, r"clip must lie in \[0, 1\), got 1"),
        (([3, 1], 5), {"tau": -1}, "tau must be finite and not negative"),
        (([3, 1], 5), {"reduction": "max"}, "reduction must be .* got 'max'"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(given, parameters, message):
    with pytest.raises(ValueError, match=message):
        CBMultilabelLoss(*given, **parameters)


def test_another_number_of_labels_needs_another_loss():
    with pytest.raises(ValueError, match="made for 4 labels, but counts has 2; make a new loss"):
        CBMultilabelLoss(COUNTS, N).set_counts([1, 2])


def test_a_saturated_beta_is_told():
    with pytest.warns(InertBetaWarning, match="beta=0.5 acts like no weighting"):
        CBMultilabelLoss([100, 400], 1000, beta=0.5)


def test_a_network_starts_at_the_prevalence_of_its_labels():
    layer = label_prior_bias_(torch.nn.Linear(3, 4), COUNTS, N)
    torch.testing.assert_close(layer.bias.sigmoid(), torch.tensor(COUNTS) / N)
    adjusted = label_prior_bias_(torch.nn.Linear(3, 4), COUNTS, N, tau=1)
    assert not adjusted.bias.any()
    one_sided = label_prior_bias_(torch.nn.Linear(3, 2), count_labels([[0, 1]] * 8))
    torch.testing.assert_close(one_sided.bias.data, torch.tensor([-math.log(8), math.log(8)]))
    with pytest.raises(ValueError, match="the layer has 3 biases, but the counts are of 4 labels"):
        label_prior_bias_(torch.nn.Linear(3, 3), COUNTS, N)
    for start in (lambda layer: label_prior_bias_(layer, COUNTS, N), lambda layer: prior_bias_(layer, 3)):
        with pytest.raises(ValueError, match="Linear has no bias to set"):
            start(torch.nn.Linear(3, 4, bias=False))
