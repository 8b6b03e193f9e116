"""The figure samplers: the effect of the order of records, and of seeing them again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn

from optframe import Figure, Frames
from optframe.errors import nearest
from optframe.statistics import UNRUN, final, median_and_quartiles, worst
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    add_legend,
    add_title,
    legend_height,
    stroke,
)
from optframe_reports.plotting.median_bands import (
    Path,
    ceiling_of,
    draw_paths,
    handle,
    lost_handle,
    set_x_axis,
    set_y_axis,
)
from optframe_reports.plotting.quartile_lines import Lines, lines
from optframe_reports.plotting.run_groups import Group, groups, number_of_runs

__all__ = ["Samplers"]

_LOST = "half or more of the runs lost"
_PASSES = 12
"""The most passes over the data that are marked."""


@dataclass(frozen=True)
class Samplers(Figure):
    """One optimizer with every sampler: a metric against the records that it has seen.

    At the first grey line, all records of the data have been seen. To the left of it, passes over
    the data do the same as a stream, which never shows a record twice. To the right of it, a
    sampler gains from records that were seen before. The other grey lines mark the beginnings of
    further passes, if they are few. (With replacement, some records are seen again earlier.)

    Lines are medians over the seeds, and bands are between the quartiles. A run that diverged,
    failed, timed out or crashed counts as worst from there on, as in `Convergence`, and the legend
    counts such runs. ``convergence:x=samples`` shows all optimizers with all samplers.

    Parameters
    ----------
    metric
        By default the test loss if runs measured one, else the loss.
    optimizer
        The optimizer's label, by default the one with the best median of this metric at the runs'
        ends.
    """

    metric: str = ""
    optimizer: str = ""

    def title(self) -> str:
        """Return the picture's title."""
        return "Samplers"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if fewer than two samplers ran and measured the metric, else None."""
        trials = frames.trials
        ran = trials[~trials["status"].isin(UNRUN)] if len(trials) else trials
        if not len(ran) or frames.curves.empty:
            return "no run has a curve yet"
        if self.optimizer and self.optimizer not in set(ran["optimizer"]):
            return (
                f"no run of {self.optimizer}; {nearest(self.optimizer, ran['optimizer'].unique())}"
            )
        metric = self._metric(frames)
        if metric not in frames.curves or frames.curves[metric].isna().all():
            return f"no run measured {metric}"
        if not (frames.curves["samples"] > 0).any():
            return "the runs counted no samples"
        if self._of_one(frames).trials["sampler"].nunique() < 2:
            return "only one sampler has run; expected two or more to compare"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        return WIDTH, HEIGHT + legend_height(_labels(self._lines(frames)))

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place: name, samples, lower, median, upper."""
        return pd.concat(
            pd.DataFrame({"name": line.group.name, "samples": line.x, **line.y._asdict()})
            for line in self._lines(frames).of_groups
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every sampler's line, the passes below them, and the legend."""
        drawn = self._lines(frames)
        paths = [
            Path(line.group, line.x, line.y.median, line.y.lower, line.y.upper, line.lost)
            for line in drawn.of_groups
        ]
        ceiling = ceiling_of(paths, drawn.axis)
        draw_paths(axes, paths, ceiling)
        set_x_axis(axes, drawn.end, drawn.first, "linear", 1.0)
        heights = np.concatenate([np.concatenate([p.low, p.y, p.high]) for p in paths])
        set_y_axis(axes, heights, drawn.axis, ceiling)
        for index, place in enumerate(_passes(self._of_one(frames), drawn.end)):
            axes.axvline(place, color="0.8" if index else "0.5", lw=stroke(), zorder=0.5)
        axes.set(xlabel="samples seen (records)", ylabel=drawn.axis.name)
        axes.grid(axis="y", which="major", alpha=0.4)
        seaborn.despine(ax=axes)
        compared = [line.group for line in drawn.of_groups]
        add_title(axes, self._caption(frames, compared))
        handles = [handle(group) for group in compared]
        if any(line.lost for line in drawn.of_groups):
            handles.append(lost_handle())
        add_legend(axes, handles, _labels(drawn))

    def _metric(self, frames: Frames) -> str:
        known = "test_loss" in frames.curves and frames.curves["test_loss"].notna().any()
        return self.metric or ("test_loss" if known else "loss")

    def _of_one(self, frames: Frames) -> Frames:
        """Return the runs of the optimizer that is drawn."""
        ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
        label = self.optimizer or _best(ran, self._metric(frames))
        return dataclasses.replace(frames, trials=ran[ran["optimizer"] == label])

    def _lines(self, frames: Frames) -> Lines:
        metric, shown = self._metric(frames), self._of_one(frames)
        compared = [
            dataclasses.replace(group, name=str(group.trials["sampler"].iloc[0]))
            for group in groups(shown, by="sampler", metric=metric)
        ]
        return lines(shown, "samples", metric, compared=compared)

    def _caption(self, frames: Frames, compared: list[Group]) -> str:
        label = str(compared[0].trials["optimizer"].iloc[0])
        runs = number_of_runs(compared)
        what = runs if runs.startswith("one seed") else f"median and quartiles of {runs}"
        return f"{frames.trials['problem'].iloc[0]}: {label}, {what}"


def _best(ran: pd.DataFrame, metric: str) -> str:
    """Return the optimizer with the best median at the runs' ends, over all samplers."""
    sign = np.copysign(1.0, worst(metric))
    ends = pd.Series(sign * final(ran, metric), ran.index)
    medians = {
        str(label): float(median_and_quartiles(values.to_numpy()).median)
        for label, values in ends.groupby(ran["optimizer"], sort=False)
    }
    return min(medians, key=lambda label: medians[label])


def _passes(frames: Frames, end: float) -> list[float]:
    """Return the numbers of samples after which passes over the data end, without the last."""
    trials = frames.trials
    known = trials[(trials["epochs"] > 0) & (trials["samples"] > 0)]
    if known.empty:
        return []
    records = round(float((known["samples"] / known["epochs"]).median()))
    passes = int(np.ceil(end / records)) - 1
    return [records * (i + 1) for i in range(passes if passes <= _PASSES else 1)]


def _labels(drawn: Lines) -> list[str]:
    labels = [line.group.legend for line in drawn.of_groups]
    return [*labels, _LOST] if any(line.lost for line in drawn.of_groups) else labels
