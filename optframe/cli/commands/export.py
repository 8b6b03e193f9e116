"""``optframe export``: writes a results folder as CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import click

from optframe.cli.options import PATH
from optframe.errors import UsageError, printable

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
@click.option(
    "--tuned",
    type=PATH,
    metavar="FILE",
    help="Write only a study file with the settings that tuning chose.",
)
def command(results: Path, formats: tuple[str, ...], out: Path | None, tuned: Path | None) -> None:
    """Write the results folder DIR as tables that other programs read.

    The tables are trials, with a row per trial, curves, with a row per checkpoint, and paths, with
    a row per step of problems of one or two parameters. columns.csv describes each column and its
    unit. study.json and environments.json are written, too. Of a study that tuned, so are tuning,
    tuning_curves, tunings and winners.

    With --tuned, a study file is written instead. It runs the final trials alone, with the settings
    that were chosen and the same seeds. What it cannot keep is printed.
    """
    from importlib.util import find_spec

    from optframe.api import load
    from optframe.store.export import FORMATS, export

    if tuned is not None:
        _export_tuned(results, tuned, given=bool(formats or out))
        return
    there = FORMATS if find_spec("pyarrow") else ("csv",)
    for path in export(load(results), out, formats or there):
        click.echo(path)


def _export_tuned(results: Path, tuned: Path, given: bool) -> None:
    from optframe.api import load
    from optframe.store.tuned_study import export_tuned

    if given:
        raise UsageError("export: --tuned writes a study file; expected no --format or --out")
    lost = export_tuned(load(results), tuned)
    click.echo(tuned)
    for line in lost:
        click.echo(printable(f"not as it was: {line}", ""))
