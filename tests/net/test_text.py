"""What a net says of itself: loss, beta and gamma, what is not the default, and its counts once fitted."""

import numpy as np
import pytest

pytest.importorskip("skorch")
import torch
from sklearn.model_selection import GridSearchCV
from torch import nn

from skcb import CBCrossEntropyLoss, CBNeuralNetClassifier, DeferredReweighting

X = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
Y = np.repeat(["a", "b", "c"], [40, 15, 5])


@pytest.mark.parametrize(
    ("net", "text"),
    [
        (CBNeuralNetClassifier(), "module=MultilayerPerceptron, loss='softmax', beta=0.999"),
        (CBNeuralNetClassifier(loss="ldam"), "module=MultilayerPerceptron, loss='ldam', beta=0.0"),
        (
            CBNeuralNetClassifier(loss="focal", beta=0.99, lr=0.1),
            "module=MultilayerPerceptron, loss='focal', beta=0.99, gamma=2.0, lr=0.1",
        ),
        (
            CBNeuralNetClassifier(nn.Linear(2, 3), loss=CBCrossEntropyLoss, gamma=3.0, random_state=0),
            "module=Linear, loss=CBCrossEntropyLoss, beta=0.999, gamma=3.0, random_state=0",
        ),
        (
            CBNeuralNetClassifier(nn.Linear, module__bias=False),
            "module=Linear, loss='softmax', beta=0.999, module__bias=False",
        ),
        (
            CBNeuralNetClassifier(loss="foccal", optimizer=torch.optim.SGD),
            "module=MultilayerPerceptron, loss='foccal', beta=None, optimizer=SGD",
        ),
        (
            CBNeuralNetClassifier(callbacks=[DeferredReweighting(3)]),
            "module=MultilayerPerceptron, loss='softmax', beta=0.999, callbacks=[DeferredReweighting(...)]",
        ),
    ],
    ids=str,
)
def test_text(net, text):
    assert repr(net) == f"CBNeuralNetClassifier({text})"


def test_counts_once_fitted():
    net = CBNeuralNetClassifier(max_epochs=1, random_state=0).fit(X, Y)
    assert repr(net).splitlines()[1] == "fitted on 3 classes with 5 to 40 samples"
    several = CBNeuralNetClassifier(loss="multilabel", max_epochs=1).fit(X, np.eye(3, 2)[np.arange(60) % 3])
    assert repr(several).splitlines()[1] == "fitted on 2 labels with 20 to 20 samples"


def test_a_search_prints_what_is_not_the_default():
    text = repr(GridSearchCV(CBNeuralNetClassifier(loss="focal", lr=0.1), {"beta": [0, 1]}))
    assert "CBNeuralNetClassifier(callbacks=None, loss='focal', lr=0.1)" in " ".join(text.split())


def test_a_subclass_prints_its_own():
    class Own(CBNeuralNetClassifier):
        def __init__(self, module=None, *, depth=2, lr=0.5, **kwargs):
            self.depth = depth
            super().__init__(module, lr=lr, **kwargs)

    assert repr(Own()) == "Own(module=MultilayerPerceptron, loss='softmax', beta=0.999)"
    assert repr(Own(depth=3, device="cuda")).endswith("beta=0.999, depth=3, device='cuda')")


def test_the_diagram_leads_to_the_documentation():
    page = "https://skcb.readthedocs.io/en/stable/api/skcb.CBNeuralNetClassifier.html"
    assert f'href="{page}"' in CBNeuralNetClassifier()._repr_html_()
