"""The README's code runs, prints what the README says that it prints, and fits on its page."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import sklearn
from sklearn.utils.fixes import parse_version

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def eight_lines():
    """What the first snippet leaves, and what it prints."""
    namespace, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(SNIPPETS[0], namespace)  # noqa: S102
    return namespace, printed.getvalue()


def test_the_eight_lines_print_the_table_beside_them(eight_lines):
    written = re.search(r"```text\n(.*?)```", README, flags=re.DOTALL)[1]
    assert len([line for line in SNIPPETS[0].splitlines() if line.strip()]) == 8
    _, printed = eight_lines
    assert names(printed) == names(written)
    # Before 1.9 scikit-learn's forests draw their samples without regard to class weights, and gain less by them.
    weights_are_drawn = parse_version(sklearn.__version__) >= parse_version("1.9")
    for said, meant in zip(printed.splitlines(), written.splitlines(), strict=True):
        if weights_are_drawn or not meant.startswith("balanced"):
            assert numbers(said) == pytest.approx(numbers(meant), abs=0.03)


def test_every_snippet_runs(eight_lines):
    for module in ("polars", "torch"):
        pytest.importorskip(module)
    namespace, _ = eight_lines
    for snippet in SNIPPETS[1:]:
        exec(snippet, namespace)  # noqa: S102
    assert namespace["weighted"].collect()["sample_weight"].min() > 0
    assert namespace["probability"].sum(axis=1) == pytest.approx(1)


def test_it_is_short_and_every_file_that_it_links_to_is_there():
    assert len(README.splitlines()) <= 120
    linked = re.findall(r'(?:\]\(|src=")(?!https?:|#)([^)#"]+)', README)
    assert len(linked) > 10
    assert [link for link in linked if not (ROOT / link).exists()] == []


def names(table):
    return re.findall(r"[a-z][a-z_0-9]+", table)


def numbers(table):
    return [float(number) for number in re.findall(r"-?\d\.\d+", table)]
