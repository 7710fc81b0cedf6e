"""The check of the pages finds each kind of fault, on a page that has it and no other."""

from pathlib import Path

import pytest
from check.files import check_files

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>t</title>
<meta name="description" content="A page."><link rel="icon" href="data:,">
<style>body {{ color: black; background: white; margin: 8px; font: 16px sans-serif }} {style}</style></head>
<body><h1>Title</h1>{body}</body></html>"""

LONG = "a-word-that-does-not-break-" * 8

# kind of the fault: style, body
SEEN = {
    "overflow": ("", '<div style="width: 1500px">wide</div>'),
    "clipped": ("", f'<div style="width: 200px; overflow: hidden; white-space: nowrap">{LONG}</div>'),
    "scrolling": ("", f'<div style="width: 200px; overflow-x: auto; white-space: nowrap">{LONG}</div>'),
    "contrast": ("p { color: #999 }", "<p>grey on white</p>"),
    "image": ("", '<img alt="" src="data:image/png;base64,AAAA" width="9" height="9">'),
    "console": ("", "<script>console.error('it broke')</script>"),
}
FROM_FILES = {
    "outside": '<script src="https://cdn.example.org/x.js"></script>',
    "missing": '<img alt="" src="nowhere.png">',
    "link": '<a href="nowhere.html">there</a>',
    "alt": '<img src="data:,">',
    "heading": "<h1>Another</h1>",
}


def make(folder, body="", style="", name="index.html"):
    (folder / name).write_text(PAGE.format(style=style, body=body))
    return folder


def in_browser(folder, chromium):
    from check.browser import check_in_browser

    return check_in_browser(folder, ["index.html"], chromium, jobs=1)


@pytest.mark.parametrize("kind", SEEN)
def test_what_is_seen_in_a_browser(kind, tmp_path, chromium):
    style, body = SEEN[kind]
    faults = in_browser(make(tmp_path, body, style), chromium)
    assert {fault.kind for fault in faults} == {kind}
    assert all(fault.page == "index.html" for fault in faults)


def test_a_page_without_faults_passes_in_a_browser(tmp_path, chromium):
    style = """
    div { width: 90px; overflow-x: auto; white-space: nowrap }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; white-space: nowrap }"""
    body = """<p>Some words, <a href="#there" id="there">a link</a>.</p>
    <div tabindex="0" data-more="right">scrolls to the right, and shows that it does</div>
    <p class="unseen">for screen readers</p><p style="display: none; color: #fefefe">not shown</p>
    <h2 style="color: #888">large text needs less contrast</h2>"""
    assert not in_browser(make(tmp_path, body, style), chromium)


def test_half_transparent_text_is_judged_by_what_is_seen(tmp_path, chromium):
    body = '<div style="background: rgba(0, 0, 0, 0.5)"><p style="color: #fff; opacity: 0.5">words</p></div>'
    faults = in_browser(make(tmp_path, body), chromium)
    assert {fault.kind for fault in faults} == {"contrast"}
    assert faults[0].what.endswith("#bfbfbf on #7f7f7f")


def test_a_fault_at_one_width_and_in_one_theme_names_them(tmp_path, chromium):
    narrow = "@media (max-width: 500px) and (prefers-color-scheme: dark) { p { color: #999 } }"
    faults = in_browser(make(tmp_path, "<p>grey</p>", narrow), chromium)
    assert [fault.view for fault in faults] == ["420 dark"]


def test_what_is_fetched_from_outside_is_seen(tmp_path, chromium):
    make(tmp_path, "<script>fetch('http://outside.invalid/x.json').catch(() => 0)</script>")
    assert "outside" in {fault.kind for fault in in_browser(tmp_path, chromium)}


@pytest.mark.parametrize("kind", FROM_FILES)
def test_what_is_seen_in_the_files(kind, tmp_path):
    assert [fault.kind for fault in check_files(make(tmp_path, FROM_FILES[kind]))] == [kind]


def test_links_and_anchors_that_are_there_pass(tmp_path):
    make(
        tmp_path,
        '<h2 id="below">Below</h2><a href="#below">up</a> <a href="index.html">back</a>',
        name="other.html",
    )
    make(tmp_path, '<a href="other.html#below">other</a> <a href="https://example.org/x?y=1#z">far</a>')
    assert not check_files(tmp_path)


@pytest.mark.parametrize("link", ["other.html#above", "https:///x", "https://exa mple.org", "ftp://example.org"])
def test_links_that_lead_nowhere_are_found(link, tmp_path):
    make(tmp_path, '<h2 id="below">Below</h2>', name="other.html")
    make(tmp_path, f'<a href="{link}">other</a>')
    assert [fault.kind for fault in check_files(tmp_path)] == ["link"]


def test_style_sheets_that_fetch_from_outside_are_found(tmp_path):
    make(tmp_path)
    (tmp_path / "x.css").write_text("@font-face { src: url('https://fonts.example.org/a.woff2') }")
    assert [fault.kind for fault in check_files(tmp_path)] == ["outside"]


def test_a_page_without_a_description_is_found(tmp_path):
    page = make(tmp_path) / "index.html"
    page.write_text(page.read_text().replace('name="description"', 'name="other"'))
    assert [fault.kind for fault in check_files(tmp_path)] == ["description"]


def test_the_gallerys_placeholder_is_found(tmp_path):
    sphinx_gallery = pytest.importorskip("sphinx_gallery")
    from sphinx_gallery.utils import scale_image

    make(tmp_path)
    (tmp_path / "_images").mkdir()
    placeholder = Path(sphinx_gallery.__file__).parent / "_static" / "no_image.png"
    scale_image(str(placeholder), str(tmp_path / "_images" / "sphx_glr_plot_x_thumb.png"), 400, 280)
    assert [fault.kind for fault in check_files(tmp_path)] == ["placeholder"]
