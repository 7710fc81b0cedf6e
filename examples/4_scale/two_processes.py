"""
Train one net in two processes
==============================

skorch's ``AccelerateMixin`` hands training to accelerate. Start this file with

.. code-block:: bash

    ACCELERATE_USE_CPU=true torchrun --nproc-per-node 2 examples/4_scale/two_processes.py

(on GPUs without the variable, or with ``accelerate launch``). Every process runs the whole file, on all of the
data, and trains on every second batch: so every process has the counts of the whole training set, and ends with
the same parameters. They are those of one process whose batches are twice as large, save for the last batches of
an epoch, which accelerate fills up. ``fit`` and ``predict`` belong to all processes; a ``predict`` that one
process alone calls waits for the others. Run by itself, the file trains in one process.
"""

# %%
# The net is any net of skcb, with the mixin before it.

import torch
from accelerate import Accelerator
from skorch.hf import AccelerateMixin

from skcb import CBNeuralNetClassifier, load_long_tailed_digits


class AcceleratedNet(AccelerateMixin, CBNeuralNetClassifier):
    """A net that trains in as many processes as were started."""


torch.set_num_threads(1)
accelerator = Accelerator()
X, X_test, y, y_test = load_long_tailed_digits()
net = AcceleratedNet(
    accelerator=accelerator,
    loss="focal",
    gamma=0.5,
    batch_size=64 // accelerator.num_processes,
    max_epochs=20,
    random_state=0,
    callbacks__print_log__sink=lambda *_: None,
)

# %%
# What the processes print is the same, save for its first column.

net.fit(X / 16, y)
counts = net.class_count_.astype(int).tolist()
total = sum(value.double().sum().item() for value in net.module_.state_dict().values())
print(
    f"[{accelerator.process_index + 1}/{accelerator.num_processes}] counts {counts}, "
    f"accuracy {net.score(X_test / 16, y_test):.3f}, sum of the parameters {total:.6f}",
    flush=True,
)
accelerator.end_training()
if torch.distributed.is_initialized():
    torch.distributed.destroy_process_group()

# sphinx_gallery_thumbnail_path = 'images/thumbnails/two_processes.png'  # noqa: ERA001
