"""
Another prevalence than in training
===================================

2 % of the patients of a practice are ill, and 30 % of those that a hospital sees. A model that was trained in the
practice says too little there. What mends it: the hospital's prevalence where it is known, an estimate of it where
it is not, and what happens to the estimate if the model is over-confident.
"""

# %%
# The patients, and a model of the practice's.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, log_loss
from sklearn.model_selection import cross_val_predict

from skcb import change_prior, estimate_prior
from skcb.plotting import style

plt.rcParams.update(style.RC)


def patients(n, prevalence, seed):
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < prevalence
    return rng.normal(size=(n, 3)) + 1.2 * ill[:, None], ill.astype(int)


X, y = patients(20_000, 0.02, seed=0)
X_hospital, y_hospital = patients(5_000, 0.30, seed=1)
practice = [np.mean(y == 0), np.mean(y == 1)]
model = LogisticRegression().fit(X, y)

# %%
# Known, and estimated from what the model says of the hospital's patients, whose labels are not looked at.

said = model.predict_proba(X_hospital)
estimate = estimate_prior(said, practice)
ways = {
    "as trained": said,
    "30 %, known": change_prior(said, practice, [0.7, 0.3]),
    f"{estimate[1]:.1%}, estimated": change_prior(said, practice, estimate),
}
print(f"{'prevalence':<18}{'log-loss':>9}{'balanced accuracy':>19}")
for name, probability in ways.items():
    decided = balanced_accuracy_score(y_hospital, probability.argmax(axis=1))
    print(f"{name:<18}{log_loss(y_hospital, probability):>9.3f}{decided:>19.3f}")

# %%
# When it fails: a forest of full trees is so sure of itself that the estimate falls short of a large change. The
# confusion matrix of its decisions on data that it has not seen mends most of it; calibration mends it near the
# practice's prevalence, and overshoots far from it, where 400 ill patients are few to calibrate on.

forest = RandomForestClassifier(30, max_features=None, random_state=0)
confusion = confusion_matrix(y, cross_val_predict(forest, X, y, cv=5))
models = {
    "logistic regression": (model, {}),
    "forest": (forest.fit(X, y), {}),
    "forest, calibrated": (CalibratedClassifierCV(forest, method="isotonic", cv=5).fit(X, y), {}),
    "forest, confusion matrix": (forest, {"method": "confusion", "confusion": confusion}),
}
prevalences = np.array([0.02, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9])
worlds = [patients(5_000, prevalence, seed=2)[0] for prevalence in prevalences]
found = {}
print(f"{'true prevalence':<26}" + "".join(f"{share:>6.2f}" for share in prevalences))
for name, (each, how) in models.items():
    told = [each.predict_proba(world) for world in worlds]
    found[name] = [estimate_prior(share, practice, tol=1e-5, max_iter=5000, **how)[1] for share in told]
    print(f"{name:<26}" + "".join(f"{share:>6.2f}" for share in found[name]))

# %%
# The picture: above, how often those are ill of whom a share is said to be; below, the estimates.

figure, (above, below) = plt.subplots(2, 1, figsize=(8, 12))
for (name, probability), (color, marker) in zip(ways.items(), style.SERIES, strict=False):
    happened, promised = calibration_curve(y_hospital, probability[:, 1], n_bins=10, strategy="quantile")
    above.plot(promised, happened, marker + "-", color=color, label=name, markersize=9, markeredgecolor="white")
above.set_title("The hospital's prevalence mends the probabilities", fontsize=16)
above.set_xlabel("probability of being ill, as the model says", fontsize=13)
above.set_ylabel("share that is ill, in the hospital", fontsize=13)
above.legend(title="prevalence", fontsize=13, title_fontsize=13, alignment="left")
for (name, estimates), (color, marker) in zip(found.items(), style.SERIES, strict=False):
    below.plot(
        prevalences, estimates, marker + "-", color=color, label=name, markersize=9, markeredgecolor="white"
    )
below.set_title("Found without labels; a forest alone falls short", fontsize=16)
below.set_xlabel("prevalence in the new world", fontsize=13)
below.set_ylabel("estimated prevalence", fontsize=13)
below.legend(fontsize=13)
for axes in (above, below):
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle="--", zorder=0)
    axes.grid(visible=True)
    axes.tick_params(labelsize=13)

for file in map(Path, sys.argv[1:]):  # where to keep the picture
    figure.savefig(file)
