"""
Several labels per sample, with a long tail
===========================================

Twelve labels, of which a sample has none, one or several; the commonest is on 1300 of 6000 samples, the rarest on
20. What to do about the tail: nothing, weights or a threshold for each label, or one weight for each row?
"""

# %%
# The data
# --------
# scikit-learn makes samples with several labels, all about as common. A tail is cut out of many: rows are taken in
# turn, unless one of their labels has its share already. Others make a test set with the same tail.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcb import (
    CBNeuralNetClassifier,
    ClassBalancedClassifier,
    InertBetaWarning,
    TunedDecisionClassifierCV,
    compare_strategies,
    compute_sample_weight,
    count_labels,
    label_weight,
    long_tailed_counts,
    tune_decision,
)
from skcb.plotting import style

plt.rcParams.update(style.RC)

N_LABELS = 12


def rows_within(shares, Y):
    left, rows = np.array(shares), []
    for row, labels in enumerate(Y):
        if (left >= labels).all():
            left -= labels
            rows.append(row)
    return np.array(rows)


words, labels = make_multilabel_classification(
    45_000, n_features=60, n_classes=N_LABELS, n_labels=2, length=50, random_state=0
)
words, labels = np.log1p(words), labels[:, np.argsort(-labels.sum(axis=0))]
shares = long_tailed_counts(2000, N_LABELS, imbalance_ratio=100)
train = rows_within(shares, labels[:20_000])
test = 20_000 + rows_within(2 * shares, labels[20_000:])
X, Y, X_test, Y_test = words[train], labels[train], words[test], labels[test]
counted = count_labels(Y)
print(counted)
print(
    f"{np.mean(Y.sum(axis=1) == 0):.0%} of the rows have no label, {np.mean(Y.sum(axis=1) > 1):.0%} have several"
)

# %%
# A label is two classes, those that have it and those that have not, with weights of their own: what a sample
# weighs in the first label and in the last, without it and with it.

for beta in (0.99, 0.999, 1):
    print(beta, label_weight(counted, beta=beta)[[0, -1]].round(2).tolist())

# %%
# One classifier for each label
# -----------------------------
# ``MultiOutputClassifier`` fits one classifier for each label. Around ``ClassBalancedClassifier`` each has its own
# weights; around ``TunedDecisionClassifierCV`` its own threshold, here for the F1 of the label. (Labels depend on
# each other? ``ClassifierChain`` goes around in the same way.)

linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
models = {
    "none": MultiOutputClassifier(linear),
    "beta=0.99": MultiOutputClassifier(ClassBalancedClassifier(linear, beta=0.99)),
    "beta=1, balanced": MultiOutputClassifier(ClassBalancedClassifier(linear, beta=1)),
    "threshold for each": MultiOutputClassifier(TunedDecisionClassifierCV(linear, scoring="f1")),
}


def scores_of(predicted, probability):
    by_label = f1_score(Y_test, predicted, average=None, zero_division=0)
    precision = average_precision_score(Y_test, probability, average="macro")
    return by_label, f1_score(Y_test, predicted, average="micro"), precision


def tested(model):
    probability = np.column_stack([of_label[:, 1] for of_label in model.predict_proba(X_test)])
    return scores_of(model.predict(X_test), probability)


with warnings.catch_warnings():
    warnings.simplefilter("ignore", InertBetaWarning)
    scores = {name: tested(model.fit(X, Y)) for name, model in models.items()}


def show(scores):
    print(f"{'':<20}{'macro F1':>9}{'F1 of rarest 4':>15}{'micro F1':>9}{'macro AP':>9}")
    for name, (by_label, micro, precision) in scores.items():
        print(f"{name:<20}{by_label.mean():>9.3f}{by_label[-4:].mean():>15.3f}{micro:>9.3f}{precision:>9.3f}")


show(scores)

