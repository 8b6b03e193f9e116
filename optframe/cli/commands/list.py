"""``optframe list``: lists the installed components, without importing them."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.kinds import KINDS
from optframe.components.registry import Entry, Registry
from optframe.errors import UsageError, described, nearest

__all__ = ["command", "summary"]


@click.command("list")
@click.argument("kind", required=False)
@with_plugins
def command(registry: Registry, kind: str | None) -> None:
    """List the components that are installed, of all kinds or of one KIND."""
    kinds = [kind] if kind else list(KINDS)
    if kind and kind not in KINDS:
        plural = f"{kind}s"
        if plural not in KINDS:
            raise UsageError(f"unknown kind {kind!r}; {nearest(kind, KINDS)}")
        kinds = [plural]
    name_broken(registry)
    for each in kinds:
        entries = registry.entries(each)
        if not entries and not kind:
            continue
        click.secho(each, bold=True)
        width = max((len(entry.name) for entry in entries), default=0)
        for entry in entries:
            line = summary(entry)
            owner = "" if entry.owner.startswith("optframe_") else f"  [{entry.owner}]"
            click.echo(f"  {entry.name:<{width}}  {line}{owner}")
        if not entries:
            click.echo("  none")


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
        return f"({described(error)})"
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
