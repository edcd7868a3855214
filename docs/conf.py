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
exclude_patterns = ["README.md", ".*", "lib", "site", "tests"]
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


def _add_commands(app, page, source):
    """Write the help of all commands into the page that has a place for it."""
    if _COMMANDS in source[0]:
        program = [sys.executable, "-m", "typer", "mammolens.cli.main", "utils", "docs", "--name", "mammolens"]
        written = subprocess.run(program, capture_output=True, text=True, check=True).stdout
        source[0] = source[0].replace(_COMMANDS, written.partition("\n")[2])  # it has a heading of its own


def setup(app):
    app.connect("source-read", _add_commands)
