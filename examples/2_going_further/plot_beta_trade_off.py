"""
What beta buys, and what it costs
=================================

From left to right rare classes weigh more. Balanced accuracy, the mean of the classes' recalls, rises all the
way; macro F1, the mean of their F1 scores, is best in between; and the probabilities get worse with every step, by
log-loss. Which beta is right depends on the score that you need. :func:`skcb.beta_grid` proposes the marked
points, evenly spaced by what they do: by how much more a sample of the rarest class weighs than one of the
commonest.
"""

# %%
# Made data of five classes: 3000 training samples of the commonest, 30 of the rarest; 13 000 test samples in the
# same proportions. Six draws, each with other training and test samples, show how much of it is luck.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import ClassBalancedClassifier, beta_grid, class_weight, count_classes, make_long_tailed
from skcb.plotting import style

plt.rcParams.update(style.RC)
N_DRAWS = 6
SCORES = "balanced accuracy", "macro F1", "log-loss"


def drawn(seed):
    """A quarter of a long-tailed set to train on, the rest to test on, both with the same shares of classes."""
    X, y = make_classification(
        60_000, n_features=12, n_informative=6, n_redundant=2, n_classes=5, n_clusters_per_class=1,
        class_sep=1.0, random_state=3,
    )  # fmt: skip
    X, y = make_long_tailed(X, y, imbalance_ratio=100, random_state=seed)
    rng = np.random.default_rng(seed)
    train = np.zeros(len(y), dtype=bool)
    for label, count in zip(*count_classes(y), strict=True):
        train[rng.choice(np.flatnonzero(y == label), int(count) // 4, replace=False)] = True
    return X[train], y[train], X[~train], y[~train]


model = make_pipeline(StandardScaler(), ClassBalancedClassifier(LogisticRegression(max_iter=500)))
counts = count_classes(drawn(0)[1])
betas = beta_grid(counts, num=9)  # every other one is of beta_grid(counts), the five that it proposes
ratios = np.array([np.ptp(np.log(class_weight(counts, beta))) for beta in betas])
scores = np.empty((N_DRAWS, len(betas), len(SCORES)))
for draw in range(N_DRAWS):
    X, y, X_test, y_test = drawn(draw)
    for place, beta in enumerate(betas):
        fitted = model.set_params(classbalancedclassifier__beta=beta).fit(X, y)
        predicted = fitted.predict(X_test)
        scores[draw, place] = (
            balanced_accuracy_score(y_test, predicted),
            f1_score(y_test, predicted, average="macro"),
            log_loss(y_test, fitted.predict_proba(X_test)),
        )
means, spreads = scores.mean(axis=0), scores.std(axis=0, ddof=1)
print(f"{'beta':>8}{'rarest weighs':>15}" + "".join(f"{name:>20}" for name in SCORES))
for beta, ratio, mean, spread in zip(betas, ratios, means, spreads, strict=True):
    cells = (f"{value:.3f} ± {error:.3f}" for value, error in zip(mean, spread, strict=True))
    print(f"{beta:>8.4f}{np.exp(ratio):>14.1f}x" + "".join(f"{cell:>20}" for cell in cells))

# %%
# The picture: lines are means over the draws, bands one standard deviation to either side. Marks are the points
# of ``beta_grid(counts)``.

figure, (above, below) = plt.subplots(2, 1, figsize=(8, 7), sharex=True, height_ratios=[1.5, 1])
styles = [(style.BLUE, "o"), (style.VERMILION, "s"), (style.INK, "X")]
for column, ((color, marker), axes) in enumerate(zip(styles, (above, above, below), strict=True)):
    mean, spread = means[:, column], spreads[:, column]
    axes.fill_between(ratios, mean - spread, mean + spread, color=style.tint(color, 0.2), linewidth=0)
    axes.plot(ratios, mean, color=color)
    axes.plot(ratios[::2], mean[::2], marker, color=color, markersize=10, markeredgecolor="white")
for name, (color, _), place, height in zip(SCORES, styles, (6, 5), (0.797, 0.62), strict=False):
    above.text(ratios[place], height, name, color=color, ha="center", va="center", fontsize=15, fontweight="bold")
best = means[:, 1].argmax()
above.annotate(f"best macro F1\nnear beta = {betas[best]:.3f}", (ratios[best], means[best, 1]),
               (ratios[best - 1], 0.77), ha="center", va="center", fontsize=13,
               arrowprops={"arrowstyle": "->", "color": style.INK, "shrinkB": 4})  # fmt: skip
above.set_ylim(0.59, 0.81)
above.set_ylabel("score (more is better)", fontsize=14)
below.set_ylabel("log-loss\n(less is better)", fontsize=14)
below.set_xticks(
    ratios[::2], [f"{beta:.3g}\n{np.exp(x):.0f}x" for beta, x in zip(betas, ratios, strict=True)][::2]
)
below.set_xlabel(
    "beta, and how much more a sample of the rarest class weighs\nthan one of the commonest", fontsize=14
)
for axes in (above, below):
    axes.grid(visible=True)
    axes.tick_params(labelsize=13)
figure.suptitle("More weight finds more of the rare classes,\nand costs probabilities all the way", fontsize=17)
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    figure.savefig(file)
