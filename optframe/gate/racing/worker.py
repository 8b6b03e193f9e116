"""The worker process of one side of a race: a script that runs under that side's Python.

The optframe of that Python may be older than this file. So the script imports no other file of this
version. It uses the standard library, and of the installed optframe only:

- ``optframe.load_plugins(paths)`` and ``optframe.Study.from_file(path)``, a dataclass with fields
  ``optimizers`` and ``problems``, and its ``trials(registry)``,
- ``TrialRunner(registry).setup(trial)`` of `optframe.execution.trial_runner`, which older versions
  have as ``optframe.trial_runner``,
- ``optframe.trial.Run(setup)``: ``execute()``, ``k``, ``clock.seconds``, ``status``, ``reason``.

It reads requests from standard input, one line of JSON each, and writes a line of JSON for each::

    {"do": "open", "study": "...", "plugins": ["..."], "core": 3}
        -> {"trials": [{"labels": [optimizer, problem, sampler, seed], "cell": "...",
                        "backend": "...", "skip": null}, ...],
            "refused": "..."}
    {"do": "describe"}  -> {"optframe": "0.1.0", "python": "3.11.9", "versions": {...}, ...}
    {"do": "prepare", "trial": 0, "seconds": 0.004}         -> {"steps": 512, "seconds": 0.0041}
    {"do": "measure", "trial": 0, "steps": 512, "runs": 8}  -> {"steps": 512, "seconds": 0.0040}

or ``{"error": "..."}``. The output of plugins goes to standard error. The process ends when its
input ends.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib
import json
import math
import os
import platform
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO


class RefusedError(Exception):
    """An error whose message is sent to the parent unchanged, without the exception's name."""


def _imported(today: str, before: str) -> Any:
    """Import a module by its present name, or by its name in older versions."""
    try:
        return importlib.import_module(today)
    except ModuleNotFoundError:
        return importlib.import_module(before)


class Worker:
    """Plans the trials of a study on this side, and times them."""

    def __init__(self) -> None:
        self.folder = Path()
        self.registry: Any = None
        self.trials: list[Any] = []
        self.runner: Any = None
        self.run: Any = None

    def open(self, study: str, plugins: list[str], core: int | None) -> dict[str, Any]:
        """Plan the study with this side's optframe, and move this process to ``core`` if given.

        ``refused`` is the reason why this side cannot plan a part of the study, or all of it.
        """
        if core is not None:
            os.sched_setaffinity(0, {core})
        self.folder = Path(study).parent
        try:
            import optframe
            from optframe.trial import Run

            trial_runner = _imported("optframe.execution.trial_runner", "optframe.trial_runner")
            self.registry = optframe.load_plugins(plugins)
            planned = optframe.Study.from_file(study)
        except (ImportError, AttributeError) as error:
            raise RefusedError(
                f"{sys.executable} has no optframe that `optframe race` supports: {error}"
            ) from error
        self.trials, refused = self._plan(planned)
        self.runner, self.run = trial_runner.TrialRunner(self.registry), Run
        planned_trials = [
            {
                "labels": [t.optimizer.label, t.problem.label, t.sampler.label, t.seed],
                "cell": t.cell,
                "backend": t.backend,
                "skip": t.skip,
            }
            for t in self.trials
        ]
        return {"trials": planned_trials, "refused": refused}

    def _plan(self, study: Any) -> tuple[list[Any], str]:
        """Return the trials that can be planned, and why the others cannot.

        If the whole study cannot be planned, each optimizer is tried alone, and those that can be
        planned are kept. If there are none, the same is done with the problems. So a race is
        possible if only one side has some optimizer or problem.
        """
        try:
            return study.trials(self.registry), ""
        except Exception as error:
            broken = [f"{one.name}: {one.reason}" for one in self.registry.broken]
            left_out = f" (plugins left out: {'; '.join(broken)})" if broken else ""
            refused = " ".join(f"{error}{left_out}".split())
        for kind in ("optimizers", "problems"):
            choices = getattr(study, kind)
            kept = [
                choice
                for choice in choices
                if self._plans(dataclasses.replace(study, **{kind: [choice]}))
            ]
            if kept:
                return dataclasses.replace(study, **{kind: kept}).trials(self.registry), refused
        return [], refused

    def _plans(self, study: Any) -> bool:
        try:
            return bool(study.trials(self.registry))
        except Exception:
            return False

    def describe(self) -> dict[str, Any]:
        """Return this side's environment as its optframe describes it; if that fails, versions."""
        import optframe

        try:
            environment = _imported("optframe.execution.environment", "optframe.environment")
            backend = self.registry.make("backends", "numpy")
            return dict(environment.describe(self.registry, backend, 1, self.folder))
        except Exception:
            return {"optframe": optframe.__version__, "python": platform.python_version()}

    def prepare(self, trial: int, seconds: float) -> dict[str, Any]:
        """Return the number of steps that take about ``seconds``, and the time they took.

        The steps are doubled until they take that long, or the run ends earlier, by its target or
        by itself.
        """
        asked = self.trials[trial]
        limit = asked.budget.steps or math.inf
        steps = 1
        while True:
            budget = dataclasses.replace(asked.budget, steps=int(min(steps, limit)))
            run = min(
                (self._run(trial, budget) for _ in range(3)), key=lambda run: run.clock.seconds
            )
            if run.k < steps or run.clock.seconds >= seconds:
                break
            steps *= 2
        if not run.k:
            raise RefusedError(f"took no step: {run.status}, {run.reason or 'at its start'}")
        return {"steps": run.k, "seconds": run.clock.seconds}

    def measure(self, trial: int, steps: int, runs: int) -> dict[str, Any]:
        """Return the steps and the seconds of the fastest of several runs, by the loop's clock.

        All runs do the same work, so a longer time comes from a disturbance. The budget has steps
        only. So no target is tested, which would stop and start the clock between two steps.
        """
        budget = type(self.trials[trial].budget)(steps=steps)
        # Garbage collection would run in some of the runs only.
        gc.collect()
        gc.disable()
        try:
            done = [self._run(trial, budget) for _ in range(runs)]
        finally:
            gc.enable()
        fastest = min(done, key=lambda run: run.clock.seconds)
        if not fastest.k or fastest.clock.seconds <= 0:
            raise RefusedError(
                f"took {fastest.k} steps in {fastest.clock.seconds:g} seconds, expected more"
            )
        return {"steps": fastest.k, "seconds": fastest.clock.seconds}

    def _run(self, trial: int, budget: Any) -> Any:
        """Run a trial once, with checkpoints only at its start and its end."""
        asked = self.trials[trial]
        plain = {"measure": (), "profile": False}  # older versions do not have these fields
        known = {field.name for field in dataclasses.fields(asked)}
        changes = {name: value for name, value in plain.items() if name in known}
        rare = type(asked.checkpoints)(count=1)
        timed = dataclasses.replace(asked, budget=budget, checkpoints=rare, **changes)
        run = self.run(self.runner.setup(timed))
        run.execute()
        if run.status == "failed":
            raise RefusedError(run.reason)
        return run


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer requests until the input ends."""
    worker = Worker()
    for line in requests:
        asked = json.loads(line)
        try:
            answer = getattr(worker, asked.pop("do"))(**asked)
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            kind = "" if isinstance(error, RefusedError) else f"{type(error).__name__}: "
            answer = {"error": " ".join(f"{kind}{error}".split())}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


def main() -> None:
    """Answer requests of standard input on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the parent ends this process
    # Answers go to a copy of descriptor 1. Descriptor 1 itself then becomes standard error, so that
    # nothing that a plugin or a library prints is read as an answer.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
