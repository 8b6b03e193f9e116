"""``optframe run``: runs a study from a file, by its name, or from the command line's options."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from optframe.cli.options import name_broken, path_option, warn, with_plugins
from optframe.components.registry import Registry
from optframe.contracts.trial import BUDGETS, MOST_TRIALS
from optframe.errors import UsageError

__all__ = ["command"]

SETTINGS = (
    *("backend", "executor", "scheduler", "jobs", "timeout", "retries", "save_every"),
    *("together", "measure", "profile"),
)
"""Options that are also settings of a study's table [run]."""

OVERRIDES = ("seed", "seeds", "tune", "tune_all", "protocol", "studies")
"""Other options that can stand beside a study, whose entries they replace."""

COMPONENTS = ("optimizer", "problem", "sampler")


class _Count(click.IntRange):
    """A number of settings or studies."""

    name = "whole number"


COUNT = _Count(1, MOST_TRIALS)


def _components(kind: str, help: str) -> Callable[..., Any]:
    """Return the option for components of a kind, which can be given several times."""
    names = f"-{kind[0]}", f"--{kind}", f"{kind}s"
    return click.option(*names, multiple=True, metavar="NAME[:P=V,...]", help=help)


@click.command("run")
@click.argument("study", required=False)
@_components("optimizer", "An optimizer, e.g. adam:lr=0.1+clip-norm:max=1, torch.optim.AdamW.")
@_components("problem", "A problem, e.g. logistic:data=digits, my_models.net:width=64.")
@_components("sampler", "A sampler, e.g. shuffled:batch_size=128.")
@click.option("--seeds", type=int, help="Number of seeds.")
@click.option("--seed", type=int, help="The study's seed.")
@click.option("--steps", type=int, help="Budget: steps.")
@click.option("--epochs", type=float, help="Budget: passes over the data.")
@click.option("--gradients", type=float, help="Budget: gradient evaluations.")
@click.option(
    "--work", type=float, help="Budget: cost of all evaluations, in gradients over all the data."
)
@click.option("--seconds", type=float, help="Budget: seconds of steps and sampling.")
@click.option(
    "--target",
    type=float,
    help="End a run at this f - f* if the problem knows f*, or else at this loss.",
)
@click.option(
    "--tune",
    type=COUNT,
    metavar="N",
    help="Try N settings of each optimizer's learning rate first, unless it is given.",
)
@click.option("--tune-all", is_flag=True, help="Tune all that has a usual space and is not given.")
@click.option(
    "--protocol",
    metavar="NAME[:P=V,...]",
    help="Tune by this: random (default), sobol, grid, optuna, deepobs, ...",
)
@click.option(
    "--studies",
    type=COUNT,
    metavar="N",
    help="Tune N times, each with its share of the settings and of the seeds.",
)
@click.option("--dry-run", is_flag=True, help="Print what would run, and about how long; then end.")
@path_option("--out", "DIR", "Results folder, by default results/<name of the study>.")
@click.option("--report/--no-report", default=True, help="Draw the report at the end.")
@click.option("--backend", metavar="NAME", help="auto, numpy, cupy, ...")
@click.option("--jobs", type=int, metavar="N", help="Trials at a time; more than 1 in processes.")
@click.option("--executor", metavar="NAME", help="Where trials run: serial, processes, dask.")
@click.option(
    "--scheduler",
    metavar="ADDRESS|FILE",
    help="Run trials on this Dask cluster: tcp://host:8786, tls://..., or its scheduler file.",
)
@click.option("--timeout", metavar="TIME", help='Give up a trial that takes longer: 90, "5min".')
@click.option(
    "--retries",
    type=int,
    metavar="N",
    help="How often to retry a trial that timed out or whose process died (default 1).",
)
@click.option(
    "--save-every",
    metavar="TIME",
    help="Save the state of long trials at this interval, to resume them after a kill.",
)
@click.option(
    "--together",
    is_flag=True,
    default=None,
    help="Run trials that differ only in seeds and numbers together, as one batch.",
)
@click.option(
    "--measure",
    multiple=True,
    metavar="NAME",
    help="Also measure this at checkpoints: gradient_norm, gradient_variance.",
)
@click.option(
    "--profile",
    is_flag=True,
    default=None,
    help="Time sampling, oracle and update of each step, and measure a step's memory.",
)
@click.option("--retry", is_flag=True, help="Run tuning trials that failed again, and choose anew.")
@click.option("--take-over", is_flag=True, help="Ignore the lock of a process that is gone.")
@with_plugins
def command(
    registry: Registry,
    study: str | None,
    out: Path | None,
    report: bool,
    take_over: bool,
    retry: bool,
    dry_run: bool,
    **words: Any,
) -> int:
    """Run STUDY, a TOML file or the name of a plugin's study (optframe list studies).

    Without STUDY, -o and -p name what to run; beside it, --seed, --seeds and what tunes replace its
    entries. A name with a dot is an import path, of a class or of
    a function that returns a component; what is typed may lie in the working directory. Trials that
    have finished in the results folder are not run again.
    """
    from rich.console import Console

    from optframe.cli.outcome import print_failures, print_found
    from optframe.cli.plan import lines_of
    from optframe.cli.progress import ProgressObserver
    from optframe.cli.summary import print_summary
    from optframe.execution.preview import Preview, preview
    from optframe.execution.runner import run_study

    name_broken(registry)
    made = _study(registry, study, words)
    if dry_run:
        click.echo("\n".join(lines_of(preview(made, registry))))
        return 0
    folder = out or made.folder
    console = Console()
    observer = ProgressObserver(console)
    registry.watch(observer)

    def foresee(found: Preview) -> None:
        extent = found.extent
        observer.sizes = {"tune": extent.tuning, "final": extent.final}
        observer.open = frozenset({"tune"} if extent.adaptive else ())
        click.echo("\n".join(lines_of(found, untuned=False)))

    try:
        outcome = run_study(made, folder, registry, take_over, retry, foresee)
    finally:
        observer.close()
    if outcome.stopped is not None:
        planned = outcome.left + outcome.ran + outcome.found
        warn(
            f"stopped; finished trials are in {folder}; run the same command again to finish the "
            f"other {outcome.left} of {planned} trials"
        )
        return 128 + outcome.stopped
    print_found(outcome)
    print_summary(outcome.results, _wide(console))
    failed = print_failures(outcome, made)
    click.echo(f"store:  {outcome.results.path}")
    if report:
        from optframe.api import report as draw

        click.echo(f"report: {draw(outcome.results, folder / 'report', registry=registry)}")
    return 1 if failed else 0


