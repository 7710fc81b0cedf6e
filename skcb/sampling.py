"""Class sizes in proportion to effective numbers, for the samplers of imbalanced-learn."""

from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator

from skcb._upstream import DocumentedEstimator
from skcb.balancing import sampling_probability
from skcb.counting import count_classes

__all__ = ["EffectiveNumberStrategy"]


class EffectiveNumberStrategy(DocumentedEstimator, BaseEstimator):
    r"""Class sizes to re-sample to, for the ``sampling_strategy`` of any sampler that takes target counts.

    .. math:: n'_c \propto n_c / E_{n_c}, \qquad E_n = (1 - \beta^n) / (1 - \beta)

    After it, a class is drawn as often as class-balanced weights would count it. The cleaning samplers
    (TomekLinks, EditedNearestNeighbours) take no target counts.

    Parameters
    ----------
    beta : float in [0, 1], default=0.999
        0 leaves the sizes as they are; 1 makes all classes equal.
    kind : {"over", "under"}, default="over"
        For over-samplers, ``"over"``: the class with the largest effective number stays as it is and the
        others grow. For under-samplers, ``"under"``: the one with the smallest stays and the others shrink.

    Raises
    ------
    ValueError
        When called, if `y`, `beta` or `kind` is not valid.

    Warns
    -----
    InertBetaWarning
        When called, if `beta` acts like no weighting, so that the sizes stay as they are.

    References
    ----------
    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, :arxiv:`1901.05555`.

    Examples
    --------
    >>> from skcb import EffectiveNumberStrategy
    >>> EffectiveNumberStrategy(beta=0.99)(["cat"] * 900 + ["dog"] * 90 + ["elk"] * 10)
    {'cat': 900, 'dog': 151, 'elk': 105}

    Its parameters are searched through the sampler's: ``smote__sampling_strategy__beta``.
    """

    def __init__(self, beta: float = 0.999, kind: Literal["over", "under"] = "over") -> None:
        self.beta = beta
        self.kind = kind

    def __call__(self, y: Any) -> dict[Any, int]:
        """Return the size that each class is to have.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels of the training set.

        Returns
        -------
        sampling_strategy : dict
            From class to number of samples.
        """
        if self.kind not in ("over", "under"):
            raise ValueError(f'kind must be "over" or "under", got {self.kind!r}')
        classes, counts = count_classes(y)
        share = sampling_probability(counts.astype(np.float64), self.beta)
        # The class that weighs least keeps its size when others grow, the one that weighs most when they shrink.
        each = counts / share
        sizes = np.rint(share * (each.max() if self.kind == "over" else each.min())).astype(np.int64)
        sizes = np.maximum(sizes, counts) if self.kind == "over" else np.clip(sizes, 1, counts)
        return dict(zip(classes.tolist(), sizes.tolist(), strict=True))
