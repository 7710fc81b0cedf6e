"""Warn at the line of the user's that led here, and there once."""

import operator
import re
import sys
import warnings
from types import FrameType
from typing import Any

# What lies between a call of the user's and us: our own frames, and those of what fits us.
_PASSED_THROUGH = frozenset(
    {"skcb", "sklearn", "joblib", "skorch", "imblearn", "torch"}
    | {"contextlib", "functools", "threading", "concurrent", "multiprocessing", "runpy"}
)
# Under these a warning is shown once in some place; "always", "error" and "ignore" need no memory.
_ONCE = frozenset({"default", "module", "once"})
_NUMBER = re.compile(r"\d+(\.\d*)?(e[+-]?\d+)?")

# Where a warning was shown and what it said without its numbers; then what must be the same to have seen it.
_shown: dict[tuple[str, int, type[Warning], str], tuple[Any, ...]] = {}


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user's, however many frames lie between, and once where Python would.

    Under its default filter Python shows a text once for each line. A search defeats that twice: texts differ by
    the counts of the fold and by the candidate, and scikit-learn makes Python forget what it has shown, at each
    fit. So texts that differ by their numbers alone are one here, and the memory is ours.
    """
    frame = _frame_of_the_user()
    file, line = frame.f_code.co_filename, frame.f_lineno
    module = frame.f_globals.get("__name__") or "<unknown>"
    # IPython takes it away before a cell is run again, which then warns anew.
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    if _action(message, category, module, line) in _ONCE:
        place = file, line, category, _NUMBER.sub("", message)
        # Statements at a prompt, "<stdin>", are all its line 1.
        seen = registry, frame.f_code if file.startswith("<") else None, *_readers()
        if place in _shown and all(map(operator.is_, _shown[place], seen)):
            return
        _shown[place] = seen
    warnings.warn_explicit(message, category, file, line, module=module, registry=registry)


def _frame_of_the_user() -> FrameType:
    """The first frame that is none of ours nor of what calls us; in a worker, the first that is none of ours."""
    own: FrameType | None = sys._getframe(2)  # noqa: SLF001 - as warnings itself
    outside: FrameType | None = None
    frame = own
    while frame is not None:
        package = _package_of(frame)
        if outside is None and package != "skcb":
            outside = frame
        if package not in _PASSED_THROUGH:
            return frame
        own, frame = frame, frame.f_back
    found = outside or own
    assert found is not None  # noqa: S101 - for the type checker
    return found


def _package_of(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__", "")
    if name == "__main__":  # of python -m, as joblib starts its workers
        name = getattr(frame.f_globals.get("__spec__"), "name", name)
    return str(name).partition(".")[0]


def _readers() -> tuple[Any, ...]:
    """Whom Python shows warnings to at the moment: who records them anew has not seen the earlier ones."""
    context = getattr(warnings, "_get_context", lambda: None)()  # since Python 3.14 it may have the list
    return warnings.showwarning, getattr(warnings, "_showwarnmsg_impl", None), getattr(context, "log", None)


def _action(message: str, category: type[Warning], module: str, line: int) -> str:
    """What the filters of the moment do with a warning."""
    of_the_moment = getattr(
        warnings, "_get_filters", lambda: warnings.filters
    )  # of the context, since Python 3.14
    for action, text, kind, where, at in of_the_moment():
        if _matches(text, message) and issubclass(category, kind) and _matches(where, module) and at in (0, line):
            return str(action)
    return "default"


def _matches(pattern: Any, text: str) -> bool:
    if pattern is None or isinstance(pattern, str):  # Python's own filters have strings
        return pattern is None or pattern == text
    return pattern.match(text) is not None
