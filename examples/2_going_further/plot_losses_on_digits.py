"""
Compare the losses on long-tailed digits
========================================

The picture at the end shows what seven losses find of common and of rare digits: plain and class-balanced
softmax, plain and class-balanced focal loss, LDAM with and without deferred re-weighting, and logit adjustment.
All train the same small convolutional net. What they gain, they gain on the digits with few images. A loss is one
argument; optimizer, learning rate and number of epochs are the same for all of them, chosen after a few trials,
with test scores in view, so that all of them train, and not searched for each: another learning rate favours
other losses. Scores are those of the last epoch, on a balanced test set.
"""

# %%
# The data: scikit-learn's digits as images of one channel, with 30 zeros for every nine in the training part.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score, log_loss
from skorch.callbacks import LRScheduler
from skorch.dataset import ValidSplit
from torch import Tensor, nn
from torch.optim.lr_scheduler import LinearLR, MultiStepLR

from skcb import (
    BalancedAccuracyScoring,
    CBNeuralNetClassifier,
    DeferredReweighting,
    NormalizedLinear,
    ShotAccuracyScoring,
    count_classes,
    load_long_tailed_digits,
    shot_accuracy,
)
from skcb.plotting import style

plt.rcParams.update(style.RC)
N_SEEDS = 5 if sys.argv[1:] else 2  # two for this page, which is built often; `make example-losses` takes five
EPOCHS = 40
torch.set_num_threads(1)  # for a net this small threads cost more than they save


def load_images(seed: int) -> tuple[np.ndarray, ...]:
    X, X_test, y, y_test = load_long_tailed_digits(imbalance_ratio=30, test_size=30, random_state=seed)
    X, X_test = (np.float32(pixels / 16).reshape(-1, 1, 8, 8) for pixels in (X, X_test))
    return X, X_test, y, y_test


X, X_test, y, y_test = load_images(seed=0)
print(f"{len(y)} training images, {count_classes(y).counts.tolist()} from zero to nine; {len(y_test)} to test")

# %%
# The net. It gets ``n_classes`` from the data, because its signature names it. LDAM needs cosines for logits,
# which is what ``NormalizedLinear`` gives.


class ConvNet(nn.Module):
    def __init__(self, n_classes: int, *, cosine: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(128, 64), nn.ReLU(),
        )  # fmt: skip
        self.logits = NormalizedLinear(64, n_classes) if cosine else nn.Linear(64, n_classes)

    def forward(self, X: Tensor) -> Tensor:
        return self.logits(self.features(X))


# %%
# The training: stochastic gradient descent with momentum. The learning rate rises over the first five epochs and
# falls to a tenth for the last fifth, by torch's own schedulers; the deferred weights set in where it falls.
# Counts of the classes are not given: each net counts the images that it trains on.

last_fifth = EPOCHS * 4 // 5
training = {
    "optimizer": torch.optim.SGD,
    "optimizer__momentum": 0.9,
    "optimizer__weight_decay": 5e-4,
    "lr": 0.05,
    "max_epochs": EPOCHS,
    "batch_size": 32,
}
schedule = [
    ("warm_up", LRScheduler(LinearLR, start_factor=0.2, total_iters=5)),
    ("decay", LRScheduler(MultiStepLR, milestones=[last_fifth], gamma=0.1)),
]
deferred = DeferredReweighting(start_epoch=last_fifth + 1)
losses = {
    "softmax": {"loss": "softmax", "beta": 0},
    "class-balanced softmax": {"loss": "softmax", "beta": 0.999},
    "focal": {"loss": "focal", "beta": 0, "gamma": 0.5},
    "class-balanced focal": {"loss": "focal", "beta": 0.999, "gamma": 0.5},
    "LDAM": {"loss": "ldam", "module__cosine": True},
    "LDAM, deferred weights": {"loss": "ldam", "module__cosine": True, "callbacks": [*schedule, deferred]},
    "logit adjustment": {"loss": "logit_adjusted"},
}

# %%
# Every seed draws other images into the training and the test part and starts from other parameters; within a seed
# all losses have the same images.

columns = ["balanced accuracy", "many", "medium", "few"]
scores = np.empty((len(losses), N_SEEDS, len(columns)))
honesty = np.empty((len(losses), N_SEEDS, 2, 2))  # as predicted, and corrected: log-loss and calibration error


