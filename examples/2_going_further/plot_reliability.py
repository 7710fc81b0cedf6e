"""
Weights make probabilities too high; what brings them back
==========================================================

Of 100 cases that a model gives 30 %, 30 should be positive: then its points lie on the diagonal. A model that was
trained with weights promises far more than happens. ``prior_correction=True`` divides the weights back out of the
probabilities, and leaves the decisions as they were.
"""

# %%
# Made data: 1 in 20 is positive; 4000 samples to train on, and 100 000 to test on. Five draws, each with another
# model, show how much of it is luck. All three models are the same logistic regression on squares and products of
# the features.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skcb import ClassBalancedClassifier
from skcb.plotting import style

plt.rcParams.update(style.RC)
N_DRAWS, N_TRAIN = 5, 4000
model = make_pipeline(
    PolynomialFeatures(2, include_bias=False), StandardScaler(), LogisticRegression(C=100, max_iter=1000)
)
models = {
    "balanced (beta = 1)": ClassBalancedClassifier(model, beta=1),
    "balanced, prior_correction=True": ClassBalancedClassifier(model, beta=1, prior_correction=True),
    "no weights (beta = 0)": ClassBalancedClassifier(model, beta=0),
}

# %%
# Test samples are sorted into ten bins by the probability that they were given. In each: what was promised on
# average, and which share was positive.

EDGES = np.linspace(0, 1, 11)
points = np.full((len(models), N_DRAWS, 2, len(EDGES) - 1), np.nan)
scores = np.empty((len(models), N_DRAWS, 2))
for draw in range(N_DRAWS):
    X, y = make_classification(
        104_000, n_features=8, n_informative=5, n_redundant=0, n_clusters_per_class=1, weights=[0.95], flip_y=0,
        class_sep=0.7, random_state=3, shuffle=False,
    )  # fmt: skip
    order = np.random.default_rng(draw).permutation(len(y))
    X, X_test, y, y_test = X[order[:N_TRAIN]], X[order[N_TRAIN:]], y[order[:N_TRAIN]], y[order[N_TRAIN:]]
    for row, fitted in enumerate(models.values()):
        probability = fitted.fit(X, y).predict_proba(X_test)[:, 1]
        bins = np.digitize(probability, EDGES[1:-1])
        for place in range(len(EDGES) - 1):
            if (bins == place).sum() >= 50:
                points[row, draw, :, place] = probability[bins == place].mean(), y_test[bins == place].mean()
        scores[row, draw] = (
            log_loss(y_test, probability),
            balanced_accuracy_score(y_test, fitted.predict(X_test)),
        )
print(f"{'':<34}{'log-loss':>16}{'balanced accuracy':>20}")
for name, of_model in zip(models, scores, strict=True):
    cells = (
        f"{m:.3f} ± {s:.3f}" for m, s in zip(of_model.mean(axis=0), of_model.std(axis=0, ddof=1), strict=True)
    )
    print(f"{name:<34}{next(cells):>16}{next(cells):>20}")

# %%
# Corrected, the weighted model has nearly the plain one's log-loss, and still the balanced accuracy of the
# weights. Where a model does not fit the data, weights change more than the prior, and less comes back: see
# :ref:`sphx_glr_gallery_1_quickstart_plot_decision_boundary.py` for a decision that leaves the fit alone.

figure, axes = plt.subplots(figsize=(8, 7.2))
axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1.2, linestyle="--")
axes.text(0.23, 0.165, "as promised", rotation=45, rotation_mode="anchor", transform_rotates_text=True,
          color=style.MUTED, fontsize=13)  # fmt: skip
styles = [(style.VERMILION, "s"), (style.BLUE, "o"), (style.INK, "X")]
for (color, marker), name, of_model, (loss, _) in zip(styles, models, points, scores.mean(axis=1), strict=True):
    (promised, happened), (_, spread) = np.nanmean(of_model, axis=0), np.nanstd(of_model, axis=0, ddof=1)
    axes.errorbar(promised, happened, yerr=spread, fmt=f"{marker}-", color=color, markersize=10, elinewidth=1.5,
                  markeredgecolor="white", label=f"{name}:\nlog-loss {loss:.3f}")  # fmt: skip
axes.set(xlim=(0, 1), ylim=(0, 1))
axes.set_xlabel("probability of a positive, as the model says", fontsize=14)
axes.set_ylabel("share of positives, as it is", fontsize=14)
axes.tick_params(labelsize=13)
axes.grid(visible=True)
axes.legend(loc="upper left", fontsize=13, labelspacing=0.8)
figure.suptitle("Weights promise too much;\nthe correction brings the probabilities back", fontsize=17)
for file in map(Path, sys.argv[1:]):  # where to keep the picture
    figure.savefig(file)
