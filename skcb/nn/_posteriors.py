"""From the logits at a minimum back to the probabilities of the data: what undoes weights and focus."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from skcb.nn._checks import values_are_known
from skcb.nn._focal import along_classes

# So many entries at a time, which stay in the cache from one step to the next.
_BLOCK = 1 << 18


def unweighted(log_mass: Callable[[Tensor], Tensor], logits: Tensor, weight: Tensor) -> Tensor:
    """Divide the weights of the classes out of masses, and normalise; a class of weight 0 gets 0.

    The masses are given as a function from logits to their logarithms.
    """
    weight = weight.to(logits.dtype)
    divided = torch.where(weight > 0, -weight.log(), -torch.inf)
    if not logits.is_cpu or logits.ndim > 2 or logits.numel() <= _BLOCK or _is_followed(logits):
        return (log_mass(logits) + along_classes(divided, logits)).softmax(1)
    # The same in blocks of rows: to go through memory costs as much as a softmax does.
    posterior = torch.empty_like(logits, memory_format=torch.contiguous_format)
    size = max(1, _BLOCK // logits.shape[1])
    for start in range(0, len(logits), size):
        block = slice(start, start + size)
        torch.softmax(log_mass(logits[block]) + divided, 1, out=posterior[block])
    return posterior


def _is_followed(logits: Tensor) -> bool:
    return (logits.requires_grad and torch.is_grad_enabled()) or not values_are_known(logits)


def with_rest(log_p: Tensor) -> tuple[Tensor, Tensor]:
    """Return p and 1 - p: only the likeliest class can be near 1, and for it the others are summed."""
    p = log_p.exp()
    likeliest = log_p.argmax(1, keepdim=True)
    others = p.scatter(1, likeliest, 0).sum(1, keepdim=True)
    return p, (1 - p).scatter(1, likeliest, others).clamp(min=torch.finfo(p.dtype).tiny)


def unfocused(log_p: Tensor, gamma: float) -> Tensor:
    r"""Return the logarithm of the mass that a focal loss turns into p, up to a number per example.

    .. math:: -1 / \varphi'(p) = p (1 - p)^{-\gamma} / (1 - \gamma p \log p / (1 - p)),
        \qquad \varphi(p) = -(1 - p)^\gamma \log p

    At the minimum of :math:`\sum_c v_c \varphi(p_c)` all :math:`v_c \varphi'(p_c)` are equal (arXiv 2011.09172).
    """
    p, rest = with_rest(log_p)
    # Below -100 p log p is 0, and infinity times 0 would be NaN; where p is 1 the share is 1.
    share = -log_p.clamp(min=-100) * p / rest
    share = torch.where(rest < torch.finfo(p.dtype).eps, 1, share)
    return log_p - gamma * rest.log() - torch.log1p(gamma * share)


def unfocused_against_the_rest(logits: Tensor, gamma: float) -> Tensor:
    r"""Return the same of sigmoids, each class against the rest: the logarithm of its share of both masses.

    The logarithm of the ratio of the two is :math:`(1 + \gamma) z - \log (1 + \gamma s) + \log (1 + \gamma s')`
    with :math:`s = -e^z \log \sigma(z)` and :math:`s' = -e^{-z} \log \sigma(-z)`, which tend to 1.
    """
    bounded = logits.clamp(-60, 60)
    log_q, odds = logsigmoid(bounded), bounded.exp()
    share, of_rest = -log_q * odds, (bounded - log_q) / odds
    return logsigmoid((1 + gamma) * logits + torch.log((1 + gamma * of_rest) / (1 + gamma * share)))
