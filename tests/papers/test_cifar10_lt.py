"""The experiment on long-tailed CIFAR-10 does what the paper did, and survives being stopped."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap

import cifar10_lt
import gains
import numpy as np
import pytest
import report
import torch
from cifar10_data import Cifar10, load_cifar10, long_tailed
from resnet import AugmentedImages, CifarResNet, ResidualBlock, crop_and_flip
from runs import LOSSES, Configuration, RatioFolder, Settings, configurations, write_json
from training import FolderCheckpoint, make_net

from .conftest import FOLDER

ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
SOFTMAX = Configuration("softmax", 0.0)


def made_up(counts, n_test=2, seed=0):
    """Return images of which each class has a colour of its own, more or less."""
    rng = np.random.default_rng(seed)

    def images(labels):
        tint = 25 * labels[:, None, None, None]
        return np.clip(tint + rng.integers(-60, 60, (len(labels), 32, 32, 3)), 0, 255).astype(np.uint8)

    y_train = rng.permutation(np.repeat(np.arange(10), counts))
    y_test = np.repeat(np.arange(10), n_test)
    return Cifar10(images(y_train), y_train, images(y_test), y_test)


@pytest.fixture(scope="package")
def small(tmp_path_factory):
    """A file of 10 x 6 images."""
    path = tmp_path_factory.mktemp("data") / "small.npz"
    np.savez(path, **made_up(np.full(10, 6))._asdict())
    return path


def command(small, results, *more):
    return [*f"--data {small} --results {results} --epochs 5 --depth 8 --width 2 --stride 2".split(),
            *f"--imbalance-ratio 2 --device cpu --beta 0.9 {' '.join(more)}".split()]  # fmt: skip


# The network and its images


def test_the_network_has_the_size_of_the_papers():
    net = CifarResNet(10)
    assert sum(parameter.numel() for parameter in net.parameters()) == 464_154
    layers = [part for part in net.modules() if isinstance(part, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(layers) == 32
    assert net(torch.zeros(2, 32, 32, 3, dtype=torch.uint8)).shape == (2, 10)
    assert sum(parameter.numel() for parameter in CifarResNet(10, depth=8, stride=2).parameters()) < 80_000


def test_the_initial_weights_are_those_of_he():
    weight = next(part for part in reversed(list(CifarResNet(10).modules())) if isinstance(part, torch.nn.Conv2d))
    assert weight.weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.05)


def test_the_shortcut_averages_and_adds_channels_of_zeros():
    X = torch.randn(2, 4, 6, 6)
    expected = np.zeros((2, 8, 3, 3))
    for image in range(2):
        for channel in range(4):
            for row in range(3):
                for column in range(3):
                    four = X[image, channel, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                    expected[image, 2 + channel, row, column] = four.mean()
    np.testing.assert_allclose(ResidualBlock(4, 8).shortcut(X), expected, atol=1e-6)
    assert ResidualBlock(4, 4).shortcut(X) is X


def test_the_augmentation_equals_a_loop_over_images():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    top, left = rng.integers(0, 9, (2, 40))
    flipped = rng.random(40) < 0.5
    expected = np.empty_like(images)
    for i in range(40):
        border = np.zeros((40, 40, 3), np.uint8)
        border[4:36, 4:36] = images[i]
        crop = border[top[i] : top[i] + 32, left[i] : left[i] + 32]
        expected[i] = crop[:, ::-1] if flipped[i] else crop
    found = crop_and_flip(*map(torch.from_numpy, (images, top, left, flipped)))
    np.testing.assert_array_equal(found, expected)


def test_the_augmentation_draws_every_shift_and_both_sides_while_training_alone():
    image = torch.zeros(1, 32, 32, 3, dtype=torch.uint8)
    image[0, 8, 12] = 255
    augmented = AugmentedImages()
    torch.manual_seed(0)
    X = augmented(image.expand(4000, -1, -1, -1))
    _, row, column = (X[:, :1] > 0).nonzero()[:, 1:].T
    assert set(row.tolist()) == set(range(4, 13))
    assert set(column.tolist()) == {*range(8, 17), *range(15, 24)}
    assert float((column > 15).float().mean()) == pytest.approx(0.5, abs=0.06)
    expected = torch.full((1, 3, 32, 32), -1.0)
    expected[0, :, 8, 12] = 255 / 128 - 1
    torch.testing.assert_close(augmented.eval()(image), expected)


# The schedule and the losses


@pytest.mark.parametrize("epochs", [200, 35, 5])
def test_the_learning_rate_is_the_recipes_in_every_epoch(tmp_path, epochs):
    settings = Settings(epochs=epochs)
    net = make_net(SOFTMAX, 0, settings=settings, checkpoint=FolderCheckpoint(tmp_path))
    schedule = dict(net.callbacks)["schedule"]
    found = schedule.simulate(epochs, net.lr)
    warm_up = 5 if epochs >= 50 else max(1, epochs // 10)
    for epoch in range(1, epochs + 1):
        lr = 0.1
        if epoch <= warm_up:
            lr = 0.1 * epoch / warm_up
        if epoch > int(0.8 * epochs):
            lr *= 0.01
        if epoch > int(0.9 * epochs):
            lr *= 0.01
        assert found[epoch - 1] == pytest.approx(lr)
    assert (settings.drops == (160, 180)) == (epochs == 200)


def test_the_recipe_decays_all_but_the_prior_bias(tmp_path):
    settings = Settings(epochs=5, depth=8, width=2, stride=2)
    data = made_up(np.full(10, 3))
    for loss, n_groups in {"softmax": 1, "sigmoid": 2, "focal": 2}.items():
        checkpoint = FolderCheckpoint(tmp_path / loss)
        net = make_net(Configuration(loss, 0.9), 0, settings=settings, checkpoint=checkpoint)
        net.fit(torch.tensor(data.x_train), data.y_train)
        groups = net.optimizer_.param_groups
        assert [group["weight_decay"] for group in groups] == [2e-4, 0.0][:n_groups]
        assert all(group["momentum"] == 0.9 for group in groups)
        if n_groups == 2:
            assert [id(p) for p in groups[1]["params"]] == [id(net.module_.logits.bias)]


def test_all_losses_are_the_papers_table():
    found = configurations(LOSSES, [0.0, 0.9999], [0.5, 1.0, 2.0])
    assert len(found) == len({configuration.name for configuration in found}) == 12
    weighted = [key for key in found if key.beta and key.loss != "ldam"]
    assert [key.title for key in weighted] == [
        "class-balanced softmax",
        "class-balanced sigmoid",
        "class-balanced focal, gamma 0.5",
        "class-balanced focal, gamma 1",
        "class-balanced focal, gamma 2",
    ]
    assert configurations(["ldam", "logit_adjusted"], [0.0], [1.0]) == [
        ("ldam", 0.9999, None),
        ("logit_adjusted", 0.0, None),
    ]


# The data


def test_the_long_tail_has_the_papers_counts():
    data = Cifar10(np.zeros((50_000, 32, 32, 3), np.uint8), np.tile(np.arange(10), 5000), *made_up([1] * 10)[2:])
    tail = long_tailed(data, 100)
    assert np.bincount(tail.y_train).tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert len(tail.x_train) == 12_406
    assert long_tailed(tail, 100) is tail
    assert long_tailed(data, 1) is data
    with pytest.raises(ValueError, match=r"ratio of 10 wants .* but the data have \[5000, 2997, .*whole of CIFAR"):
        long_tailed(tail, 10)


def test_a_long_tail_is_always_the_same_and_another_set_has_another_name():
    data = made_up(np.full(10, 20))
    tail = long_tailed(data, 4)
    assert tail.fingerprint() == long_tailed(data, 4).fingerprint() != data.fingerprint()
    for image, label in zip(tail.x_train, tail.y_train, strict=True):
        assert label in data.y_train[(data.x_train == image).all((1, 2, 3))]


def test_the_folder_of_pickles_and_the_file_hold_the_same(tmp_path, small):
    data = load_cifar10(str(small))
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    parts = [*zip(np.split(data.x_train, 5), np.split(data.y_train, 5), strict=True), (data.x_test, data.y_test)]
    for name, (x, y) in zip([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], parts, strict=True):
        rows = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
        (folder / name).write_bytes(pickle.dumps({b"data": rows, b"labels": y.tolist()}))
    for source in (folder, tmp_path):
        for found, expected in zip(load_cifar10(str(source)), data, strict=True):
            np.testing.assert_array_equal(found, expected)
    (folder / "data_batch_3").write_bytes(b"\x80not a pickle")
    with pytest.raises(ValueError, match=r"data_batch_3 is no batch of CIFAR-10"):
        load_cifar10(str(folder))
    (folder / "data_batch_3").unlink()
    with pytest.raises(FileNotFoundError, match=r"no data_batch_3 in"):
        load_cifar10(str(folder))


# What is wrong is told before training


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no .*nowhere.npz: give an .npz file, the folder"):
        load_cifar10(str(tmp_path / "nowhere.npz"))


@pytest.mark.parametrize("damage", ["cut off", "empty", "text", "one array"])
def test_a_damaged_file_is_named(tmp_path, small, damage):
    path = tmp_path / "damaged.npz"
    if damage == "one array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        content = small.read_bytes()
        path.write_bytes({"cut off": content[: len(content) // 2], "empty": b"", "text": b"not found"}[damage])
    with pytest.raises(ValueError, match=r"damaged.npz cannot be read as an .npz file: "):
        load_cifar10(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": None}, r"has no x_train; it holds y_train"),
        (
            {"x_train": lambda x: x[:, :28]},
            r"x_train must be images of shape \(n, 32, 32, 3\), uint8, got \(60, 28,",
        ),
        ({"x_test": lambda x: x / 255}, r"x_test must be images .* uint8, got \(20, 32, 32, 3\), float64"),
        ({"y_train": lambda y: y[:-1]}, r"y_train must be 60 integers, one per image, got \(59,\)"),
        ({"y_train": lambda y: y % 9}, r"y_train must hold the labels 0 to 9, but lacks or adds \[9\]"),
        (
            {"y_test": lambda y: np.where(np.arange(20) == 0, 5, y)},
            r"test set is balanced, but here the classes have",
        ),
    ],
)
def test_a_file_of_another_shape_is_named(tmp_path, small, change, message):
    held = load_cifar10(str(small))._asdict()
    for name, how in change.items():
        held[name] = None if how is None else how(held[name])
    path = tmp_path / "other.npz"
    np.savez(path, **{name: array for name, array in held.items() if array is not None})
    with pytest.raises(ValueError, match=message):
        load_cifar10(str(path))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--loss hinge", "invalid choice: 'hinge'"),
        ("--beta 1.5", "beta must be at least 0 and at most 1, got 1.5"),
        ("--gamma x", "gamma must be a number, got 'x'"),
        ("--epochs 3", "epochs must be at least 5, got 3"),
        ("--imbalance-ratio inf", "imbalance ratio must be at least 1, got inf"),
        ("--depth 10", "depth must be 6 n [+] 2"),
        ("--imbalance-ratio 7", "less than imbalance_ratio=7"),
        ("--device nonsense", "error: the device 'nonsense' cannot be used: "),
        ("--device meta", "error: the device 'meta' cannot be used: "),
        ("--device cuda:99", "error: the device 'cuda:99' cannot be used: "),
    ],
)
def test_an_option_that_cannot_be_is_named_before_training(tmp_path, small, capsys, more, message):
    with pytest.raises(SystemExit) as raised:
        cifar10_lt.main(command(small, tmp_path / "results", more))
    assert re.search(message, f"{raised.value.code} {capsys.readouterr().err}")
    assert not (tmp_path / "results").exists()


def test_results_of_other_settings_are_not_mixed_in(tmp_path, small):
    other = Settings(
        epochs=7, depth=8, width=2, stride=2, data=long_tailed(load_cifar10(str(small)), 2).fingerprint()
    )
    RatioFolder(tmp_path, 2).keep(other)
    with pytest.raises(SystemExit, match=r"ratio-2 holds runs with other settings: epochs=7 there, 5 here; give"):
        cifar10_lt.main(command(small, tmp_path))
    RatioFolder(tmp_path, 2).keep(Settings(epochs=5, depth=8, width=2, stride=2, data="other images"))
    with pytest.raises(SystemExit, match=r"data='other images' there"):
        cifar10_lt.main(command(small, tmp_path))
    (tmp_path / "ratio-2" / "settings.json").write_text('{"epochs": ')
    with pytest.raises(SystemExit, match=r"settings.json cannot be read"):
        cifar10_lt.main(command(small, tmp_path))


# Runs


def finished(results):
    """Return the results of runs, without what depends on the clock."""
    found = {path.name: json.loads(path.read_text()) for path in sorted(results.glob("*/*_seed-*.json"))}
    for result in found.values():
        del result["seconds_per_epoch"]
    return found


@pytest.fixture(scope="package")
def whole(tmp_path_factory, small):
    """Results of a command that was not disturbed, two seeds of LDAM with deferred weights."""
    results = tmp_path_factory.mktemp("whole")
    cifar10_lt.main(command(small, results, "--loss ldam --seed 0 1"))
    return results


def test_one_command_runs_all_and_again_runs_nothing(whole, small, capsys):
    (ratio,) = whole.iterdir()
    assert {path.name for path in ratio.iterdir()} == {
        "settings.json", "ldam_beta-0.9_seed-0.json", "ldam_beta-0.9_seed-1.json"
    }  # fmt: skip
    before = {path: path.stat().st_mtime_ns for path in ratio.iterdir() if path.name != "settings.json"}
    cifar10_lt.main(command(small, whole, "--loss ldam --seed 0 1"))
    assert "2 runs, 2 of them finished before" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_every_loss_of_the_table_runs_and_is_reported(tmp_path, small, capsys):
    cifar10_lt.main(command(small, tmp_path, "--loss all --beta 0 0.9"))
    report.main(["--results", str(tmp_path)])
    table = capsys.readouterr().out.partition("### Imbalance ratio 2")[2]
    assert [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:] == [
        key.title for key in configurations(LOSSES, [0.0, 0.9], [0.5, 1.0, 2.0])
    ]
    (result,) = tmp_path.glob("*/focal_gamma-1_beta-0.9_seed-0.json")
    held = json.loads(result.read_text())
    assert held["error"] == pytest.approx(1 - np.mean(held["recall"]))
    assert held["class_count"] == [6, 5, 5, 4, 4, 4, 3, 3, 3, 3]
    assert held["lr"] == pytest.approx([0.1, 0.1, 0.1, 0.1, 1e-5])
    assert len(held["train_loss"]) == 5


@pytest.mark.slow
def test_two_runs_at_a_time_end_as_one_after_the_other(whole, tmp_path, small):
    options = command(small, tmp_path, "--loss ldam --seed 0 1 --jobs 2")
    subprocess.run(
        [sys.executable, "cifar10_lt.py", *options], cwd=FOLDER, env=ONE_THREAD, check=True, timeout=120
    )
    one, two = finished(whole), finished(tmp_path)
    assert len(one) == 2
    assert one.keys() == two.keys()
    for (
        name,
        result,
    ) in one.items():  # which have other numbers of threads, so that they are not the same bit by bit
        np.testing.assert_allclose(result["train_loss"], two[name]["train_loss"], rtol=1e-2)


KILLS = {
    "between two batches": """
        class Kill(skorch.callbacks.Callback):
            def on_batch_begin(self, net, **kwargs):
                if len(net.history) == 4:
                    os.kill(os.getpid(), signal.SIGKILL)
        training.Progress = lambda title: Kill()
    """,
    "while a checkpoint is written": """
        calls, save = [], torch.save
        def killed(content, file):
            calls.append(file)
            if len(calls) == 3 * 3 + 2:  # the optimizer of the fourth epoch
                open(file, "wb").write(b"half of the opt")
                os.kill(os.getpid(), signal.SIGKILL)
            save(content, file)
        torch.save = killed
    """,
    "while the old checkpoint is removed": """
        calls, remove = [], shutil.rmtree
        def killed(folder, *args, **kwargs):
            calls.append(folder)
            if len(calls) == 3:
                os.unlink(folder / "params.pt")
                os.kill(os.getpid(), signal.SIGKILL)
            remove(folder, *args, **kwargs)
        shutil.rmtree = killed
    """,
}


@pytest.mark.parametrize("moment", KILLS)
def test_a_killed_run_loses_at_most_one_epoch_and_ends_bit_by_bit_the_same(whole, tmp_path, small, capsys, moment):
    script = "import os, shutil, signal, sys, skorch, torch, training, cifar10_lt\n" + textwrap.dedent(
        KILLS[moment]
    )
    options = command(small, tmp_path, "--loss ldam --seed 0 1")
    killed = subprocess.run(
        [sys.executable, "-c", f"{script}\ncifar10_lt.main(sys.argv[1:])", *options],
        cwd=FOLDER, env=ONE_THREAD, check=False, timeout=120, capture_output=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not finished(tmp_path)
    cifar10_lt.main(options)
    after = int(re.search(r"goes on after epoch (\d) of 5", capsys.readouterr().out).group(1))
    assert after == (4 if "removed" in moment else 3)
    assert finished(tmp_path) == finished(whole)
    assert not list(tmp_path.glob("*/*.checkpoint"))


def test_an_interrupted_run_leaves_no_result(tmp_path, small, monkeypatch):
    def interrupt(self, net, **kwargs):
        if len(net.history) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr("training.Progress.on_batch_end", interrupt, raising=False)
    with pytest.raises(KeyboardInterrupt):
        cifar10_lt.main(command(small, tmp_path))
    assert not finished(tmp_path)
    assert [path.name for path in tmp_path.glob("*/*.checkpoint/*")] == ["epoch-00004"]


def test_a_checkpoint_that_cannot_be_written_is_an_error(tmp_path, small, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(OSError, match="No space left"):
        cifar10_lt.main(command(small, tmp_path))


# The report


def test_the_table_has_means_and_spreads_beside_the_papers_numbers(tmp_path, capsys):
    folder = RatioFolder(tmp_path, 100)
    folder.keep(Settings(epochs=20, depth=8, data="x"))
    balanced = Configuration("focal", 0.9999, 1.0)
    errors = {SOFTMAX: [0.40, 0.42], balanced: [0.35, 0.39], Configuration("ldam", 0.9999): [0.3]}
    for configuration, values in errors.items():
        for seed, error in enumerate(values):
            recall = [0.9] * 3 + [0.5] * 4 + [0.2, 0.3, 0.4]
            result = {"seed": seed, "error": error, "recall": recall, "device": "an abacus"}
            write_json(folder.result(configuration, seed), {**configuration._asdict(), **result})
    report.main(
        ["--results", str(tmp_path), "--table", str(tmp_path / "t.md"), "--picture", str(tmp_path / "p.png")]
    )
    table = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert table in capsys.readouterr().out
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")
    ]
    assert rows[2:] == [
        ["softmax", "", "2", "41.00 ± 1.41", "", "10.00 ± 0.00", "70.00 ± 0.00", "29.64"],
        ["class-balanced focal, gamma 1", "0.9999", "2", "37.00 ± 2.83", "+4.00 ± 1.41", "10.00 ± 0.00",
         "70.00 ± 0.00", "25.43"],
        ["LDAM, deferred weights", "0.9999", "1", "30.00", "+10.00", "10.00", "70.00", ""],
    ]  # fmt: skip
    assert "not the paper's schedule and network" in table
    assert "ResNet-8, 20 epochs" in table
    assert "a hundredth of it after epoch 16 and again after 18" in table
    assert "an abacus" in table
    assert "the paper's: class-balanced focal, gamma 1, beta 0.9999, 25.43" in table
    assert (tmp_path / "p.png").stat().st_size > 10_000


def test_the_picture_has_what_each_loss_gains_over_softmax():
    columns = "loss | beta | seeds | test error, % | less than softmax | a | b | the paper's"
    head = f"### Imbalance ratio 100\n\n| {columns} |\n"
    table = (
        f"{head}| softmax |  | 3 | 30.00 ± 1.20 |  | 7.0 | 5.0 | 29.50 |\n"
        "| class-balanced softmax | 0.9999 | 3 | 26.00 ± 0.50 | +4.00 ± 1.00 | 1.0 | 2.0 | 27.50 |\n"
        "| LDAM, deferred weights | 0.9999 | 1 | 24.00 | +6.00 | 1.0 | 2.0 |  |\n"
    )
    later = f"{head}| sigmoid |  | 3 | 31.00 ± 0.50 |  | 6.7 | 52.6 | 29.40 |\n"
    rows = gains.rows_of(table + later)[100]
    assert [row.loss for row in rows] == ["LDAM, deferred weights", "class-balanced softmax", "sigmoid"]
    np.testing.assert_allclose([row.gain for row in rows], [6, 4, -1])
    np.testing.assert_allclose(
        [row.spread for row in rows], [0, 1, 1.3]
    )  # of both means, where runs are not paired
    np.testing.assert_allclose([row.papers for row in rows], [np.nan, 2, 0.1])
    assert gains.draw(table)._suptitle.get_text() == "LDAM, deferred weights errs 6.0 points less than softmax"


def test_the_papers_recipe_is_called_so():
    assert "**Shortened" not in report.description(Settings(data="x"), {})
    assert "**Shortened" in report.description(Settings(data="x", epochs=100), {})


def test_the_papers_numbers_are_all_there():
    paper = report.published()
    assert len(paper) == 5 * 5 * 5 + 5
    assert paper[Configuration("softmax", 0.0), 100.0] == 29.64
    assert paper[Configuration("focal", 0.0, 2.0), 1.0] == 6.61
    best = {
        ratio: min(error for (_, of), error in paper.items() if of == ratio) for ratio in (200, 100, 50, 20, 10, 1)
    }
    assert best == {200: 31.11, 100: 25.43, 50: 20.73, 20: 15.64, 10: 12.51, 1: 6.36}


@pytest.mark.parametrize("content", ["[1]", "{", '{"loss": "softmax"}'])
def test_a_damaged_result_is_named(tmp_path, content):
    folder = RatioFolder(tmp_path, 100)
    folder.keep(Settings())
    folder.result(SOFTMAX, 0).write_text(content)
    with pytest.raises(SystemExit, match=r"softmax_beta-0_seed-0.json"):
        report.main(["--results", str(tmp_path)])


def test_no_results_are_told(tmp_path):
    with pytest.raises(SystemExit, match="no finished run in"):
        report.main(["--results", str(tmp_path)])
