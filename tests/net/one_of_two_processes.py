"""What each of two processes runs for ``test_two_processes.py``: trains nets, and saves what the test compares."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from skorch.hf import AccelerateMixin

from skcb import CBNeuralNetClassifier, DeferredReweighting
from skcb.nn import ClassBalancedSampler
from tests.net.modules import Linear, imbalanced

X, Y = imbalanced(480)
NAMED = np.array(["b", "a", "c"])[Y]
WEIGHT = np.linspace(0.5, 2, len(Y))
PARAMETERS = {"max_epochs": 3, "lr": 0.05, "random_state": 0}


class Accelerated(AccelerateMixin, CBNeuralNetClassifier):
    """A net for accelerate."""


class Seen(Callback):
    """Take down which rows each batch holds, by their first feature, which no two rows share."""

    def initialize(self):
        """Forget those of an earlier training."""
        self.rows = []

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        """Take down the rows of a batch of training."""
        if training:
            self.rows.append(batch[0][:, 0].numpy(force=True))


def fitted(make):
    """A net per scenario; `make` builds it, alone or in one of two processes."""
    yield "focal", make(loss="focal").fit(X, NAMED)
    yield "again", make(loss="focal").fit(X, NAMED)
    yield "weighted", make().fit(X, Y, sample_weight=WEIGHT)
    yield "deferred", make(loss="ldam", callbacks=[Seen(), DeferredReweighting(2)]).fit(X, Y)
    sampler = partial(ClassBalancedSampler, beta=1)
    yield "sampled", make(beta=0, iterator_train__sampler=sampler).fit(X, NAMED)
    parts = make(max_epochs=1)
    for part in (slice(0, 480), slice(0, 160), slice(160, 480)):
        parts.partial_fit(X[part], NAMED[part], classes=["a", "b", "c"])
    yield "parts", parts


def results(net):
    """What a test compares of a net, by name."""
    parameters = torch.cat([value.flatten() for value in net.module_.state_dict().values()])
    return {
        "parameters": parameters.numpy(),
        "counts": net.class_count_,
        "weight": net.criterion_.weight.numpy(),
        "rows": np.concatenate(dict(net.callbacks_)["Seen"].rows),
        "proba": net.predict_proba(X),
    }


def main(folder):
    """Train in one of two processes."""
    torch.set_num_threads(1)
    accelerator = Accelerator(cpu=True)
    rank = accelerator.process_index
    torch.manual_seed(rank)  # each process has a global state of its own
    np.random.seed(rank)

    def make(**parameters):
        given = {"batch_size": 16, "callbacks": [Seen()], **PARAMETERS, **parameters}
        return Accelerated(Linear, accelerator=accelerator, **given)

    saved = {f"{name} {key}": value for name, net in fitted(make) for key, value in results(net).items()}
    unseeded = make(random_state=None, train_split=ValidSplit(0.2, stratified=False)).fit(X, NAMED)
    saved |= {f"unseeded {key}": value for key, value in results(unseeded).items()}
    np.savez(Path(folder, f"{rank}.npz"), processes=accelerator.num_processes, **saved)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
