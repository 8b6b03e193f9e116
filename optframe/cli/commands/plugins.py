"""``optframe plugins``: lists the plugins in use, and what each registers."""

from __future__ import annotations

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry

__all__ = ["command"]


@click.command("plugins")
@with_plugins
def command(registry: Registry) -> None:
    """List the plugins in use and the components of each; broken plugins are reported."""
    for plugin in registry.plugins:
        version = f" {plugin.version}" if plugin.version not in plugin.origin else ""
        click.secho(f"{plugin.name}  ({plugin.origin}{version})", bold=True)
        for kind in KINDS:
            names = [e.name for e in registry.entries(kind) if e.owner == plugin.name]
            if names:
                click.echo(f"  {kind}: {', '.join(names)}")
    name_broken(registry)
