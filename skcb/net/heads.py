"""Train the last layer of a fitted net anew, on features that stay as they are."""

import copy
from typing import Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from skcb._checks import check_beta
from skcb.net.criteria import shifts_by_counts, unwrapped
from skcb.nn import NormalizedLinear


def retrain_head(
    net: Any,
    X: Any,
    y: Any,
    beta: float,
    *,
    sample_weight: ArrayLike | None,
    max_epochs: int | None,
    lr: float | None,
) -> Any:
    """Train a new last layer with class-balanced weights, put it in the place of the old, and return the counts.

    Raises
    ------
    ValueError
        If the module does not end in a linear layer, or if the loss shifts by the counts.
    """
    from skcb.net.classifier import CBNeuralNetClassifier

    check_beta(beta)
    criterion, optimizer = net.get_params_for("criterion"), net.get_params_for("optimizer")
    if shifts_by_counts(net.loss, criterion):
        raise ValueError(
            f"loss={net.loss!r} shifts the logits by the counts, so that its decisions are balanced already; "
            + ("train with criterion__tau=0" if net._targets.several else 'train with loss="softmax"')  # noqa: SLF001
            + " and beta=0 to balance the last layer alone"
        )
    if isinstance(X, IterableDataset):
        raise ValueError("a stream has no labels to count; give a dataset, or arrays")  # noqa: TRY004
    X, target = net._check_data(X, y, sample_weight, None, reset=False)  # noqa: SLF001 - of the same package
    layer, features = _features(net, X)
    declared = net._declared_counts()  # noqa: SLF001
    if declared is not None and not net._targets.several:  # noqa: SLF001
        declared = dict(zip(net.classes_.tolist(), declared, strict=True))
    parameters = {
        f"criterion__{name}": value for name, value in criterion.items() if name not in {"beta", "n_samples"}
    }
    parameters |= {  # but for groups, which name parameters of the whole module
        f"optimizer__{name}": value for name, value in optimizer.items() if name not in {"param_groups", "lr"}
    }
    head = CBNeuralNetClassifier(
        Head,
        module__like=layer,
        loss=net.loss,
        beta=beta,
        gamma=net.gamma,
        classes=net.classes_,
        class_counts=declared,
        bias_init=net.bias_init,
        random_state=net.random_state,
        optimizer=net.optimizer,
        lr=net.lr if lr is None else lr,
        max_epochs=net.max_epochs if max_epochs is None else max_epochs,
        batch_size=net.batch_size,
        device=net.device,
        **parameters,
    ).fit(features, target.y, sample_weight=target.weight)
    with torch.no_grad():
        for parameter, new in zip(layer.parameters(), head.module_.layer.parameters(), strict=True):
            parameter.copy_(new)
    return unwrapped(head.criterion_).counted  # type: ignore[union-attr]


class Head(nn.Module):
    """A layer like another, from anew.

    Parameters
    ----------
    like : Module
        The layer, which is left alone.
    """

    def __init__(self, like: Any) -> None:
        super().__init__()
        self.layer = copy.deepcopy(like).cpu().requires_grad_(requires_grad=True)
        self.layer.reset_parameters()

    def forward(self, features: Tensor) -> Any:
        """Return the logits."""
        return self.layer(features)


def _features(net: Any, X: Any) -> tuple[nn.Module, Tensor]:
    """Return the layer that gives the logits, and what it is given for the rows of X, without a gradient."""
    module = net.module_
    layers = [part for part in module.modules() if isinstance(part, nn.Linear | NormalizedLinear)]
    if not layers:
        raise ValueError(f"{type(module).__name__} has no linear layer to be trained again")
    layer = layers[-1]
    if "weight" not in dict(layer.named_parameters(recurse=False)):
        raise ValueError(
            f"the weight of {layer} is computed from other parameters, so that it cannot be set; remove its "
            "parametrization before"
        )
    seen: list[tuple[Tensor, Tensor]] = []

    def keep(_: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        seen.append((inputs[0].detach().cpu(), output))

    features = []
    hook = layer.register_forward_hook(keep)
    try:
        for output in net.forward_iter(X, device=net.device):
            logits = output[0] if isinstance(output, tuple) else output
            if len(seen) != 1 or seen[0][1].shape != logits.shape or not torch.equal(seen[0][1], logits):
                raise ValueError(
                    f"the output of {type(module).__name__} is not that of its last linear layer, {layer}, so "
                    "that this one cannot be trained apart from the rest"
                )
            features.append(seen.pop()[0])
    finally:
        hook.remove()
    return layer, torch.cat(features)
