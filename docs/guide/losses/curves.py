"""Draw what a loss asks of one example: its value and its gradient, as the logit of the true class moves."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from skcb.plotting import style

plt.rcParams.update(style.RC)

#: The classes of these pages: their training samples, and the colour that each has in every picture.
COUNTS = [5000, 500, 50]
CLASSES = {"common": (0, style.BLUE), "rare": (2, style.VERMILION)}
LINES = ["-", "--", ":"]


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
    _, axes = plt.subplots(1, 2, figsize=(8.4, 3.6))
    for (name, loss), line in zip(losses.items(), LINES, strict=False):
        for kind in classes:
            true, color = CLASSES[kind]
            label = f"{kind} class, {name}" if name else f"{kind} class"
            for ax, curve in zip(axes, slopes(loss, true, logits, others=others), strict=True):
                ax.plot(logits, curve, line, color=color, label=label)
    finish(axes, xlabel)


def finish(axes: Any, xlabel: str) -> None:
    """Name the two pictures and their axes."""
    axes[0].set(title="loss of one example", xlabel=xlabel)
    axes[1].set(title="gradient by that logit", xlabel=xlabel)
    for ax in axes:
        ax.grid(visible=True)
    axes[0].legend(fontsize=style.SMALL)
    plt.show()


def draw_sides(losses: dict[str, Any], *, label: int = 1) -> None:
    """Draw a loss of several labels: an example that has the label, and one that has not."""
    logits = np.linspace(-6, 6, 241)
    _, axes = plt.subplots(1, 2, figsize=(8.4, 3.6))
    for (name, loss), line in zip(losses.items(), LINES, strict=False):
        for side, color in (("has the label", style.VERMILION), ("has not", style.BLUE)):
            z = torch.zeros(len(logits), len(loss.counts), dtype=torch.float64)
            z[:, label] = torch.tensor(logits)
            z.requires_grad_()
            value = loss.double()(z, torch.full_like(z, float(side == "has the label")))[:, label]
            value.sum().backward()
            for ax, curve in zip(axes, (value.detach(), z.grad[:, label]), strict=True):
                ax.plot(logits, curve, line, color=color, label=f"{side}, {name}")
    finish(axes, "logit of the label")
