"""One run on a device: all images lie there, and a step is recorded once, as a CUDA graph, and then replayed.

On a GPU a net this small waits for the processor, which starts hundreds of kernels for each batch. A recorded
step is started as a whole, and none of it waits for a number, so that the steps of several runs overlap on one
device. On a CPU the same steps are computed one by one.
"""

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from cifar10_data import N_CLASSES, Cifar10
from flat_sgd import FlatSGD
from outcomes import outcome
from resnet import CifarResNet, augmented
from runs import Configuration, RatioFolder, Settings, write_json
from torch import Tensor
from torch.nn.functional import one_hot

from skcb.nn import (
    CBCrossEntropyLoss,
    CBFocalLoss,
    CBSigmoidLoss,
    ClassWeightedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    parameter_groups,
    prior_bias_,
)

LOSS_CLASSES: dict[str, type[ClassWeightedLoss]] = {
    "softmax": CBCrossEntropyLoss,
    "sigmoid": CBSigmoidLoss,
    "focal": CBFocalLoss,
    "ldam": LDAMLoss,
    "logit_adjusted": LogitAdjustedLoss,
}
TEST_BATCH = 1000
WARM_UPS = 3  # steps before one is recorded, in which libraries choose their algorithms and take their memory
AHEAD = 1  # epochs that may wait in the device's queue while one is computed


class DeviceData(NamedTuple):
    """The images and labels, and where they lie."""

    host: Cifar10
    x_train: Tensor
    y_train: Tensor
    x_test: Tensor

    @classmethod
    def put(cls, data: Cifar10, device: str) -> Self:
        """Copy them to the device."""
        labels = torch.from_numpy(data.y_train.astype(np.int64))
        held = cls(
            data,
            torch.from_numpy(data.x_train).to(device),
            labels.to(device),
            torch.from_numpy(data.x_test).to(device),
        )
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize(device)  # other streams read them
        return held


