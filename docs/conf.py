"""How the documentation is built: ``make docs``; warnings are errors, and nothing is fetched."""

import importlib
import inspect
import os
import shutil
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

import skcb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from links import write_inventories  # noqa: E402 - a module beside this file

project = "skcb"
author = "the skcb developers"
copyright = "2026, the skcb developers"  # noqa: A001 - Sphinx's name
release = version = skcb.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx_design",
    "myst_nb",
    "sphinxcontrib.bibtex",
]
exclude_patterns = [
    "build",
    "results/cifar10_lt*.md",
    "gallery/**/*.py.md5",
    "gallery/**/*.ipynb",
]
templates_path = ["_templates"]
nitpicky = True

autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
# Pages are read and run again when they change; a cell that fails or warns stops the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
# Spark needs Java: without it the recipe is shown, and not run.
nb_execution_excludepatterns = [] if shutil.which("java") or os.getenv("JAVA_HOME") else ["cookbook/spark*"]
# A short session is sooner done without the JVM's second compiler and without code that Spark writes for it.
_SHORT_SESSION = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dspark.sql.codegen.wholeStage=false"
os.environ.setdefault("SPARK_SUBMIT_OPTS", _SHORT_SESSION)
bibtex_bibfiles = ["refs.bib"]
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"), "doi": ("https://doi.org/%s", "doi:%s")}
extlinks_detect_hardcoded_links = False

# What the pages link to in other projects stands in `links.py`, so that building needs no network.
intersphinx_mapping = write_inventories(HERE / "build" / "inventories")

html_theme = "pydata_sphinx_theme"
html_title = "skcb"
html_static_path = ["_static"]
html_css_files = ["skcb.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 4,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_|/dask_cluster|/out_of_core",
    "ignore_pattern": r"3_papers|keel_data|more_folds|tuned_decisions|tuned_nets|__init__",  # see their results
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "doc_module": ("skcb",),
    "backreferences_dir": "gallery/uses",
    "inspect_global_variables": False,
    "within_subsection_order": "FileNameSortKey",
}

_DOCUMENTED_MODULES = ["skcb", "skcb.nn", "skcb.net", "skcb.comparison", "skcb.plotting"]


def check_public_names(_app: object) -> None:
    """Stop the build at a public name without a docstring, or one that the API page leaves out."""
    page = set((HERE / "api.rst").read_text().split())
    for module_name in _DOCUMENTED_MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.isclass(thing) and not inspect.isroutine(thing):
                continue
            if not (thing.__doc__ or "").strip():
                raise ExtensionError(f"{module_name}.{name} is public and has no docstring")
            if not {name, f"{module_name}.{name}".removeprefix("skcb.")} & page:
                raise ExtensionError(f"{module_name}.{name} is public and is not on the page api.rst")


def setup(app: object) -> None:
    """Register the check."""
    app.connect("builder-inited", check_public_names)
