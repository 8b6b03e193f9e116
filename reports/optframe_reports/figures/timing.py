"""The figure timing: the time of a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe_reports.plotting.curve_axis import doubt_of, no_steps
from optframe_reports.plotting.run_groups import groups
from optframe_reports.plotting.run_strips import (
    Strip,
    draw_strips,
    set_value_axis,
    strips_size,
    strips_table,
)
from optframe_reports.quantities import duration, time_unit

__all__ = ["Timing"]


@dataclass(frozen=True)
class Timing(Figure):
    """Seconds per step of each optimizer: a point for each seed, a bar and a number at the median.

    Of more than fifty seeds, a line shows the range and a box the quartiles.

    A run's time is that of its steps only: checkpoints stop the clock, and compilation is not
    included. Lost runs have a time, too. Runs without a step and runs in batches (`--together`)
    have none. The axis starts at zero. If the medians span more than a decade, it is logarithmic.
    Its label says if the machine's speed drifted, so that the times are not comparable.
    """

    def title(self) -> str:
        """Return the picture's title."""
        return "Time per step"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run has taken a step of its own, else None."""
        return no_steps(frames)

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each optimizer."""
        return strips_size([strip.group for strip in _paces(frames)])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return every run's time per step: name, seed, seconds."""
        return strips_table(_paces(frames), "seconds")

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a row for each optimizer, in the report's order."""
        paces = _paces(frames)
        per_second, unit = time_unit(min(strip.median for strip in paces))
        strips = [Strip(strip.group, strip.values * per_second) for strip in paces]
        set_value_axis(axes, strips)
        draw_strips(axes, strips, lambda median: duration(median / per_second), nowhere="")
        axes.set_xlabel(f"time per step ({unit}){doubt_of(frames)}")


def _paces(frames: Frames) -> list[Strip]:
    """Return the seconds per step of each run that took a step and was not in a batch."""
    found = []
    for group in groups(frames):
        trials = group.trials
        timed = (trials["steps"] > 0) & np.isfinite(trials["seconds"]) & (trials["together"] == 1)
        if timed.any():
            own = trials[timed]
            paces = (own["seconds"] / own["steps"]).to_numpy(np.float64)
            found.append(Strip(replace(group, trials=own), paces))
    return found
