"""``optframe baseline``: writes a study's counts into a small file, or compares with it."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optframe.cli.commands.compare import FORMAT, LIMITS, OUT, limits_of, tell
from optframe.cli.options import name_broken, path_option, with_plugins
from optframe.components.registry import Registry
from optframe.errors import OptframeError, StoreError, UsageError
from optframe.given_files import content_of

if TYPE_CHECKING:
    from optframe.gate import Source
    from optframe.study.study import Study

__all__ = ["command"]


@click.command("baseline")
@click.argument("action", type=click.Choice(["update", "check"]))
@click.argument("study")
@path_option(
    "--baseline",
    "FILE",
    "The baseline; by default STUDY.baseline.json beside the study's file.",
    dir_okay=False,
)
@path_option("--results", "DIR", "Results folder to run the study in; by default a temporary one.")
@click.option(
    "--measure-tolerance",
    is_flag=True,
    help="update: run again as on older machines, and store how much the counts change.",
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
    optframe baseline update study.toml    run, write the baseline, print what changed
    optframe baseline check study.toml     run, and compare with the baseline

    Exit codes of check: 0 pass; 1 regression, or a trial is missing; 2 usage error; 3
    inconclusive; 4 the baseline is missing, damaged, or of another study, dtype or version.
    """  # noqa: D301
    from optframe.api import find_study
    from optframe.gate import compare
    from optframe.gate.baseline import place_of
    from optframe.gate.sources import open_source

    name_broken(registry)
    if action == "check" and measure_tolerance:
        raise UsageError(
            "--measure-tolerance: found `optframe baseline check`; use it with `optframe baseline "
            "update`"
        )
    limits = limits_of(allowed)
    made = find_study(study, registry)
    place = baseline or place_of(study, made.name)
    if action == "update":
        return _update(made, study, place, results, registry, measure_tolerance)
    before = open_source(place)
    if before.kind != "baseline":
        raise StoreError(
            f"{place}: found {before.kind!r}, expected a baseline; use `optframe compare` for it"
        )
    return tell(compare(before, _ran(made, results, registry), limits), format, out)


def _ran(study: Study, folder: Path | None, registry: Registry) -> Source:
    """Run a study in a folder, or in a temporary one if none is given."""
    from rich.console import Console

    from optframe.cli.progress import ProgressObserver
    from optframe.execution.runner import run_study
    from optframe.execution.signals import end_by
    from optframe.gate.sources import of_results

    observer = ProgressObserver(Console(stderr=True))
    registry.watch(observer)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            outcome = run_study(study, folder or Path(temporary), registry)
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
    """Run a study and write its baseline; print what changed."""
    from optframe.gate.baseline import text, write
    from optframe.gate.machines import measure
    from optframe.gate.tolerance import Tolerances

    before = _before(place)
    source = _ran(study, results, registry)
    tolerances = before.tolerances if before else Tolerances()
    text(source, tolerances)  # raises what `write` would, before the tolerances are measured
    if measure_tolerance:
        tolerances = measure(source, named, registry.paths, click.echo)
    tolerances = tolerances.of(one.spec.optimizer_name for one in source.trials)
    write(source, place, tolerances)
    if before is not None:
        _print_changes(before, source)
    if not tolerances.optimizers:
        click.echo(
            "no tolerance is known, so a count that differs on another machine is inconclusive; "
            "--measure-tolerance measures the tolerances"
        )
    elif not measure_tolerance:
        click.echo("the tolerances are kept; --measure-tolerance measures them again")
    click.echo(f"baseline: {place} ({len(source.trials)} cells)")
    return 0


def _before(place: Path) -> Source | None:
    """Read the old baseline; None where there is none, or one that cannot be read (printed)."""
    from optframe.gate.sources import open_source

    if not place.exists():
        return None
    try:
        content = content_of(place)
    except OSError as error:
        raise StoreError(f"{place}: {error.strerror or error}") from error
    if b'"optframe-baseline/' not in content:
        raise StoreError(
            f"{place}: found a file that is not a baseline, and did not overwrite it; choose "
            "another file"
        )
    try:
        return open_source(place)
    except OptframeError as error:
        click.echo(f"the old baseline is replaced, since it cannot be read: {error}")
        return None


def _print_changes(before: Source, after: Source) -> None:
    from optframe.gate import compare, render

    try:
        click.echo(render(compare(before, after)), nl=False)
    except StoreError as error:
        click.echo(f"cannot compare with the old baseline: {error}")
