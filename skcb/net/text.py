"""What a net says of itself in a line: its loss, and the parameters that are not the defaults."""

import inspect
import re
from collections.abc import Callable, Container, Iterator
from typing import Any

import numpy as np

from skcb.net.criteria import loss_class, own_beta, unwrapped

_LONGEST = 60
# Of what has no text of its own, such as skorch's callbacks.
_OBJECT = re.compile(r"<(?:\w+\.)*(\w+) object at 0x[0-9a-f]+>")


def text_of(net: Any) -> str:
    """Return the module, the loss and what it is made with, then what is not the default; counts once fitted."""
    given = dict(_not_default(net))
    shown = {"module": given.pop("module", None) or "MultilayerPerceptron", "loss": net.loss, **_of_loss(net)}
    parameters = {**shown, **{name: value for name, value in given.items() if name not in shown}}
    inside = ", ".join(f"{name}={_short(name, value)}" for name, value in parameters.items())
    return f"{type(net).__name__}({inside}){_counted(net)}"


def with_inherited(
    init: Callable[..., Any], *inherited: Callable[..., Any], leave_out: Container[str] = ()
) -> inspect.Signature:
    """Return a constructor's signature with the keywords that its ``**kwargs`` hand on to others."""
    own = inspect.signature(init)
    named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    rest = [p for p in own.parameters.values() if p.kind is p.VAR_KEYWORD]
    for parent in inherited:
        known = {p.name for p in named}
        named += [
            p.replace(kind=p.KEYWORD_ONLY)
            for p in inspect.signature(parent).parameters.values()
            if p.name not in known and p.name not in leave_out and p.default is not p.empty
        ]
    return own.replace(parameters=[*named, *rest])


def _not_default(net: Any) -> Iterator[tuple[str, Any]]:
    kinds = [kind for kind in type(net).__mro__ if "__init__" in vars(kind) and kind is not object]
    constructors: list[Callable[..., Any]] = [vars(kind)["__init__"] for kind in kinds]
    declared = with_inherited(*constructors).parameters
    for name, value in net.get_params(deep=False).items():
        default = declared[name].default if name in declared else inspect.Parameter.empty
        if value is not default and repr(value) != repr(default):
            yield name, value


def _of_loss(net: Any) -> dict[str, Any]:
    """The beta and the gamma that the loss has, given or its own; what is not valid is shown as it is."""
    parameters = net.get_params_for("criterion")
    try:
        declared = inspect.signature(loss_class(net.loss)).parameters
        beta: Any = own_beta(net.loss, net.beta, parameters)
    except (TypeError, ValueError):
        return {"beta": net.beta}
    if "gamma" not in declared:
        return {"beta": beta}
    gamma = parameters.get("gamma", declared["gamma"].default) if net.gamma is None else net.gamma
    return {"beta": beta, "gamma": gamma}


def _short(name: str, value: Any) -> str:
    if isinstance(value, type):
        return value.__name__
    if name == "module":
        return value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__)
    text = _OBJECT.sub(r"\1(...)", " ".join(repr(value).split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _counted(net: Any) -> str:
    loss = unwrapped(getattr(net, "criterion_", None))
    if loss is None or not len(getattr(net, "history_", [])):
        return ""
    counts = np.sort(loss.counts)
    what = "labels" if loss.takes_indicators else "classes"
    return f"\nfitted on {len(counts)} {what} with {counts[0]:g} to {counts[-1]:g} samples"
