"""What balances plain softmax nets on long-tailed CIFAR-10 once they are trained: a shift, or another last layer.

    OMP_NUM_THREADS=1 python plain_nets.py --data cifar10.npz --table table.md

The network is not trained again. Its last layer stays and the logits are shifted by the prior (post-hoc logit
adjustment: Menon et al., 2021, arXiv:2007.07314); or the layer is trained anew with class-balanced weights (cRT),
or the weights of each class are divided by a power of their norm (both: Kang et al., 2020, arXiv:1910.09217).

Each tau is used twice: as 1, with nothing tuned, and as chosen by balanced accuracy on a tenth of the training
images. For the choice a second net per seed is trained on the other nine tenths; what is tested is always the net
of all images. A command that was stopped goes on where it was when it is given again.
"""

import argparse
import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from cifar10_data import Cifar10, load_cifar10, long_tailed, nine_tenths
from outcomes import device_name
from report import spread
from runs import Configuration, RatioFolder, Settings
from sklearn.metrics import balanced_accuracy_score, recall_score
from torch import Tensor, nn
from training import FolderCheckpoint, make_net

from skcb import CBNeuralNetClassifier, logit_adjustment
from skcb.nn import tau_normalize_

PLAIN = Configuration("softmax", 0.0)
COLUMNS = ("decision", "chosen tau of each seed", "seeds", "test error, %", "less than the plain net",
           "of the three largest classes", "of the three smallest")  # fmt: skip


class LastLayer(NamedTuple):
    """The last layer of a net, and how many images of each class the net was trained on."""

    layer: nn.Linear
    counts: np.ndarray

    def shifted(self, features: Tensor, tau: float) -> np.ndarray:
        """Decide after the shift by the prior."""
        return (self.layer(features).numpy() - logit_adjustment(self.counts, tau)).argmax(1)

    def normalized(self, features: Tensor, tau: float) -> np.ndarray:
        """Decide with weights divided by their norm to the power of tau."""
        return tau_normalize_(copy.deepcopy(self.layer), tau)(features).numpy().argmax(1)


Decide = Callable[[LastLayer, Tensor, float], np.ndarray]
TUNED: dict[str, tuple[Decide, np.ndarray]] = {
    "logit adjustment after training": (LastLayer.shifted, np.linspace(0, 3, 13)),
    "tau-normalised last layer": (LastLayer.normalized, np.linspace(0, 2, 21)),
}


class Tested(NamedTuple):
    """The recall of each class on the test images, and the tau if one was chosen."""

    recall: np.ndarray
    tau: float | None = None

    def error(self, classes: slice = slice(None)) -> float:
        """Return the error of some classes in percent, all of which have as many test images."""
        return 100 * (1 - float(self.recall[classes].mean()))


def main(arguments: list[str] | None = None) -> None:
    """Train what is not trained yet, then print the table, and write it where that is asked for."""
    options = parse(arguments)
    folder = RatioFolder(options.results, options.imbalance_ratio)
    try:
        data = long_tailed(load_cifar10(options.data), options.imbalance_ratio)
        settings = Settings(
            epochs=options.epochs, depth=options.depth, stride=options.stride, data=data.fingerprint()
        )
        folder.check(settings)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    folder.keep(settings)
    results: dict[str, list[Tested]] = {}
    for seed in options.seed:
        for name, tested in results_of(seed, data, settings, folder).items():
            results.setdefault(name, []).append(tested)
    table = section(folder, settings, results)
    print(table)
    if options.table:
        options.table.parent.mkdir(parents=True, exist_ok=True)
        options.table.write_text(table, encoding="utf-8")


