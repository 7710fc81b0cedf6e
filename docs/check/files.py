"""What can be seen in the built files without a browser: links, downloads from outside, headings, descriptions."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Of a tag, the attribute whose address is fetched while the page is shown.
_FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
_FETCHED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "modulepreload", "manifest"}
_IN_STYLE = re.compile(r"""(?:url\(|@import\s+)\s*['"]?\s*((?:https?:)?//[^'")\s]+)""", flags=re.IGNORECASE)
_OUTSIDE = re.compile(r"^(https?:)?//", flags=re.IGNORECASE)
_HOST = re.compile(r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?$", flags=re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where."""

    page: str
    kind: str
    element: str
    what: str
    view: str = ""

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.page}{self.view and ' at ' + self.view}: {self.kind}: {self.what} [{self.element}]"


@dataclass
class _Page(HTMLParser):
    """Links, anchors and what is fetched of one page."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    fetched: list[tuple[str, str]] = field(default_factory=list)
    headings: int = 0
    described: bool = False
    images_without_alt: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in _FETCHED and given.get(_FETCHED[tag]):
            self.fetched.append((tag, given[_FETCHED[tag]]))
        if tag == "link" and _FETCHED_LINKS & set(given.get("rel", "").split()):
            self.fetched.append((tag, given.get("href", "")))
        if tag == "img" and "alt" not in given:
            self.images_without_alt.append(given.get("src", ""))
        self.fetched += [(tag, address) for address in _IN_STYLE.findall(given.get("style", ""))]
        self.headings += tag == "h1"
        self.described |= tag == "meta" and given.get("name") == "description" and bool(given.get("content"))
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.fetched += [("style", address) for address in _IN_STYLE.findall(data)]


def pages_of(site: Path) -> list[str]:
    """Every page of the site, by its path from the root."""
    pages = [path.relative_to(site).as_posix() for path in site.rglob("*.html")]
    return sorted(page for page in pages if not page.startswith(("_static/", "_sources/", "_downloads/")))


def check_files(site: Path) -> list[Fault]:
    """Look through all pages and style sheets."""
    read = {name: _read(site / name) for name in pages_of(site)}
    faults = []
    for name, page in read.items():
        faults += [fault for link in page.links if (fault := _check_link(site, read, name, link))]
        faults += _check_head(name, page)
        for tag, address in page.fetched:
            if _OUTSIDE.match(address):
                faults.append(Fault(name, "outside", tag, f"{address} is fetched from outside"))
            elif tag != "style" and not address.startswith("data:") and not _target(site, name, address).is_file():
                faults.append(Fault(name, "missing", tag, f"{address} is not there"))
    for sheet in sorted(site.rglob("*.css")):
        for address in _IN_STYLE.findall(sheet.read_text(errors="replace")):
            name = sheet.relative_to(site).as_posix()
            faults.append(Fault(name, "outside", "css", f"{address} is fetched from outside"))
    return faults + _check_placeholders(site)


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text())
    return page


def _target(site: Path, page: str, address: str) -> Path:
    path = unquote(urlsplit(address).path)
    target = site / path.lstrip("/") if path.startswith("/") else (site / page).parent / path
    return target / "index.html" if path.endswith("/") or target.is_dir() else target


def _check_link(site: Path, read: dict[str, _Page], page: str, link: str) -> Fault | None:
    parts = urlsplit(link)
    if parts.scheme in {"http", "https"}:
        sound = _HOST.match(parts.netloc) and not re.search(r"\s", link)
        return None if sound else Fault(page, "link", "a", f"{link!r} is no address")
    if parts.scheme:
        sound = parts.scheme == "mailto" and "@" in parts.path
        return None if sound else Fault(page, "link", "a", f"{link!r} is of a scheme that no page uses")
    target = _target(site, page, link) if parts.path else site / page
    if not target.is_file():
        return Fault(page, "link", "a", f"{link} leads nowhere")
    anchor = unquote(parts.fragment)
    name = target.resolve().relative_to(site.resolve()).as_posix()
    if anchor and name in read and anchor not in read[name].anchors:
        return Fault(page, "link", "a", f"{link}: the page has no such anchor")
    return None


def _check_head(name: str, page: _Page) -> list[Fault]:
    faults = []
    if page.headings != 1:
        faults.append(Fault(name, "heading", "h1", f"the page has {page.headings} first headings"))
    if not page.described and not name.startswith(("_modules/", "genindex", "search", "404", "py-modindex")):
        faults.append(Fault(name, "description", "meta", "the page has no description"))
    faults += [Fault(name, "alt", "img", f"{source} has no alt text") for source in page.images_without_alt]
    return faults


def _check_placeholders(site: Path) -> list[Fault]:
    """Find small pictures of the gallery that are sphinx-gallery's own, for want of another."""
    thumbs = sorted((site / "_images").glob("sphx_glr_*_thumb.*"))
    if not thumbs:
        return []
    # what a site without a gallery needs not
    import matplotlib.image  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import sphinx_gallery  # noqa: PLC0415
    from sphinx_gallery.utils import scale_image  # noqa: PLC0415

    placeholder = Path(sphinx_gallery.__file__).parent / "_static" / "no_image.png"
    faults = []
    for thumb in thumbs:
        if thumb.suffix != ".png":
            continue
        shown = matplotlib.image.imread(thumb)
        scaled = site / "_images" / ".placeholder.png"
        scale_image(str(placeholder), str(scaled), shown.shape[1], shown.shape[0])
        other = matplotlib.image.imread(scaled)
        scaled.unlink()
        same = shown.shape[:2] == other.shape[:2] and np.allclose(shown[..., :3], other[..., :3], atol=0.02)
        if same:
            faults.append(Fault(thumb.name, "placeholder", "img", "the example has no small picture of its own"))
    return faults
