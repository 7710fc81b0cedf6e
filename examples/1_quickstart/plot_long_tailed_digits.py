"""
Search beta on long-tailed digits
=================================

The zeros are common and the nines are rare. How much should the rare ones weigh? This searches beta, the one
number that the answer depends on, inside a Pipeline, and compares no weights, inverse frequency (``balanced``)
and the chosen beta on a balanced test set.
"""

# %%
# The data: 1797 handwritten digits come with scikit-learn; the training part is made long-tailed.

import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skcb import (
    ClassBalancedClassifier,
    ClassBalancedWeighter,
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
print(f"[1/4] {len(y)} training samples, {counts.max()} zeros to {counts.min()} nines: "
      f"imbalance ratio {imbalance_ratio(counts):.0f}")  # fmt: skip

# %%
# The first use: weights for any estimator that takes ``sample_weight``.

weighted = SVC().fit(X, y, sample_weight=ClassBalancedWeighter().fit_transform(y))
print(
    f"[2/4] first use, beta=0.999: test accuracy {weighted.score(X_test, y_test):.3f}, "
    f"unweighted {SVC().fit(X, y).score(X_test, y_test):.3f}"
)

# %%
# The search: every fold counts its own training part. ``beta_grid`` proposes values whose effect is evenly spaced.

model = make_pipeline(StandardScaler(), ClassBalancedClassifier(SVC()))
search = GridSearchCV(
    model,
    {"classbalancedclassifier__beta": beta_grid(counts, num=7)},
    scoring="balanced_accuracy",
    cv=RepeatedStratifiedKFold(n_splits=3, n_repeats=5, random_state=0),
    verbose=1,
)
print("[3/4] searching beta by cross-validated balanced accuracy")
search.fit(X, y)
best = search.best_params_["classbalancedclassifier__beta"]
for beta, mean, spread in zip(
    search.cv_results_["param_classbalancedclassifier__beta"],
    search.cv_results_["mean_test_score"],
    search.cv_results_["std_test_score"],
    strict=True,
):
    print(f"      beta={beta:<9.6f} {mean:.3f} +- {spread:.3f}{'  <- chosen' if beta == best else ''}")

# %%
# The comparison, on 50 test images of each digit.

print("[4/4] on the balanced test set (many: over 100 training samples, few: under 20)")
print(f"\n{'weights':<30}{'accuracy':>9}{'many':>9}{'medium':>9}{'few':>9}")
recalls = {}
for name, beta in {"none": 0.0, "balanced": 1.0, f"class-balanced, beta={best:.3g}": best}.items():
    predicted = model.set_params(classbalancedclassifier__beta=beta).fit(X, y).predict(X_test)
    recalls[name] = recall_score(y_test, predicted, average=None)
    shots = "".join(f"{value:>9.3f}" for value in shot_accuracy(y_test, predicted, y))
    print(f"{name:<30}{np.mean(predicted == y_test):>9.3f}{shots}")

# %%
# The picture: what beta does to the weights, and what the weights do to the digits.

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
styles = {"none": ("o", "#999999"), "balanced": ("s", "#0072b2")}
offsets = np.linspace(-0.22, 0.22, len(recalls))
for offset, (name, recall) in zip(offsets, recalls.items(), strict=True):
    marker, color = styles.get(name, ("D", "#d55e00"))
    label = f"{name}: mean {recall.mean():.3f}"
    right.plot(digits + offset, recall, marker, color=color, label=label, markersize=8, clip_on=False)
right.vlines(
    digits, np.min(list(recalls.values()), 0), np.max(list(recalls.values()), 0), color="#dddddd", zorder=0
)
right.set(title="Recall on the balanced test set", xlabel="digit, and its training samples", ylim=(0, 1.02))
right.legend(loc="lower left", frameon=False, title="weights")
for axes in (left, right):
    axes.set_xticks(digits, ticks)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
figure.suptitle("Class-balanced weights on long-tailed digits", fontsize=14, fontweight="bold")

print(f"\n{time.perf_counter() - started:.1f} s")
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)
    print(f"picture: {file}")
