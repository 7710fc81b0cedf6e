"""A Sphinx extension: the directive ``uses``, which lists the pages and examples whose code uses a public name."""

import json
import re
from collections import defaultdict
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDERS = ["start", "guide", "cookbook"]
_CODE = re.compile(r"```(?:\{code-cell\}[^\n]*|python)\n(.*?)```", flags=re.DOTALL)
_TITLE = re.compile(r"^# (.+)$", flags=re.MULTILINE)
_NAME = re.compile(r"\w+")


def read_pages(app: Sphinx) -> None:
    """Note for each word of the pages' code which pages have it, with their titles."""
    pages: defaultdict[str, dict[str, str]] = defaultdict(dict)
    source = Path(app.srcdir)
    for folder in FOLDERS:
        for path in sorted((source / folder).rglob("*.md")):
            text = path.read_text()
            title = _TITLE.search(text)
            if title is None:
                continue
            page = path.relative_to(source).with_suffix("").as_posix()
            for code in _CODE.findall(text):
                for name in _NAME.findall(code):
                    pages[name][page] = title[1].strip()
    app.env.skcb_pages = dict(pages)


class Uses(SphinxDirective):
    """``.. uses:: skcb.NAME``; nothing where nothing uses it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write a heading, links to the pages, and the gallery's small pictures."""
        full_name = self.arguments[0]
        name = full_name.rpartition(".")[2]
        pages = getattr(self.env, "skcb_pages", {}).get(name, {})
        gallery = Path(self.env.srcdir, "gallery", "uses", "backreferences_all.json")
        in_gallery = gallery.is_file() and json.loads(gallery.read_text()).get(full_name)
        if not pages and not in_gallery:
            return []
        written = name.replace("_", r"\_")  # else an underscore at the end makes a link
        lines = [f".. rubric:: Examples using {written}", ""]
        lines += [f"- :doc:`{title.replace('`', '')} </{page}>`" for page, title in pages.items()]
        if in_gallery:
            lines += ["", f".. minigallery:: {full_name}"]
        return self.parse_text_to_nodes("\n".join([*lines, ""]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.connect("builder-inited", read_pages)
    app.add_directive("uses", Uses)
    return {"parallel_read_safe": True}
