"""
Weights and decisions on long-tailed digits
===========================================

The zeros are common and the nines are rare. How much should the rare ones weigh? This searches beta, the one
number that the answer depends on, inside a Pipeline; and it leaves the weights out and tunes the decision, which
takes one fit for each fold. No weights, inverse frequency (``balanced``), the searched beta and the tuned decision
are compared on a balanced test set.
"""

# %%
# The data: 1797 handwritten digits come with scikit-learn; the training part is made long-tailed.

import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedWeighter,
    TunedDecisionClassifierCV,
    beta_grid,
    class_weight,
    count_classes,
    imbalance_ratio,
    load_long_tailed_digits,
    shot_accuracy,
)

started = time.perf_counter()
X, X_test, y, y_test = load_long_tailed_digits()
digits, counts = count_classes(y)
print(f"[1/5] {len(y)} training samples, {counts.max()} zeros to {counts.min()} nines: "
      f"imbalance ratio {imbalance_ratio(counts):.0f}")  # fmt: skip

# %%
# The first use: weights for any estimator that takes ``sample_weight``.

forest = RandomForestClassifier(random_state=0)
weighted = forest.fit(X, y, sample_weight=ClassBalancedWeighter().fit_transform(y)).score(X_test, y_test)
unweighted = forest.fit(X, y).score(X_test, y_test)
print(f"[2/5] first use, beta=0.999: test accuracy {weighted:.3f}, unweighted {unweighted:.3f}")

# %%
# The search: every fold counts its own training part. ``beta_grid`` proposes values whose effect is evenly spaced.

folds = StratifiedKFold(5, shuffle=True, random_state=0)
betas = beta_grid(counts, num=7)
model = make_pipeline(StandardScaler(), ClassBalancedClassifier(forest))
search = GridSearchCV(
    model, {"classbalancedclassifier__beta": betas}, scoring="balanced_accuracy", cv=folds, verbose=1
)
print("[3/5] searching beta by cross-validated balanced accuracy")
start = time.perf_counter()
search.fit(X, y)
seconds = {"search": time.perf_counter() - start}
best = search.best_params_["classbalancedclassifier__beta"]
for beta, mean, spread in zip(
    betas, search.cv_results_["mean_test_score"], search.cv_results_["std_test_score"], strict=True
):
    print(f"      beta={beta:<9.6f} {mean:.3f} +- {spread:.3f}{'  <- chosen' if beta == best else ''}")

# %%
# The decision: the forest is fitted without weights, once in each fold, and one number per class is tuned on what
# it says about the samples that it has not seen. Probabilities stay those of the plain forest.

start = time.perf_counter()
tuned = TunedDecisionClassifierCV(make_pipeline(StandardScaler(), forest), scoring="balanced_accuracy", cv=folds)
tuned.fit(X, y)
seconds["tuned"] = time.perf_counter() - start
print(
    f"[4/5] tuned the decision instead, in {seconds['search'] / seconds['tuned']:.0f} times less time: "
    f"a nine's probability counts {tuned.decision_weight_[9] / tuned.decision_weight_[0]:.0f} times a zero's"
)

# %%
# The comparison, on 50 test images of each digit.

print("[5/5] on the balanced test set (many: over 100 training samples, few: under 20)")
print(f"\n{'way':<30}{'fits':>6}{'accuracy':>10}{'many':>9}{'medium':>9}{'few':>9}")
ways = {
    "none": (model.set_params(classbalancedclassifier__beta=0.0).fit(X, y).predict(X_test), 1),
    "balanced": (model.set_params(classbalancedclassifier__beta=1.0).fit(X, y).predict(X_test), 1),
    f"searched beta, {best:.3g}": (search.predict(X_test), len(betas) * folds.n_splits + 1),
    "tuned decision": (tuned.predict(X_test), folds.n_splits + 1),
}
recalls = {}
for name, (predicted, fits) in ways.items():
    recalls[name] = recall_score(y_test, predicted, average=None)
    shots = "".join(f"{value:>9.3f}" for value in shot_accuracy(y_test, predicted, y))
    print(f"{name:<30}{fits:>6}{np.mean(predicted == y_test):>10.3f}{shots}")

# %%
# The picture: what beta does to the weights, and what weights and the tuned decision do to the digits.

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
ticks = [f"{digit}\n{count}" for digit, count in zip(digits, counts, strict=True)]
grid = beta_grid(counts)
colors = plt.colormaps["viridis"](np.linspace(0.08, 0.88, len(grid)))
for beta, color in zip(grid, colors, strict=True):
    weight = class_weight(counts, beta, normalize="samples")
    left.plot(digits, weight, "o-", color=color, markersize=5, linewidth=2)
    left.annotate(
        rf"$\beta$ = {beta:.3g}", (9, weight[-1]), (9, 0), textcoords="offset points", va="center", color=color
    )
left.set(yscale="log", title="Weight of a sample, by class", xlabel="digit, and its training samples")
left.set_yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
left.minorticks_off()
left.set_xlim(-0.4, 10.6)
styles = [("o", "#999999"), ("s", "#0072b2"), ("D", "#d55e00"), ("^", "#009e73")]
offsets = np.linspace(-0.22, 0.22, len(recalls))
for offset, (marker, color), (name, recall) in zip(offsets, styles, recalls.items(), strict=True):
    fits = ways[name][1]
    label = f"{name}: mean {recall.mean():.3f}, {fits} fit{'s' * (fits > 1)}"
    right.plot(digits + offset, recall, marker, color=color, label=label, markersize=8, clip_on=False)
right.vlines(
    digits, np.min(list(recalls.values()), 0), np.max(list(recalls.values()), 0), color="#dddddd", zorder=0
)
right.set(title="Recall on the balanced test set", xlabel="digit, and its training samples", ylim=(0, 1.02))
right.legend(loc="lower left", frameon=False)
for axes in (left, right):
    axes.set_xticks(digits, ticks)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
figure.suptitle("Weights and decisions on long-tailed digits", fontsize=14, fontweight="bold")

print(f"\n{time.perf_counter() - started:.1f} s")
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)
    print(f"picture: {file}")
