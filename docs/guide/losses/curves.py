"""Draw what a loss asks of one example: its value and its gradient, as the logit of the true class moves."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

#: The classes of these pages: their training samples, and the colour that each has in every picture.
COUNTS = [5000, 500, 50]
CLASSES = {"common": (0, "#0072b2"), "rare": (2, "#d55e00")}
STYLES = ["-", "--", ":"]


def slopes(loss: Any, true: int, logits: np.ndarray, *, others: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss of an example of class `true`, and by autograd its derivative by the logit of that class."""
    z = torch.full((len(logits), len(COUNTS)), others, dtype=torch.float64)
    z[:, true] = torch.tensor(logits)
    z.requires_grad_()
    value = loss.double()(z, torch.full((len(z),), true))
    value.sum().backward()
    return value.detach().numpy(), z.grad[:, true].numpy()


def draw(
    losses: dict[str, Any],
    *,
    span: tuple[float, float] = (-6, 6),
    others: float = 0.0,
    classes: tuple[str, ...] = ("common", "rare"),
    xlabel: str = "logit of the true class (the others stay)",
) -> None:
    """Draw losses, each built with ``reduction="none"``: a colour for each class, a line style for each loss."""
    logits = np.linspace(*span, 241)
    _, axes = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
    for (name, loss), style in zip(losses.items(), STYLES, strict=False):
        for kind in classes:
            true, color = CLASSES[kind]
            label = f"{kind} class, {name}" if name else f"{kind} class"
            for ax, curve in zip(axes, slopes(loss, true, logits, others=others), strict=True):
                ax.plot(logits, curve, style, color=color, linewidth=2, label=label)
    finish(axes, xlabel)


def finish(axes: Any, xlabel: str) -> None:
    """Name the two pictures and their axes."""
    axes[0].set(title="loss of one example", xlabel=xlabel)
    axes[1].set(title="gradient by that logit", xlabel=xlabel)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(visible=True, alpha=0.25, linewidth=0.6)
    axes[0].legend(frameon=False, fontsize=10)
    plt.show()


def draw_sides(losses: dict[str, Any], *, label: int = 1) -> None:
    """Draw a loss of several labels: an example that has the label, and one that has not."""
    logits = np.linspace(-6, 6, 241)
    _, axes = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
    for (name, loss), style in zip(losses.items(), STYLES, strict=False):
        for side, color in (("has the label", "#d55e00"), ("has not", "#0072b2")):
            z = torch.zeros(len(logits), len(loss.counts), dtype=torch.float64)
            z[:, label] = torch.tensor(logits)
            z.requires_grad_()
            value = loss.double()(z, torch.full_like(z, float(side == "has the label")))[:, label]
            value.sum().backward()
            for ax, curve in zip(axes, (value.detach(), z.grad[:, label]), strict=True):
                ax.plot(logits, curve, style, color=color, linewidth=2, label=f"{side}, {name}")
    finish(axes, "logit of the label")
