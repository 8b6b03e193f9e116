"""``optframe show``: prints a component's docstring and parameters."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.kinds import KINDS
from optframe.components.notation import format_value
from optframe.components.registry import Registry
from optframe.errors import UsageError, nearest

__all__ = ["command"]


@click.command("show")
@click.argument("name")
@with_plugins
def command(registry: Registry, name: str) -> None:
    """Show the component NAME: its equation, its source, its parameters with range and default."""
    kinds = [kind for kind in KINDS if name in registry.names(kind)]
    if not kinds:
        known = {n for kind in KINDS for n in registry.names(kind)}
        raise UsageError(f"unknown component {name!r}; {nearest(name, known)}")
    name_broken(registry)
    for kind in kinds:
        entry = registry.entry(kind, name)
        click.secho(f"{name}  ({kind}, from {entry.owner})", bold=True)
        if kind == "studies":
            click.echo(f"{entry.target}\n\n{Path(entry.target).read_text(encoding='utf-8')}")
            continue
        _show_class(registry.load(kind, name))


def _show_class(component: type) -> None:
    from optframe.components.parameters import parameters

    click.echo(f"{component.__module__}.{component.__qualname__}\n")
    click.echo(inspect.cleandoc(component.__doc__ or ""))
    fields = parameters(component)
    needs: Any = getattr(component, "needs", frozenset())
    if not any(field.required for field in fields.values()):
        needs = getattr(component(), "requires", lambda: needs)()
    elif not isinstance(needs, (set, frozenset)):  # a property, of objects alone
        needs = frozenset()
    if needs:
        click.echo(f"\nneeds: {', '.join(sorted(needs))}")
    if not fields:
        return
    click.echo()
    width = max(map(len, fields))
    for field in fields.values():
        default = "required" if field.required else f"default {format_value(field.default)}"
        click.echo(f"  {field.name:<{width}}  {field.expected}; {default}")