def _study(registry: Registry, study: str | None, words: dict[str, Any]) -> Any:
    from optframe.api import find_study
    from optframe.study.study import Study

    run = {name: words[name] for name in SETTINGS if words[name] not in (None, ())}
    changes = {"run": run, "study": _given(words, "seed", "seeds"), "tune": _tune(words)}
    for name in ("timeout", "save_every"):
        with contextlib.suppress(KeyError, ValueError):
            run[name] = float(run[name])
    if study is None:
        return Study.from_tables(_tables(words, changes), "command line")
    free = (*run, *OVERRIDES)
    given = [name for name, value in words.items() if value not in (None, ()) and name not in free]
    if given:
        singular = {f"{kind}s": kind for kind in COMPONENTS}
        options = ", ".join(f"--{singular.get(name, name)}" for name in given)
        raise UsageError(
            f"{options}: found together with the study {study!r}; edit the study, or use -o and "
            "-p without a study"
        )
    return find_study(study, registry, changes)


def _given(words: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: words[name] for name in names if words[name] is not None}


def _tune(words: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of the table [tune] that are given; an empty one if nothing tunes."""
    table = _given(words, "protocol", "studies")
    if words["tune"] is not None:
        table["trials"] = words["tune"]
    return table | ({"fields": "all"} if words["tune_all"] else {})


def _tables(words: dict[str, Any], changes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    from optframe.components.notation import parse

    if not words["optimizers"] or not words["problems"]:
        raise UsageError(
            "name a study, or at least one optimizer (-o) and one problem (-p); see `optframe list`"
        )
    budget = _given(words, *BUDGETS, "target")
    table = {"name": "command-line", "budget": budget, **changes.pop("study")}
    given = {name: own for name, own in changes.items() if own}
    lists = {
        kind: [parse(text) for text in words[f"{kind}s"]]
        for kind in COMPONENTS
        if words[f"{kind}s"]
    }
    return {"study": table, **given, **lists}


def _wide(console: Any) -> Any:
    """Return a console that is wide enough for tables if the output is not a terminal."""
    from rich.console import Console

    return console if console.is_terminal else Console(width=int(os.environ.get("COLUMNS", 120)))
