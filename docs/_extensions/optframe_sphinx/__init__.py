"""A Sphinx extension that writes pages of optframe's components from the registry.

Put it beside a plugin's own ``conf.py`` and say what to document::

    extensions = ["optframe_sphinx"]
    optframe_plugins = ["my_plugin"]  # files or modules that are not installed; default none
    optframe_owners = ["my_plugin"]   # only what these plugins register; default everything

The pages are in the folder ``reference``: a page per optimizer (``optimizers/<name>``), a page per
kind of component (``<kind>/index``), and the public names of optframe (``api``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import optframe
from optframe_sphinx.api import page
from optframe_sphinx.docstring import without_substitutions
from optframe_sphinx.pages import Pages

__all__ = ["setup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_config_value("optframe_plugins", [], "env")
    app.add_config_value("optframe_owners", [], "env")
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", escape, priority=400)  # before napoleon
    return {"version": "1", "parallel_read_safe": True}


def write_pages(app: Sphinx) -> None:
    """Write all pages into the folder ``reference``, and remove those of a former build."""
    folder = Path(app.srcdir) / "reference"
    registry = optframe.load_plugins(app.config.optframe_plugins, strict=True)
    written = {*Pages(registry, folder, tuple(app.config.optframe_owners)).write()}
    api = folder / "api.rst"
    api.write_text(page(), encoding="utf-8")
    for stale in {*folder.rglob("*.rst")} - written - {api}:
        stale.unlink()


def escape(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Let |x| in a docstring be an absolute value."""
    lines[:] = without_substitutions("\n".join(lines)).split("\n")
