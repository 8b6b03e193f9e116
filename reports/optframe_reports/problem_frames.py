"""Splits a study's frames by problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import TYPE_CHECKING

from optframe import Frames
from optframe.statistics import known_cost

if TYPE_CHECKING:
    import pandas as pd

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
            tuning=_of(problem, frames.tuning),
            tunings=_of(problem, frames.tunings),
        )
        for problem, trials in frames.trials.groupby("problem", sort=False)
    }


def _of(problem: Hashable, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a problem's rows; a frame without rows need not have columns."""
    return frame[frame["problem"] == problem] if len(frame) else frame