def results_of(seed: int, data: Cifar10, settings: Settings, folder: RatioFolder) -> dict[str, Tested]:
    """Train both nets of a seed, and test every decision of the first; the second chooses each tau."""
    part = nine_tenths(data, seed)
    net = trained(folder.path / f"all_seed-{seed}", seed, data.x_train, data.y_train, settings)
    net_of_part = trained(folder.path / f"nine_tenths_seed-{seed}", seed, part.x_train, part.y_train, settings)
    layer, features = last_layer_and_features(net, data.x_test)
    layer_of_part, held_out_features = last_layer_and_features(net_of_part, part.x_test)

    def tested(predicted: np.ndarray, tau: float | None = None) -> Tested:
        return Tested(recall_score(data.y_test, predicted, average=None), tau)

    results = {"plain": tested(layer.shifted(features, 0.0))}
    for name, (decide, taus) in TUNED.items():
        results[f"{name}, tau = 1"] = tested(decide(layer, features, 1.0))
        scores = [
            balanced_accuracy_score(part.y_test, decide(layer_of_part, held_out_features, tau)) for tau in taus
        ]
        chosen = taus[np.argmax(scores)]
        results[f"{name}, tau chosen"] = tested(decide(layer, features, chosen), chosen)
    net.rebalance_classifier(torch.tensor(data.x_train), data.y_train)
    results["last layer trained anew, class-balanced (cRT)"] = tested(net.predict(torch.tensor(data.x_test)))
    return results


def trained(path: Path, seed: int, X: np.ndarray, y: np.ndarray, settings: Settings) -> CBNeuralNetClassifier:
    """Return the plain net of some images, which goes on where it was stopped and keeps its last checkpoint."""
    checkpoint = FolderCheckpoint(path)
    net = make_net(PLAIN, seed, settings=settings, checkpoint=checkpoint, title=path.name)
    net.fit(torch.tensor(X), y)
    if checkpoint.epoch != settings.epochs:  # skorch ends a fit quietly when it is interrupted
        raise KeyboardInterrupt
    return net


@torch.no_grad()
def last_layer_and_features(net: CBNeuralNetClassifier, images: np.ndarray) -> tuple[LastLayer, Tensor]:
    """Return the last layer of a net, and what it is given for images that are not augmented."""
    module = copy.deepcopy(net.module_).eval()
    layer, module.logits = module.logits.requires_grad_(requires_grad=False), nn.Identity()
    features = torch.cat([module(batch) for batch in torch.tensor(images).split(500)])
    return LastLayer(layer, net.class_count_), features


def section(folder: RatioFolder, settings: Settings, results: dict[str, list[Tested]]) -> str:
    """Return the table in Markdown, with what it is in front of it."""
    about = (
        "What plain softmax nets decide of which at most the last layer is trained again: "
        f"{settings.network}, {settings.epochs} epochs. On: {device_name('cpu')}. Error after the last epoch; "
        "mean and standard deviation over seeds, which change the initial parameters and the order, not the "
        "images. A chosen tau has the best balanced accuracy on a tenth of the training images, by a second net "
        "for each seed that was trained on the other nine tenths."
    )
    lines = [
        f"### Imbalance ratio {folder.imbalance_ratio:g}",
        "",
        about,
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|" + "---|" * len(COLUMNS),
    ]
    for name, runs in results.items():
        gains = [plain.error() - run.error() for plain, run in zip(results["plain"], runs, strict=True)]
        cells = [
            name,
            ", ".join(f"{run.tau:g}" for run in runs if run.tau is not None),
            str(len(runs)),
            spread([run.error() for run in runs]),
            "" if name == "plain" else spread(gains, sign=True),
            spread([run.error(slice(3)) for run in runs]),
            spread([run.error(slice(-3, None)) for run in runs]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", required=True, help="as of cifar10_lt.py")
    add("--results", type=Path, default=Path("results/plain_nets"), help="folder for the nets, one per schedule")
    add("--table", type=Path, help="Markdown file to write")
    add("--seed", nargs="+", type=int, default=[0, 1, 2])
    add("--imbalance-ratio", type=float, default=100.0)
    add("--epochs", type=int, default=40)
    add("--depth", type=int, default=8)
    add("--stride", type=int, choices=[1, 2], default=2)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
