"""``optframe export``: writes a results folder as CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import click

from optframe.cli.options import PATH

__all__ = ["command"]


@click.command("export")
@click.argument("results", type=PATH, metavar="DIR")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="csv|parquet",
    help="Which formats; by default CSV, and Parquet where pyarrow is installed.",
)
@click.option("--out", type=PATH, help="Folder, by default DIR/export.")
def command(results: Path, formats: tuple[str, ...], out: Path | None) -> None:
    """Write the results folder DIR as tables that other programs read.

    The tables are trials, with a row per trial, curves, with a row per checkpoint, and paths, with
    a row per step of problems of one or two parameters. columns.csv describes each column and its
    unit. study.json and environments.json are written, too.
    """
    from importlib.util import find_spec

    from optframe.api import load
    from optframe.store.export import FORMATS, export

    there = FORMATS if find_spec("pyarrow") else ("csv",)
    for path in export(load(results), out, formats or there):
        click.echo(path)
