"""The plan of a run: what initialization and training of a net settle once, frozen, and replaced as a whole.

One ``fit``, from top to bottom; what is skorch's own stands in parentheses:

1. ``SklearnNet.fit`` checks X, y and the weights, finds the classes and encodes the labels.
2. (``initialize``) builds module, criterion and optimizer. ``initialize_module`` plans `seed` and `from_prior`,
   ``initialize_criterion`` `loss` and `targets`, and builds the loss with what counts are known.
3. (``partial_fit``) calls ``SklearnNet.fit_loop``, which puts inputs, codes and weights into one dataset.
4. (``fit_loop``) asks ``get_split_datasets`` for the training part. Its counts and the mean of its weights are
   taken there, in ``CBNeuralNetClassifier``: the loss gets its weights, and `weight_scale` is planned.
5. (``get_iterator``) makes the sampler of the training part, where one is given as a class, and plans `draws`.
6. (each epoch) runs from a seed of its own; ``get_loss`` hands codes and scaled weights to the loss.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skcb.net.targets import ONE_LABEL, OneLabel, SeveralLabels


@dataclass(frozen=True, eq=False)
class Plan:
    """What the steps of a run settle for those that follow.

    Parameters
    ----------
    seed : int or None
        From which the seeds of the split and of the epochs derive; None leaves them to the global states.
    from_prior : bool
        Whether the last layer began with the prior bias, which weight decay then spares.
    loss : tuple
        The parameters of the net that the criterion was built from.
    targets : OneLabel or SeveralLabels
        What that criterion learns of a sample.
    names : ndarray of shape (n_classes,) or None
        What callbacks are to see in place of codes; None where they may see the batches as they are.
    weight_scale : float
        Factor on the sample weights that makes their mean over the training part 1.
    draws : ndarray of shape (n_classes,) or None
        How often a sample of each class is drawn, beside one another; None before training.
    """

    seed: int | None = None
    from_prior: bool = False
    loss: tuple[Any, ...] = ()
    targets: OneLabel | SeveralLabels = ONE_LABEL
    names: NDArray[Any] | None = None
    weight_scale: float = 1.0
    draws: NDArray[np.float64] | None = None
