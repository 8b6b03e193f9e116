"""``optframe merge``: the stores of several machines in one."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command("merge")
@click.argument(
    "results", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="DIR..."
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new folder."
)
def command(results: tuple[Path, ...], out: Path) -> None:
    """Join the results folders DIR... in a new one.

    A trial that ended in several of them is one, if its curve is the same to the bit; else both
    are named, nothing is written, and the exit code is 2. Planned in one folder and finished in
    another, it is finished.
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
            f"{merged.measured} of these differ as they may, since seconds end them: the first is "
            "kept"
        )
    click.echo(f"store:  {merged.path}")
