"""``optframe merge``: joins the stores of several machines in one."""

from __future__ import annotations

from pathlib import Path

import click

from optframe.cli.options import PATH

__all__ = ["command"]


@click.command("merge")
@click.argument("results", type=PATH, nargs=-1, required=True, metavar="DIR...")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="A new folder.")
def command(results: tuple[Path, ...], out: Path) -> None:
    """Join the results folders DIR... in a new one.

    A trial that ended in several folders is stored once if its curves are equal to the bit. If they
    are not, both folders are printed, nothing is written, and the exit code is 2. A trial that is
    planned in one folder and finished in another is stored as finished.
    """
    from optframe.api import load
    from optframe.store.file import STORE_NAME
    from optframe.store.merging import merge

    merged = merge([load(folder).path for folder in results], out / STORE_NAME)
    left = merged.trials - merged.ended
    click.echo(
        f"{merged.trials} trials, {merged.ended} of them ended, {left} to be run; "
        f"{merged.shared} had ended in more than one store"
    )
    if merged.measured:
        click.echo(
            f"{merged.measured} of these differ, since their budgets are seconds: the first of "
            "each is kept"
        )
    click.echo(f"store:  {merged.path}")
