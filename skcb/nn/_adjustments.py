"""What the counts do to the logits before the cross-entropy: the adjustments."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from skcb._checks import check_non_negative
from skcb.balancing import ldam_margin, logit_adjustment
from skcb.nn import functional
from skcb.nn._focal import along_classes
from skcb.nn._posteriors import with_rest


class Adjustment:
    """Counts to scale, shift and margin, and these to the logits. A class without samples cannot be a target.

    Like a term it holds no state: it reads what it needs from the loss.

    Attributes
    ----------
    checks : mapping
        Of the loss's parameters: name to ``check(name, value)``, which returns the valid value.
    of_logits : tuple of str
        Which arguments of :func:`skcb.nn.functional.adjust_logits` the loss holds, under their names.
    """

    checks: ClassVar[Mapping[str, Callable[[str, Any], Any]]] = {}
    of_logits: ClassVar[tuple[str, ...]] = ()

    def vectors(self, loss: Any, counts: np.ndarray) -> dict[str, np.ndarray]:  # noqa: ARG002
        """Return the buffers that follow from the counts, by name, each of shape (n_classes,)."""
        return {"present": (counts > 0).astype(np.float64)}

    def apply(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return the logits as the cross-entropy is to see them."""
        return functional.adjust_logits(logits, target, **{name: getattr(loss, name) for name in self.of_logits})

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        """Return the logarithms of weight times posterior for which these logits minimise the cross-entropy."""
        raise NotImplementedError(f"{type(loss).__name__} has no posterior: {type(self).__name__} does not say it")


class Shift(Adjustment):
    """Add tau times the logarithm of the prior; a class without samples is left out."""

    checks: ClassVar = {"tau": check_non_negative}
    of_logits: ClassVar[tuple[str, ...]] = ("shift",)

    def vectors(self, loss: Any, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the shifts."""
        shift = logit_adjustment(counts, loss.tau)
        # Where buffers are averaged infinity becomes NaN: an empty class is left out by `present`.
        return super().vectors(loss, counts) | {"shift": np.where(np.isfinite(shift), shift, 0)}

    def apply(self, loss: Any, logits: Tensor, target: Tensor) -> Tensor:
        """Return the shifted logits; those of a class without samples are minus infinity."""
        logits = super().apply(loss, logits, target)
        if not loss.has_empty_class or loss.tau == 0:
            return logits
        return logits.masked_fill(along_classes(loss.present == 0, logits), -torch.inf)

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        """Return the logits as they were trained: shifted, they are those of the training's prevalence."""
        if loss.has_empty_class:  # which may be out of the running already, and 0 times infinity would be NaN
            logits = logits.masked_fill(along_classes(loss.present == 0, logits), 0)
        return super().apply(loss, logits, logits)


class ScaleAndShift(Shift):
    """Multiply by a power of the share of the largest class, and shift."""

    checks: ClassVar = {"gamma": check_non_negative, **Shift.checks}
    of_logits = ("scale", "shift")

    def vectors(self, loss: Any, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the scales and the shifts."""
        return super().vectors(loss, counts) | {"scale": (counts / counts.max()) ** loss.gamma}


class Margin(Adjustment):
    """Hold the target's logit back, more where its class is rare, and scale."""

    checks: ClassVar = {"max_margin": check_non_negative, "scale": check_non_negative}
    of_logits = ("scale", "margin")

    def vectors(self, loss: Any, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the margins."""
        return super().vectors(loss, counts) | {"margin": ldam_margin(counts, loss.max_margin)}

    def weighted_log_posterior(self, loss: Any, logits: Tensor) -> Tensor:
        r"""Return what undoes the margins.

        Where the derivative of the expected loss is 0, weight times posterior is :math:`a_c (1 - a_c + a_c
        e^{-s \Delta_c})` times a number per example, with :math:`a` the softmax of the scaled logits.
        """
        log_a = (loss.scale * logits).log_softmax(1)
        held_back = torch.exp(-along_classes(loss.scale * loss.margin.to(log_a.dtype), log_a))
        a, rest = with_rest(log_a)
        log_mass: Tensor = log_a + torch.log(rest + a * held_back)
        return log_mass
