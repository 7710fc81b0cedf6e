"""What the losses lean on of torch's privates: a test by the name of each, which fails when it moves."""

import pytest

torch = pytest.importorskip("torch")

from skcb.nn import _upstream  # noqa: E402


def test_transforms_are_active():
    seen = []

    def square(x):
        seen.append(_upstream.transforms_are_active())
        return x**2

    torch.func.grad(square)(torch.tensor(1.0))
    torch.func.vmap(square)(torch.ones(2))
    square(torch.ones(2))
    assert seen == [True, True, False]
    with torch.autograd.forward_ad.dual_level():
        square(torch.ones(2))
    assert seen[-1]
