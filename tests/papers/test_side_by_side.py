"""The path of the GPU does what the recipe says, computed on the CPU: without the recording, by the same steps."""

import json
import subprocess
import sys

import cifar10_lt
import numpy as np
import probe
import pytest
import report
import torch
from cifar10_data import long_tailed
from device_runs import LOSS_CLASSES, DeviceData, DeviceRun
from resnet import CifarResNet
from runs import LOSSES, Configuration, RatioFolder, Settings, configurations
from side_by_side import train_side_by_side

from skcb.net.criteria import LOSSES as NAMES
from skcb.nn import parameter_groups, prior_bias_

from .conftest import FOLDER
from .test_cifar10_lt import finished, made_up

DATA = long_tailed(made_up(np.full(10, 6)), 2)  # 40 images
SETTINGS = Settings(epochs=5, depth=8, width=2, stride=2, batch_size=16, data=DATA.fingerprint())
ALL = configurations(LOSSES, [0.0, 0.9], [1.0])


def make(tmp_path, configuration, settings=SETTINGS, seed=0):
    return DeviceRun(
        RatioFolder(tmp_path, 2), configuration, seed, data=DeviceData.put(DATA, "cpu"), settings=settings
    )


def runs(tmp_path, of=ALL, seeds=(0,)):
    folder = RatioFolder(tmp_path, 2)
    folder.keep(SETTINGS)
    return [(folder, configuration, seed, DATA, SETTINGS) for seed in seeds for configuration in of]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Results of runs that were not disturbed."""
    results = tmp_path_factory.mktemp("side_by_side")
    found = list(train_side_by_side(runs(results), device="cpu", at_a_time=3, keep_logits=True))
    assert len(found) == len(ALL)
    return results


def test_every_loss_runs_and_is_reported(whole, capsys):
    report.main(["--results", str(whole)])
    table = capsys.readouterr().out
    assert [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:] == [
        key.title for key in ALL
    ]
    held = json.loads((whole / "ratio-2" / "focal_gamma-1_beta-0.9_seed-0.json").read_text())
    assert held["error"] == pytest.approx(1 - np.mean(held["recall"]))
    assert held["class_count"] == [6, 5, 5, 4, 4, 4, 3, 3, 3, 3]
    assert held["lr"] == pytest.approx([0.1, 0.1, 0.1, 0.1, 1e-5])
    assert len(held["train_loss"]) == 5
    logits = np.load(whole / "ratio-2" / "focal_gamma-1_beta-0.9_seed-0.logits.npy")
    assert np.mean(logits.argmax(1) != DATA.y_test) == pytest.approx(held["error"])
    assert not list(whole.glob("*/*.pt"))


@pytest.mark.parametrize("configuration", ALL, ids=lambda key: key.name)
def test_an_epoch_equals_torchs_own_optimizer_on_the_same_batches(tmp_path, configuration):
    name, beta, gamma = configuration
    run = make(tmp_path, configuration)
    counts = np.bincount(DATA.y_train)
    loss = NAMES[name](counts, beta=0 if name == "ldam" else beta, **({} if gamma is None else {"gamma": gamma}))
    torch.manual_seed(0)
    net = CifarResNet(10, depth=8, width=2, stride=2, cosine=name == "ldam")
    groups = [{"params": net.parameters()}]
    if name in {"sigmoid", "focal"}:
        prior_bias_(net.logits, 10)
        groups = parameter_groups(net, 2e-4)
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=2e-4)
    net.images.eval()
    for _ in range(2):
        run.begin_epoch()
        total = 0
        for rows in torch.arange(40).split(16):
            cost = loss(net(run.images[rows]), run.labels[rows])
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            total += cost.item() * len(rows)
        for size in run.sizes:
            run.advance(size)
        run.end_epoch()
        assert run.losses[run.epoch - 1].item() == pytest.approx(total / 40, rel=1e-4)
    for (title, mine), theirs in zip(run.net.named_parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4, msg=title)
    np.testing.assert_allclose(run.test_logits(), net.eval()(torch.tensor(DATA.x_test)).detach(), atol=1e-3)


def test_an_epoch_shows_every_image_once_shifted_and_mirrored(tmp_path):
    run = make(tmp_path, Configuration("softmax", 0.0))
    assert run.sizes == [16, 16, 8]
    run.begin_epoch()
    first = run.images.clone(), run.labels.clone()
    assert torch.bincount(first[1]).tolist() == np.bincount(DATA.y_train).tolist()
    changed = [not (DATA.x_train == image.numpy()).all((1, 2, 3)).any() for image in first[0]]
    assert 30 < sum(changed) <= 40
    run.begin_epoch()
    assert torch.equal(run.images, first[0])
    run.epoch = 1
    run.begin_epoch()
    assert not torch.equal(run.labels, first[1])


def test_the_weights_of_ldam_set_in_after_four_fifths_where_the_step_reads_them(tmp_path):
    run = make(tmp_path, Configuration("ldam", 0.9))
    address, weights = run.loss.weight.data_ptr(), []
    for run.epoch in range(5):
        run.begin_epoch()
        weights.append(run.loss.weight.tolist())
    assert run.loss.weight.data_ptr() == address
    assert weights[:4] == [[1.0] * 10] * 4
    np.testing.assert_allclose(weights[4], NAMES["ldam"](run.loss.counts, beta=0.9).weight)
    assert run.lr(3) == pytest.approx(0.1)
    assert run.lr(4) == pytest.approx(1e-5)


def test_convolutions_in_bfloat16_follow_parameters_in_float32(tmp_path):
    run = make(tmp_path, Configuration("softmax", 0.0), Settings(**{**vars(SETTINGS), "precision": "bfloat16"}))
    exact = make(tmp_path, Configuration("softmax", 0.0))
    for each in (run, exact):
        each.begin_epoch()
        for size in each.sizes:
            each.advance(size)
        each.end_epoch()
    assert run.sgd.value.dtype == run.net.logits.weight.dtype == run.net.stem[1].weight.dtype == torch.float32
    assert {weight.dtype for weight in run.net.parameters() if weight.ndim == 4} == {torch.bfloat16}
    for copy, value in run.sgd.copied:
        assert torch.equal(copy, value.bfloat16())
        assert copy.is_contiguous(memory_format=torch.channels_last)
    assert run.losses[0].item() == pytest.approx(exact.losses[0].item(), rel=0.05)


@pytest.mark.parametrize("at_a_time", [1, 4])
def test_runs_that_were_stopped_end_bit_by_bit_the_same(whole, tmp_path, capsys, monkeypatch, at_a_time):
    saves, save = [], torch.save

    def full(content, file):
        saves.append(file.name)
        if len(saves) == 7:
            file.write(b"half of it")
            raise OSError(28, "No space left on device")
        save(content, file)

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(OSError, match="No space left"):
        list(train_side_by_side(runs(tmp_path), device="cpu", at_a_time=at_a_time))
    monkeypatch.undo()
    assert len(list(tmp_path.glob("*/*.pt"))) == at_a_time
    done = [run for run in runs(tmp_path) if run[0].result(*run[1:3]).exists()]
    assert len(done) == (1 if at_a_time == 1 else 0)
    left = [run for run in runs(tmp_path) if run not in done]
    list(train_side_by_side(left, device="cpu", at_a_time=at_a_time))
    assert capsys.readouterr().out.count("goes on after epoch") == at_a_time
    assert finished(tmp_path) == finished(whole)
    assert not list(tmp_path.glob("*/*.pt"))


def test_no_run_begins_or_goes_on_when_time_is_up(tmp_path, capsys):
    assert not list(train_side_by_side(runs(tmp_path), device="cpu", at_a_time=2, minutes=0))
    assert f"no time left to begin the other {len(ALL)} runs" in capsys.readouterr().out
    assert not list(train_side_by_side(runs(tmp_path), device="cpu", at_a_time=2, minutes=1e-3))
    assert "time is up: 2 runs stop" in capsys.readouterr().out


def test_a_gpu_gets_the_first_questions_first(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(cifar10_lt, "train_side_by_side", lambda pending, **more: asked.update(more) or pending)
    options = cifar10_lt.parse(
        [
            "--data",
            "x",
            "--results",
            "y",
            "--loss",
            "all",
            "--seed",
            "0",
            "1",
            "--device",
            "cuda",
            "--minutes",
            "3",
        ]
    )
    planned = [
        (tmp_path, configuration, seed, DATA, SETTINGS)
        for seed in (0, 1)
        for configuration in configurations(options.loss, options.beta, options.gamma)
    ]
    order = [(seed, key.name) for _, key, seed, *_ in cifar10_lt.train_on_gpu(planned, options)]
    first = ["softmax_beta-0", "softmax_beta-0.9999", "sigmoid_beta-0.9999", "focal_gamma-1_beta-0.9999",
             "ldam_beta-0.9999", "logit_adjusted_beta-0"]  # fmt: skip
    assert order[:12] == [(seed, name) for seed in (0, 1) for name in first]
    assert len(order) == len(set(order)) == 24
    assert asked == {"device": "cuda", "at_a_time": 6, "minutes": 3.0, "compiled": False, "keep_logits": False}


def test_a_precision_of_the_gpu_is_refused_on_a_cpu(tmp_path):
    with pytest.raises(SystemExit, match="bfloat16 is for a GPU, the device is 'cpu'"):
        cifar10_lt.main(f"--data x --results {tmp_path} --device cpu --precision bfloat16".split())


def test_the_names_of_the_losses_are_the_nets():
    assert {name: NAMES[name] for name in LOSSES} == LOSS_CLASSES


@pytest.mark.slow
def test_the_gpus_path_does_without_skorch():
    script = "import sys; sys.modules['skorch'] = None; import cifar10_lt, probe, report"
    subprocess.run([sys.executable, "-c", script], cwd=FOLDER, check=True, timeout=120)


@pytest.mark.slow
def test_the_probe_prints_a_row_for_each_number(tmp_path, capsys):
    path = tmp_path / "small.npz"
    np.savez(path, **DATA._asdict())
    options = f"--data {path} --device cpu --imbalance-ratio 2 --depth 8 --precision float32 --seconds 0"
    probe.main([*options.split(), "--side-by-side", "1", "2"])
    table = capsys.readouterr().out
    assert [line.split(" ")[1] for line in table.splitlines() if line[:3] in {"| 1", "| 2"}] == ["1", "2"]
    assert "an epoch is" in table
