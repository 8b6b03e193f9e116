"""``optframe compare``: compares the numbers of a base and a head."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optframe.cli.options import PATH, name_broken, path_option, with_plugins
from optframe.components.registry import Registry

if TYPE_CHECKING:
    from optframe.gate import Comparison, Limits

__all__ = ["FORMAT", "LIMITS", "OUT", "command", "limits_of", "tell"]

LIMITS = click.option(
    "--max-regression",
    "allowed",
    multiple=True,
    metavar="NAME=LIMIT,...",
    help="How much each number may grow: steps=0,gradients=5%,samples=any.",
)
FORMAT = click.option(
    "--format",
    type=click.Choice(["text", "md", "json", "junit", "github"]),
    default="text",
    help="Output format; github: annotations, and the job's summary.",
)
OUT = path_option(
    "--out", "FILE", "Write the comparison to this file; print only the verdict.", dir_okay=False
)


@click.command("compare")
@click.argument("base", type=PATH)
@click.argument("head", type=PATH)
@LIMITS
@FORMAT
@OUT
@with_plugins
def command(
    registry: Registry,
    base: Path,
    head: Path,
    allowed: tuple[str, ...],
    format: str,
    out: Path | None,
) -> int:
    """Compare the counts of HEAD with those of BASE: steps, evaluations, final loss, status.

    Each is a results folder, a store, a baseline, a JSON file of pytest-benchmark, or a folder of
    such. Limits for some optimizers or problems are in pyproject.toml, [tool.optframe.compare].
    Seconds of two separate runs are shown and never judged.

    Exit codes: 0 pass; 1 regression, or a trial is missing; 2 usage error; 3 inconclusive; 4 one
    of them cannot be read, or they cannot be compared.
    """
    from optframe.gate import compare, open_source

    name_broken(registry)
    limits = limits_of(allowed)
    return tell(compare(open_source(base), open_source(head), limits), format, out)


def limits_of(allowed: tuple[str, ...]) -> Limits:
    """Return the limits of pyproject.toml, the general ones replaced by the command line's."""
    from optframe.gate.limits import of_project, parse

    limits = of_project(Path.cwd())
    for text in allowed:
        limits = limits.over(parse(text))
    return limits


def tell(comparison: Comparison, format: str, out: Path | None) -> int:
    """Print a comparison, or write it to a file and print its verdict; return its exit code."""
    from rich.console import Console

    from optframe.gate.formats import render
    from optframe.gate.formats.github import append_summary
    from optframe.gate.formats.text import print_text
    from optframe.gate.formats.words import summary

    if format == "github":
        append_summary(comparison)
    if out is not None:
        out.write_text(render(comparison, format), "utf-8", "backslashreplace")
        click.echo(summary(comparison))
        click.echo(f"written: {out}")
    elif format == "text" and sys.stdout.isatty():
        print_text(comparison, Console())
    else:
        click.echo(render(comparison, format), nl=False)
    return comparison.exit_code
