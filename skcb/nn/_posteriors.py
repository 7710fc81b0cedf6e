"""From the logits at a minimum back to the probabilities of the data: what undoes weights and focus."""

import math

import torch
from torch import Tensor

from skcb.nn._focal import along_classes


def log_of_the_rest(log_p: Tensor) -> Tensor:
    """log(1 - p): only the likeliest class can be near 1, and for it the others are summed."""
    likeliest = log_p.argmax(1, keepdim=True)
    rest = log_p.scatter(1, likeliest, torch.finfo(log_p.dtype).min)
    return torch.log1p(-rest.exp()).scatter(1, likeliest, rest.logsumexp(1, keepdim=True))


def unfocused(log_p: Tensor, log_rest: Tensor, gamma: float) -> Tensor:
    r"""Return the logarithm of the mass that a focal loss turns into p, up to a number per example.

    .. math:: -1 / \varphi'(p) = p (1 - p)^{-\gamma} / (1 - \gamma p \log p / (1 - p)),
        \qquad \varphi(p) = -(1 - p)^\gamma \log p

    At the minimum of :math:`\sum_c v_c \varphi(p_c)` all :math:`v_c \varphi'(p_c)` are equal (arXiv 2011.09172).
    """
    bounded = log_p.clamp(min=-100)  # beyond, p log p is 0, and infinity times 0 would be NaN
    share = -bounded * bounded.exp() / log_rest.exp()
    share = torch.where(log_rest < math.log(torch.finfo(log_p.dtype).eps), 1, share)  # its limit where p is 1
    return log_p - gamma * log_rest - torch.log1p(gamma * share)


def unweighted(log_mass: Tensor, weight: Tensor) -> Tensor:
    """Divide the weight of each class out, and normalise; a class of weight 0 was not trained on, and gets 0."""
    weight = weight.to(log_mass.dtype)
    divided = torch.where(weight > 0, -weight.log(), -torch.inf)
    return (log_mass + along_classes(divided, log_mass)).softmax(1)
