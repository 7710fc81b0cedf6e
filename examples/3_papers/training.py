"""One run: the net with the paper's recipe, checkpoints that a kill cannot spoil, and the result."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from cifar10_data import Cifar10
from outcomes import outcome
from resnet import CifarResNet
from runs import Configuration, RatioFolder, Settings, write_json
from skorch.callbacks import Callback, Checkpoint, LoadInitState, LRScheduler
from torch.optim.lr_scheduler import LambdaLR

from skcb import CBNeuralNetClassifier, DeferredReweighting


def train(
    folder: RatioFolder,
    configuration: Configuration,
    seed: int,
    *,
    data: Cifar10,
    settings: Settings,
    device: str = "cpu",
    threads: int | None = None,
    command: int | None = None,
) -> dict[str, Any]:
    """Train to the last epoch, from where the run was stopped if it was, and write the result.

    `threads` are torch's; `command` is the process whose worker this is, if it is one.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    checkpoint = FolderCheckpoint(folder.checkpoint(configuration, seed))
    title = f"{configuration.title}, ratio {folder.imbalance_ratio:g}, seed {seed}"
    net = make_net(configuration, seed, settings=settings, checkpoint=checkpoint, device=device, title=title)
    if command is not None:
        net.callbacks.insert(-1, ("end", EndWithCommand(command)))
    net.fit(torch.tensor(data.x_train, device=device), data.y_train)
    if checkpoint.epoch != settings.epochs:  # skorch ends a fit quietly when it is interrupted
        raise KeyboardInterrupt
    result = outcome(
        configuration,
        seed,
        imbalance_ratio=folder.imbalance_ratio,
        data=data,
        predicted=net.predict(torch.tensor(data.x_test, device=net.device)),
        train_loss=net.history[:, "train_loss"],
        lr=net.history[:, "event_lr"],
        seconds=net.history[:, "dur"],
        device=device,
    )
    write_json(folder.result(configuration, seed), result)
    shutil.rmtree(checkpoint.folder)
    return result


def make_net(
    configuration: Configuration,
    seed: int,
    *,
    settings: Settings,
    checkpoint: "FolderCheckpoint",
    device: str = "cpu",
    title: str = "",
) -> CBNeuralNetClassifier:
    """Return the net with the recipe of the paper, on a schedule of as many epochs as the settings say."""
    loss, beta, gamma = configuration
    callbacks = [
        ("resume", LoadInitState(checkpoint)),
        ("schedule", LRScheduler(LambdaLR, lr_lambda=settings.lr_factor)),
        ("progress", Progress(title)),
        ("checkpoint", checkpoint),  # the last one, so that it holds what the others have written down
    ]
    if loss == "ldam":
        callbacks.insert(1, ("deferred", DeferredReweighting(settings.drops[0] + 1, beta)))
    return CBNeuralNetClassifier(
        CifarResNet,
        module__depth=settings.depth,
        module__width=settings.width,
        module__stride=settings.stride,
        module__cosine=loss == "ldam",
        loss=loss,
        beta=0.0 if loss == "ldam" else beta,
        gamma=gamma,
        optimizer=torch.optim.SGD,
        optimizer__momentum=settings.momentum,
        optimizer__weight_decay=settings.weight_decay,  # which spares the prior bias of sigmoid-based losses
        lr=settings.lr,
        max_epochs=settings.epochs,
        batch_size=settings.batch_size,
        iterator_valid__batch_size=500,
        callbacks=callbacks,
        device=device,
        random_state=seed,
    )


class FolderCheckpoint(Checkpoint):
    """skorch's checkpoint after every epoch, in a folder per epoch that gets its name when it is complete.

    Whenever a run is killed, also while it writes, the folder of the last complete epoch is there to go on from.

    Parameters
    ----------
    folder : Path
        Where the folders of the epochs are.
    """

    def __init__(self, folder: Path) -> None:
        complete = sorted(folder.glob("epoch-*"))
        super().__init__(monitor=None, event_name=None, dirname=str(complete[-1] if complete else folder))
        self.folder = folder

    @property
    def epoch(self) -> int:
        """The epoch of the checkpoint, 0 where there is none."""
        return int(name.rpartition("-")[2]) if (name := Path(self.dirname).name).startswith("epoch-") else 0

    def save_model(self, net: Any) -> None:
        """Save the net in a folder of its own, name that folder, and only then remove the one before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self.folder))
        names = {"f_params": self.f_params, "f_optimizer": self.f_optimizer, "f_criterion": self.f_criterion,
                 "f_history": self.f_history}  # fmt: skip
        # Not by skorch's own save_model, which goes on without a word where a file cannot be written.
        net.save_params(**{kind: str(partial / name) for kind, name in names.items()})
        for path in partial.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        complete = partial.rename(self.folder / f"epoch-{len(net.history):05d}")
        self.dirname = str(complete)
        for other in self.folder.iterdir():
            if other != complete:
                shutil.rmtree(other)


class EndWithCommand(Callback):
    """End a worker after the epoch in which its command was killed, lest it writes where the next command does."""

    def __init__(self, command: int) -> None:
        self.command = command

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Look for the process that gave the command."""
        if os.getppid() != self.command:
            os._exit(1)  # an exception would end this run alone, and leave the worker to the next


class Progress(Callback):
    """Print a line after each epoch."""

    def __init__(self, title: str = "") -> None:
        self.title = title

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Say where a run goes on that was stopped."""
        self.started_ = time.perf_counter()
        self.before_ = len(net.history)
        if net.history:
            print(f"  {self.title}: goes on after epoch {len(net.history)} of {net.max_epochs}", flush=True)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Say how far it is."""
        epoch = len(net.history)
        each = (time.perf_counter() - self.started_) / (epoch - self.before_)
        loss, lr = net.history[-1, ("train_loss", "event_lr")]
        print(
            f"  {self.title}: epoch {epoch} of {net.max_epochs}, learning rate {lr:.2g}, loss {loss:.3f}   "
            f"({each:.1f} s an epoch, {each * (net.max_epochs - epoch) / 60:.1f} min left)",
            flush=True,
        )
