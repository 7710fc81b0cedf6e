"""Find what leads nowhere on a package index: relative links and pictures of a description, and code that changed.

``python tests/description_links.py dist/skcb-0.1.0-py3-none-any.whl``, with readme-renderer.
"""

import re
import sys
import zipfile
from email.parser import Parser
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from readme_renderer import markdown

README = Path(__file__).parent.parent / "README.md"


class _Targets(HTMLParser):
    """The addresses of links and pictures, in the order in which they stand."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, _, attrs):
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def targets(description):
    """The addresses of links and pictures in a description, as an index renders it."""
    rendered = markdown.render(description)
    if rendered is None:
        raise SystemExit("Markdown is not rendered: pip install 'readme-renderer[md]'")
    parser = _Targets()
    parser.feed(rendered)
    return parser.found


def relative(description):
    """Those that have no address of their own; parts of the same page have one."""
    return [target for target in targets(description) if not (urlsplit(target).scheme or target.startswith("#"))]


def code(description):
    """Fenced code, which no rule for links may change."""
    return re.findall(r"^```.*?^```", description, flags=re.MULTILINE | re.DOTALL)


def main(wheel):
    with zipfile.ZipFile(wheel) as files:
        metadata = next(name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        description = Parser().parsestr(files.read(metadata).decode()).get_payload()
    if nowhere := relative(description):
        raise SystemExit("links of the description that lead nowhere on an index:\n  " + "\n  ".join(nowhere))
    if code(description) != code(README.read_text("utf-8")):
        raise SystemExit("the rules for links changed the code of README.md")
    print(f"{len(targets(description))} links and pictures of the description have addresses")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
