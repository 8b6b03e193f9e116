"""Timing: what a step costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn

from optframe import Figure, Frames
from optframe_reports.figures.axes import WIDTH, add_title, literal, plain_log_ticks
from optframe_reports.figures.groups import groups, number_of_runs
from optframe_reports.quantities import duration, time_unit

__all__ = ["Timing"]


@dataclass(frozen=True)
class Timing(Figure):
    """Seconds per step of each optimizer: a point for each seed, a bar and a number at the median.

    A run's time is that of its steps alone: checkpoints stop the clock, and compilation is not in
    it. The axis starts at zero, unless the medians span over a decade: then it is logarithmic.
    """

    def title(self) -> str:
        """Return what the picture shows."""
        return "Time per step"

    def missing(self, frames: Frames) -> str | None:
        """Say so where no run has taken a step."""
        return None if len(_paces(frames)) else "no run has taken a step yet"

    def size(self, frames: Frames) -> tuple[float, float]:
        """Leave a row for each optimizer, as high as its name."""
        names = [literal(name, 40) for name in dict.fromkeys(_paces(frames)["name"])]
        tallest = max(1 + name.count("\n") for name in names)
        return WIDTH, 1.2 + max(0.26, 0.05 + 0.16 * tallest) * max(len(names), 2)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return every run's time per step: name, seed, seconds."""
        return _paces(frames)

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a row for each optimizer, in the report's order."""
        paces = _paces(frames)
        compared = [group for group in groups(frames) if group.name in set(paces["name"])]
        medians = paces.groupby("name")["seconds"].median()
        per_second, unit = time_unit(medians.min())
        names = [literal(group.name, 40) for group in compared]
        seaborn.stripplot(
            x=paces["seconds"] * per_second,
            y=paces["name"],
            hue=paces["name"],
            order=[group.name for group in compared],
            hue_order=[group.name for group in compared],
            palette=[group.color for group in compared],
            jitter=False,  # seaborn draws it from NumPy's global generator
            alpha=0.55,
            size=5,
            legend=False,
            ax=axes,
        )
        for row, group in enumerate(compared):
            median = medians[group.name]
            axes.vlines(median * per_second, row - 0.32, row + 0.32, color=group.color, lw=2)
            axes.text(
                1.015,
                row,
                duration(median),
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize="small",
            )
        axes.set_yticks(range(len(names)), names, fontsize="small")
        if medians.max() > 10 * medians.min():
            axes.set_xscale("log")
            if medians.max() < 1000 * medians.min():
                plain_log_ticks(axes.xaxis)
        else:
            axes.set_xlim(left=0)
        axes.set(xlabel=f"time per step ({unit})", ylabel="")
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(axis="x", which="major", alpha=0.4)
        add_title(axes, f"{frames.trials['problem'].iloc[0]}: {number_of_runs(compared)}")
        seaborn.despine(ax=axes, left=True)


def _paces(frames: Frames) -> pd.DataFrame:
    """Return the seconds per step of every run that has taken one, with its group's name."""
    stepped = [
        (group.name, seed, seconds / steps)
        for group in groups(frames)
        for seed, seconds, steps, together in zip(
            *(group.trials[name] for name in ("seed", "seconds", "steps", "together")), strict=True
        )
        if steps > 0 and np.isfinite(seconds) and together == 1
    ]
    return pd.DataFrame(stepped, columns=["name", "seed", "seconds"])
