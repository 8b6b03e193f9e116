"""``optframe draw``: draws one figure of a results folder, or writes its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import click

from optframe.cli.options import PATH, name_broken, path_option, with_plugins
from optframe.components.registry import Registry
from optframe.errors import UsageError

__all__ = ["command"]

_NUMBERS, _FILM = "csv", "apng"


@click.command("draw")
@click.argument("figure", metavar="FIGURE")
@click.argument("results", type=PATH, metavar="DIR")
@click.option("-p", "--problem", help="The problem; needed where the study has several.")
@click.option(
    "-o",
    "--optimizer",
    "optimizers",
    multiple=True,
    help="An optimizer to draw, with or without its hyperparameters; default: all.",
)
@path_option(
    "--out",
    "FILE",
    "File to write: .svg, .pdf or .png; .csv for the numbers that are drawn; .apng for an "
    "animation, of figures that support it.  [default: FIGURE-PROBLEM.svg here]",
)
@click.option(
    "--width",
    type=click.FloatRange(1, 40),
    metavar="INCHES",
    help="Width of the picture: 3.3 for a column of a paper. Text keeps its size.",
)
@with_plugins
def command(
    registry: Registry,
    figure: str,
    results: Path,
    problem: str | None,
    optimizers: tuple[str, ...],
    out: Path | None,
    width: float | None,
) -> None:
    """Draw one figure of the results folder DIR, and print the name of the file.

    \b
    optframe draw convergence results/quickstart -p mlp
    optframe draw convergence:x=seconds,metric=test_loss DIR --out fig1.pdf --width 3.3
    optframe draw distribution DIR -o adam -o sgd --out final.csv
    optframe draw trajectory DIR -p rosenbrock --out film.apng

    FIGURE is a figure's name, and after a colon its parameters. `optframe list figures` lists all.
    `optframe show FIGURE` describes what one shows, how to read it, and its parameters.
    """  # noqa: D301
    from optframe.api import load
    from optframe.drawing.figures import FORMATS, picture, prepared, written
    from optframe.drawing.film import write_animation
    from optframe.store.cells import plain_cells

    name_broken(registry)
    suffix = "svg" if out is None else out.suffix[1:].lower()
    if suffix not in (*FORMATS, _NUMBERS, _FILM):
        found = f"found {out.suffix!r}" if out is not None and out.suffix else "found no suffix"
        known = ", ".join(f".{known}" for known in (*FORMATS, _NUMBERS, _FILM))
        raise UsageError(f"--out {out}: {found}, expected one of {known}")
    made, frames = prepared(
        figure, load(results), problem, optimizers=optimizers or None, registry=registry
    )
    path = out
    if path is None:
        problems = [] if made.across else list(frames.trials["problem"].unique())
        path = Path(_file_name(figure, *problems) + ".svg")
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix == _NUMBERS:
        cells = plain_cells(made.data(frames))
        cells.to_csv(path, index=False, errors="backslashreplace")
        click.echo(f"numbers: {path}")
    elif suffix == _FILM:
        click.echo(f"film: {write_animation(made, frames, path)}")
    else:
        path.write_bytes(written(picture(made, frames, width), suffix))
        click.echo(f"figure: {path}")


def _file_name(*words: str) -> str:
    """Join words to a file's name; characters that are awkward there become hyphens."""
    return "-".join(re.sub(r"[^\w.]+", "-", word).strip("-") for word in words)[:120]
