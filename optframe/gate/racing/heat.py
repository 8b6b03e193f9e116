"""A heat: times trials on both sides, in two processes that have just been started."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from optframe.gate.racing.trials import RacedTrial
from optframe.gate.racing.workers import TrialError, Worker

__all__ = ["TURNS", "prepare", "time_trials"]

TURNS = 3
"""The number of turns in which each side times a trial in a heat."""

RUN_SECONDS, TURN_SECONDS = 0.004, 0.02
"""Approximate limits for one run (unless one step takes longer) and for all runs of a turn."""

LEAST_RUNS, MOST_RUNS = 3, 50
"""The least and greatest number of runs in a turn."""


def prepare(trials: Sequence[RacedTrial], workers: Sequence[Worker]) -> None:
    """Set the steps and runs of a turn from base's times; they are the same for both sides."""
    for trial in trials:
        for side in (1, 0):  # base is last, so that its numbers stay
            try:
                found = workers[side].ask("prepare", trial=trial.numbers[side], seconds=RUN_SECONDS)
            except TrialError as error:
                trial.failures[side] = str(error)
                continue
            trial.steps = found["steps"]
            runs = round(TURN_SECONDS / found["seconds"])
            trial.runs = min(max(runs, LEAST_RUNS), MOST_RUNS)


def time_trials(
    trials: Sequence[RacedTrial], workers: Sequence[Worker], draws: random.Random
) -> None:
    """Time trials in random order, each on both sides in random order, `TURNS` times.

    The seconds per step of each side's fastest run are added to the trial.
    """
    fastest: dict[tuple[int, int], dict[str, Any]] = {}
    for _ in range(TURNS):
        for i in draws.sample(range(len(trials)), len(trials)):
            for side in draws.sample((0, 1), 2):
                measured = _measured(trials[i], workers[side], side)
                if measured is not None:
                    known = fastest.setdefault((i, side), measured)
                    fastest[i, side] = min(known, measured, key=_per_step)
    for i, trial in enumerate(trials):
        if any(trial.failures):
            continue
        for side in (0, 1):
            trial.taken[side] = fastest[i, side]["steps"]
            trial.seconds[side].append(_per_step(fastest[i, side]))


def _measured(trial: RacedTrial, worker: Worker, side: int) -> dict[str, Any] | None:
    """Return a turn's fastest run; None if the trial fails now or has failed before."""
    if any(trial.failures):
        return None
    work = {"trial": trial.numbers[side], "steps": trial.steps, "runs": trial.runs}
    try:
        return worker.ask("measure", **work)
    except TrialError as error:
        trial.failures[side] = str(error)
        return None


def _per_step(measured: dict[str, Any]) -> float:
    return float(measured["seconds"] / measured["steps"])
