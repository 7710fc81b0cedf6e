"""Many runs on one device at a time: the next begins when one has ended, as long as there is time for it."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from cifar10_data import Cifar10
from device_runs import DeviceData, DeviceRun
from runs import Configuration, RatioFolder, Settings

Run = tuple[RatioFolder, Configuration, int, Cifar10, Settings]


def train_side_by_side(
    planned: Iterable[Run],
    *,
    device: str,
    at_a_time: int,
    minutes: float = float("inf"),
    compiled: bool = False,
    keep_logits: bool = False,
) -> Iterator[dict[str, Any]]:
    """Train runs, `at_a_time` of them, in their order; yield each result when it is written.

    No run begins that would not end within so many `minutes`, by the pace of those that have ended. Runs that are
    not through by then stop; they go on from their last checkpoints when the command is given again.
    """
    started, pace = time.perf_counter(), 0.0
    left, held = deque(planned), {}
    running: list[tuple[DeviceRun, Iterator[None]]] = []
    while left or running:
        while left and len(running) < at_a_time:
            folder, configuration, seed, data, settings = left[0]
            needed = pace * settings.epochs * len(data.y_train)
            if time.perf_counter() - started + needed > 60 * minutes:
                print(f"no time left to begin the other {len(left)} runs", flush=True)
                left.clear()
                break
            if id(data) not in held:
                held[id(data)] = DeviceData.put(data, device)
            run = DeviceRun(
                folder, configuration, seed, data=held[id(data)], settings=settings, compiled=compiled,
                keep_logits=keep_logits,
            )  # fmt: skip
            running.append((run, run.train()))
            left.popleft()
        for run, steps in list(running):
            next(steps, None)
            if run.result is not None:
                running.remove((run, steps))
                pace = run.result["seconds_per_epoch"] / len(run.labels)
                yield run.result
        if running and time.perf_counter() - started > 60 * minutes:
            print(f"time is up: {len(running)} runs stop before their end", flush=True)
            return
