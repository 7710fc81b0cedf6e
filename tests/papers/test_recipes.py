"""The choice of a recipe: on images that were held out, never on those of the test."""

import numpy as np
import pytest
import recipes
import torch
from cifar10_data import long_tailed, nine_tenths
from device_runs import mixed

from .test_cifar10_lt import made_up

SMALL = ["--imbalance-ratio", "2", "--seed", "0", "--epochs", "5", "--depth", "8", "--stride", "2"]
ON_A_CPU = ["--device", "cpu", "--precision", "float32"]


def test_a_mixed_image_and_its_label_have_the_same_shares():
    images = torch.randint(256, (6, 32, 32, 3), dtype=torch.uint8)
    labels = torch.tensor([0, 1, 2, 3, 4, 9])
    got, target = mixed(images, labels, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    share, partner = torch.rand(6, generator=generator), torch.randperm(6, generator=generator)
    for i in range(6):
        s, j = share[i].item(), partner[i]
        expected = s * images[i].double() + (1 - s) * images[j].double()
        assert (got[i].double() - expected).abs().max() <= 0.51
        by_class = torch.zeros(10)
        by_class[labels[i]] += s
        by_class[labels[j]] += 1 - s
        torch.testing.assert_close(target[i], by_class)


def test_a_tenth_is_held_out_of_the_training_images():
    data = long_tailed(made_up(np.full(10, 40)), 2)
    part = nine_tenths(data, 0)
    assert len(part.y_train) + len(part.y_test) == len(data.y_train)
    assert set(np.unique(part.y_test)) == set(range(10))
    together = np.concatenate([part.x_train, part.x_test]).reshape(len(data.y_train), -1)
    assert np.array_equal(np.unique(together, axis=0), np.unique(data.x_train.reshape(len(together), -1), axis=0))


@pytest.mark.filterwarnings("ignore")
def test_the_best_on_held_out_images_is_tested_and_goes_on_where_it_was(tmp_path, capsys, monkeypatch):
    path = tmp_path / "small.npz"
    np.savez(path, **made_up(np.full(10, 20))._asdict())
    monkeypatch.setattr(recipes, "RECIPES", recipes.RECIPES[1:])
    command = ["--data", str(path), "--results", str(tmp_path / "results"), *SMALL, *ON_A_CPU]
    recipes.main(command)
    table = capsys.readouterr().out
    rows = [line for line in table.splitlines() if line.startswith("| weight decay")]
    scores = {row.split(" | ")[0].removeprefix("| "): float(row.split(" | ")[1].split()[0]) for row in rows}
    best = max(scores, key=scores.__getitem__)
    assert f"\n{best}, on all training images, seeds [0]:\ntest error " in table
    recipes.main(command)
    again = capsys.readouterr().out
    assert "epoch" not in again
    assert again.splitlines()[-1] == table.splitlines()[-1]
