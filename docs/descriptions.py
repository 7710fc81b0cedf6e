"""A Sphinx extension: each page's description for search engines, its first paragraph."""

import html
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

LONGEST = 200
_PARENTS = (nodes.document, nodes.section, addnodes.desc_content)


def first_paragraph(doctree: nodes.document) -> str:
    """Text of the first paragraph that stands by itself, cut after its last whole sentence or word."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, _PARENTS):
            text = " ".join(paragraph.astext().split()).rstrip(":")
            if len(text) <= LONGEST:
                return text
            start = text[:LONGEST]
            return start.rpartition(". ")[0] + "." if ". " in start else start.rpartition(" ")[0] + " …"
    title = next(iter(doctree.findall(nodes.title)), None)
    return title.astext() if title else ""


def describe(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Write the description into the page's head, and hand it to its card; what the page says itself is kept."""
    if doctree is None or 'name="description"' in context["metatags"]:
        return
    text = first_paragraph(doctree)
    context["metatags"] += f'<meta name="description" content="{html.escape(text)}" />\n'
    context["meta"] = {"og:description": text, **(context.get("meta") or {})}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register before the card's extension."""
    app.connect("html-page-context", describe, priority=400)
    return {"parallel_read_safe": True}
