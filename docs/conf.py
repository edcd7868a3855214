"""Sphinx: the documentation as a website. `make docs` builds it, and fails on a broken link."""

import subprocess
import sys

import mammolens

project = "MammoLens"
copyright = "MammoLens developers. Research use only, not a medical device"  # noqa: A001 - Sphinx's name
release = mammolens.__version__

# The sources are the repository, so that pages of its root are part of the site and links to them stay as they are.
root_doc = "docs/index"
include_patterns = ["docs/**.md", "*.md", "benchmarks/README.md", "examples/README.md"]
exclude_patterns = ["README.md", ".*", "build", "lib", "tests"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "__init__, __new__"}
napoleon_use_ivar = True  # an attribute is described once

html_theme = "furo"
html_title = f"MammoLens {release}"
html_show_sphinx = False
html_extra_path = ["site"]
html_theme_options = {"announcement": mammolens.RESEARCH_USE_ONLY}
copybutton_exclude = ".linenos, .gp, .go"

_COMMANDS = "<!-- the commands -->"
_ROUTES = "<!-- the routes -->"


def _written(*program):
    return subprocess.run([sys.executable, *program], stdout=subprocess.PIPE, text=True, check=True).stdout


def _add_reference(app, page, source):
    """Write the help of all commands, and the server's routes, into the pages that have a place for them."""
    if _COMMANDS in source[0]:
        commands = _written("-m", "typer", "mammolens.cli.main", "utils", "docs", "--name", "mammolens")
        source[0] = source[0].replace(_COMMANDS, commands.partition("\n")[2])  # it has a heading of its own
    if _ROUTES in source[0]:
        source[0] = source[0].replace(_ROUTES, _written("docs/rest_api.py"))


def setup(app):
    app.connect("source-read", _add_reference)
