"""The code on the pages of the documentation runs, page by page."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md") if "```python" in path.read_text())


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_of_a_page_runs(page):
    pytest.importorskip("imblearn")
    pytest.importorskip("torch")
    namespace = {}
    for snippet in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL):
        exec(snippet, namespace)  # noqa: S102