class DeviceRun:
    """Train a net with the paper's recipe by steps that wait for nothing.

    Parameters
    ----------
    folder : RatioFolder
        Where the result goes, and the checkpoints, ten of them.
    configuration, seed, settings
        What to train, as `training.train` takes them.
    data : DeviceData
        May be shared between runs.
    compiled : bool, default=False
        Whether torch.compile fuses the operations between the convolutions.
    keep_logits : bool, default=False
        Whether the logits of the test images are written as well.

    Attributes
    ----------
    result : dict or None
        What the file of the result holds, after the last epoch.
    seconds : list of float
        By the clock, of each epoch: with everything else that the device did meanwhile.
    """

    def __init__(
        self,
        folder: RatioFolder,
        configuration: Configuration,
        seed: int,
        *,
        data: DeviceData,
        settings: Settings,
        compiled: bool = False,
        keep_logits: bool = False,
    ) -> None:
        self.folder, self.configuration, self.seed = folder, configuration, seed
        self.data, self.settings = data, settings
        self.compiled, self.keep_logits = compiled, keep_logits
        self.title = f"{configuration.title}, ratio {folder.imbalance_ratio:g}, seed {seed}"
        self.checkpoint = folder.checkpoint(configuration, seed).with_suffix(".pt")
        self.epoch = 0
        self.seconds: list[float] = []
        self.clock = time.perf_counter()
        self.result: dict[str, Any] | None = None
        device = data.x_train.device
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.ends: deque[torch.cuda.Event] = deque()
        n_images, batch = len(data.y_train), settings.batch_size
        self.sizes = [batch] * (n_images // batch) + [n_images % batch] * (n_images % batch > 0)
        with self.here():
            self._build(device)
            self.graphs = self._record() if self.stream else {}
            if self.checkpoint.exists():
                self._resume()

    def here(self) -> AbstractContextManager[Any]:
        """Return a context in which operations join the queue of this run."""
        return torch.cuda.stream(self.stream) if self.stream else nullcontext()

    def uncompiled(self) -> AbstractContextManager[Any]:
        """Return a context without torch.compile, for what is too rare to be worth its time."""
        return torch.compiler.set_stance("force_eager") if self.compiled else nullcontext()

    def train(self) -> Iterator[None]:
        """Train to the last epoch and write the result; pause after every step is in the queue."""
        every = max(1, self.settings.epochs // 10)
        self.clock = time.perf_counter()
        while self.epoch < self.settings.epochs:
            self.begin_epoch()
            for size in self.sizes:
                self.advance(size)
                yield
            self.end_epoch()
            if self.epoch % every == 0 and self.epoch < self.settings.epochs:
                self.wait(0)
                self.save()
                self.report()
        self.wait(0)
        self.finish()

    def begin_epoch(self) -> None:
        """Draw the order of the images, their crops and sides, and set what holds for the epoch."""
        settings, beta = self.settings, self.configuration.beta
        with self.here():
            self.generator.manual_seed(int(np.random.SeedSequence([self.seed, self.epoch]).generate_state(1)[0]))
            order = torch.randperm(
                len(self.labels), generator=self.generator, device=self.labels.device, dtype=torch.int64
            )
            images, labels = augmented(self.data.x_train[order], self.generator), self.data.y_train[order]
            if settings.mixup:
                images, labels = mixed(images, labels, self.generator)
            self.images.copy_(images)
            self.labels.copy_(labels)
            self.position.zero_()
            self.sgd.lr.fill_(self.lr(self.epoch))
            if self.configuration.loss == "ldam" and (self.epoch >= settings.drops[0]) != (self.loss.beta > 0):
                self.loss.beta = beta if self.epoch >= settings.drops[0] else 0.0
                self.loss.set_counts(self.loss.counts)  # in place, where the recorded step reads

    def advance(self, size: int) -> None:
        """Take a step, of the next `size` images."""
        with self.here():
            if self.stream:
                self.graphs[size].replay()
            else:
                self.step(size)

    def step(self, size: int) -> None:
        """Compute a step; nothing in it may depend on a number that the device has yet to find."""
        rows = self.position + self.offsets[:size]
        with nullcontext() if size == self.settings.batch_size else self.uncompiled():
            logits = self.net(self.images.index_select(0, rows))
        loss = self.loss(logits, self.labels.index_select(0, rows))
        self.sgd.step(torch.autograd.grad(loss, self.sgd.parameters))
        self.loss_sum.add_(loss.detach(), alpha=size)
        self.position.add_(size)

    def end_epoch(self) -> None:
        """Note the loss, and hold the processor back if it is too far ahead."""
        with self.here():
            self.losses[self.epoch].copy_(self.loss_sum / len(self.labels))
            self.loss_sum.zero_()
            if self.stream:
                self.ends.append(self.stream.record_event())
            else:
                self._tick()
        self.epoch += 1
        self.wait(AHEAD)

    def wait(self, ahead: int) -> None:
        """Wait until at most so many epochs are in the queue."""
        while len(self.ends) > ahead:
            self.ends.popleft().synchronize()
            self._tick()

    def lr(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        return self.settings.lr * self.settings.lr_factor(epoch)

    @torch.no_grad()
    def test_logits(self) -> np.ndarray:
        """Return the logits of the test images."""
        self.net.eval()
        with self.here(), self.uncompiled():
            logits = torch.cat([self.net(part) for part in self.data.x_test.split(TEST_BATCH)]).cpu()
        self._train_mode()
        return logits.numpy()

    def save(self) -> None:
        """Write a checkpoint, such that the one before is there until this one is."""
        partial = self.checkpoint.with_name(f"{self.checkpoint.name}.{os.getpid()}.partial")
        with self.here(), partial.open("wb") as file:
            tensors = {name: tensor.cpu() for name, tensor in self._tensors().items()}
            torch.save({"epoch": self.epoch, "seconds": self.seconds, "tensors": tensors}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.checkpoint)

    def report(self) -> None:
        """Print how far it is."""
        error = 1 - (self.test_logits().argmax(1) == self.data.host.y_test).mean()
        with self.here():
            loss = self.losses[self.epoch - 1].item()
        print(
            f"  {self.title}: epoch {self.epoch} of {self.settings.epochs}, loss {loss:.3f}, test error "
            f"{100 * error:.2f} %   ({np.median(self.seconds):.2f} s an epoch)",
            flush=True,
        )

    def finish(self) -> None:
        """Test the net, write the result and remove the checkpoint."""
        logits = self.test_logits()
        with self.here():
            losses = self.losses.tolist()
        self.result = outcome(
            self.configuration,
            self.seed,
            imbalance_ratio=self.folder.imbalance_ratio,
            data=self.data.host,
            predicted=logits.argmax(1),
            train_loss=losses,
            lr=[self.lr(epoch) for epoch in range(self.settings.epochs)],
            seconds=self.seconds,
            device=str(self.data.x_train.device),
        )
        path = self.folder.result(self.configuration, self.seed)
        if self.keep_logits:
            np.save(path.with_suffix(".logits.npy"), logits.astype(np.float16))
        write_json(path, self.result)
        self.checkpoint.unlink(missing_ok=True)

    def _build(self, device: torch.device) -> None:
        settings, (name, beta, gamma) = self.settings, self.configuration
        counts = np.bincount(self.data.host.y_train, minlength=N_CLASSES)
        focus = {} if gamma is None else {"gamma": gamma}
        self.loss = LOSS_CLASSES[name](counts, beta=0.0 if name == "ldam" else beta, **focus).to(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            net = CifarResNet(
                N_CLASSES,
                depth=settings.depth,
                width=settings.width,
                stride=settings.stride,
                cosine=self.loss.term.wants_cosines,
            )
        if self.loss.term.starts_from_prior:
            prior_bias_(net.logits, N_CLASSES)
        self.net = net.to(device)
        groups = (
            parameter_groups(net, settings.weight_decay, layer=net.logits)
            if self.loss.term.starts_from_prior
            else [{"params": list(net.parameters()), "weight_decay": settings.weight_decay}]
        )
        self.sgd = FlatSGD(net, groups, momentum=settings.momentum, precision=getattr(torch, settings.precision))
        self._train_mode()
        if self.compiled:
            for block in net.blocks:  # one by one: those of a stage are compiled once, also for the other runs
                block.compile(dynamic=False)
        self.generator = torch.Generator(device)
        self.images, self.labels = torch.empty_like(self.data.x_train), torch.empty_like(self.data.y_train)
        if settings.mixup:
            self.labels = torch.empty(len(self.labels), N_CLASSES, device=device)
        self.offsets = torch.arange(max(self.sizes), device=device)
        self.position = torch.zeros((), dtype=torch.int64, device=device)
        self.loss_sum = torch.zeros((), device=device)
        self.losses = torch.zeros(settings.epochs, device=device)

    def _train_mode(self) -> None:
        self.net.train()
        self.net.images.eval()  # those of a training epoch are drawn before it begins

    def _record(self) -> dict[int, torch.cuda.CUDAGraph]:
        """Record a step of each size, and leave everything as it was before."""
        torch.backends.cudnn.benchmark = True
        before = {name: tensor.clone() for name, tensor in self._tensors().items()}
        self.begin_epoch()
        for size in dict.fromkeys(self.sizes):
            for _ in range(WARM_UPS):
                self.position.zero_()
                self.step(size)
        graphs: dict[int, torch.cuda.CUDAGraph] = {}
        pool = torch.cuda.graph_pool_handle()  # one: the graphs of a run are never replayed at the same time
        for size in dict.fromkeys(self.sizes):
            graphs[size] = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graphs[size], pool=pool, stream=self.stream):
                self.step(size)
        self._load(before)
        return graphs

    def _resume(self) -> None:
        held = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        self._load(held["tensors"])
        self.epoch, self.seconds = held["epoch"], held["seconds"]
        print(f"  {self.title}: goes on after epoch {self.epoch} of {self.settings.epochs}", flush=True)

    def _tensors(self) -> dict[str, Tensor]:
        """Return what a step changes and a checkpoint keeps."""
        own = {"value": self.sgd.value, "velocity": self.sgd.velocity, "losses": self.losses}
        return {**own, "loss_sum": self.loss_sum, **dict(self.net.named_buffers(prefix="net"))}

    def _load(self, tensors: dict[str, Tensor]) -> None:
        for name, tensor in self._tensors().items():
            tensor.copy_(tensors[name])
        self.sgd.refresh()

    def _tick(self) -> None:
        before, self.clock = self.clock, time.perf_counter()
        self.seconds.append(self.clock - before)


def mixed(images: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mix each image with another in shares drawn evenly from 0 to 1, and their labels (arXiv:1710.09412)."""
    n_images, device = len(images), images.device
    share = torch.rand(n_images, generator=generator, device=device)
    partner = torch.randperm(n_images, generator=generator, device=device)
    of_each = share.view(-1, 1, 1, 1)
    images = (of_each * images + (1 - of_each) * images[partner]).round_().to(images.dtype)
    probability = one_hot(labels, N_CLASSES).float()
    return images, share.unsqueeze(1) * probability + (1 - share).unsqueeze(1) * probability[partner]
