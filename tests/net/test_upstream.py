"""What the net leans on of others' privates: a test by the name of each, which fails when it moves."""

import inspect

import numpy as np
import pytest
from sklearn import config_context

skorch = pytest.importorskip("skorch")
import torch  # noqa: E402
from skorch.callbacks import EpochScoring  # noqa: E402
from torch import nn  # noqa: E402

from skcb._upstream import own_requests  # noqa: E402
from skcb.net import _upstream  # noqa: E402

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
Y = np.arange(12) % 2


class Stock(skorch.NeuralNetClassifier):
    """skorch's own classifier, which notes what it was asked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, criterion=nn.CrossEntropyLoss, max_epochs=1, verbose=0, train_split=None, **kwargs)


def test_as_fit():
    (name,) = _upstream.AS_FIT
    assert name in inspect.signature(skorch.NeuralNet.fit_loop).parameters
    Stock(nn.Linear(2, 2)).initialize().partial_fit(X, Y, **_upstream.AS_FIT)  # else: forward does not take it


def test_constructor_attribute():
    class Hidden(Stock):
        history_ = _upstream.constructor_attribute("history_")

    net = Hidden(nn.Linear(2, 2))
    assert "history_" not in vars(net)
    assert len(net.fit(X, Y).history_) == 1
    assert "history_" not in vars(net)
    assert net.history is net.history_


def test_classes_of_and_keep_classes():
    net = Stock(nn.Linear(2, 2))
    assert _upstream.classes_of(net) is None
    assert _upstream.classes_of(net.fit(X, Y)).tolist() == [0, 1]
    _upstream.keep_classes(net, np.array(["no", "yes"]))
    assert net.classes_.tolist() == ["no", "yes"]


def test_builds_module():
    seen = {}

    class Asking(Stock):
        def initialized_instance(self, instance_or_cls, kwargs):
            seen[instance_or_cls] = _upstream.builds_module(self)
            return super().initialized_instance(instance_or_cls, kwargs)

    Asking(nn.Linear, module__in_features=2, module__out_features=2).initialize()
    assert seen == {nn.Linear: True, nn.CrossEntropyLoss: False}


def test_is_criterion_and_module_names():
    net = Stock(nn.Linear(2, 2)).initialize()
    assert _upstream.is_criterion(net, "criterion")
    assert not _upstream.is_criterion(net, "module")
    assert _upstream.module_names(net) == ["module"]


def test_rebuild_criterion():
    net = Stock(nn.Linear(2, 2)).initialize()
    module, criterion = net.module_, net.criterion_
    _upstream.rebuild_criterion(net)
    assert net.module_ is module
    assert net.criterion_ is not criterion


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in _upstream.OVERRIDDEN.items() for name in names]
)
def test_overridden(owner, name):
    """skorch still calls what we override."""
    called = []

    def noted(self, *args, **kwargs):
        called.append(name)
        return getattr(owner, name)(self, *args, **kwargs)

    if owner is EpochScoring:
        scoring = type("Noted", (EpochScoring,), {name: noted})("accuracy", on_train=True)
        Stock(nn.Linear(2, 2), callbacks=[scoring]).fit(X, Y)
    else:
        net = type("Noted", (Stock,), {name: noted})(nn.Linear(2, 2)).fit(X, Y)
        net.predict_proba(X)
        net.get_params()
    assert name in called


def test_metadata_requests_that_no_signature_lists():
    """Class attributes of a mangled name switch off what scikit-learn reads from signatures."""
    from skcb import CBNeuralNetClassifier

    with config_context(enable_metadata_routing=True):
        assert not own_requests(CBNeuralNetClassifier().get_metadata_routing()).fit.requests
        asked = CBNeuralNetClassifier().set_fit_request(sample_weight=True, anything=True)
        assert own_requests(asked.get_metadata_routing()).fit.requests == {"sample_weight": True, "anything": True}


def test_mark_as_prepared():
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True, mixed_precision="bf16")  # which changes what it prepares
    marked, plain = nn.Linear(2, 2), nn.Linear(2, 2)
    _upstream.mark_as_prepared(marked)
    assert accelerator.prepare(marked)(torch.ones(1, 2)).grad_fn.name() == "AddmmBackward0"
    assert accelerator.prepare(plain)(torch.ones(1, 2)).grad_fn.name() != "AddmmBackward0"


def test_wrap_again():
    accelerate = pytest.importorskip("accelerate")
    from skorch.hf import AccelerateMixin

    net = type("Accelerated", (AccelerateMixin, Stock), {})(
        nn.Linear(2, 2), accelerator=accelerate.Accelerator(cpu=True)
    )
    net.fit(X, Y)  # which unwraps it
    seen = []
    net._initialize_accelerator = lambda: seen.append(True)
    _upstream.wrap_again(net)
    assert seen == [True]


def test_the_order_is_that_of_torch():
    from skcb.net.loading import Permutation

    torch.manual_seed(3)
    expected = list(torch.utils.data.RandomSampler(range(9)))
    torch.manual_seed(3)
    assert list(Permutation(range(9))) == expected


def test_every_private_has_a_test():
    tests = " ".join(name for name in globals() if name.startswith("test_"))
    assert [name for name in _upstream.__all__ if name.lower() not in tests] == []