# %%
# Full balance says yes far too often: one of 20 samples among 6000 weighs as much as 150 others, and F1, which
# wants precision too, falls. A small beta weights the rare labels and leaves the common ones alone (of each of
# which a warning says that this beta does nothing for it). A threshold for each is best by both, and leaves the
# probabilities as they are.

figure, axes = plt.subplots(figsize=(8, 5))
for (name, (by_label, *_)), (color, marker) in zip(scores.items(), style.SERIES, strict=False):
    axes.plot(by_label, color=color, marker=marker, label=name, markeredgecolor="white", markersize=9)
axes.set_xticks(range(N_LABELS), counted.counts, rotation=45)
axes.set(xlabel="training samples with the label", ylabel="F1 of the label, test set", ylim=(0, None))
axes.legend()
axes.set_title("Full balance says yes too often; thresholds do not", fontsize=14)

# %%
# The strategies on folds
# -----------------------
# ``compare_strategies`` takes the indicator matrix as it is: folds with their share of every label, betas on the
# grid of each label's own counts, one estimator for each label. Thresholds, and a quarter of the way to full
# balance, are level here by macro F1; by what the probabilities are worth, nothing is ahead of doing nothing.

comparison = compare_strategies(linear, X, Y, cv=2, random_state=0)
print(comparison.to_markdown(["macro_f1", "micro_f1", "macro_average_precision", "label_ranking_loss"]))
comparison.plot(metric="macro_f1")
plt.show()

# %%
# One weight for each row
# -----------------------
# A forest takes the whole matrix, and one weight for a row. The mean over its labels is a compromise: what a row
# weighs for its rare label it weighs in all others too. Here it moves little; forests with weights of their own,
# one for each label, are more work and another thing, and so are thresholds.

forest = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
weight = compute_sample_weight(Y, beta=1, multilabel="mean")
print(f"rows weigh {weight.min():.2f} to {weight.max():.2f}, {weight.mean():.2f} in the mean")
weighted = MultiOutputClassifier(ClassBalancedClassifier(forest, beta=1))
tuned = MultiOutputClassifier(TunedDecisionClassifierCV(forest, scoring="f1", cv=3))
show(
    {
        "none": tested(forest.fit(X, Y)),
        "weighted rows": tested(forest.fit(X, Y, sample_weight=weight)),
        "weights of each": tested(weighted.fit(X, Y)),
        "threshold for each": tested(tuned.fit(X, Y)),
    }
)

# %%
# One network for all labels
# --------------------------
# ``loss="multilabel"`` weights each side of each label in one network. A small beta helps the rare labels here
# too, and full balance says yes too often. Thresholds need probabilities of samples that the network has not seen,
# which ``cross_val_predict`` gives (shuffled: the last rows have few labels), and ``tune_decision`` for each
# label. They are best again.


def network(beta):
    net = CBNeuralNetClassifier(loss="multilabel", beta=beta, max_epochs=20, random_state=0, verbose=0)
    return make_pipeline(StandardScaler(), net)


with warnings.catch_warnings():
    warnings.simplefilter("ignore", InertBetaWarning)
    nets = {f"beta={beta:g}": network(beta).fit(X, Y) for beta in (0, 0.99, 1)}
rows = {name: scores_of(net.predict(X_test), net.predict_proba(X_test)) for name, net in nets.items()}

folds = KFold(3, shuffle=True, random_state=0)
unseen = cross_val_predict(network(0), X, Y, cv=folds, method="predict_proba")
probability = nets["beta=0"].predict_proba(X_test)
predicted = np.empty_like(Y_test)
for label in range(N_LABELS):
    sides = np.column_stack([1 - unseen[:, label], unseen[:, label]])
    no, yes = tune_decision(Y[:, label], sides, scoring="f1")
    predicted[:, label] = yes * probability[:, label] > no * (1 - probability[:, label])
rows["threshold for each"] = scores_of(predicted, probability)
show(rows)
