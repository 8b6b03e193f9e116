"""``optframe verify``: runs trials of a store again and compares the results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from optframe.cli.options import PATH, name_broken, with_plugins
from optframe.components.registry import Registry
from optframe.errors import printable

__all__ = ["command"]


@click.command("verify")
@click.argument("results", type=PATH, metavar="DIR")
@click.option("--sample", type=click.IntRange(1), default=10, help="Number of trials.  [10]")
@click.option("--all", "everything", is_flag=True, help="All trials.")
@click.option("--seed", default=0, help="Seed of the sample.  [0]")
@click.option(
    "--trust",
    is_flag=True,
    help="Import the modules and open the files and addresses that the store names.",
)
@with_plugins
def command(
    registry: Registry, results: Path, sample: int, everything: bool, seed: int, trust: bool
) -> int:
    """Run trials of the results folder DIR again here, and compare their curves with the store.

    A random sample of the trials that ran to an end runs again, also of those that tuned. For each,
    the command prints whether it agrees to the bit, to rounding or not at all. If it does not agree
    to the bit, the command prints what has changed since: code, data, versions, the machine.
    Nothing is written. Trials with a budget in seconds are exempt.

    The components of installed plugins run, and those of -P. Where the store names anything else,
    a module, a file or an address, the trial is exempt, and the line says what it would import or
    open; --trust allows that. No trial does more steps than the store has of it.

    Exit codes: 0 all agree, to the bit or to rounding; 1 some do not; 2 usage error, or there is
    nothing to verify; 3 nothing could be compared.
    """
    from optframe.api import load
    from optframe.gate.verification import Agreement, drawn, verify

    name_broken(registry)
    path = load(results).path
    trials, there = drawn(path, None if everything else sample, seed)
    found: Counter[Agreement] = Counter()
    changed: Counter[str] = Counter()
    for one in verify(path, trials, registry, trust):
        found[one.agreement] += 1
        changed.update(one.changed)
        reason = f": {one.reason}" if one.reason else ""
        stage = " (tuning)" if one.trial.stage == "tune" else ""
        click.echo(printable(f"{one.agreement:<11}  {one.trial.name}{stage}{reason}", ""))
    counts = ", ".join(f"{found[kind]} {kind}" for kind in Agreement if found[kind])
    click.echo(f"\n{len(trials)} of {there} trials ran again: {counts}")
    for what, times in changed.most_common():
        click.echo(printable(f"changed since, of {times} of them: {what}", ""))
    if found[Agreement.NOT]:
        return 1
    return 3 if found[Agreement.EXEMPT] == len(trials) else 0
