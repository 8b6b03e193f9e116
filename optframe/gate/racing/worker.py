"""The worker of one side of a race: a script that runs under that side's Python.

It is sent by path to an installation that may be older than this file, so it stands alone: beside
the standard library it needs, of the optframe it finds there, no more than

- ``optframe.load_plugins(paths)`` and ``optframe.Study.from_file(path)``, a dataclass with fields
  ``optimizers`` and ``problems``, and its ``trials(registry)``,
- ``TrialRunner(registry).setup(trial)`` of `optframe.execution.trial_runner`, which older versions
  have as ``optframe.trial_runner``,
- ``optframe.trial.Run(setup)``: ``execute()``, ``k``, ``clock.seconds``, ``status``, ``reason``.

It reads a request per line from standard input, as JSON, and answers with a line::

    {"do": "open", "study": "...", "plugins": ["..."], "core": 3}
        -> {"trials": [{"labels": [optimizer, problem, sampler, seed], "cell": "...",
                        "backend": "...", "skip": null}, ...],
            "refused": "..."}
    {"do": "describe"}  -> {"optframe": "0.1.0", "python": "3.11.9", "versions": {...}, ...}
    {"do": "prepare", "trial": 0, "seconds": 0.004}         -> {"steps": 512, "seconds": 0.0041}
    {"do": "measure", "trial": 0, "steps": 512, "runs": 8}  -> {"steps": 512, "seconds": 0.0040}

or with ``{"error": "..."}``. What plugins print goes to standard error. When its input ends, it
does.
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
    """What the parent is told as it stands."""


def _imported(today: str, before: str) -> Any:
    """Import a module by today's name, or by the one that it had in older versions."""
    try:
        return importlib.import_module(today)
    except ModuleNotFoundError:
        return importlib.import_module(before)


class Worker:
    """The trials of a study on this side, and how each is timed."""

    def __init__(self) -> None:
        self.folder = Path()
        self.registry: Any = None
        self.trials: list[Any] = []
        self.runner: Any = None
        self.run: Any = None

    def open(self, study: str, plugins: list[str], core: int | None) -> dict[str, Any]:
        """Plan the study with this side's optframe, on one core if it is named.

        ``refused`` says why something of the study, or all of it, is unknown to this side.
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
                f"{sys.executable} has no optframe that can be raced: {error}"
            ) from error
        self.trials, refused = self._plan(planned)
        self.runner, self.run = trial_runner.TrialRunner(self.registry), Run
        told = [
            {
                "labels": [t.optimizer.label, t.problem.label, t.sampler.label, t.seed],
                "cell": t.cell,
                "backend": t.backend,
                "skip": t.skip,
            }
            for t in self.trials
        ]
        return {"trials": told, "refused": refused}

    def _plan(self, study: Any) -> tuple[list[Any], str]:
        """Return the trials, and why some are not among them.

        Where a study is refused, the optimizers with which alone it is not are kept, or else such
        problems: the other side may have one more.
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
        """Return what this side is: as its own optframe describes it, or in a few words."""
        import optframe

        try:
            environment = _imported("optframe.execution.environment", "optframe.environment")
            backend = self.registry.make("backends", "numpy")
            return dict(environment.describe(self.registry, backend, 1, self.folder))
        except Exception:
            return {"optframe": optframe.__version__, "python": platform.python_version()}

    def prepare(self, trial: int, seconds: float) -> dict[str, Any]:
        """Return how many steps a run takes, up to about so many seconds, and how long it took.

        As asked for, a run may end at its target or by itself. More and more steps of it are run
        until that happens, or they take that long.
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
            raise RefusedError(f"takes no step: {run.status}, {run.reason or 'at its start'}")
        return {"steps": run.k, "seconds": run.clock.seconds}

    def measure(self, trial: int, steps: int, runs: int) -> dict[str, Any]:
        """Return the steps of a run and its seconds by the loop's own clock, of several the least.

        All do the same, so that what one takes longer is what disturbed it. Nothing but the number
        of steps ends a run, so that no test stops the clock between two.
        """
        budget = type(self.trials[trial].budget)(steps=steps)
        gc.collect()
        gc.disable()
        try:
            done = [self._run(trial, budget) for _ in range(runs)]
        finally:
            gc.enable()
        fastest = min(done, key=lambda run: run.clock.seconds)
        if not fastest.k or fastest.clock.seconds <= 0:
            raise RefusedError(f"took {fastest.k} steps in {fastest.clock.seconds:g} seconds")
        return {"steps": fastest.k, "seconds": fastest.clock.seconds}

    def _run(self, trial: int, budget: Any) -> Any:
        """Run a trial once, measured at its start and its end only."""
        asked = self.trials[trial]
        plain = {"measure": (), "profile": False}  # fields that an old side may not have
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
    """Answer requests until there are no more."""
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
    """Serve on the streams that this process was started with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # what anybody prints is no answer
        serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
