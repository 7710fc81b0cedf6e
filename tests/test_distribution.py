"""What is released: one version everywhere, a description without dead links, extras that messages name."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

import skcb

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]

SITE = "https://skcb.readthedocs.io/en/stable/"
FILES = f"https://github.com/skcb-dev/skcb/blob/v{skcb.__version__}/"
PICTURES = f"https://raw.githubusercontent.com/skcb-dev/skcb/v{skcb.__version__}/"


def as_described(text):
    """The README as the build puts it into the metadata: the rules of pyproject.toml, one after the other."""
    for rule in PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    return text.replace("$HFPR_VERSION", skcb.__version__)


@pytest.mark.parametrize(
    ("written", "described"),
    [
        ("[page](docs/guide/index.md)", f"[page]({SITE}guide/index.html)"),
        ("[part](docs/start/faq.md#which-beta)", f"[part]({SITE}start/faq.html#which-beta)"),
        ("[API](./docs/api.rst)", f"[API]({SITE}api.html)"),
        ("[file](CITATION.cff)", f"[file]({FILES}CITATION.cff)"),
        ("[tables](benchmarks/README.md)", f"[tables]({FILES}benchmarks/README.md)"),
        ("![a picture](docs/images/a.png)", f"![a picture]({PICTURES}docs/images/a.png)"),
        ('<img alt="b" src="docs/images/b.svg">', f'<img alt="b" src="{PICTURES}docs/images/b.svg">'),
        ('<a class="x" href="docs/api.rst">', f'<a class="x" href="{SITE}api.html">'),
        ("[![b](docs/b.png)](docs/b.md)", f"[![b]({PICTURES}docs/b.png)]({SITE}b.html)"),
        ("[beta]: docs/guide/tuning.md", f"[beta]: {SITE}guide/tuning.html"),
        ("[logo]: docs/logo.svg", f"[logo]: {PICTURES}docs/logo.svg"),
        ("[here](#install)", "[here](#install)"),
        ("[paper](https://arxiv.org/abs/1901.05555)", "[paper](https://arxiv.org/abs/1901.05555)"),
        ("![b](https://example.org/b.svg)", "![b](https://example.org/b.svg)"),
        ("weights[y](x) is no link", f"weights[y]({FILES}x) is no link"),  # hence the check that code stays
    ],
)
def test_links_of_the_readme_get_addresses(written, described):
    assert as_described(written) == described


def test_relative_links_are_found_in_every_form_of_markdown():
    """So that the check of `make dist` can fail."""
    pytest.importorskip("readme_renderer")
    from .description_links import relative

    text = '[a](a.md) ![b](b.png) <img src="c.png"> [d][e] [f](https://f.org) [g](#g)\n\n[e]: e.md\n\n`[h](h.md)`'
    assert relative(text) == ["a.md", "b.png", "c.png", "e.md"]


def test_the_description_has_no_relative_link_and_the_code_of_the_readme():
    pytest.importorskip("readme_renderer")
    from .description_links import code, relative, targets

    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(targets(readme)) >= 5
    assert relative(as_described(readme)) == []
    assert code(as_described(readme)) == code(readme)


def test_relative_links_of_the_readme_lead_to_files():
    pytest.importorskip("readme_renderer")
    from .description_links import relative

    for target in relative((ROOT / "README.md").read_text("utf-8")):
        assert (ROOT / target.partition("#")[0]).exists(), target


def test_the_version_is_one():
    """Of a release and its candidates; between releases the changelog collects what is new."""
    yaml = pytest.importorskip("yaml")
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if ".dev" in skcb.__version__:
        assert headings.pop(0) == "Unreleased"
    newest, day = re.fullmatch(r"(\S+) \((\S+)\)", headings[0]).groups()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text("utf-8"))
    assert newest == citation["version"] == recipe["context"]["version"]
    assert date.fromisoformat(day) == citation["date-released"]
    if ".dev" not in skcb.__version__:
        assert re.sub(r"rc\d+$", "", skcb.__version__) == newest


def test_the_recipe_asks_for_the_versions_that_pyproject_asks_for():
    yaml = pytest.importorskip("yaml")
    requirements = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text("utf-8"))["requirements"]
    needed = [re.sub(r"(?<=[\w-])(?=[><=])", " ", line, count=1) for line in PYPROJECT["project"]["dependencies"]]
    assert set(needed) <= set(requirements["run"])
    extra = {re.split(r"[\[><=]", line)[0]: line for lines in EXTRAS.values() for line in lines}
    conda_names = {"torch": "pytorch"}
    constrained = {line.split()[0]: line.split()[1] for line in requirements["run_constraints"]}
    for name, line in extra.items():
        if name != "skcb":
            assert constrained[conda_names.get(name, name)] == re.search(r"[><=].*$", line).group(), name


def test_every_extra_that_the_library_and_its_pages_name_exists():
    files = [*(ROOT / "skcb").rglob("*.py"), *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        (extra.strip(), path.relative_to(ROOT))
        for path in files
        for extras in re.findall(r"(?:skcb|\.)\[([a-z, ]+)\]", path.read_text("utf-8"))
        for extra in extras.split(",")
    }
    assert len(named) >= 4
    assert [(extra, path) for extra, path in named if extra not in EXTRAS] == []


@pytest.mark.parametrize(
    ("file", "modules"),
    [
        ("nn/__init__.py", ["torch"]),
        ("net/__init__.py", ["torch", "skorch"]),
        ("comparison/__init__.py", ["imbalanced-learn", "pandas"]),
        ("plotting/drawing.py", ["matplotlib"]),
        ("_progress.py", ["tqdm"]),
    ],
)
def test_the_extra_that_an_error_names_brings_what_is_missing(file, modules):
    (extra,) = set(re.findall(r"pip install 'skcb\[(\w+)\]'", (ROOT / "skcb" / file).read_text("utf-8")))
    brought = {re.split(r"[\[><=]", line)[0] for line in EXTRAS[extra]}
    assert set(modules) <= brought
