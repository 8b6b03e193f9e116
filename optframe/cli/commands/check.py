"""``optframe check``: checks components against their contracts."""

from __future__ import annotations

import contextlib
import io
import textwrap
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from optframe.cli.options import name_broken, with_plugins
from optframe.components.building import make_wrapped
from optframe.components.kinds import KINDS
from optframe.components.notation import parse
from optframe.components.registry import Registry
from optframe.errors import UsageError, nearest
from optframe.testing import (
    KIT_VERSION,
    Checks,
    check_backend,
    check_optimizer,
    check_problem,
    check_protocol,
    check_sampler,
    check_schedule,
    check_tuner,
)
from optframe.testing.standard_problems import Bowl, Descent

__all__ = ["command"]

CHECKS: dict[str, Any] = {
    "optimizers": check_optimizer,
    "wrappers": check_optimizer,
    "problems": check_problem,
    "transforms": check_problem,
    "samplers": check_sampler,
    "schedules": check_schedule,
    "backends": check_backend,
    "tuners": check_tuner,
    "protocols": check_protocol,
}
INSIDE: dict[str, dict[str, Any]] = {
    "wrappers": {"optimizer": Descent()},
    "transforms": {"problem": Bowl(((2.0, 0.5), (0.5, 1.0)), (0.3, -0.2), least=1.5)},
}
"""The inner component with which a wrapper or transform is checked."""

MARKS = {
    "passed": ("passed", "green"),
    "failed": ("FAILED", "red"),
    "warned": ("WARNING", "yellow"),
    "not applicable": ("not applicable", None),
    "expected failure": ("expected failure", "yellow"),
}


@click.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    help="Seed of the points and batches that the checks use.",
)
@click.option("--new", is_flag=True, help="Checks that are new in this version fail, not warn.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of each failure.")
@with_plugins
def command(registry: Registry, names: tuple[str, ...], seed: int, new: bool, verbose: bool) -> int:
    """Check components against their contracts.

    NAME is an optimizer, wrapper, problem, transform, sampler, schedule, backend, tuner or
    protocol, with its parameters: adam, quadratic:size=3, adam+clip-norm:max=1,
    linear:start=1,end=0,steps=10. It may be an import path, such as torch.optim.AdamW or
    my_models.net:width=3.
    Without a NAME, all components of the plugins that -P names are checked.

    Exit codes: 0 all checks that apply passed, or failed as the component's author expects; 1 some
    failed, or too few applied; 2 usage error.
    """
    name_broken(registry)
    chosen = [pair for name in names for pair in _components(registry, name)]
    counts: Counter[str] = Counter()
    for kind, notation in chosen:
        counts.update(_run(_checks(registry, kind, notation, seed, new), verbose))
    for kind, name in [] if chosen else _components_of_files(registry):
        try:
            counts.update(_run(_checks(registry, kind, name, seed, new), verbose))
        except UsageError as error:
            click.echo(
                f"{KINDS[kind].singular} {name} was not checked: {error}; name it with its "
                "parameters\n"
            )
            counts["failed"] += 1
    if len(chosen) != 1:
        click.secho(f"together: {_summary(counts)}", bold=True)
    return 1 if counts["failed"] else 0


def _components(registry: Registry, notation: str) -> Iterator[tuple[str, str]]:
    """Yield each kind that has checks and a component of this name, with the notation."""
    table = parse(notation)
    name = table.pop("name")
    table.pop("wrap", None)
    kinds = registry.kinds(name, table)
    if not kinds:
        known = {n for kind in CHECKS for n in registry.names(kind)}
        raise UsageError(f"unknown component {name!r}; {nearest(name, known)}")
    checked = [kind for kind in kinds if kind in CHECKS]
    if not checked:
        raise UsageError(
            f"{name!r} is a {KINDS[kinds[0]].singular}, which has no checks; expected one of "
            f"{', '.join(CHECKS)}"
        )
    yield from ((kind, notation) for kind in checked)


def _components_of_files(registry: Registry) -> list[tuple[str, str]]:
    """Return the components that the plugins named by -P register, with their kinds."""
    paths = click.get_current_context().params["paths"]
    owners = {plugin.name for plugin in registry.plugins if plugin.origin in paths}
    found = [
        (kind, entry.name)
        for kind in CHECKS
        for entry in registry.entries(kind)
        if entry.owner in owners
    ]
    if not found:
        raise UsageError("nothing to check: name a component, or a plugin with components (-P)")
    return found


def _checks(registry: Registry, kind: str, notation: str, seed: int, new: bool) -> Checks:
    table = parse(notation)
    singular, name = KINDS[kind].singular, table["name"]
    entry = registry.entry(kind, name)
    owner = registry.by_path.origin(name) if entry.by_path else entry.owner
    made = make_wrapped(registry, kind, {**table, **INSIDE.get(kind, {})}, f"{singular} {name}")
    around = "".join(f" around {inside!r}" for inside in INSIDE.get(kind, {}).values())
    click.secho(f"{singular} {notation}{around}", bold=True, nl=False)
    click.echo(f"  from {owner}, checks of version {KIT_VERSION}")
    there = {"registry": registry} if kind == "protocols" else {}
    checks: Checks = CHECKS[kind](made, seed=seed, strict=new, **there)
    return checks


def _run(checks: Checks, verbose: bool) -> Counter[str]:
    """Run the checks, print a line for each, and return how many had each outcome."""
    counts: Counter[str] = Counter()
    for check in checks:
        printed = io.StringIO()  # output of the component is not mixed with that of the check
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            outcome = check.outcome
        counts[outcome.status] += 1
        mark, color = MARKS[outcome.status]
        click.secho(f"  {mark:<17}", fg=color, nl=False)
        click.echo(f"{outcome.check}{': ' if outcome.reason else ''}{outcome.reason}")
        if verbose and outcome.error is not None:
            trace = "".join(traceback.format_exception(outcome.error))
            click.echo(textwrap.indent(trace, "    "), nl=False)
    click.echo(f"{_summary(counts)}\n")
    return counts


def _summary(counts: Counter[str]) -> str:
    parts = [
        f"{counts[status]} {status}" for status in MARKS if counts[status] or status == "failed"
    ]
    return f"{counts.total()} checks: {', '.join(parts)}"
