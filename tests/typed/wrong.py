"""What a user mistypes: every type checker finds each line that says so, and no other."""

from typing import Any

import skcb
from skcb import CBNeuralNetClassifier, ClassBalancedClassifier, ClassBalancedWeighter, TunedDecisionClassifierCV

inner: Any = None
X: Any = None
y: Any = None

skcb.no_such_name  # found
from skcb import NoSuchName  # found

CBNeuralNetClassifier(loss="foccal")  # found
ClassBalancedClassifier(inner, betta=0.99)  # found
ClassBalancedClassifier(inner, normalize="sample")  # found
ClassBalancedClassifier(inner).fit(X)  # found
ClassBalancedClassifier(inner).fit(X, y).predict(X).no_such_method()  # found
ClassBalancedWeighter().fit_transform(["a", "b"]).no_such_method()  # found
TunedDecisionClassifierCV(inner, method="best")  # found
TunedDecisionClassifierCV(inner, scoring=3)  # found
skcb.tune_decision(y, X, method="best")  # found
skcb.CBFocalLoss([5, 2], reduction="average")  # found
skcb.EffectiveNumberStrategy(kind="between")  # found
skcb.estimate_prior(X, [0.5, 0.5], method="guess")  # found
skcb.compare_strategies(inner, X, y).plot("scores")  # found
skcb.compare_strategies(inner, X, y).sumary()  # found
