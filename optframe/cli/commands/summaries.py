"""What a component is, in one line, read from its source without importing it."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from optframe.components.registry import Entry

__all__ = ["summary"]


def summary(entry: Entry) -> str:
    """Return the first sentence of a component's docstring, without importing it."""
    if not isinstance(entry.target, str):
        return _first_line(entry.target.__doc__)
    if entry.kind == "studies":
        return _first_comment(Path(entry.target))
    module, _, attribute = entry.target.partition(":")
    try:
        spec = importlib.util.find_spec(module)  # it imports the packages around the module
        if spec is None or spec.origin is None:
            return f"(there is no module {module!r})"
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    except (Exception, SystemExit) as error:
        return f"({type(error).__name__}: {error})"
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == attribute:
            return _first_line(ast.get_docstring(node))
    return ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].strip()


def _first_comment(path: Path) -> str:
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
    except OSError as error:
        return f"({error.strerror})"
    return first.lstrip("# ").strip() if first.startswith("#") else ""
