"""The formats of a comparison: text, Markdown, JSON, JUnit and GitHub's annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from optframe.gate.formats.github import github
from optframe.gate.formats.json import as_json
from optframe.gate.formats.junit import junit
from optframe.gate.formats.markdown import markdown
from optframe.gate.formats.text import text
from optframe.gate.verdicts import Comparison

__all__ = ["FORMATS", "render"]

FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "text": text,
    "md": markdown,
    "json": as_json,
    "junit": junit,
    "github": github,
}


def render(comparison: Comparison, format: str = "text") -> str:
    """Return a comparison in one of the `FORMATS`, without colours."""
    return FORMATS[format](comparison)
