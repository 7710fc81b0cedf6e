"""The loss that is meant, and the criterion that the parameters of a net describe."""

import inspect
from collections.abc import Mapping
from typing import Any

from skcb._checks import check_beta
from skcb.nn import LOSSES
from skcb.nn._adjustments import Shift
from skcb.nn._counted import CountedLoss


def loss_class(loss: Any) -> type[CountedLoss]:
    """Return the class of a loss that is named, or given as a class.

    Raises
    ------
    ValueError
        If no loss has that name.
    TypeError
        If it is neither a name nor the class of a loss that takes counts.
    """
    names = ", ".join(map(repr, LOSSES))
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ValueError(f"there is no loss {loss!r}; the names are {names}")
        return LOSSES[loss]
    if isinstance(loss, type) and issubclass(loss, CountedLoss):
        return loss
    if isinstance(loss, CountedLoss):
        raise TypeError(
            f"loss must be a name or a class, got an instance of {type(loss).__name__}, whose counts cannot be "
            f"those of each fold; write loss={type(loss).__name__} and criterion__x for its parameters"
        )
    raise TypeError(
        f"loss must be one of {names} or a class of skcb.nn, got {loss!r}; any loss that can be had per example "
        "becomes class-balanced by loss=ClassBalancedLoss, criterion__base=..."
    )


def build_criterion(
    loss: Any, counts: Any, *, beta: float | None, gamma: Any, parameters: Mapping[str, Any]
) -> CountedLoss:
    """Build a loss from counts; None leaves a parameter at the loss's default, which need not have `gamma`.

    Raises
    ------
    ValueError
        If a parameter is given twice or not what a net can train with, or if the loss does not exist.
    TypeError
        If the loss does not have one of `parameters`.
    """
    chosen = loss_class(loss)
    accepted = inspect.signature(chosen).parameters
    given = {name: value for name, value in (("beta", beta), ("gamma", gamma)) if value is not None}
    for name in given.keys() & parameters.keys():
        raise ValueError(f"{name}={given[name]!r} and criterion__{name}={parameters[name]!r} are both given")
    if "counts" in parameters:
        raise ValueError("criterion__counts is not for a net, which counts for itself; class_counts= fixes them")
    if chosen.takes_indicators:  # counts of labels have their number of samples with them
        parameters = {name: value for name, value in parameters.items() if name != "n_samples"}
    missing = [
        name
        for name, parameter in accepted.items()
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
        and name not in {"counts", *parameters}
    ]
    if missing:
        raise TypeError(f"{chosen.__name__} needs " + ", ".join(f"criterion__{name}=" for name in missing))
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values())
    unknown = [] if open_ended else sorted(name for name in parameters if name not in accepted)
    if unknown:
        takes = ", ".join(f"criterion__{name}" for name in accepted if name not in {"counts", "n_samples"})
        raise TypeError(
            f"{chosen.__name__} does not take " + ", ".join(f"criterion__{name}" for name in unknown) + f"; it "
            f"takes {takes}"
        )
    # Of a net it means a label, and the net leaves its samples out; the loss knows codes alone.
    parameters = {name: value for name, value in parameters.items() if name != "ignore_index"}
    if parameters.get("reduction") == "none":
        raise ValueError('criterion__reduction="none" leaves no number to descend on; choose "mean"')
    kept = {name: value for name, value in given.items() if name in accepted}
    return chosen(counts=counts, **kept, **parameters)  # type: ignore[call-arg, arg-type]


def takes_indicators(loss: Any) -> bool:
    """Whether a loss that is named, or given as a class, is of several labels; False of what is no loss."""
    chosen = LOSSES.get(loss) if isinstance(loss, str) else loss
    return isinstance(chosen, type) and issubclass(chosen, CountedLoss) and chosen.takes_indicators


def shifts_by_counts(loss: Any, parameters: Mapping[str, Any]) -> bool:
    """Whether a loss shifts the logits by the counts, which balances by itself."""
    chosen = loss_class(loss)
    if not (chosen.takes_indicators or isinstance(getattr(chosen, "adjustment", None), Shift)):
        return False
    declared = inspect.signature(chosen).parameters.get("tau")
    return parameters.get("tau", None if declared is None else declared.default) != 0


def own_beta(loss: Any, beta: float | None, parameters: Mapping[str, Any]) -> float:
    """Return the beta that a net's parameters give its loss."""
    declared = inspect.signature(loss_class(loss)).parameters.get("beta")
    default = 0.0 if declared is None or declared.default is declared.empty else declared.default
    return check_beta(next(value for value in (beta, parameters.get("beta"), default) if value is not None))


def unwrapped(criterion: Any) -> CountedLoss | None:
    """Return the loss inside the shells that data-parallel training puts around it, None for others."""
    while not isinstance(criterion, CountedLoss):
        criterion = getattr(criterion, "module", None)
        if criterion is None:
            return None
    return criterion
