"""A module that a net has trained leaves it: by torch.export, as ONNX, and as tensors alone."""

import io

import numpy as np
import pytest
import torch

from skcb import CBNeuralNetClassifier
from skcb.nn import CBFocalLoss

from .modules import imbalanced

X, y = imbalanced()
X = X.astype(np.float32)


@pytest.fixture(scope="module", params=["softmax", "focal", "ldam"])
def net(request):
    return CBNeuralNetClassifier(loss=request.param, max_epochs=3, random_state=0).fit(X, y)


@pytest.fixture
def logits(net):
    return net.forward(X)


def test_torch_export(net, logits):
    rows = torch.export.Dim("rows", min=2)
    inputs = (torch.from_numpy(X[:4]),)
    program = torch.export.export(net.module_.eval(), inputs, dynamic_shapes=({0: rows},))
    torch.testing.assert_close(program.module()(torch.from_numpy(X)), logits)


@pytest.mark.filterwarnings("ignore")  # of the exporter's own
def test_onnx(net, logits):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    exported = torch.onnx.export(
        net.module_.eval(),
        (torch.from_numpy(X[:4]),),
        input_names=["X"],
        dynamic_shapes=({0: torch.export.Dim("rows", min=2)},),
        verbose=False,
    )
    session = onnxruntime.InferenceSession(exported.model_proto.SerializeToString())
    (found,) = session.run(None, {"X": X})
    np.testing.assert_allclose(found, logits, atol=1e-5)


def test_the_state_is_tensors_alone(net, logits):
    for part in (net.module_, net.criterion_):
        saved = io.BytesIO()
        torch.save(part.state_dict(), saved)
        saved.seek(0)
        state = torch.load(saved, weights_only=True)
        part.load_state_dict(state)
    torch.testing.assert_close(net.forward(X), logits)


def test_a_loss_is_exported_with_the_module_that_holds_it():
    class Predictor(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.loss = torch.nn.Linear(20, 3), CBFocalLoss([50, 30, 20])

        def forward(self, X):
            return self.loss.posterior(self.linear(X))

    predictor, inputs = Predictor().eval(), torch.randn(4, 20)
    program = torch.export.export(predictor, (inputs,))
    torch.testing.assert_close(program.module()(inputs), predictor(inputs))
