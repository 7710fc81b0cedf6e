"""A Sphinx extension: the examples of the displays are run, and what they draw stands below them."""

from typing import Any

from sphinx.application import Sphinx

_HEADING = ".. rubric:: Examples"


def draw(_app: Sphinx, _what: str, name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Put the examples of a display under the directive that draws."""
    if not name.endswith("Display") or _HEADING not in lines:
        return
    start = lines.index(_HEADING) + 1
    examples = lines[start:]
    title = name.rpartition(".")[2]
    lines[start:] = ["", ".. plot::", f"   :alt: {title}, drawn by the example above", ""]
    lines += ["   " + line if line.strip() else "" for line in examples]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register after numpydoc, which writes the heading."""
    app.connect("autodoc-process-docstring", draw, priority=900)
    return {"parallel_read_safe": True}
