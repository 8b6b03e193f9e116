"""Whether the runs of a study have a time per step."""

from __future__ import annotations

from optframe import Frames
from optframe.statistics import UNRUN

__all__ = ["no_steps"]


def no_steps(frames: Frames) -> str | None:
    """Say why no run has a time per step, or None where one has."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    stepped = ran[ran["steps"] > 0]
    if stepped.empty:
        return "no run has taken a step yet"
    if (stepped["together"] > 1).all():
        return "all runs ran in batches, so none has its own time"
    return None
