"""The privates of skorch and accelerate that the net leans on, one name each, with a test by that name."""

from typing import Any

from skorch import NeuralNetClassifier
from skorch.callbacks import EpochScoring
from torch import nn

__all__ = [
    "AS_FIT",
    "OVERRIDDEN",
    "builds_module",
    "classes_of",
    "constructor_attribute",
    "is_criterion",
    "keep_classes",
    "mark_as_prepared",
    "module_names",
    "rebuild_criterion",
    "wrap_again",
]

#: Makes skorch's ``partial_fit`` route metadata as ``fit`` does.
AS_FIT = {"_routing_method": "fit"}

#: Methods that we override although they are private: skorch calls them, and has nothing public in their place.
OVERRIDDEN = {
    NeuralNetClassifier: ("_get_predict_nonlinearity", "_get_param_names"),
    EpochScoring: ("_get_name", "_scoring"),
}


def constructor_attribute(name: str) -> property:
    """Return a property for what skorch sets in its constructor, where scikit-learn wants parameters alone."""

    def get(self: Any) -> Any:
        try:
            return self.__dict__[f"_{name}"]
        except KeyError:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}") from None

    def put(self: Any, value: Any) -> None:
        self.__dict__[f"_{name}"] = value

    return property(get, put)


def classes_of(net: NeuralNetClassifier) -> Any:
    """Return the classes that `y` had, None before any was seen."""
    return getattr(net, "classes_inferred_", None)


def keep_classes(net: NeuralNetClassifier, classes: Any) -> None:
    """Put the classes where skorch looks for those of `y`."""
    net.classes_inferred_ = classes


def builds_module(net: NeuralNetClassifier) -> bool:
    """Whether skorch is just now building a module, and no criterion or optimizer."""
    return bool(net.init_context_ == "module")


def is_criterion(net: NeuralNetClassifier, name: str) -> bool:
    """Whether what skorch knows by that name is a criterion."""
    return name in net._criteria  # noqa: SLF001


def module_names(net: NeuralNetClassifier) -> list[str]:
    """Return the names of the modules, which have an underscore as attributes."""
    return list(net._modules)  # noqa: SLF001


def rebuild_criterion(net: NeuralNetClassifier) -> None:
    """Build the criterion anew, with all that skorch does around it, and leave the module as it is."""
    net._initialize_criterion()  # noqa: SLF001


def mark_as_prepared(module: nn.Module) -> None:
    """Tell accelerate that it has prepared a module, so that it leaves it alone."""
    module._is_accelerate_prepared = True  # type: ignore[assignment]  # noqa: SLF001


def wrap_again(net: Any) -> None:
    """Wrap a net that skorch's ``AccelerateMixin`` has unwrapped after training."""
    if not net._wrapped_with_accelerator:  # noqa: SLF001
        net._initialize_accelerator()  # noqa: SLF001
