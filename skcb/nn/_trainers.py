"""What a loss does in Hugging Face's trainer."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def loss_of_trainer(
    loss: Any, outputs: Any, labels: Tensor, num_items_in_batch: float | Tensor | None = None
) -> Tensor:
    """Return the loss of a model's output, over the labels of all batches of the step."""
    logits = outputs["logits"] if isinstance(outputs, Mapping) else getattr(outputs, "logits", None)
    if logits is None:
        raise TypeError(f"the model's output is {type(outputs).__name__}, which has no .logits")
    if loss.weight.device != logits.device:
        loss.to(logits.device)
    if logits.ndim == 3:
        logits, labels = logits.flatten(0, 1), labels.flatten(0, 1)
    if isinstance(num_items_in_batch, Tensor):
        num_items_in_batch = num_items_in_batch.to(logits.device)
    value: Tensor = loss(logits, labels, n_examples=num_items_in_batch)
    return value
