"""The figure samplers: the effect of the order of records, and of seeing them again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.errors import nearest
from optframe.statistics import UNRUN
from optframe_reports.plotting.contenders import standings_of
from optframe_reports.plotting.curve_axis import no_curves
from optframe_reports.plotting.labelling import HEIGHT, WIDTH, Legend, finish, legend_height, stroke
from optframe_reports.plotting.median_bands import (
    ceiling_of,
    draw_paths,
    legend_of,
    paths_of,
    set_x_axis,
    set_y_axis,
)
from optframe_reports.plotting.metric_axis import judging
from optframe_reports.plotting.quartile_lines import Lines, lines
from optframe_reports.plotting.run_groups import groups, spread

__all__ = ["Samplers"]

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
        By default the one that judges: the study's, else the validation loss where there is one,
        else the loss.
    optimizer
        The optimizer's label, by default the one with the best median of this metric at the runs'
        ends.
    """

    metric: str | None = None
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
        reason = no_curves(frames, "samples", self._metric(frames))
        if reason is None and self._of_one(frames).trials["sampler"].nunique() < 2:
            return "only one sampler has run; expected two or more to compare"
        return reason

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        return WIDTH, HEIGHT + legend_height(_legend(self._lines(frames))[1])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place: name, samples, lower, median, upper."""
        return self._lines(frames).table("samples")

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every sampler's line, the passes below them, and the legend."""
        drawn = self._lines(frames)
        paths = paths_of(drawn)
        ceiling = ceiling_of(paths, drawn.axis)
        draw_paths(axes, paths, ceiling)
        set_x_axis(axes, paths, drawn.first, "linear")
        set_y_axis(axes, paths, drawn.axis, ceiling)
        for index, place in enumerate(_passes(self._of_one(frames), drawn.end)):
            axes.axvline(place, color="0.8" if index else "0.5", lw=stroke(), zorder=0.5)
        compared = [line.group for line in drawn.of_groups]
        label = compared[0].trials["optimizer"].iloc[0]
        title = f"{frames.trials['problem'].iloc[0]}: {label}, {spread(compared)}"
        names = {"x": "samples seen (records)", "y": drawn.axis.name}
        finish(axes, title, _legend(drawn), **names, grid="y")

    def _metric(self, frames: Frames) -> str:
        return judging(frames, self.metric)

    def _of_one(self, frames: Frames) -> Frames:
        """Return the runs of the optimizer that is drawn."""
        ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
        label = self.optimizer or _best(frames, ran, self._metric(frames))
        return dataclasses.replace(frames, trials=ran[ran["optimizer"] == label])

    def _lines(self, frames: Frames) -> Lines:
        metric, shown = self._metric(frames), self._of_one(frames)
        compared = [
            dataclasses.replace(group, name=str(group.trials["sampler"].iloc[0]))
            for group in groups(shown, by="sampler", metric=metric)
        ]
        return lines(shown, "samples", metric, compared=compared)


def _best(frames: Frames, ran: pd.DataFrame, metric: str) -> str:
    """Return the optimizer that is best in the standings, over all samplers."""
    found = standings_of(frames, metric=None if metric == frames.metric else metric)
    keys = {str(label): own["key"] for label, own in ran.groupby("optimizer", sort=False)}
    return min(keys, key=lambda label: found.performance(keys[label]))


def _passes(frames: Frames, end: float) -> list[float]:
    """Return the numbers of samples after which passes over the data end, without the last."""
    trials = frames.trials
    known = trials[(trials["epochs"] > 0) & (trials["samples"] > 0)]
    if known.empty:
        return []
    records = round(float((known["samples"] / known["epochs"]).median()))
    passes = int(np.ceil(end / records)) - 1
    return [records * (i + 1) for i in range(passes if passes <= _PASSES else 1)]


def _legend(drawn: Lines) -> Legend:
    lost = any(line.lost for line in drawn.of_groups)
    return legend_of([line.group for line in drawn.of_groups], lost)
