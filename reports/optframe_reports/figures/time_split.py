"""The figure time-split: the time of a step, split into sampling, oracle and update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.drawing.palette import color_of_each
from optframe.statistics import median_and_quartiles
from optframe_reports.plotting.curve_axis import doubt_of, no_steps
from optframe_reports.plotting.labelling import add_legend, legend_height
from optframe_reports.plotting.run_arrays import runs_of
from optframe_reports.plotting.run_groups import Group, groups, spread
from optframe_reports.plotting.run_strips import label_rows, strips_size, write_column
from optframe_reports.quantities import duration, time_unit

__all__ = ["TimeSplit"]

_PARTS = ("sampling", "oracle", "update")
_COLUMNS = ("step", "seconds", "seconds_sampling", "seconds_oracle")


@dataclass(frozen=True)
class TimeSplit(Figure):
    """The parts of the time of a step: drawing minibatches, the oracle, and the update.

    Each part of a bar is the median over the runs of its time per step. The number is their sum.
    The update is the rest of a run's seconds. Runs in batches (`--together`) have no time of their
    own and are left out; lost runs are included. Only profiled runs have these times. They include
    the readings of the clock, so steps seem some tenths of a microsecond slower than in `Timing`.
    The axis says if the machine's speed drifted, so that the times are not comparable.
    """

    def title(self) -> str:
        """Return the picture's title."""
        return "Where the time of a step goes"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run was profiled, else None."""
        reason = no_steps(frames)
        if reason is not None:
            return reason
        if not set(_COLUMNS) <= set(frames.curves) or frames.curves["seconds_oracle"].isna().all():
            return "no run was profiled; run the study with --profile"
        return None if _splits(frames) else "no run that was profiled has a time of its own"

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each optimizer, and room for the legend."""
        width, height = strips_size([group for group, _ in _splits(frames)])
        return width, height + legend_height(_PARTS)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return each part's median seconds per step: name, part, seconds."""
        return pd.DataFrame(
            [
                (group.name, part, seconds)
                for group, parts in _splits(frames)
                for part, seconds in parts.items()
            ],
            columns=["name", "part", "seconds"],
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a bar for each optimizer, in the report's order."""
        splits = _splits(frames)
        sums = [sum(parts.values()) for _, parts in splits]
        per_second, unit = time_unit(max(sums))
        colors = color_of_each(_PARTS)
        for row, (_, parts) in enumerate(splits):
            left = 0.0
            for part, seconds in parts.items():
                width = seconds * per_second
                axes.barh(row, width, left=left, height=0.62, color=colors[part])
                left += width
        axes.set_xlim(0, 1.02 * max(sums) * per_second)
        compared = [group for group, _ in splits]
        what = spread(compared, "medians")
        label_rows(axes, compared, f"{frames.trials['problem'].iloc[0]}: {what}")
        write_column(axes, "sum", [duration(seconds) for seconds in sums])
        axes.set_xlabel(f"time per step ({unit}){doubt_of(frames)}")
        add_legend(axes, axes.containers[: len(_PARTS)], _PARTS)


def _splits(frames: Frames) -> list[tuple[Group, dict[str, float]]]:
    """Return each group's runs that were profiled, and their median seconds per step by part."""
    compared = groups(frames)
    trials = pd.concat([group.trials for group in compared])
    ends = [run[:, -1:] for run in runs_of(frames, trials, _COLUMNS)]
    last = np.array([end[:, 0] if end.size else np.full(len(_COLUMNS), np.nan) for end in ends])
    steps, seconds, sampling, oracle = np.where(last[:, :1] > 0, last, np.nan).T
    paces = np.array([sampling, oracle, seconds - sampling - oracle]) / steps
    known = np.isfinite(paces).all(axis=0) & (trials["together"] == 1).to_numpy()
    found, begin = [], 0
    for group in compared:
        own = slice(begin, begin + len(group.trials))
        begin = own.stop
        if known[own].any():
            medians = median_and_quartiles(paces[:, own][:, known[own]].T).median
            parts = dict(zip(_PARTS, medians.tolist(), strict=True))
            found.append((replace(group, trials=group.trials[known[own]]), parts))
    return found
