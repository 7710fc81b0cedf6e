"""Networks with class-balanced losses that behave like scikit-learn estimators, on top of skorch."""

try:
    import skorch as _skorch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name not in {"skorch", "torch"}:
        raise
    raise ImportError("skcb.net needs PyTorch and skorch: pip install 'skcb[torch]'", name=error.name) from error

from skcb.net.callbacks import BalancedAccuracyScoring, DeferredReweighting, ShotAccuracyScoring
from skcb.net.classifier import CBNeuralNetClassifier
from skcb.net.loading import BatchLoader
from skcb.net.perceptron import MultilayerPerceptron

__all__ = [
    "BalancedAccuracyScoring",
    "BatchLoader",
    "CBNeuralNetClassifier",
    "DeferredReweighting",
    "MultilayerPerceptron",
    "ShotAccuracyScoring",
]
