"""The losses and the sampler in transformers, Lightning and accelerate, in one process and in two."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
lightning = pytest.importorskip("lightning")
accelerate = pytest.importorskip("accelerate")

from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from skcb.nn import CBCrossEntropyLoss, CBFocalLoss, CBMultilabelLoss, ClassBalancedSampler  # noqa: E402
from tests.two_processes import run_twice  # noqa: E402

from .one_of_two_ranks import (  # noqa: E402
    COUNTS,
    Classifier,
    dataset,
    fit_by_lightning,
    sentences,
    small,
    trained,
)

# Trainers warn of what is missing here (a GPU, workers, a logger) and of their own futures.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _one_accelerator_for_each_test():
    yield
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.parametrize("of_tokens", [False, True])
@pytest.mark.parametrize("make", [CBCrossEntropyLoss, CBFocalLoss])
def test_accumulating_in_the_trainer_changes_nothing(tmp_path, of_tokens, make):
    loss = make(COUNTS, beta=0.99)
    _, whole = trained(tmp_path, of_tokens, loss, steps=1, batch=8)
    trainer, parts = trained(tmp_path, of_tokens, loss, steps=4, batch=2)
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-6)
    assert np.isfinite(trainer.evaluate(list(sentences(of_tokens, 8)))["eval_loss"])


def test_accumulating_several_labels_in_the_trainer_changes_nothing(tmp_path):
    loss = CBMultilabelLoss([10, 9, 5], 32, beta=0.99)
    _, whole = trained(tmp_path, "several", loss, steps=1, batch=8)
    trainer, parts = trained(tmp_path, "several", loss, steps=4, batch=2)
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-6)
    assert np.isfinite(trainer.evaluate(list(sentences("several", 8)))["eval_loss"])


def test_the_trainer_trains_by_the_loss(tmp_path):
    _, weighted = trained(tmp_path, False, CBCrossEntropyLoss(COUNTS, beta=1), steps=1, batch=8)
    _, plain = trained(tmp_path, False, CBCrossEntropyLoss(COUNTS, beta=0), steps=1, batch=8)
    assert (weighted - plain).abs().max() > 1e-4


def test_a_transformers_model_is_a_module_of_the_net():
    from skcb import CBNeuralNetClassifier

    class Named(transformers.BertForSequenceClassification):
        def __init__(self, n_classes):
            super().__init__(small())
            assert n_classes == 3

    rng = np.random.default_rng(0)
    y = rng.choice(["a", "b", "c"], 90, p=[0.6, 0.3, 0.1])
    tokens = rng.integers(1, 10, size=(90, 6))
    tokens[:, 0] = np.unique(y, return_inverse=True)[1] + 10
    X = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
    net = CBNeuralNetClassifier(Named, max_epochs=15, lr=0.01, batch_size=16, random_state=0).fit(X, y)
    assert net.predict_proba(X).shape == (90, 3)
    assert np.mean(net.predict(X) == y) > 0.8


def test_in_lightning_automatic_and_manual_optimisation_agree():
    data, loss = dataset(), CBCrossEntropyLoss(COUNTS)
    n_examples = int((data.tensors[1] != -100).sum())
    automatic = fit_by_lightning(Classifier(loss), DataLoader(data, batch_size=32))
    manual = fit_by_lightning(Classifier(loss, whole=n_examples), DataLoader(data, batch_size=8))
    torch.testing.assert_close(manual.model.weight, automatic.model.weight)


def test_in_lightning_a_sampler_draws_an_epoch_after_the_other():
    target = np.repeat([0, 1, 2], [90, 8, 2])
    sampler = ClassBalancedSampler(target, beta=1, seed=3)
    alone = ClassBalancedSampler(target, beta=1, seed=3)
    expected = [target[list(alone)].tolist() for _ in range(2)]
    data = TensorDataset(torch.randn(100, 4), torch.from_numpy(target))
    loss = CBCrossEntropyLoss(sampler.counts)
    module = fit_by_lightning(Classifier(loss), DataLoader(data, 10, sampler=sampler), epochs=2)
    assert [module.seen[:100], module.seen[100:]] == expected


def test_in_accelerate_parts_give_the_gradient_of_the_whole():
    data, loss = dataset(), CBCrossEntropyLoss(COUNTS)
    n_examples = int((data.tensors[1] != -100).sum())

    def train(steps, batch, **kwargs):
        torch.manual_seed(0)
        accelerator = accelerate.Accelerator(gradient_accumulation_steps=steps, cpu=True)
        model = nn.Linear(4, 3)
        model, optimizer, loader = accelerator.prepare(
            model, torch.optim.SGD(model.parameters(), lr=0.5), DataLoader(data, batch_size=batch)
        )
        for inputs, target in loader:
            with accelerator.accumulate(model):
                accelerator.backward(loss(model(inputs), target, **kwargs))
                optimizer.step()
                optimizer.zero_grad()
        return model.weight.detach()

    torch.testing.assert_close(train(4, 8, n_examples=n_examples / 4), train(1, 32))


def test_in_accelerate_a_sampler_is_not_replaced():
    target = np.repeat([0, 1, 2], [90, 8, 2])
    sampler = ClassBalancedSampler(target, beta=1, seed=3)
    data = TensorDataset(torch.arange(100))
    loader = accelerate.Accelerator(cpu=True).prepare(DataLoader(data, batch_size=10, sampler=sampler))
    drawn = [int(i) for (batch,) in loader for i in batch]
    assert drawn == list(ClassBalancedSampler(target, beta=1, seed=3))
    assert [int(i) for (batch,) in loader for i in batch] != drawn


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    run_twice("tests.nn.one_of_two_ranks", str(folder))
    return [np.load(folder / f"{rank}.npz") for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["gloo", "lightning", "accelerate", "trainer"])
def test_two_ranks_are_one_process_with_both_their_batches(ranks, way, tmp_path):
    alone = np.load(_alone(tmp_path))
    for rank in ranks:
        np.testing.assert_allclose(rank[f"{way} parameters"], alone[f"{way} parameters"], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["own ranks", "lightning shares", "lightning, own ranks", "accelerate"])
def test_two_ranks_share_the_one_order(ranks, way):
    order = list(ClassBalancedSampler(np.repeat([0, 1, 2], [90, 8, 2]), beta=1, seed=3))
    drawn = [rank[f"{way} drawn"].tolist() for rank in ranks]
    if way == "lightning shares":  # and shuffles what is drawn
        assert sorted(drawn[0] + drawn[1]) == sorted(order)
        return
    if way == "accelerate":  # which hands out batches of 10 in turn
        expected = [
            [i for start in range(10 * rank, 100, 20) for i in order[start : start + 10]] for rank in (0, 1)
        ]
    else:
        expected = [order[rank::2] for rank in (0, 1)]
    assert drawn == expected


def _alone(folder):
    from .one_of_two_ranks import main

    main(str(folder))
    return folder / "0.npz"
