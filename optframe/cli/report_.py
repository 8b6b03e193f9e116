"""``optframe report``: draw the report of a results folder."""

from __future__ import annotations

from pathlib import Path

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.registry import Registry

__all__ = ["command"]


@click.command("report")
@click.argument("results", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it.")
@with_plugins
def command(registry: Registry, results: Path, out: Path | None) -> None:
    """Draw the report of the results folder DIR, by default into DIR/report."""
    from optframe.api import report

    name_broken(registry)
    click.echo(f"report: {report(results, out, registry=registry)}")
