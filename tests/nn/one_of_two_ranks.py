"""What one process, or each of two, trains for ``test_trainers.py``, and saves for it to compare."""

import os
import sys
from pathlib import Path

import lightning
import numpy as np
import torch
import transformers
from accelerate import Accelerator
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset

from skcb.nn import CBCrossEntropyLoss, ClassBalancedSampler

COUNTS = [300, 40, 8]
# Read once: Lightning takes them out of the environment when it is done.
RANK, SIZE = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
RARE = np.repeat([0, 1, 2], [90, 8, 2])


def small():
    """A tiny model's configuration."""
    return transformers.BertConfig(
        vocab_size=30,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=3,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def sentences(of_tokens, n=32):
    """Sentences with a label, with labels of some of their tokens, or with several of which some are not known."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        tokens = rng.integers(1, 30, size=8)
        if of_tokens == "several":
            yield {"input_ids": tokens, "labels": rng.choice([0.0, 1.0, -100.0], 3, p=[0.5, 0.2, 0.3])}
            continue
        labels = np.where(rng.random(8) < 0.5, rng.choice(3, 8, p=[0.8, 0.15, 0.05]), -100)
        # The number of labels differs from batch to batch, which a mean of means gets wrong.
        yield {"input_ids": tokens, "labels": labels if of_tokens else int(rng.choice(3, p=[0.8, 0.15, 0.05]))}


def trained(folder, of_tokens, loss, steps, batch):
    """A trainer, and the parameters that it has trained."""
    torch.manual_seed(0)
    kind = "BertForTokenClassification" if of_tokens is True else "BertForSequenceClassification"
    model = getattr(transformers, kind)(small())
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=steps,
        max_steps=4,
        learning_rate=0.01,
        optim="sgd",
        max_grad_norm=1e9,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        seed=0,
    )
    trainer = transformers.Trainer(
        model, arguments, train_dataset=list(sentences(of_tokens)), compute_loss_func=loss.for_trainer()
    )
    trainer.train()
    return trainer, torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


class Classifier(lightning.LightningModule):
    """Accumulates by hand, or leaves all to Lightning."""

    def __init__(self, loss, whole=None):
        super().__init__()
        torch.manual_seed(0)
        self.model, self.loss, self.whole = nn.Linear(4, 3), loss, whole
        self.automatic_optimization = whole is None
        self.seen = []

    def training_step(self, batch, batch_idx):
        """Take down the targets, and return or descend on the loss."""
        inputs, target = batch
        self.seen += target.tolist()
        if self.whole is None:
            return self.loss(self.model(inputs), target)
        self.manual_backward(self.loss(self.model(inputs), target, n_examples=self.whole))
        if (batch_idx + 1) % 4 == 0:
            self.optimizers().step()
            self.optimizers().zero_grad()
        return None

    def configure_optimizers(self):
        """Plain descent."""
        return torch.optim.SGD(self.parameters(), lr=0.5)


def dataset(n=32):
    """Examples of which every fifth is to be ignored."""
    generator = torch.Generator().manual_seed(0)
    target = torch.multinomial(torch.tensor([0.7, 0.2, 0.1]), n, replacement=True, generator=generator)
    target[::5] = -100
    return TensorDataset(torch.randn(n, 4, generator=generator), target)


def fit_by_lightning(module, loader, devices=1, epochs=1, **kwargs):
    """Train a module, in this process or with the other."""
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **kwargs,
    )
    trainer.fit(module, loader)
    return module


def by_gloo():
    """One step of torch's own data-parallel training, with uneven numbers of targets that count."""
    data, loss = dataset(), CBCrossEntropyLoss(COUNTS)
    n_examples = int((data.tensors[1] != -100).sum())
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    wrapped = DistributedDataParallel(model) if SIZE > 1 else model
    own = slice(0, 4) if RANK == 0 else slice(4, 32)
    inputs, target = (values[own if SIZE > 1 else slice(None)] for values in data.tensors)
    loss(wrapped(inputs), target, n_examples=n_examples / SIZE).backward()
    return model.weight.grad


def by_lightning():
    """An epoch of Lightning's, of batches that are shared."""
    data = dataset()
    n_examples = int((data.tensors[1] != -100).sum())

    class Whole(Classifier):
        def training_step(self, batch, batch_idx):
            inputs, target = batch
            return self.loss(self.model(inputs), target, n_examples=n_examples / SIZE)

    module = Whole(CBCrossEntropyLoss(COUNTS))
    fit_by_lightning(module, DataLoader(data, batch_size=32 // SIZE), SIZE)
    return module.model.weight


def by_accelerate():
    """Accumulated steps of accelerate's."""
    data, loss = dataset(), CBCrossEntropyLoss(COUNTS)
    n_examples = int((data.tensors[1] != -100).sum())
    torch.manual_seed(0)
    accelerator = Accelerator(gradient_accumulation_steps=2, cpu=True)
    model = nn.Linear(4, 3)
    prepared, optimizer, loader = accelerator.prepare(
        model, torch.optim.SGD(model.parameters(), lr=0.5), DataLoader(data, batch_size=16 // SIZE)
    )
    for inputs, target in loader:
        with accelerator.accumulate(prepared):
            accelerator.backward(loss(prepared(inputs), target, n_examples=n_examples / 2 / SIZE))
            optimizer.step()
            optimizer.zero_grad()
    return model.weight


def drawn_by(loader):
    """The samples that a loader hands out."""
    return [int(i) for (batch,) in loader for i in batch]


class Drawn(Classifier):
    """Takes down what it is given."""

    def training_step(self, batch, batch_idx):
        """Take down the samples, and learn nothing."""
        self.seen += [int(i) for i in batch[0]]
        return self.model(torch.zeros(1, 4)).sum()


def orders():
    """What a sampler gives each process, by the way in which they share it."""
    data = TensorDataset(torch.arange(100))

    def sampler(**kwargs):
        return ClassBalancedSampler(RARE, beta=1, seed=3, **kwargs)

    own = DataLoader(data, batch_size=10, sampler=sampler(rank=RANK, num_replicas=SIZE))
    shared = DataLoader(data, batch_size=10, sampler=sampler())
    yield "own ranks", drawn_by(own)
    own = DataLoader(data, batch_size=10, sampler=sampler(rank=RANK, num_replicas=SIZE))
    module = Drawn(CBCrossEntropyLoss(COUNTS))
    yield "lightning, own ranks", fit_by_lightning(module, own, SIZE, use_distributed_sampler=False).seen
    yield "lightning shares", fit_by_lightning(Drawn(CBCrossEntropyLoss(COUNTS)), shared, SIZE).seen
    shared = DataLoader(data, batch_size=10, sampler=sampler())
    yield "accelerate", drawn_by(Accelerator(cpu=True).prepare(shared))


def main(folder):
    """Train in every way, and save."""
    torch.set_num_threads(1)
    if SIZE > 1:
        torch.distributed.init_process_group("gloo")
    saved = {"gloo parameters": by_gloo(), "lightning parameters": by_lightning()}
    saved["accelerate parameters"] = by_accelerate()
    _, saved["trainer parameters"] = trained(folder, True, CBCrossEntropyLoss(COUNTS), 2, 4 // SIZE)
    saved |= {f"{way} drawn": np.array(drawn) for way, drawn in orders()}
    np.savez(
        Path(folder, f"{RANK}.npz"),
        **{
            name: np.asarray(values.detach()) if torch.is_tensor(values) else values
            for name, values in saved.items()
        },
    )
    if SIZE > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
