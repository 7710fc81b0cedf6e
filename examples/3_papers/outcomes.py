"""The result of a run, as its file holds it and report.py reads it."""

import platform
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from cifar10_data import N_CLASSES, Cifar10
from runs import Configuration

import skcb


def outcome(
    configuration: Configuration,
    seed: int,
    *,
    imbalance_ratio: float,
    data: Cifar10,
    predicted: np.ndarray,
    train_loss: Sequence[float],
    lr: Sequence[float],
    seconds: Sequence[float],
    device: str,
) -> dict[str, Any]:
    """Return the test error after the last epoch, the recall of each class, and how they came about.

    `train_loss`, `lr` and `seconds` have one entry per epoch.
    """
    right = predicted == data.y_test
    return {
        **configuration._asdict(),
        "seed": seed,
        "imbalance_ratio": imbalance_ratio,
        "error": float(1 - right.mean()),
        "recall": [float(right[data.y_test == label].mean()) for label in range(N_CLASSES)],
        "class_count": np.bincount(data.y_train).tolist(),
        "train_loss": list(train_loss),
        "lr": list(lr),
        "seconds_per_epoch": float(np.median(seconds)),
        "device": device_name(device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "skcb": skcb.__version__},
    }


def device_name(device: str) -> str:
    """Return the name of a device, as a reader of the table wants it."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}"
