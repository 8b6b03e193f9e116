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
from optframe.contracts.trial import BUDGETS
from optframe.errors import UsageError

__all__ = ["command"]

SETTINGS = (
    *("backend", "executor", "scheduler", "jobs", "timeout", "retries", "save_every"),
    *("together", "measure", "profile"),
)
"""Options that are also settings of a study's table [run]."""

COMPONENTS = ("optimizer", "problem", "sampler")


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
@click.option("--take-over", is_flag=True, help="Ignore the lock of a process that is gone.")
@with_plugins
def command(
    registry: Registry,
    study: str | None,
    out: Path | None,
    report: bool,
    take_over: bool,
    **words: Any,
) -> int:
    """Run STUDY, a TOML file or the name of a plugin's study (optframe list studies).

    Without STUDY, -o and -p name what to run. A name with a dot is an import path, of a class or of
    a function that returns a component; what is typed may lie in the working directory. Trials that
    have finished in the results folder are not run again.
    """
    from rich.console import Console

    from optframe.cli.progress import ProgressObserver
    from optframe.cli.summary import print_summary
    from optframe.contracts.trial import trial_name
    from optframe.execution.runner import run_study

    name_broken(registry)
    made = _study(registry, study, words)
    folder = out or made.folder
    console = Console()
    observer = ProgressObserver(console)
    registry.watch(observer)
    try:
        outcome = run_study(made, folder, registry, take_over)
    finally:
        observer.close()
    if outcome.stopped is not None:
        planned = outcome.left + outcome.ran + outcome.found
        warn(
            f"stopped; finished trials are in {folder}; run the same command again to finish the "
            f"other {outcome.left} of {planned} trials"
        )
        return 128 + outcome.stopped
    if outcome.found:
        again = f"{outcome.ran or 'nothing'} {'were' if outcome.ran > 1 else 'was'}"
        click.echo(f"{outcome.found} trials were in the store already; {again} run now")
    if outcome.repeated:
        times = "trial was" if outcome.repeated == 1 else "trials were"
        click.echo(f"{outcome.repeated} {times} in the study twice, and run once")
    print_summary(outcome.results, _wide(console))
    trials = outcome.results.trials
    failed = trials[trials["status"].isin(["failed", "crashed", "timeout"])]
    for _, row in failed.drop_duplicates(["optimizer", "problem", "reason"]).iterrows():
        warn(f"{trial_name(row['optimizer'], row['problem'])} {row['status']}: {row['reason']}")
    if failed["traceback"].notna().any():
        warn(f"the tracebacks are in optframe.load({str(folder)!r}).trials['traceback']")
    skipped = trials[trials["status"] == "skipped"]
    for reason in skipped["reason"].unique():
        click.echo(f"skipped: {reason}")
    alone = trials.groupby("problem", sort=False)["seed"].nunique() == 1
    if made.seeds > 1 and alone.any():
        names = ", ".join(str(name) for name in alone.index[alone])
        click.echo(
            f"one seed:  on {names} all {made.seeds} seeds give the same run, since nothing is "
            'random (start = "random" in a [[problem]] draws the start)'
        )
    click.echo(f"store:  {outcome.results.path}")
    if report:
        from optframe.api import report as draw

        click.echo(f"report: {draw(outcome.results, folder / 'report', registry=registry)}")
    return 1 if len(failed) else 0


def _study(registry: Registry, study: str | None, words: dict[str, Any]) -> Any:
    from optframe.api import find_study
    from optframe.study.study import Study

    run = {name: words[name] for name in SETTINGS if words[name] not in (None, ())}
    for name in ("timeout", "save_every"):
        with contextlib.suppress(KeyError, ValueError):
            run[name] = float(run[name])
    if study is None:
        return Study.from_tables(_tables(words, run), "command line")
    given = [name for name, value in words.items() if value not in (None, ()) and name not in run]
    if given:
        singular = {f"{kind}s": kind for kind in COMPONENTS}
        options = ", ".join(f"--{singular.get(name, name)}" for name in given)
        raise UsageError(
            f"{options}: found together with the study {study!r}; edit the study, or use -o and "
            "-p without a study"
        )
    return find_study(study, registry, run)


def _tables(words: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    from optframe.components.notation import parse

    if not words["optimizers"] or not words["problems"]:
        raise UsageError(
            "name a study, or at least one optimizer (-o) and one problem (-p); see `optframe list`"
        )
    ends = (*BUDGETS, "target")
    budget = {name: words[name] for name in ends if words[name] is not None}
    table: dict[str, Any] = {"name": "command-line", "budget": budget}
    table |= {name: words[name] for name in ("seed", "seeds") if words[name] is not None}
    lists = {
        kind: [parse(text) for text in words[f"{kind}s"]]
        for kind in COMPONENTS
        if words[f"{kind}s"]
    }
    return {"study": table, "run": run, **lists}


def _wide(console: Any) -> Any:
    """Return a console that is wide enough for tables if the output is not a terminal."""
    from rich.console import Console

    return console if console.is_terminal else Console(width=int(os.environ.get("COLUMNS", 120)))
