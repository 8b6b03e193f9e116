"""``optframe baseline``: a study's counts in a small file, renewed and checked."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optframe.cli.commands.compare import FORMAT, LIMITS, OUT, limits_of, tell
from optframe.cli.options import name_broken, with_plugins
from optframe.components.registry import Registry
from optframe.errors import OptframeError, StoreError, UsageError

if TYPE_CHECKING:
    from optframe.gate import Source
    from optframe.study.study import Study

__all__ = ["command"]


@click.command("baseline")
@click.argument("action", type=click.Choice(["update", "check"]))
@click.argument("study")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The baseline; by default STUDY.baseline.json, beside a study's file.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Run the study in this folder, and keep it.",
)
@click.option(
    "--measure-tolerance",
    is_flag=True,
    help="update: run again as on older machines, and keep what changes.",
)
@LIMITS
@FORMAT
@OUT
@with_plugins
def command(
    registry: Registry,
    action: str,
    study: str,
    baseline: Path | None,
    results: Path | None,
    measure_tolerance: bool,
    allowed: tuple[str, ...],
    format: str,
    out: Path | None,
) -> int:
    """Run STUDY, and write its baseline or compare with it.

    \b
    optframe baseline update study.toml    run, write the baseline, say what changed
    optframe baseline check study.toml     run, and compare with the baseline

    Exit codes of check: 0 pass; 1 regression, or a trial is missing; 2 the words are wrong; 3
    inconclusive; 4 the baseline is missing, damaged, or of another study, dtype or version.
    """  # noqa: D301
    from optframe.api import find_study
    from optframe.gate import compare
    from optframe.gate.baseline import place_of
    from optframe.gate.sources import open_source

    name_broken(registry)
    if action == "check" and measure_tolerance:
        raise UsageError("--measure-tolerance belongs to `optframe baseline update`")
    limits = limits_of(allowed)
    made = find_study(study, registry)
    place = baseline or place_of(study, made.name)
    if action == "update":
        return _update(made, study, place, results, registry, measure_tolerance)
    before = open_source(place)
    if before.kind != "baseline":
        raise StoreError(f"{place}: this is no baseline; `optframe compare` takes what it is")
    comparison = compare(before, _ran(made, results, registry), limits)
    tell(comparison, format, out)
    return comparison.exit_code


def _ran(study: Study, folder: Path | None, registry: Registry) -> Source:
    """Run a study, in a folder that is gone afterwards unless one is given."""
    from rich.console import Console

    from optframe.cli.progress import ProgressObserver
    from optframe.execution.runner import run_study
    from optframe.execution.signals import end_by
    from optframe.gate.sources import of_results

    observer = ProgressObserver(Console(stderr=True))
    registry.watch(observer)
    with tempfile.TemporaryDirectory() as passing:
        try:
            outcome = run_study(study, folder or Path(passing), registry)
        finally:
            observer.close()
        if outcome.stopped is not None:
            end_by(outcome.stopped)
        results = outcome.results
        return dataclasses.replace(of_results(results), path=folder or Path(study.name))


def _update(
    study: Study,
    named: str,
    place: Path,
    results: Path | None,
    registry: Registry,
    measure_tolerance: bool,
) -> int:
    """Run a study and write its baseline; say what changed."""
    from optframe.gate.baseline import text, write
    from optframe.gate.machines import measure
    from optframe.gate.tolerance import Tolerances

    before = _before(place)
    source = _ran(study, results, registry)
    tolerances = before.tolerances if before else Tolerances()
    text(source, tolerances)  # refused before the long part, if it is
    if measure_tolerance:
        tolerances = measure(source, named, registry.paths, click.echo)
    tolerances = tolerances.of(one.spec.optimizer_name for one in source.trials)
    write(source, place, tolerances)
    if before is not None:
        _say_what_changed(before, source)
    if not tolerances.optimizers:
        click.echo(
            "no tolerance is known, so that other machines are inconclusive where a count differs; "
            "--measure-tolerance measures it"
        )
    elif not measure_tolerance:
        click.echo("the tolerances are the old ones; --measure-tolerance measures them again")
    click.echo(f"baseline: {place} ({len(source.trials)} cells)")
    return 0


def _before(place: Path) -> Source | None:
    """Read the baseline that is to be renewed; one that cannot be read is named and replaced."""
    from optframe.gate.sources import open_source

    if not place.exists():
        return None
    if b'"optframe-baseline/' not in place.read_bytes():
        raise StoreError(f"{place}: this is no baseline; it is left alone, choose another file")
    try:
        return open_source(place)
    except OptframeError as error:
        click.echo(f"the old baseline is replaced unread: {error}")
        return None


def _say_what_changed(before: Source, after: Source) -> None:
    from optframe.gate import compare, render

    try:
        click.echo(render(compare(before, after)), nl=False)
    except StoreError as error:
        click.echo(f"nothing of the old baseline is comparable: {error}")
