"""What a user writes: no type checker has a word to say, and every type asserted is that which it sees."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import skcb
from skcb import (
    CBFocalLoss,
    CBNeuralNetClassifier,
    ClassBalancedClassifier,
    ClassBalancedClassifierCV,
    ClassBalancedWeighter,
    ClassCounts,
    LogitAdjustedClassifier,
    TunedDecisionClassifierCV,
    TunedDecisionDisplay,
)

X = np.zeros((4, 2))
y = ["a", "a", "a", "b"]
inner: Any = None

weighted = ClassBalancedClassifier(inner, beta=0.99, normalize="samples")
assert_type(weighted.fit(X, y), ClassBalancedClassifier)
assert_type(weighted.predict(X), NDArray[Any])
assert_type(weighted.predict_proba(X), NDArray[np.float64])
assert_type(weighted.decision_function(X), NDArray[np.float64])
assert_type(weighted.score(X, y), float)
assert_type(ClassBalancedClassifierCV(inner, scoring="f1_macro").fit(X, y), ClassBalancedClassifierCV)

tuned = TunedDecisionClassifierCV(inner, method="calibrated")
assert_type(tuned.fit(X, y), TunedDecisionClassifierCV)
assert_type(tuned.predict(X), NDArray[Any])
assert_type(tuned.predict_proba(X), NDArray[np.floating[Any]])  # in the precision of the estimator
assert_type(skcb.tune_decision(y, X, method="free"), NDArray[np.float64])
assert_type(TunedDecisionDisplay.from_estimator(tuned), TunedDecisionDisplay)
assert_type(LogitAdjustedClassifier(inner).fit(X, y).predict_log_proba(X), NDArray[np.float64])

weighter = ClassBalancedWeighter(normalize=None)
assert_type(weighter.fit(y), ClassBalancedWeighter)
assert_type(weighter.partial_fit(y), ClassBalancedWeighter)
assert_type(weighter.transform(y), NDArray[np.float64])
assert_type(weighter.fit_transform(y), NDArray[np.float64])
assert_type(skcb.compute_sample_weight(y), NDArray[np.float64])
assert_type(skcb.class_weight([5, 2]), NDArray[np.float64])
assert_type(skcb.with_sample_weight({"label": y}, "label"), dict[str, list[str]])

counted = skcb.count_classes(y)
assert_type(counted, ClassCounts)
classes, counts = counted
skcb.weighting.compute_class_weight(y)

net = CBNeuralNetClassifier(loss="focal", beta=0.99, module__hidden=3)
assert_type(net.fit(X, y), CBNeuralNetClassifier)
assert_type(net.predict(X), NDArray[Any])
net.predict_proba(X).argmax(axis=1)
CBNeuralNetClassifier(loss=CBFocalLoss)
skcb.nn.functional.cross_entropy
CBFocalLoss(counts, reduction="none")

comparison = skcb.compare_strategies(inner, X, y)
assert_type(comparison, skcb.StrategyComparison)
comparison.summary().to_csv("summary.csv")
comparison.plot("ranks")
