"""``optframe list``: what is installed, without importing it."""

from __future__ import annotations

import click

from optframe.cli.commands.summaries import summary
from optframe.cli.options import name_broken, with_plugins
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry
from optframe.errors import UsageError, nearest

__all__ = ["command"]


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
