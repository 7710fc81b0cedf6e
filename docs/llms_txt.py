"""A Sphinx extension: ``llms.txt``, an index of the pages in Markdown, with what each is about."""

import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')


def below(app: Sphinx, page: str) -> list[str]:
    """Pages of a page's table of contents, each followed by those below it."""
    found = []
    for child in app.env.toctree_includes.get(page, []):
        found += [child, *below(app, child)]
    return found


def line_of(app: Sphinx, page: str) -> str:
    """Title, address and description of a page."""
    written = Path(app.outdir, app.builder.get_target_uri(page))
    description = _DESCRIPTION.search(written.read_text()) if written.is_file() else None
    line = f"- [{app.env.titles[page].astext()}]({app.config.html_baseurl}{app.builder.get_target_uri(page)})"
    return line + (f": {html.unescape(description[1])}" if description else "")


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the index after the pages."""
    if exception is not None or app.builder.name != "html":
        return
    root = app.config.root_doc
    first = next(iter(app.env.get_doctree(root).findall(nodes.paragraph)))
    lines = [f"# {app.config.project}", "", f"> {' '.join(first.astext().split())}"]
    for group in app.env.toctree_includes[root]:
        lines += ["", f"## {app.env.titles[group].astext()}", ""]
        lines += [line_of(app, page) for page in dict.fromkeys([group, *below(app, group)])]
    Path(app.outdir, "llms.txt").write_text("\n".join([*lines, ""]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the writer."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
