"""What is particular to one loss, the layer and the initialization, and how other libraries see them."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from skcb import class_weight, ldam_margin, logit_adjustment  # noqa: E402
from skcb.nn import (  # noqa: E402
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    NormalizedLinear,
    VSLoss,
    functional,
    parameter_groups,
    prior_bias_,
)
from tests import fresh  # noqa: E402

COUNTS = [500, 50, 5]


def batch(n=6):
    return torch.randn(n, 3), torch.arange(n) % 3


def test_vectors_are_those_of_the_floor():
    loss = CBCrossEntropyLoss(COUNTS, beta=0.99, normalize="samples")
    np.testing.assert_allclose(loss.weight, class_weight(COUNTS, 0.99, normalize="samples"), rtol=1e-6)
    np.testing.assert_allclose(LDAMLoss(COUNTS, max_margin=0.3).margin, ldam_margin(COUNTS, 0.3), rtol=1e-6)
    np.testing.assert_allclose(LogitAdjustedLoss(COUNTS, tau=2).shift, logit_adjustment(COUNTS, 2), rtol=1e-6)
    assert torch.equal(LogitAdjustedLoss(COUNTS).weight, torch.ones(3))
    assert set(VSLoss(COUNTS).state_dict()) == {"weight", "present", "shift", "scale", "_extra_state"}


def test_weighted_mean_is_that_of_torch():
    logits, target = batch()
    target[1] = -100
    loss = CBCrossEntropyLoss(COUNTS, reduction="weighted_mean")
    expected = torch.nn.functional.cross_entropy(logits, target, weight=loss.weight)
    torch.testing.assert_close(loss(logits, target), expected)


def test_the_family_of_vector_scaling():
    logits, target = batch()
    adjusted = LogitAdjustedLoss(COUNTS)(logits, target)
    torch.testing.assert_close(VSLoss(COUNTS, gamma=0)(logits, target), adjusted)
    balanced_softmax = functional.cross_entropy(logits + torch.tensor(COUNTS).log(), target).mean()
    torch.testing.assert_close(adjusted, balanced_softmax)
    torch.testing.assert_close(
        LogitAdjustedLoss(COUNTS, tau=0)(logits, target), torch.nn.functional.cross_entropy(logits, target)
    )


@pytest.mark.parametrize("kind", [CBFocalLoss, CBSoftmaxFocalLoss])
def test_sample_weights_can_be_learned(kind):
    logits, target = batch()
    sample_weight = torch.ones(6, requires_grad=True)
    kind(COUNTS, reduction="sum")(logits.requires_grad_(), target, sample_weight).backward()
    torch.testing.assert_close(sample_weight.grad, kind(COUNTS, reduction="none")(logits, target).detach())


def test_parameters_out_of_range():
    for kind in (CBFocalLoss, CBSoftmaxFocalLoss, VSLoss):
        with pytest.raises(ValueError, match=r"gamma must be finite and not negative, got -1"):
            kind(COUNTS, gamma=-1)
    with pytest.raises(ValueError, match=r"tau must be finite and not negative, got -0.5"):
        LogitAdjustedLoss(COUNTS, tau=-0.5)
    with pytest.raises(ValueError, match=r"max_margin must be finite and not negative, got inf"):
        LDAMLoss(COUNTS, max_margin=math.inf)
    with pytest.raises(ValueError, match=r"scale must be finite and not negative, got -30"):
        LDAMLoss(COUNTS, scale=-30)
    with pytest.raises(ValueError, match=r"label_smoothing must lie in \[0, 1\], got 2"):
        CBCrossEntropyLoss(COUNTS, label_smoothing=2)


def test_base_losses():
    logits, target = batch()
    hinge = torch.nn.MultiMarginLoss(reduction="none")
    loss = ClassBalancedLoss(hinge, COUNTS)
    torch.testing.assert_close(loss(logits, target), (loss.weight[target] * hinge(logits, target)).mean())
    soft = ClassBalancedLoss(functional.sigmoid_focal, COUNTS)
    one_hot = torch.nn.functional.one_hot(target, 3).float()
    torch.testing.assert_close(soft(logits, one_hot), CBFocalLoss(COUNTS)(logits, target))
    with pytest.raises(ValueError, match=r"base has reduction='mean'.*reduction=\"none\""):
        ClassBalancedLoss(torch.nn.CrossEntropyLoss(), COUNTS)
    with pytest.raises(TypeError, match="base must be callable"):
        ClassBalancedLoss("focal", COUNTS)
    with pytest.raises(ValueError, match=r"base returned shape \(6, 3\).*sum over the classes"):
        ClassBalancedLoss(torch.nn.BCEWithLogitsLoss(reduction="none"), COUNTS)(logits, one_hot)


def test_normalized_linear_gives_cosines():
    layer = NormalizedLinear(5, 3)
    features = torch.randn(4, 2, 5)
    cosines = torch.nn.functional.cosine_similarity(features.unsqueeze(-2), layer.weight, dim=-1)
    torch.testing.assert_close(layer(features), cosines)
    torch.testing.assert_close(layer.weight.norm(dim=1), torch.ones(3))
    nothing = torch.zeros(1, 5, requires_grad=True)
    layer(nothing).sum().backward()
    assert nothing.grad.isfinite().all()
    assert repr(layer) == "NormalizedLinear(in_features=5, out_features=3)"


def test_prior_bias():
    assert torch.nn.functional.softplus(
        -prior_bias_(torch.nn.Linear(4, 10), 10).bias[0]
    ).exp().item() == pytest.approx(10)
    assert not prior_bias_(torch.nn.Conv2d(3, 2, 1), 2).bias.any()
    with pytest.raises(ValueError, match="Linear has no bias to set"):
        prior_bias_(torch.nn.Linear(4, 3, bias=False), 3)
    with pytest.raises(ValueError, match="n_classes must be at least 2, got 1"):
        prior_bias_(torch.nn.Linear(4, 1), 1)


def test_parameter_groups():
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3))
    decayed, free = parameter_groups(net, 0.1)
    assert free == {"params": [net[2].bias], "weight_decay": 0.0}
    assert len(decayed["params"]) == len(list(net.parameters())) - 1
    assert parameter_groups(net, 0.1, layer=net[0])[1]["params"] == [net[0].bias]
    with pytest.raises(ValueError, match="ReLU has no linear or convolutional layer"):
        parameter_groups(torch.nn.ReLU(), 0.1)
    with pytest.raises(ValueError, match="Linear has no bias"):
        parameter_groups(torch.nn.Linear(4, 3, bias=False), 0.1)


@pytest.mark.parametrize("kind", [CBCrossEntropyLoss, CBSoftmaxFocalLoss, LDAMLoss, LogitAdjustedLoss, VSLoss])
def test_plain_skorch_gives_probabilities(kind):
    skorch = pytest.importorskip("skorch")
    X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    y = np.arange(60) % 3
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear(4, 3), criterion=kind, criterion__counts=[20, 20, 20], max_epochs=2, verbose=0
    )
    np.testing.assert_allclose(net.fit(X, y).predict_proba(X).sum(1), 1, rtol=1e-5)


def test_a_step_of_training_lowers_every_class_loss():
    torch.manual_seed(0)
    X, y = torch.randn(300, 4), torch.randint(3, (300,))
    X[:, :3] += 3 * torch.nn.functional.one_hot(y, 3)
    net = prior_bias_(torch.nn.Linear(4, 3), 3)
    loss, optimizer = CBFocalLoss(COUNTS), torch.optim.Adam(parameter_groups(net, 1e-4), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        loss(net(X), y).backward()
        optimizer.step()
    assert (net(X).argmax(1) == y).float().mean() > 0.9


@pytest.mark.parametrize(
    ("missing", "message"), [("torch", "pip install 'skcb[torch]'"), ("sympy_of_torch", "No module")]
)
def test_a_missing_torch_is_named(missing, message):
    """Only a missing torch is blamed on torch: a torch that lacks something of its own is another matter."""
    code = (
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        f"            raise ModuleNotFoundError('No module named {missing}', name='{missing}')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "import skcb.nn\n"
    )
    run = fresh.run(code)
    assert run.returncode
    assert message in run.stderr.splitlines()[-1]


def test_what_is_no_number_is_named():
    with pytest.raises(TypeError, match="n_classes must be an integer, got '3'"):
        prior_bias_(torch.nn.Linear(2, 3), "3")
    with pytest.raises(ValueError, match="weight_decay must be finite and not negative, got -1"):
        parameter_groups(torch.nn.Linear(2, 3), -1)
