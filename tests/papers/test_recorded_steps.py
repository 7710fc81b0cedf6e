"""On a GPU: a recorded step is the step, for every loss, and what changes between steps is seen by it."""

import numpy as np
import pytest
import torch
from cifar10_data import Cifar10, long_tailed
from device_runs import DeviceData, DeviceRun
from runs import LOSSES, Configuration, RatioFolder, Settings, configurations
from side_by_side import train_side_by_side

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="recorded steps are CUDA graphs")
RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(10), 40)
WHOLE = Cifar10(
    RNG.integers(0, 256, (400, 32, 32, 3), dtype=np.uint8), LABELS,
    RNG.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8), np.repeat(np.arange(10), 2),
)  # fmt: skip
DATA = long_tailed(WHOLE, 4)
SETTINGS = Settings(epochs=5, depth=8, batch_size=64, data=DATA.fingerprint())
PRECISIONS = {"float32": 0.02, "bfloat16": 0.2}


def make(folder, configuration, precision="float32", **more):
    settings = Settings(**{**vars(SETTINGS), "precision": precision})
    held = DeviceData.put(DATA, "cuda")
    return DeviceRun(RatioFolder(folder, 4), configuration, 0, data=held, settings=settings, **more)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("configuration", configurations(LOSSES, [0.0, 0.9], [1.0]), ids=lambda key: key.name)
def test_a_recorded_step_is_the_step(tmp_path, configuration, precision):
    recorded, plain = make(tmp_path, configuration, precision), make(tmp_path, configuration, precision)
    start = recorded.sgd.value.clone()
    assert not recorded.sgd.velocity.any()
    assert not recorded.net.stem[1].running_mean.any()
    for epoch in (0, 4):  # LDAM has weights in the second
        recorded.epoch = plain.epoch = epoch
        recorded.begin_epoch()
        plain.begin_epoch()
        assert len(recorded.sizes) == 4
        for size in recorded.sizes:
            recorded.advance(size)
            with plain.here():
                plain.step(size)
        for run in (recorded, plain):
            run.end_epoch()
            run.wait(0)
        torch.cuda.synchronize()
        assert torch.equal(recorded.images, plain.images)
        assert torch.equal(recorded.labels, plain.labels)
        loss = recorded.losses[epoch].item(), plain.losses[epoch].item()
        assert loss[0] == pytest.approx(loss[1], rel=PRECISIONS[precision])
    apart = (recorded.sgd.value - plain.sgd.value).norm() / (plain.sgd.value - start).norm()
    assert apart.item() < PRECISIONS[precision]


def test_the_weights_of_ldam_reach_the_recorded_step(tmp_path):
    losses = []
    for beta in (0.9999, 1e-9):
        run = make(tmp_path, Configuration("ldam", beta))
        run.epoch = 4
        run.begin_epoch()
        for size in run.sizes:
            run.advance(size)
        run.end_epoch()
        run.wait(0)
        losses.append(run.losses[4].item())
    assert abs(losses[0] - losses[1]) > 0.05 * losses[1]


def test_runs_side_by_side_end_as_alone(tmp_path):
    configuration = Configuration("softmax", 0.0)
    errors = {}
    for number in (1, 4):
        folder = RatioFolder(tmp_path / str(number), 4)
        folder.keep(SETTINGS)
        planned = [(folder, configuration, seed, DATA, SETTINGS) for seed in range(4)]
        found = train_side_by_side(planned, device="cuda", at_a_time=number)
        errors[number] = sorted((result["seed"], result["train_loss"]) for result in found)
    assert len(errors[1]) == 4
    for (_, alone), (_, beside) in zip(errors[1], errors[4], strict=True):
        np.testing.assert_allclose(alone[:2], beside[:2], rtol=0.05)
