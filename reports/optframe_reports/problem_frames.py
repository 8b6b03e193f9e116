"""Splits a study's frames by problem."""

from __future__ import annotations

import dataclasses

from optframe import Frames
from optframe.statistics import known_cost

__all__ = ["by_problem"]


def by_problem(frames: Frames) -> dict[str, Frames]:
    """Return each problem's frames, in the study's order, with the colours of the study."""
    if not len(frames.trials):
        return {}
    curves = dict(iter(frames.curves.groupby("problem", sort=False)))
    none = frames.curves.iloc[:0]
    cost = known_cost(frames.trials, frames.cost)
    return {
        str(problem): dataclasses.replace(
            frames,
            trials=trials,
            curves=curves.get(problem, none),
            # One cost on all problems. A figure whose runs lack it says so itself.
            cost=cost if known_cost(trials, frames.cost) == frames.cost else frames.cost,
        )
        for problem, trials in frames.trials.groupby("problem", sort=False)
    }
