r"""The kernel of several labels: each label has two sides, with a weight and a focus each.

.. math:: L = \sum_j t_j w^+_j f_{\gamma^+}(-z_j) + (1 - t_j) w^-_j f_{\gamma^-}(z_j), \qquad
    f_\gamma(m) = \sigma(m)^\gamma \, \mathrm{softplus}(m)

Where both sides have one focus, an entry is one evaluation of f, at the margin with the sign of its target turned.
A clip replaces the probability of the negatives by :math:`p_m = \max(\sigma(z) - c, 0)`, so that their cost is
:math:`-p_m^{\gamma^-} \log(1 - p_m)`: bounded, and 0 where the probability is below the clip.

As the focal losses (see there) it stands here twice, as a kernel and as a formula.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from skcb.nn._focal import Twofold, at_least_float32, focal, focal_


class Sides(NamedTuple):
    """What the sides of the labels cost, in the dtype of the arithmetic; vectors broadcast over the logits.

    Parameters
    ----------
    gamma : pair of float
        Focus on the hard negatives and positives.
    clip : float
        Taken from the probability of the negatives.
    negative, positive : Tensor of shape (n_labels,) or (n_labels, 1)
        The weights.
    shift : Tensor of the same shape or None
        Added to the logits.
    masked : bool
        Whether there may be NaN in the target, which counts for nothing.
    """

    gamma: tuple[float, float]
    clip: float
    negative: Tensor
    positive: Tensor
    shift: Tensor | None
    masked: bool

    @property
    def is_even(self) -> bool:
        """Whether a negative costs what a positive does, but for the weight."""
        return self.gamma[0] == self.gamma[1] and self.clip == 0


def cost_of_each(logits: Tensor, target: Tensor, sides: Sides) -> Tensor:
    """Return the weighted cost of each label of each example, 0 where it is not known: the formula."""
    z = at_least_float32(logits)
    has, unknown = target > 0, None
    if sides.masked:
        unknown = target.isnan()
        z = z.masked_fill(unknown, 0)
    if sides.shift is not None:
        z = z + sides.shift
    of_negatives, of_positives = sides.gamma
    if sides.is_even:
        cost = focal(torch.where(has, -z, z), of_negatives)
    else:
        negative = _clipped(z, of_negatives, sides.clip) if sides.clip else focal(z, of_negatives)
        cost = torch.where(has, focal(-z, of_positives), negative)
    cost = cost * weight_of_each(target, sides)
    return cost if unknown is None else cost.masked_fill(unknown, 0)


def weight_of_each(target: Tensor, sides: Sides) -> Tensor:
    """Return the weight of each label of each example, 0 where it is not known."""
    weight = torch.where(target > 0, sides.positive, sides.negative)
    return weight.masked_fill(target.isnan(), 0) if sides.masked else weight


def _formula(logits: Tensor, target: Tensor, sides: Sides) -> Tensor:
    return cost_of_each(logits, target, sides).sum(1)


def _kernel(logits: Tensor, target: Tensor, sides: Sides, slope: Tensor) -> Tensor:
    target = target.to(slope.dtype)
    weight, given = torch.lerp(sides.negative, sides.positive, target), target
    if sides.masked:  # by arithmetic, which costs a fifth of what filling does
        weight.nan_to_num_(nan=0.0)
        target = target.nan_to_num(nan=0.0)
    if sides.shift is None:
        slope.copy_(logits)
    else:
        torch.add(logits, sides.shift, out=slope)
    if sides.is_even:
        sign = torch.rsub(target, 1, alpha=2)
        cost = focal_(slope.mul_(sign), sides.gamma[0]).mul_(weight)
        slope.mul_(weight.mul_(sign))
    else:
        has = target > 0
        margin = slope.neg()
        positive = focal_(margin, sides.gamma[1])
        cost = _clipped_(slope, sides.gamma[0], sides.clip) if sides.clip else focal_(slope, sides.gamma[0])
        cost = torch.where(has, positive, cost).mul_(weight)
        torch.where(has, margin.neg_(), slope, out=slope).mul_(weight)
    loss = cost.sum(1)
    if sides.masked and not (loss.is_cpu and loss.sum().isfinite()):  # 0 times infinity: fill after all
        slope.masked_fill_(given.isnan(), 0)
        loss = cost.masked_fill_(given.isnan(), 0).sum(1)
    return loss


SIDES = Twofold(_kernel, _formula)


def _clipped(z: Tensor, gamma: float, clip: float) -> Tensor:
    rest = torch.sigmoid(-z)
    beyond = rest < 1 - clip
    rest = torch.where(beyond, rest, 0)  # of the others no derivative is looked at
    cost = -torch.log(rest + clip)
    if gamma:
        cost = cost * ((1 - clip) - rest) ** gamma
    return torch.where(beyond, cost, 0)


def _clipped_(z: Tensor, gamma: float, clip: float) -> Tensor:
    """Return the cost of negatives and leave its derivative in `z`."""
    rest = z.neg_().sigmoid_()
    beyond = rest < 1 - clip
    probability = ((1 - clip) - rest).clamp_(min=torch.finfo(z.dtype).tiny)
    cost = (rest + clip).log_().neg_()
    slope = torch.reciprocal(rest + clip)
    if gamma:
        modulator = probability.square().square_() if gamma == 4 else probability.pow(gamma)
        slope.addcdiv_(cost, probability, value=gamma).mul_(modulator)
        cost.mul_(modulator)
    z.addcmul_(rest, rest, value=-1).mul_(slope).mul_(beyond)
    return cost.mul_(beyond)


def log_odds_at_the_minimum(logits: Tensor, gamma: tuple[float, float], clip: float) -> Tensor:
    r"""Return the logarithm of the odds of a label for which these logits minimise the expected loss, unweighted.

    There :math:`\eta f'_{\gamma^+}(-z) = (1 - \eta) f'_{\gamma^-}(z)`. Minus infinity where the clip leaves a
    negative no slope: a label that is ever there has a minimum above it.
    """
    of_negatives, of_positives = gamma
    if not clip:
        return _log_slope(logits, of_negatives) - _log_slope(-logits, of_positives)
    rest = torch.sigmoid(-logits)
    beyond = rest < 1 - clip
    probability = torch.where(beyond, (1 - clip) - rest, 1)
    slope = of_negatives * -torch.log(rest + clip) / probability + 1 / (rest + clip)
    of_clipped = logsigmoid(logits) + logsigmoid(-logits) + of_negatives * probability.log() + slope.log()
    return torch.where(beyond, of_clipped - _log_slope(-logits, of_positives), -torch.inf)


def _log_slope(margin: Tensor, gamma: float) -> Tensor:
    """Return log f'(m), with f' = sigmoid(m)^(1 + gamma) (1 + gamma softplus(m) exp(-m))."""
    bounded = margin.clamp(-60, 60)  # beyond, softplus(m) exp(-m) is 1, and 0
    return (1 + gamma) * logsigmoid(margin) + torch.log1p(gamma * softplus(bounded) * torch.exp(-bounded))
