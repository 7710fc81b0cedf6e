"""The README's code runs."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_every_snippet_of_the_readme_runs():
    pytest.importorskip("imblearn")
    snippets = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert len(snippets) >= 4
    namespace = {}
    for snippet in snippets:
        exec(snippet, namespace)  # noqa: S102
    assert namespace["search"].best_score_ > 0.8
