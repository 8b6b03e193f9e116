"""How the documentation is built: ``sphinx-build docs docs/_build``."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import optframe

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "optframe"
author = "The optframe developers"
version = release = optframe.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "optframe_sphinx"]
exclude_patterns = ["_build"]
smartquotes_action = "D"  # leave quotes (code) and primes (mathematics); make -- a dash
default_role = "py:obj"  # `name` in a docstring is a name of the code
highlight_language = "none"  # a block without a language is an equation

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False

myst_heading_anchors = 3

html_theme = "furo"
html_title = "optframe"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["equations.css"]
html_copy_source = False
html_show_sourcelink = False


def lead_out(app: Sphinx, path: Path, parent: str, content: list[str]) -> None:
    """Make the README's links, which are relative to the root, relative to this folder."""
    if path.name == "README.md":
        content[0] = re.sub(r"\]\((?!\w+:|#)", "](../", content[0])


def setup(app: Sphinx) -> None:
    """Register the handler that only this site needs."""
    app.connect("include-read", lead_out)
