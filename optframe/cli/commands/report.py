"""``optframe report``: draws the report of a results folder."""

from __future__ import annotations

from pathlib import Path

import click

from optframe.cli.options import PATH, name_broken, with_plugins
from optframe.components.registry import Registry
from optframe.contracts.costs import check_cost

__all__ = ["command"]


def _offered(context: click.Context, option: click.Parameter, cost: str | None) -> str | None:
    """Refuse an unknown cost before anything is read, which takes most of the command's time."""
    if cost is not None:
        check_cost(cost)
    return cost


@click.command("report")
@click.argument("results", type=PATH, metavar="DIR...", nargs=-1, required=True)
@click.option(
    "--format",
    "formats",
    default="html",
    show_default=True,
    metavar="NAME[,NAME...]",
    help="html (a page), md, latex (tables), pdf (figures at column width), or a plugin's.",
)
@click.option(
    "--cost",
    metavar="NAME",
    callback=_offered,
    help="Compare by work, steps, gradients, records, epochs, samples, evaluations or seconds.  "
    "[default: the study's, else work]",
)
@click.option(
    "--metric",
    metavar="NAME",
    help="Judge by this metric where no target was reached.  [default: the study's, else the "
    "validation loss, else f - f* or the loss]",
)
@click.option("--out", type=PATH, help="Folder, by default DIR/report.")
@with_plugins
def command(
    registry: Registry,
    results: tuple[Path, ...],
    formats: str,
    cost: str | None,
    metric: str | None,
    out: Path | None,
) -> None:
    """Draw the report of the results folder DIR, by default into DIR/report.

    \b
    optframe report results/quickstart --format html,md
    optframe report results/before results/after      both side by side
    optframe report DIR --cost seconds --metric test_loss
    """  # noqa: D301
    from optframe.api import load, report

    name_broken(registry)
    loaded, names = [load(folder) for folder in results], formats.split(",")
    for name in names:
        registry.entry("reporters", name)  # an unknown name is an error before anything is drawn
    given = {"cost": cost, "metric": metric}
    for name in names:
        click.echo(f"report: {report(loaded, out, format=name, registry=registry, **given)}")
