"""Pictures, each a Display as scikit-learn has them; matplotlib is loaded when one is drawn."""

from skcb.plotting.curves import ClassWeightDisplay, EffectiveNumberDisplay
from skcb.plotting.decisions import TunedDecisionDisplay
from skcb.plotting.ranks import CriticalDifferenceDisplay
from skcb.plotting.shots import ShotAccuracyDisplay
from skcb.plotting.strategies import StrategyComparisonDisplay

__all__ = [
    "ClassWeightDisplay",
    "CriticalDifferenceDisplay",
    "EffectiveNumberDisplay",
    "ShotAccuracyDisplay",
    "StrategyComparisonDisplay",
    "TunedDecisionDisplay",
]
