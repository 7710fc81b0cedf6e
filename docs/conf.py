"""How the documentation is built: ``make docs``; warnings are errors, and nothing is fetched."""

import os
import shutil
import sys
import tomllib
from pathlib import Path

from jupyter_client.manager import KernelManager

import skcb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from links import write_inventories  # noqa: E402 - a module beside this file

project = "skcb"
author = "the skcb developers"
copyright = "2026, the skcb developers"  # noqa: A001 - Sphinx's name
release = version = skcb.__version__

URLS = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["urls"]
SITE, REPOSITORY = URLS["Homepage"], URLS["Source"]
# Read the Docs says under which address it shows what it builds; else pages stand at the root of their host.
hosted = os.environ.get("READTHEDOCS_CANONICAL_URL")
html_baseurl = hosted or f"{SITE}/en/latest/"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx_design",
    "myst_nb",
    "sphinxcontrib.bibtex",
    "sphinxext.opengraph",
    "sphinx_sitemap",
    "notfound.extension",
    # modules beside this file
    "descriptions",
    "drawn_examples",
    "public_names",
    "uses",
    "strategy_names",
    "llms_txt",
]
exclude_patterns = [
    "build",
    "results/cifar10_lt*.md",
    "gallery/**/*.py.md5",
    "gallery/**/*.ipynb",
    # they load a script from outside, and tell a reader nothing
    "**/sg_execution_times.rst",
    "sg_execution_times.rst",
]
templates_path = ["_templates"]
nitpicky = True

autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 120)]
plot_rcparams = {"figure.figsize": (6.4, 4.0), "savefig.bbox": "tight"}
plot_apply_rcparams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
bibtex_bibfiles = ["refs.bib"]
bibtex_reference_style = "author_year"
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"), "doi": ("https://doi.org/%s", "doi:%s")}
extlinks_detect_hardcoded_links = False

# Pages are run anew with every build; a cell that fails, warns or writes to stderr stops the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
# Spark needs Java: without it the recipe is shown, and not run.
nb_execution_excludepatterns = [] if shutil.which("java") or os.getenv("JAVA_HOME") else ["cookbook/spark*"]
# A short session starts sooner without the JVM's second compiler.
os.environ.setdefault("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
nb_output_stderr = "error"
# What is said to kernels is encrypted where both sides can: else each writes that others may listen.
if hasattr(KernelManager, "transport_encryption"):
    KernelManager.transport_encryption.default_value = "auto"

# `>>> ` and `$ ` are not copied, and what a session printed is not either.
copybutton_prompt_text = r">>> |\.\.\. ?|\$ "
copybutton_prompt_is_regexp = True
copybutton_copy_empty_lines = False
copybutton_selector = "div.highlight:not(.output div.highlight):not(.sphx-glr-script-out div.highlight) > pre"

# What the pages link to in other projects stands in `links.py`, so that building needs no network.
intersphinx_mapping = write_inventories(HERE / "build" / "inventories")

html_theme = "pydata_sphinx_theme"
html_title = "skcb"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["skcb.css"]
html_js_files = [("scrolling.js", {"defer": "defer"})]
html_show_sourcelink = False
html_domain_indices = False
html_context = {
    "github_user": REPOSITORY.split("/")[-2],
    "github_repo": REPOSITORY.split("/")[-1],
    "github_version": "main",
    "doc_path": "docs",
    "default_mode": "auto",
}
html_sidebars = {"index": [], "search": [], "404": [], "_modules/**": []}
html_theme_options = {
    "logo": {
        "image_light": "_static/logo.svg",
        "image_dark": "_static/logo_dark.svg",
        "text": "skcb",
        "alt_text": "",
    },
    "navbar_align": "left",
    "navbar_end": ["version-switcher", "theme-switcher", "navbar-icon-links"],
    "header_links_before_dropdown": 4,
    "icon_links": [{"name": "Repository", "url": REPOSITORY, "icon": "fa-brands fa-github"}],
    "switcher": {
        # of one list for all versions, which stands on the site itself
        "json_url": "/en/latest/_static/switcher.json" if hosted else "_static/switcher.json",
        "version_match": os.environ.get("READTHEDOCS_VERSION", "latest"),
    },
    "check_switcher": False,
    "use_edit_page_button": True,
    "secondary_sidebar_items": ["page-toc"],
    "article_footer_items": ["edit-source"],
    "primary_sidebar_end": [],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}

ogp_site_url = html_baseurl
ogp_site_name = "skcb"
ogp_image = "_static/social_card.png"
ogp_image_alt = "skcb: class-balanced learning from effective numbers"
ogp_social_cards = {"enable": False}
ogp_enable_meta_description = False  # `descriptions` writes them
toc_object_entries_show_parents = "hide"
sitemap_url_scheme = "{link}"
sitemap_excludes = ["search.html", "genindex.html", "404.html", "_modules/*"]
notfound_urls_prefix = "/en/latest/" if hosted else "/"
notfound_context = {
    "title": "Page not found",
    "body": "<h1>Page not found</h1><p>There is no page at this address. The search and the bar are above.</p>",
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_|/dask_cluster|/out_of_core",
    "ignore_pattern": r"3_papers|keel_data|keel_run|more_folds|tuned_decisions|tuned_nets|__init__",  # no pages
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "doc_module": ("skcb",),
    "backreferences_dir": "gallery/uses",
    "inspect_global_variables": False,
    "within_subsection_order": "FileNameSortKey",
}
