"""Every page in headless Chromium, at two widths and in two themes: one browser, a few pages at a time."""

import asyncio
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright

from check.files import Fault

WIDTHS = [1400, 420]
THEMES: list[Literal["light", "dark"]] = ["light", "dark"]
HEIGHT = 1000

#: What looks like a fault and is none: its `kind`, a `selector` of the element or of what it stands in, and why.
EXCEPTIONS: list[dict[str, str]] = [
    {
        "kind": "clipped",
        "selector": "mjx-assistive-mml, .visually-hidden, .sr-only, .skip-link, #pst-skip-link",
        "reason": "for screen readers, or shown when the keyboard comes to it",
    },
]

_STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"
_SETTLED = """async () => {
    for (const image of document.images) image.loading = "eager";
    await document.fonts.ready;
    if (window.MathJax?.startup?.promise) await window.MathJax.startup.promise;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
}"""
# Two frames: the observers of sizes have run, and what they did is laid out.
_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def find_chromium() -> str | None:
    """Path of a Chromium that is installed."""
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return next(filter(None, map(shutil.which, names)), None)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, lets the browser keep them, and writes no log."""

    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder while the block runs; gives the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _heard(page: Page, address: str, name: str) -> Iterator[list[Fault]]:
    """While the block runs: errors of the console, what is missing, what is fetched from outside."""
    faults: list[Fault] = []

    def note(kind: str, what: str) -> None:
        faults.append(Fault(name, kind, "page", what))

    def on_request(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            note("outside", f"{request.url} is fetched from outside")

    def on_response(response: Any) -> None:
        if response.status >= 400:
            note("missing", f"{response.url.removeprefix(address)} answers {response.status}")

    def on_console(message: Any) -> None:
        if message.type == "error":
            note("console", message.text)

    listeners: dict[Any, Any] = {
        "request": on_request,
        "response": on_response,
        "console": on_console,
        "pageerror": lambda error: note("console", str(error)),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield faults
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


async def _check_page(page: Page, address: str, name: str) -> list[Fault]:
    with _heard(page, address, name) as faults:
        await page.goto(address + name, wait_until="load")
        await page.add_style_tag(content=_STILL)
        await page.evaluate(_SETTLED)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            for theme in THEMES:
                await page.emulate_media(color_scheme=theme)
                await page.evaluate(_FRAMES)
                for found in await page.evaluate(_in_page(), EXCEPTIONS):
                    element = f"{found['element']} {found['text']!r}"
                    faults.append(Fault(name, found["kind"], element, found["what"], f"{width} {theme}"))
    return faults


def _in_page() -> str:
    return (Path(__file__).parent / "in_page.js").read_text()


async def _work(browser: Browser, address: str, names: list[str]) -> list[Fault]:
    context = await browser.new_context(viewport={"width": WIDTHS[0], "height": HEIGHT})
    page = await context.new_page()
    faults = []
    while names:
        faults += await _check_page(page, address, names.pop())
    await context.close()
    return faults


async def _check(site: Path, names: list[str], executable: str, jobs: int) -> list[Fault]:
    left = sorted(names, reverse=True)
    with served(site) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            results = await asyncio.gather(*(_work(browser, address, left) for _ in range(jobs)))
            await browser.close()
    return [fault for result in results for fault in result]


def check_in_browser(site: Path, names: list[str], executable: str, jobs: int = 3) -> list[Fault]:
    """Load each page once, and look at it at each width and in each theme."""
    return asyncio.run(_check(site, names, executable, jobs))
