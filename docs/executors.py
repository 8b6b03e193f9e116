"""What executors cost, and what two jobs gain: measures and prints the tables of running.md.

``python docs/executors.py`` takes two minutes. All of a table is measured in one run, in turns, and
what is printed are medians.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from optframe import Executor, Stop, Study, load_plugins
from optframe.execution.dispatch import execute
from optframe.execution.runner import run_study
from optframe.execution.trial_runner import TrialRunner
from optframe.study.settings import RunSettings
from optframe.study.study import plan
from optframe_plugins.executors.processes import Processes
from optframe_plugins.executors.serial import Serial

EXECUTORS: Mapping[str, tuple[Executor, RunSettings]] = {
    "serial": (Serial(), RunSettings()),
    "processes, 1 job": (Processes(jobs=1), RunSettings(executor="processes", jobs=1)),
    "processes, 2 jobs": (Processes(jobs=2), RunSettings(executor="processes", jobs=2)),
}


def in_turn(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Do all works in each round, in random order; return what each returned."""
    order, times = Random(0), {name: [] for name in works}
    for _ in range(rounds):
        for name in order.sample(list(works), len(works)):
            times[name].append(works[name]())
    return times


def empty(count: int) -> Study:
    """Return a study of so many trials that are over after their first step."""
    short = {"steps": 1}
    return Study("empty", short, ["sgd:lr=1e-4"], ["rosenbrock"], seeds=count, start="random")


def after_the_first(results: Iterator[object]) -> float:
    """Return the seconds from the first result to the last, when processes have started."""
    next(results)
    began = perf_counter()
    for _ in results:
        pass
    return perf_counter() - began


def empty_items(executor: Executor, count: int) -> float:
    """Return the seconds that so many items take which are no work at all."""
    with Stop() as stop:
        return after_the_first(executor.run(len, [()] * (count + 1), stop))


def empty_trials(executor: Executor, count: int) -> float:
    """Return the seconds that so many empty trials take, without a store."""
    registry = load_plugins()
    batches = [(trial,) for trial in plan(empty(count + 1), registry)]
    with Stop() as stop:
        return after_the_first(execute(executor, TrialRunner(registry), batches, stop))


def empty_study(settings: RunSettings, count: int) -> float:
    """Return the seconds of a whole study of them: planned, run, and saved in its store."""
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        run_study(replace(empty(count), run=settings), Path(folder), load_plugins())
        return perf_counter() - began


def overheads(count: int, rounds: int) -> Iterator[str]:
    """Yield the table of what a trial costs in each executor."""
    columns = [
        {name: lambda e=e: empty_items(e, count) for name, (e, _) in EXECUTORS.items()},
        {name: lambda e=e: empty_trials(e, count) for name, (e, _) in EXECUTORS.items()},
        {name: lambda s=s: empty_study(s, count) for name, (_, s) in EXECUTORS.items()},
    ]
    times = [in_turn(column, rounds) for column in columns]
    yield f"| {count:,} of each, ms for one | empty item | empty trial | the same, whole study |"
    yield "|---|---|---|---|"
    for name in EXECUTORS:
        each = (f"{1000 * median(column[name]) / count:.3f}" for column in times)
        yield f"| {name} | {' | '.join(each)} |"


def command(jobs: int, study: str) -> list[str]:
    """Return the words of a study's run, as people type them."""
    return [sys.executable, "-m", "optframe", "run", study, "--no-report", "--jobs", str(jobs)]


def seconds_of(commands: int, jobs: int, study: str) -> float:
    """Return the seconds of so many commands that run at the same time."""
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        running = [
            subprocess.Popen(
                [*command(jobs, study), "--out", f"{folder}/{number}"], stdout=subprocess.DEVNULL
            )
            for number in range(commands)
        ]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit(f"{study} does not run")
        return perf_counter() - began


def efficiency(study: str, rounds: int) -> Iterator[str]:
    """Yield the table of what two jobs gain, beside what the machine has for two processes."""
    works = {
        "1 job": lambda: seconds_of(1, 1, study),
        "2 jobs": lambda: seconds_of(1, 2, study),
        "two commands of 1 job each, at the same time": lambda: seconds_of(2, 1, study),
    }
    times = in_turn(works, rounds)
    alone, cores = times["1 job"], {"2 jobs": 2}
    yield f"| `optframe run {study} --no-report` | seconds | efficiency |"
    yield "|---|---|---|"
    for name, taken in times.items():
        pairs = zip(alone, taken, strict=True)
        gain = median(one / other / cores.get(name, 1) for one, other in pairs)
        yield f"| {name} | {median(taken):.2f} | {gain:.0%} |"


def main() -> None:
    """Print both tables, and where they were measured."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--count", type=int, default=2000, help="how many empty trials")
    words.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    words.add_argument("--study", default="quickstart", help="the study of the second table")
    given = words.parse_args()
    print("\n".join(overheads(given.count, given.rounds)), end="\n\n", flush=True)
    print("\n".join(efficiency(given.study, given.rounds)), end="\n\n")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")


if __name__ == "__main__":
    main()