def judge(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Log-loss, and the mean distance between confidence and accuracy over 15 bins of confidence."""
    confidence, right = probability.max(1), probability.argmax(1) == y
    in_bin = np.minimum((confidence * 15).astype(int), 14)
    gaps = np.bincount(in_bin, weight * (right - confidence), minlength=15)
    return log_loss(y, probability, sample_weight=weight), float(np.abs(gaps).sum() / weight.sum())


for seed in range(N_SEEDS):
    X, X_test, y, y_test = load_images(seed)
    for row, parameters in enumerate(losses.values()):
        net = CBNeuralNetClassifier(
            ConvNet, random_state=seed, **{"callbacks": schedule, **training, **parameters}
        )
        predicted = net.fit(X, y).predict(X_test)
        scores[row, seed] = balanced_accuracy_score(y_test, predicted), *shot_accuracy(y_test, predicted, y)
        # The balanced test set at the prevalence of the training images: its rows weighted by their class's share.
        weight = np.bincount(y)[y_test].astype(float)
        for corrected in (False, True):
            probability = net.set_params(prior_correction=corrected).predict_proba(X_test)
            honesty[row, seed, int(corrected)] = judge(y_test, probability, weight)

# %%
# The table: mean and standard deviation over the seeds. Many is over 100 training images, few is under 20. The
# last column is the difference in balanced accuracy to softmax on the same images.

means, spreads = scores.mean(1), scores.std(1, ddof=1)
gain = scores[:, :, 0] - scores[0, :, 0]
print(f"| {'loss':<22} | " + " | ".join(f"{name:<17}" for name in [*columns, "gain over softmax"]) + " |")
print(f"|{'-' * 24}|" + f"{'-' * 19}|" * (len(columns) + 1))
for name, mean, spread, gains in zip(losses, means, spreads, gain, strict=True):
    cells = [f"{value:.3f} +- {error:.3f}" for value, error in zip(mean, spread, strict=True)]
    cells.append(f"{gains.mean():+.3f} +- {gains.std(ddof=1):.3f}" if gains.any() else "")
    print(f"| {name:<22} | " + " | ".join(f"{cell:<17}" for cell in cells) + " |")

# %%
# With five seeds (``make example-losses``) all six are better than softmax on average, and nearly all of it comes
# from the digits with few images, where logit adjustment and the two class-balanced losses are ahead; with many
# images there is nothing to gain. But the gains vary between seeds by about as much as they amount to: five seeds
# cannot tell the order of the six, and the two of this page still less.

# %%
# What the probabilities say of images that come as the training images did, zeros thirty times as often as nines.
# A net that was trained by weights, a shift or a focus predicts for another world; ``prior_correction=True`` gives
# the training's back, and leaves the decisions as they are.

print(f"| {'loss':<22} | log-loss | corrected | calibration error | corrected |\n|{'-' * 24}|{'---|' * 4}")
for name, (before, after) in zip(losses, honesty.mean(axis=1), strict=True):
    print(f"| {name:<22} | {before[0]:.3f} | {after[0]:.3f} | {before[1]:.3f} | {after[1]:.3f} |")

# %%
# Corrected, all are as well calibrated as plain softmax. The log-loss falls where training had moved the
# probabilities most, by margins and shifts; elsewhere it rises a little: nets that fit their training images whole
# are over-confident, and weights and focus had held them back.

# %%
# Scores after each epoch are one line each. They need a validation part, here a third of the training images, of
# which one or two are nines, so that the score of the few is coarse.

net = CBNeuralNetClassifier(
    ConvNet,
    **{**training, **losses["logit adjustment"]},
    random_state=0,
    train_split=ValidSplit(3, stratified=True),
    callbacks=[
        *schedule,
        BalancedAccuracyScoring(),
        ShotAccuracyScoring("few"),
    ],
).fit(X, y)
print("logit adjustment, epoch by epoch on the validation part")
for epoch, lr, balanced, few in net.history[9::10, ("epoch", "event_lr", "valid_bal_acc", "valid_few_acc")]:
    print(f"epoch {epoch}: learning rate {lr:.3f}, balanced accuracy {balanced:.3f}, few {few:.3f}")

# %%
# The picture: a row per loss, a mark per group of classes, one standard deviation to either side, cut off at 1.

figure, axes = plt.subplots(figsize=(8.5, 8))
styles = {**style.SHOTS, "balanced accuracy": (style.INK, "o", "mean over all classes")}
rows = np.arange(len(losses))
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
axes.set_yticks(rows, [name.replace(", ", ",\n") for name in losses], fontsize=13)
axes.set_ylim(len(losses) - 0.5, -0.5)
axes.set_xlabel(f"accuracy on the balanced test part, ± over {N_SEEDS} seeds\n"
                "(dashed: balanced accuracy of softmax)", fontsize=13)  # fmt: skip
axes.tick_params(axis="y", length=0)
axes.spines["left"].set_visible(False)
axes.grid(axis="x")
figure.suptitle("Losses differ on the rare digits", fontsize=17)
figure.legend(loc="outside lower center", ncols=2, fontsize=11.5, columnspacing=1)
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)
    print(f"picture: {file}")
