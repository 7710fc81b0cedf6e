"""Contenders take turns, so that a disturbance strikes all alike; a ratio is the median of those within turns."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Turns(NamedTuple):
    """What each contender took, turn by turn."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Median seconds of a contender."""
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, other: str) -> float:
        """Median over the turns of a contender's time over another's."""
        return statistics.median(a / b for a, b in zip(self.seconds[name], self.seconds[other], strict=True))

    def difference(self, name: str, other: str) -> float:
        """Median over the turns of a contender's time less another's."""
        return statistics.median(a - b for a, b in zip(self.seconds[name], self.seconds[other], strict=True))


def seconds(call: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of a call."""
    start = clock()
    call()
    return clock() - start


def take_turns(
    contenders: Mapping[str, Callable[[], Any]],
    rounds: int,
    *,
    measure: Callable[[Callable[[], Any]], float] = seconds,
    warm_up: bool = True,
) -> Turns:
    """Measure each contender once in every turn; in every other turn they go in reverse order.

    `measure` gives the seconds of a contender; for one that takes its own time it is ``lambda call: call()``.
    """
    if warm_up:
        for call in contenders.values():
            measure(call)
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name in list(contenders)[:: -1 if turn % 2 else 1]:
            taken[name].append(measure(contenders[name]))
    return Turns(taken)
