"""Momentum SGD on all parameters of a net as one vector, in few operations that wait for nothing."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class FlatSGD:
    """Stochastic gradient descent with momentum and weight decay, as torch's, without its loops over parameters.

    The learning rate is a tensor, so that a recorded step sees it change.

    Parameters
    ----------
    net : Module
        Its parameters become views of one vector. Weights of convolutions lie as ``channels_last`` has it.
    groups : iterable of dict
        ``"params"`` with their ``"weight_decay"``, which together are all parameters of `net`.
    momentum : float
        The share of the last step that is taken again.
    precision : torch.dtype
        In which convolutions are computed. If it is not float32 their weights become copies in that precision,
        made after each step.

    Attributes
    ----------
    value, velocity : Tensor of shape (n_parameters,)
        The parameters and the momentum, float32.
    lr : Tensor of shape ()
        The learning rate.
    """

    def __init__(
        self, net: nn.Module, groups: Iterable[dict[str, Any]], *, momentum: float, precision: torch.dtype
    ) -> None:
        self.parameters = list(net.parameters())
        self.momentum = momentum
        device = self.parameters[0].device
        n_parameters = sum(parameter.numel() for parameter in self.parameters)
        self.value, self.velocity, self.gradient = torch.zeros(3, n_parameters, device=device)
        self.lr = torch.zeros((), device=device)
        decay_of = {id(each): group["weight_decay"] for group in groups for each in group["params"]}
        self.decay = torch.cat(
            [torch.full((each.numel(),), decay_of[id(each)], device=device) for each in self.parameters]
        )
        values, self.gradients = self._views(self.value), self._views(self.gradient)
        self.copied: list[tuple[Tensor, Tensor]] = []
        for parameter, value in zip(self.parameters, values, strict=True):
            value.copy_(parameter.detach())
            if parameter.ndim == 4 and precision != torch.float32:
                parameter.data = value.to(precision)
                self.copied.append((parameter.detach(), value))
            else:
                parameter.data = value

    def _views(self, vector: Tensor) -> list[Tensor]:
        parts = vector.split([parameter.numel() for parameter in self.parameters])
        return [_like(parameter, part) for parameter, part in zip(self.parameters, parts, strict=True)]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Move against the gradients, one for each parameter."""
        for dtype in dict.fromkeys(gradient.dtype for gradient in gradients):  # one kernel copies those of a kind
            of_a_kind = [(to, of) for to, of in zip(self.gradients, gradients, strict=True) if of.dtype == dtype]
            _copy(of_a_kind)
        self.gradient.addcmul_(self.value, self.decay)
        self.velocity.mul_(self.momentum).add_(self.gradient)
        self.value.addcmul_(self.velocity, self.lr, value=-1)
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Copy the weights that are computed in another precision."""
        _copy(self.copied)


def _like(parameter: Tensor, part: Tensor) -> Tensor:
    if parameter.ndim != 4:
        return part.view(parameter.shape)
    n_out, n_in, height, width = parameter.shape
    return part.view(n_out, height, width, n_in).permute(0, 3, 1, 2)


def _copy(pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
    if pairs:
        torch._foreach_copy_(*map(list, zip(*pairs, strict=True)))
