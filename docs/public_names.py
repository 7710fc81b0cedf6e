"""A Sphinx extension: no public name is without a docstring, and none is missing from the API's pages."""

import importlib
import inspect
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

MODULES = ["skcb", "skcb.nn", "skcb.net", "skcb.comparison", "skcb.plotting"]


def check_public_names(app: Sphinx) -> None:
    """Stop the build at a public name without a docstring, or one that the API's pages leave out."""
    pages = Path(app.srcdir, "reference").glob("*.rst")
    listed = {word for page in pages for word in page.read_text().split()}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.isclass(thing) and not inspect.isroutine(thing):
                continue
            if not (thing.__doc__ or "").strip():
                raise ExtensionError(f"{module_name}.{name} is public and has no docstring")
            if not {name, f"{module_name}.{name}".removeprefix("skcb.")} & listed:
                raise ExtensionError(f"{module_name}.{name} is public and is on no page of docs/reference")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the check."""
    app.connect("builder-inited", check_public_names)
    return {"parallel_read_safe": True}
