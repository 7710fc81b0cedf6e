"""``posterior``: the probabilities for which the logits minimise the expected loss, found again numerically."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.optimize import minimize  # noqa: E402

import skcb  # noqa: E402
from skcb.nn import (  # noqa: E402
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBMultilabelLoss,
    CBSigmoidLoss,
    CBSoftmaxFocalLoss,
    ClassBalancedLoss,
    ClassWeightedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    Term,
    VSLoss,
    functional,
)

COUNTS = [900, 90, 10, 300]
LOSSES = [
    (CBCrossEntropyLoss, {"beta": 0}),
    (CBCrossEntropyLoss, {"beta": 0.99}),
    (CBCrossEntropyLoss, {"beta": 1, "normalize": None}),
    (CBSoftmaxFocalLoss, {"beta": 0, "gamma": 0}),
    (CBSoftmaxFocalLoss, {"beta": 0.99, "gamma": 0.5}),
    (CBSoftmaxFocalLoss, {"beta": 1, "gamma": 2}),
    (CBSoftmaxFocalLoss, {"beta": 0.99, "gamma": 5}),
    (CBSigmoidLoss, {"beta": 0.99}),
    (CBFocalLoss, {"beta": 0.99, "gamma": 0.5}),
    (CBFocalLoss, {"beta": 1, "gamma": 2}),
    (LogitAdjustedLoss, {}),
    (LogitAdjustedLoss, {"tau": 1.7, "beta": 0.9}),
    (VSLoss, {}),
    (VSLoss, {"beta": 0.99, "gamma": 0.8}),
    (LDAMLoss, {}),
    (LDAMLoss, {"beta": 0.9999, "max_margin": 1.0, "scale": 3.0}),
    (LDAMLoss, {"max_margin": 0.0}),
]


def named(rows):
    return [f"{loss.__name__} {parameters}" for loss, parameters in rows]


@pytest.fixture(autouse=True)
def _double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def logits_at_the_minimum(loss, eta):
    """Minimise sum_y eta_y L(z, y) over z, from the loss's values alone, and polish by Newton's steps."""
    n_classes = len(eta)

    def expected(z):
        return (loss(z.expand(n_classes, -1), torch.arange(n_classes)) * eta).sum()

    def value_and_gradient(z):
        z = torch.tensor(z, requires_grad=True)
        value = expected(z)
        (gradient,) = torch.autograd.grad(value, z)
        return value.item(), gradient.numpy()

    found = minimize(value_and_gradient, np.zeros(n_classes), jac=True, method="BFGS", options={"gtol": 1e-7})
    z = torch.tensor(found.x)
    for _ in range(5):
        gradient = torch.autograd.functional.jacobian(expected, z)
        z -= torch.linalg.pinv(torch.autograd.functional.hessian(expected, z), rtol=1e-8) @ gradient
    return z[None]


@pytest.mark.parametrize(("make", "parameters"), LOSSES, ids=named(LOSSES))
def test_the_minimum_of_the_expected_loss_gives_the_posterior_back(make, parameters):
    loss = make(COUNTS, reduction="none", **parameters)
    rng = np.random.default_rng(0)
    for concentration in (0.7, 1, 5):
        eta = torch.tensor(rng.dirichlet(np.full(4, concentration)))
        np.testing.assert_allclose(loss.posterior(logits_at_the_minimum(loss, eta))[0], eta, atol=1e-6)


def test_every_public_loss_is_tested():
    tested = {loss for loss, _ in LOSSES} | {ClassBalancedLoss, CBMultilabelLoss}  # the last in test_multilabel
    assert tested >= set(skcb.nn.LOSSES.values())


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_two_classes_of_a_focal_loss_are_charoenphakdees_formula(gamma):
    q = torch.linspace(0.01, 0.99, 50)

    def phi(v):
        return (1 - v) ** gamma - gamma * (1 - v) ** (gamma - 1) * v * v.log()

    slow = (q / phi(q)) / (q / phi(q) + (1 - q) / phi(1 - q))
    loss = CBSoftmaxFocalLoss([5, 5], beta=0, gamma=gamma)
    logits = torch.stack([q.log(), (1 - q).log()], dim=1)
    np.testing.assert_allclose(loss.posterior(logits)[:, 0], slow, rtol=1e-12)


@pytest.mark.parametrize(("make", "parameters"), LOSSES, ids=named(LOSSES))
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_extreme_logits_end_in_probabilities(make, parameters, dtype):
    logits = torch.tensor(
        [[200.0, 0, 0, -200], [0, 0, 0, 0], [-3e4, 3e4, 0, 0], [1e4, 1e4, 1e4, 1e4]], dtype=dtype
    )
    posterior = make(COUNTS, **parameters).posterior(logits)
    assert posterior.dtype == torch.promote_types(dtype, torch.float32)
    torch.testing.assert_close(posterior.sum(1), torch.ones(4, dtype=posterior.dtype), rtol=1e-5, atol=1e-5)
    assert (posterior >= 0).all()


@pytest.mark.parametrize("make", [CBSoftmaxFocalLoss, CBFocalLoss, LDAMLoss, VSLoss, CBCrossEntropyLoss])
def test_single_precision_is_close_to_double(make):
    logits = 4 * torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    logits = logits / 20 if make is LDAMLoss else logits
    loss = make(COUNTS)
    np.testing.assert_allclose(loss.posterior(logits.float()), loss.posterior(logits), atol=3e-6)


def test_masks_and_tokens_are_more_examples():
    loss = CBFocalLoss(COUNTS)
    logits = torch.randn(2, 4, 3, 5)
    flat = loss.posterior(logits.permute(0, 2, 3, 1).reshape(-1, 4))
    torch.testing.assert_close(loss.posterior(logits).permute(0, 2, 3, 1).reshape(-1, 4), flat)


@pytest.mark.filterwarnings("ignore::skcb.EmptyClassWarning")
@pytest.mark.parametrize("make", [CBCrossEntropyLoss, CBFocalLoss, LogitAdjustedLoss, VSLoss, LDAMLoss])
def test_a_class_without_samples_has_probability_0(make):
    posterior = make([90, 0, 10], beta=0.9).posterior(torch.randn(5, 3))
    assert (posterior[:, 1] == 0).all()
    torch.testing.assert_close(posterior.sum(1), torch.ones(5))


@pytest.mark.filterwarnings("ignore::skcb.EmptyClassWarning")
@pytest.mark.parametrize("make", [CBCrossEntropyLoss, LogitAdjustedLoss, VSLoss])
def test_a_class_without_samples_may_be_out_of_the_running(make):
    logits = torch.tensor([[0.0, -torch.inf, 1.0]])
    np.testing.assert_allclose(make([900, 0, 10]).posterior(logits).sum(), 1)


@pytest.mark.parametrize("make", [CBCrossEntropyLoss, CBSoftmaxFocalLoss, CBFocalLoss, VSLoss, LDAMLoss])
def test_what_goes_by_blocks_is_what_goes_at_once(make):
    logits = torch.randn(900, 700, generator=torch.Generator().manual_seed(0))
    logits = logits / 20 if make is LDAMLoss else logits
    loss = make(np.geomspace(1000, 5, 700).astype(int))
    whole = loss.posterior(logits)
    for rows in (slice(0, 1), slice(90, 97), slice(299, 300)):
        torch.testing.assert_close(whole[rows], loss.posterior(logits[rows]))
    followed = loss.posterior(logits.clone().requires_grad_())
    torch.testing.assert_close(whole, followed.detach())
    assert torch.isfinite(torch.autograd.grad(followed[:, 3].sum(), followed)[0]).all()


def test_it_is_the_posterior_of_the_data_and_not_of_the_balanced_world():
    loss = LogitAdjustedLoss([900, 100])
    torch.testing.assert_close(loss.posterior(torch.zeros(1, 2)), torch.tensor([[0.9, 0.1]]))
    torch.testing.assert_close(loss.probabilities(torch.zeros(1, 2)), torch.tensor([[0.5, 0.5]]))


def test_where_no_closed_form_is_known_it_refuses_by_name():
    with pytest.raises(
        NotImplementedError, match=r"ClassBalancedLoss has no posterior.*divide them by loss\.weight"
    ):
        ClassBalancedLoss(functional.cross_entropy, [5, 3]).posterior(torch.zeros(1, 2))

    class Mine(Term):
        pass

    class MyLoss(ClassWeightedLoss):
        term = Mine()

    with pytest.raises(NotImplementedError, match="MyLoss has no posterior"):
        MyLoss([5, 3], beta=0.9).posterior(torch.zeros(1, 2))


@pytest.mark.parametrize(
    "logits", [torch.zeros(3), torch.zeros(2, 3), torch.zeros(2, 2, dtype=torch.int64), [0.0]]
)
def test_other_logits_are_errors(logits):
    with pytest.raises((ValueError, TypeError), match="logits"):
        CBCrossEntropyLoss([5, 3]).posterior(logits)
