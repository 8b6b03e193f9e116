"""What a run's progress is measured in: its label, and whether runs have a curve or a time."""

from __future__ import annotations

from typing import Literal

from optframe import Frames
from optframe.statistics import UNRUN
from optframe_reports.plotting.quartile_lines import COLUMNS
from optframe_reports.plotting.run_groups import groups
from optframe_reports.quantities import time_unit

__all__ = ["X", "label_of", "no_curves", "no_steps"]

X = Literal["steps", "epochs", "samples", "gradients", "seconds"]
"""What a run's progress is measured in."""


def no_curves(frames: Frames, x: str, *metrics: str) -> str | None:
    """Say why no curve of these metrics against x can be drawn, or None where one can."""
    if not groups(frames) or frames.curves.empty:
        return "no run has a curve yet"
    for metric in metrics:
        if metric not in frames.curves or frames.curves[metric].isna().all():
            return f"no run measured {metric}"
    if not (frames.curves[COLUMNS[x]] > 0).any():
        return f"the runs counted no {x}"
    return None


def no_steps(frames: Frames) -> str | None:
    """Say why no run has a time per step, or None where one has."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    stepped = ran[ran["steps"] > 0]
    if stepped.empty:
        return "no run has taken a step yet"
    if (stepped["together"] > 1).all():
        return "all runs ran in batches, so none has its own time"
    return None


def label_of(x: str, end: float) -> tuple[float, str]:
    """Return what to multiply places by, and what to call them: time in the unit that fits."""
    if x != "seconds":
        return 1.0, "gradient evaluations" if x == "gradients" else x
    scale, unit = time_unit(end)
    return scale, f"time ({unit})"
