"""
What beta does, on two features
===============================

Three classes with 1000, 100 and 20 training samples. Beta says how much the rare ones weigh: at 0 they are
squeezed out, at 1 they take more than is theirs. A tuned decision leaves the model as it is, and moves its borders
to where the score that you name is best.
"""

# %%
# Training samples are drawn from three overlapping clouds, and 112 000 test samples from the same ones, in the
# same proportions. Every model is the same logistic regression on squares and products of the two features; only
# the weights of the classes, or the decision, change.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skcb import ClassBalancedClassifier, TunedDecisionClassifierCV, beta_grid, count_classes
from skcb.plotting import style

plt.rcParams.update(style.RC)
CLOUDS = [([0, 0], [[1.6, 0.3], [0.3, 0.9]]), ([2.2, 0.9], [[0.5, -0.2], [-0.2, 0.5]]),
          ([0.2, 2.2], [[0.6, 0.2], [0.2, 0.35]])]  # fmt: skip


def drawn(counts, seed):
    rng = np.random.default_rng(seed)
    X = [
        rng.multivariate_normal(mean, spread, count) for (mean, spread), count in zip(CLOUDS, counts, strict=True)
    ]
    return np.vstack(X), np.repeat(np.arange(3), counts)


X, y = drawn([1000, 100, 20], seed=0)
X_test, y_test = drawn([100_000, 10_000, 2_000], seed=1)

model = make_pipeline(
    PolynomialFeatures(2, include_bias=False), StandardScaler(), LogisticRegression(C=10, max_iter=1000)
)
none, middle, balanced = beta_grid(count_classes(y), num=3)
models = {
    "beta = 0: no weights": ClassBalancedClassifier(model, beta=none),
    f"beta = {middle:.3f}": ClassBalancedClassifier(model, beta=middle),
    "beta = 1: balanced": ClassBalancedClassifier(model, beta=balanced),
    "tuned for macro F1": TunedDecisionClassifierCV(model, scoring="f1_macro"),
}


def scores(model):
    predicted = model.predict(X_test)
    return (
        balanced_accuracy_score(y_test, predicted),
        f1_score(y_test, predicted, average="macro"),
        log_loss(y_test, model.predict_proba(X_test)),
        np.mean(predicted[y_test == 2] == 2),
    )


table = np.array([scores(model.fit(X, y)) for model in models.values()])
print(f"{'':<26}{'balanced accuracy':>19}{'macro F1':>10}{'log-loss':>10}{'rare ones found':>17}")
for name, row in zip(models, table, strict=True):
    print(f"{name:<26}{row[0]:>19.3f}{row[1]:>10.3f}{row[2]:>10.3f}{row[3]:>17.0%}")

# %%
# Without weights the probabilities are best (log-loss: less is better), and two thirds of the rare class are
# missed. Weights find most of it, and pay with log-loss: they make the model believe that rare classes are
# common. The tuned decision has the best macro F1 and the plain model's log-loss, since its probabilities are the
# plain model's. Asked for ``scoring="balanced_accuracy"`` instead, it is level there with beta = 1.

KINDS = [(style.BLUE, "o", 12, "common, 1000"), (style.GREEN, "s", 28, "medium, 100"),
         (style.VERMILION, "D", 52, "rare, 20")]  # fmt: skip
HEADS = "bal. accuracy ↑", "macro F1 ↑", "log-loss ↓"
figure, panels = plt.subplots(2, 2, figsize=(8, 8), sharex=True, sharey=True)
across, up = np.meshgrid(np.linspace(-3.4, 4.4, 500), np.linspace(-2.6, 3.7, 500))
best = np.isclose(table[:, :3], [*table[:, :2].max(0), table[:, 2].min()], atol=5e-4)
for axes, (name, fitted), row, wins in zip(panels.flat, models.items(), table, best, strict=True):
    region = fitted.predict(np.column_stack([across.ravel(), up.ravel()])).reshape(across.shape)
    axes.contourf(across, up, region, levels=[-0.5, 0.5, 1.5, 2.5],
                  colors=[style.tint(color, 0.2) for color, *_ in KINDS])  # fmt: skip
    axes.contour(across, up, region, levels=[0.5, 1.5], colors=style.INK, linewidths=1.2)
    for label, (color, marker, size, title) in enumerate(KINDS):
        axes.scatter(*X[y == label].T, s=size, marker=marker, color=color, label=title,
                     edgecolor="white", linewidth=0.5)  # fmt: skip
    axes.set_title(name, fontsize=15)
    axes.set(xlim=(-3.4, 4.4), ylim=(-2.6, 3.7), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for left, score, value, win in zip((0, 0.4, 0.72), HEADS, row[:3], wins, strict=True):
        axes.text(left, -0.03, score, transform=axes.transAxes, va="top", fontsize=12.5)
        axes.text(left, -0.11, f"{value:.3f}", transform=axes.transAxes, va="top", fontsize=17,
                  fontweight="bold" if win else "normal", color=style.INK if win else style.MUTED)  # fmt: skip
figure.suptitle(
    "A larger beta gives rare classes more room;\na tuned decision keeps the probabilities", fontsize=17
)
handles, titles = panels[0, 0].get_legend_handles_labels()
figure.legend(handles, titles, loc="outside lower center", ncols=3, fontsize=14, markerscale=1.6,
              handletextpad=0.1, columnspacing=1.2)  # fmt: skip
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    figure.savefig(file)
