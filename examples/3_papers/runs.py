"""What is run: losses, schedule and network, and the files of a results folder in which they end up."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

LOSSES = ("softmax", "sigmoid", "focal", "ldam", "logit_adjusted")
DEFERRED_BETA = 0.9999  # of LDAM's deferred weights, where no beta above 0 is asked for


class Configuration(NamedTuple):
    """A loss and its parameters. The beta of LDAM is that of its deferred weights; gamma is None without focus."""

    loss: str
    beta: float
    gamma: float | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        if self.loss == "ldam":
            return "LDAM, deferred weights"
        if self.loss == "logit_adjusted":
            return "logit adjustment"
        focus = "" if self.gamma is None else f", gamma {self.gamma:g}"
        return f"{'class-balanced ' if self.beta else ''}{self.loss}{focus}"

    @property
    def is_among_the_first(self) -> bool:
        """Whether it answers the first questions: the paper's best, its rivals, and what came later."""
        if self.loss == "focal":
            return bool(self.beta) and self.gamma == 1
        return bool(self.beta) or self.loss in {"softmax", "logit_adjusted"}

    @property
    def name(self) -> str:
        """The beginning of its file names."""
        focus = "" if self.gamma is None else f"_gamma-{self.gamma:g}"
        return f"{self.loss}{focus}_beta-{self.beta:g}"


def configurations(losses: Iterable[str], betas: Sequence[float], gammas: Sequence[float]) -> list[Configuration]:
    """Return every loss with every beta and gamma that it takes.

    Gamma is the focal loss's alone. The weights of LDAM are deferred, with the betas above 0; logit adjustment
    shifts by the prior and weights nothing.
    """
    found = []
    for loss in losses:
        if loss == "logit_adjusted":
            found.append(Configuration(loss, 0.0))
        elif loss == "ldam":
            found += [Configuration(loss, beta) for beta in betas if beta] or [Configuration(loss, DEFERRED_BETA)]
        else:
            focus = gammas if loss == "focal" else [None]
            found += [Configuration(loss, beta, gamma) for gamma in focus for beta in betas]
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Settings:
    """What runs that are compared must share: the schedule, the network and, by their fingerprint, the data."""

    epochs: int = 200
    depth: int = 32
    width: int = 16
    stride: int = 1
    batch_size: int = 128
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 2e-4
    precision: str = "float32"
    mixup: bool = False
    data: str = ""

    @property
    def warm_up(self) -> int:
        """Epochs over which the learning rate rises: five, or a tenth of all where those are fewer than 50."""
        return max(1, min(5, self.epochs // 10))

    @property
    def drops(self) -> tuple[int, int]:
        """Epochs after which the learning rate falls to a hundredth."""
        return self.epochs * 8 // 10, self.epochs * 9 // 10

    def lr_factor(self, epoch: int) -> float:
        """Factor on the learning rate in an epoch, counted from 0."""
        if epoch < self.warm_up:
            return (epoch + 1) / self.warm_up
        return 0.01 ** sum(epoch >= drop for drop in self.drops)

    @property
    def is_the_papers(self) -> bool:
        """Whether schedule and network are those of the paper, in whatever precision."""
        return self == Settings(precision=self.precision, data=self.data)

    @property
    def network(self) -> str:
        """The network in words."""
        width = "" if self.width == 16 else f", width {self.width}"
        stride = "" if self.stride == 1 else f", stem of stride {self.stride}"
        return f"ResNet-{self.depth}{width}{stride}"


class RatioFolder:
    """The part of a results folder that belongs to one imbalance ratio: its settings, and a file per run."""

    def __init__(self, results: Path, imbalance_ratio: float) -> None:
        self.path = results / f"ratio-{imbalance_ratio:g}"
        self.imbalance_ratio = imbalance_ratio

    def check(self, settings: Settings) -> None:
        """Raise an error if the folder holds runs with other settings."""
        held = self.settings()
        if held is None:
            return
        wanted = asdict(settings)
        differing = {name: value for name, value in asdict(held).items() if value != wanted[name]}
        if differing:
            raise ValueError(
                f"{self.path} holds runs with other settings: "
                + ", ".join(f"{name}={value!r} there, {wanted[name]!r} here" for name, value in differing.items())
                + "; give another results folder, or these settings"
            )

    def settings(self) -> Settings | None:
        """Return the settings of the runs in it, None where there are none."""
        path = self.path / "settings.json"
        if not path.exists():
            return None
        try:
            return Settings(**read_json(path))
        except TypeError as error:
            raise ValueError(f"{path} does not hold the settings of runs: {error}") from error

    def keep(self, settings: Settings) -> None:
        """Write the settings down."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "settings.json", asdict(settings))

    def result(self, configuration: Configuration, seed: int) -> Path:
        """Return the file of a finished run."""
        return self.path / f"{configuration.name}_seed-{seed}.json"

    def checkpoint(self, configuration: Configuration, seed: int) -> Path:
        """Return the folder of an unfinished run."""
        return self.path / f"{configuration.name}_seed-{seed}.checkpoint"

    def results(self) -> list[dict[str, Any]]:
        """Read all finished runs."""
        found = []
        for path in sorted(self.path.glob("*_seed-*.json")):
            result = read_json(path)
            missing = {"loss", "beta", "gamma", "seed", "error", "recall", "device"} - set(result)
            if missing:
                raise ValueError(f"{path} is no result of a run: it has no {', '.join(sorted(missing))}")
            found.append(result)
        return found


def ratio_folders(results: Path) -> list[RatioFolder]:
    """Find what a results folder holds, the largest imbalance ratio first."""
    ratios = [float(path.parent.name.removeprefix("ratio-")) for path in results.glob("ratio-*/settings.json")]
    return [RatioFolder(results, ratio) for ratio in sorted(ratios, reverse=True)]


def read_json(path: Path) -> dict[str, Any]:
    """Read a file; an error names it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} does not hold a JSON object")  # noqa: TRY004 - of the file, not of an argument
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file such that it is there whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    partial.replace(path)
