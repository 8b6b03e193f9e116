"""Splits a study's frames by problem."""

from __future__ import annotations

import dataclasses

from optframe import Frames

__all__ = ["by_problem"]


def by_problem(frames: Frames) -> dict[str, Frames]:
    """Return each problem's frames, in the study's order, with the colours of the study."""
    if not len(frames.trials):
        return {}
    curves = dict(iter(frames.curves.groupby("problem", sort=False)))
    none = frames.curves.iloc[:0]
    return {
        str(problem): dataclasses.replace(frames, trials=trials, curves=curves.get(problem, none))
        for problem, trials in frames.trials.groupby("problem", sort=False)
    }
