"""Run a piece of work from a seed of its own, and leave the global random states as they were."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int | None, epoch: int, device: object = "cpu") -> Iterator[None]:
    """Seed torch, NumPy and `random` from `seed` and `epoch`, and restore their states afterwards.

    Because the seed of an epoch follows from nothing but these two numbers, a run that was interrupted between
    two epochs goes on as if it had not been. None leaves everything to the global states.
    """
    if seed is None:
        yield
        return
    (state,) = np.random.SeedSequence([seed, epoch]).generate_state(1).tolist()
    legacy, python = np.random.get_state(), random.getstate()  # noqa: NPY002 - what datasets may draw from
    try:
        with torch.random.fork_rng(devices=_accelerators(device)):
            torch.manual_seed(state)
            np.random.seed(state)  # noqa: NPY002
            random.seed(state)
            yield
    finally:
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(python)


def _accelerators(device: object) -> list[int]:
    if device is None or torch.device(device).type != "cuda":  # type: ignore[call-overload]
        return []
    index = torch.device(device).index  # type: ignore[call-overload]
    return [torch.cuda.current_device() if index is None else index]
