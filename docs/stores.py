"""Prints what a large store costs: ``python docs/stores.py [TRIALS CHECKPOINTS]``.

Trials are saved one by one, as they come in a study, with curves of random numbers, which compress
worse than real ones. What is read is read in a process of its own, whose peak is printed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from optframe import Record, Study, load, load_plugins
from optframe.contracts.columns import COUNT_COLUMNS
from optframe.execution.runner import PATIENCE
from optframe.store.file import STORE_NAME
from optframe.store.writer import Store


def write(folder: Path, count: int, checkpoints: int) -> None:
    """Write a store, and print how long it took."""
    study = Study(
        "large", {"steps": 1000}, ["adam", "sgd"], "rosenbrock", seeds=count // 2, start="random"
    )
    trials = study.trials(load_plugins())
    columns = (*COUNT_COLUMNS, "loss", "theta_0", "theta_1")
    random = np.random.default_rng(1)
    begin = synced = perf_counter()
    with Store(folder) as store:
        store.plan(trials, {"name": study.name})
        print(f"to plan {count} trials:     {perf_counter() - begin:6.2f} s")
        for trial in trials:
            curve = np.repeat(np.linspace(0, 1000, checkpoints)[:, None], len(columns), axis=1)
            curve[:, -4:] = random.normal(size=(checkpoints, 4))
            record = Record(
                key=trial.key,
                status="finished",
                reason=None,
                traceback=None,
                started="2025-01-01T00:00:00.000+00:00",
                derived_seed=trial.seed,
                seconds=1.0,
                compile_seconds=0.0,
                state_bytes=48,
                size=2,
                minimum=0.0,
                columns=columns,
                curve=curve,
            )
            sync = perf_counter() - synced >= PATIENCE
            store.save([record], {"machine": "this one"}, sync)
            synced = perf_counter() if sync else synced
    seconds = perf_counter() - begin
    print(f"to write all of it:        {seconds:6.2f} s, {1000 * seconds / count:.2f} ms a trial")
    print(f"the file:                  {(folder / STORE_NAME).stat().st_size / 2**20:6.1f} MiB")


def read(folder: Path) -> None:
    """Read a store, and print how long it took."""
    import pandas  # noqa: F401 - to read is what is timed

    unit = 1 if sys.platform == "darwin" else 1024
    before = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    begin = perf_counter()
    results = load(folder)
    trials = results.trials
    middle = perf_counter()
    curves = results.curves
    end = perf_counter()
    peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    frame = curves.memory_usage().sum() / 2**20
    print(f"to load {len(trials)} trials:     {middle - begin:6.2f} s")
    print(f"to load {len(curves)} checkpoints: {end - middle:4.2f} s, a frame of {frame:.0f} MiB")
    print(f"peak memory:               {peak:6.0f} MiB, {before:.0f} of them before")


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(Path(sys.argv[2]))
    else:
        count, checkpoints = map(int, sys.argv[1:] or (10_000, 200))
        with tempfile.TemporaryDirectory() as place:
            write(Path(place), count, checkpoints)
            sys.stdout.flush()
            subprocess.run([sys.executable, __file__, "read", place], check=True)
