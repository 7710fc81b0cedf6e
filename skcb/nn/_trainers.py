"""What a loss does in Hugging Face's trainer."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def loss_of_trainer(
    loss: Any, outputs: Any, labels: Tensor, num_items_in_batch: float | Tensor | None = None
) -> Tensor:
    """Return the loss of a model's output, over the labels of all batches of the step."""
    logits = outputs["logits"] if isinstance(outputs, Mapping) else getattr(outputs, "logits", None)
    if logits is None:
        raise TypeError(f"the model's output is {type(outputs).__name__}, which has no .logits")
    if labels is None:
        raise ValueError("the batch has no labels: name their column label or labels, which the trainer looks for")
    if loss.weight.device != logits.device:
        loss.to(logits.device)
    labels = torch.as_tensor(labels, device=logits.device)
    if logits.ndim == 3:
        logits, labels = logits.flatten(0, 1), labels.flatten(0, 1)
    if loss.takes_indicators:  # its own mark, NaN, a trainer would count
        labels = labels.to(logits.dtype).masked_fill(labels == loss.ignore_index, torch.nan)
    if num_items_in_batch is not None:
        # With several devices in one process the number comes once for each; without any label it is 0.
        count = torch.as_tensor(num_items_in_batch, device=logits.device).flatten()[0]
        num_items_in_batch = count.clamp(min=1)
    value: Tensor = loss(logits, labels, n_examples=num_items_in_batch)
    return value
