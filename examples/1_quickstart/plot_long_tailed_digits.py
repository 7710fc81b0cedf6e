"""
Weights and decisions on long-tailed digits
===========================================

The zeros are common and the nines are rare. How much should the rare ones weigh? The picture below shows which
share of each digit a random forest finds: without weights, with inverse frequency (``balanced``)
and without weights but with a tuned decision. Weights help the rare digits; the tuned decision helps
them most.
"""

# %%
# The data: 1797 handwritten digits come with scikit-learn; the training part is made long-tailed.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skcb import (
    ClassBalancedClassifier,
    ClassWeightDisplay,
    TunedDecisionClassifierCV,
    beta_grid,
    count_classes,
    imbalance_ratio,
    load_long_tailed_digits,
    shot_accuracy,
)
from skcb.plotting import style

plt.rcParams.update(style.RC)
N_SPLITS = 5
X, X_test, y, y_test = load_long_tailed_digits()
digits, counts = count_classes(y)
print(f"{len(y)} training samples, {counts.max()} zeros to {counts.min()} nines: "
      f"imbalance ratio {imbalance_ratio(counts):.0f}")  # fmt: skip

# %%
# What beta does to the weights: at 0 all samples weigh the same, at 1 a nine weighs as many zeros as there are
# for every nine. ``beta_grid`` proposes values whose effect is evenly spaced.

ClassWeightDisplay.from_counts(counts, classes=digits)
_ = plt.title("Larger betas give rare digits more weight")

# %%
# The search: beta is a parameter like any other. Every fold counts its own training part.

forest = RandomForestClassifier(50, random_state=0)
folds = StratifiedKFold(5, shuffle=True, random_state=0)
search = GridSearchCV(
    ClassBalancedClassifier(forest), {"beta": beta_grid(counts)}, scoring="balanced_accuracy", cv=folds
).fit(X, y)
for beta, mean, spread in zip(
    search.cv_results_["param_beta"], search.cv_results_["mean_test_score"], search.cv_results_["std_test_score"],
    strict=True,
):  # fmt: skip
    chosen = "  <- chosen" if beta == search.best_params_["beta"] else ""
    print(f"beta={beta:<9.6f} {mean:.3f} ± {spread:.3f}{chosen}")

# %%
# It chose 1, which is ``balanced``. The decision can be tuned instead: the forest is fitted without weights, once
# in each fold, and one number per class is tuned on what it says about the samples that it has not seen. Five
# splits, each with other images to train on and 50 others of each digit to test on, show how much of it is luck.

ways = {
    "no weights": ClassBalancedClassifier(forest, beta=0),
    "balanced (beta = 1)": ClassBalancedClassifier(forest, beta=1),
    "tuned decision": TunedDecisionClassifierCV(forest, scoring="balanced_accuracy", cv=folds),
}
recalls = np.empty((len(ways), N_SPLITS, len(digits)))
shots = np.empty((len(ways), N_SPLITS, 3))
for split in range(N_SPLITS):
    X, X_test, y, y_test = load_long_tailed_digits(random_state=split)
    for row, model in enumerate(ways.values()):
        predicted = model.fit(X, y).predict(X_test)
        recalls[row, split] = recall_score(y_test, predicted, average=None)
        shots[row, split] = shot_accuracy(y_test, predicted, y)
print(f"{'recall, mean over the splits':<30}{'all':>7}{'many':>9}{'medium':>9}{'few':>9}")
for name, of_way, (many, medium, few) in zip(ways, recalls.mean(axis=(1, 2)), shots.mean(axis=1), strict=True):
    print(f"{name:<30}{of_way:>7.3f}{many:>9.3f}{medium:>9.3f}{few:>9.3f}")

# %%
# Many, medium and few are digits with more than 100, 20 to 100, and fewer than 20 training images. The picture:
# means over the splits, with one standard deviation to either side, cut off at 1.

figure, axes = plt.subplots(figsize=(8, 6.6))
for offset, (color, marker), name, of_way in zip((-0.15, 0, 0.15), style.SERIES, ways, recalls, strict=False):
    mean, spread, whole = of_way.mean(axis=0), of_way.std(axis=0, ddof=1), of_way.mean(axis=1)
    label = f"{name}: {whole.mean():.3f} ± {whole.std(ddof=1):.3f}"
    axes.errorbar(
        digits + offset, mean, yerr=(spread, np.minimum(spread, 1 - mean)), fmt=f"{marker}-", color=color,
        label=label, markersize=10, elinewidth=1.5, linewidth=1.2, markeredgecolor="white", clip_on=False,
    )  # fmt: skip
axes.set_xticks(digits, [f"{digit}\n{count}" for digit, count in zip(digits, counts, strict=True)])
axes.set_xlabel("digit, and its training images", fontsize=14)
axes.set_ylabel("recall: share found of 50 test images", fontsize=14)
axes.set_ylim(0, 1.02)
axes.tick_params(labelsize=13)
axes.grid(axis="y")
axes.legend(loc="lower left", fontsize=14, title="mean recall, five splits", title_fontsize=14, alignment="left")
figure.suptitle("Rare digits are found when the decision is tuned", fontsize=17)
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)

# sphinx_gallery_thumbnail_number = 2  # noqa: ERA001
