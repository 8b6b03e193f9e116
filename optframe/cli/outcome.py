"""Prints what happened to the trials of a study: those that failed, were lost or not run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from optframe.cli.options import warn
from optframe.contracts.trial import trial_name

if TYPE_CHECKING:
    import pandas as pd

    from optframe.execution.runner import Outcome
    from optframe.study.study import Study

__all__ = ["print_failures", "print_found"]

FAILED = ("failed", "crashed", "timeout")
"""The statuses of trials that make the command's exit code 1."""

MOST = 20
"""The most lines about failed trials."""


def print_found(outcome: Outcome) -> None:
    """Print which trials were there already."""
    if outcome.found:
        again = f"{outcome.ran or 'nothing'} {'were' if outcome.ran > 1 else 'was'}"
        click.echo(f"{outcome.found} trials were in the store already; {again} run now")
    if outcome.repeated:
        times = "trial was" if outcome.repeated == 1 else "trials were"
        click.echo(f"{outcome.repeated} {times} in the study twice, and run once")


def print_failures(outcome: Outcome, study: Study) -> int:
    """Print what failed or was not run; return the number of failed trials of all stages."""
    trials = outcome.results.trials
    failures = _failures(trials)
    if study.tune is not None:
        failures += _failures(outcome.results.tuning)
    for line in list(dict.fromkeys(line for line, _ in failures))[:MOST]:
        warn(line)
    if any(traced for _, traced in failures):
        frame = "trials" if _failures(trials) else "tuning"
        folder = str(outcome.results.path.parent)
        warn(f"the tracebacks are in optframe.load({folder!r}).{frame}['traceback']")
    for reason in trials.loc[trials["status"] == "skipped", "reason"].unique():
        click.echo(f"skipped: {reason}")
    alone = trials.groupby("problem", sort=False)["seed"].nunique() == 1
    if study.seeds > 1 and alone.any():
        names = ", ".join(str(name) for name in alone.index[alone])
        click.echo(
            f"one seed:  on {names} all {study.seeds} seeds give the same run, since nothing is "
            'random (start = "random" in a [[problem]] draws the start)'
        )
    return len(failures)


def _failures(trials: pd.DataFrame) -> list[tuple[str, bool]]:
    """Return a line for each failed trial, and whether it has a traceback."""
    failed = trials[trials["status"].isin(FAILED)]
    return [
        (
            f"{trial_name(row['optimizer'], row['problem'])} {row['status']}: {row['reason']}",
            isinstance(row["traceback"], str),
        )
        for row in failed.to_dict("records")
    ]
