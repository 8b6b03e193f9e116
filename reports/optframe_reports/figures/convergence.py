"""Convergence: how fast the loss falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn
from matplotlib.lines import Line2D

from optframe import Figure, Frames
from optframe_reports.figures.axes import (
    HEIGHT,
    WIDTH,
    add_legend,
    add_title,
    legend_height,
    plain_log_ticks,
)
from optframe_reports.figures.groups import Group, groups, number_of_runs
from optframe_reports.figures.lines import COLUMNS, Line, Lines, lines
from optframe_reports.quantities import time_unit

__all__ = ["Convergence"]

_LABELS = {"gradients": "gradient evaluations"}


@dataclass(frozen=True)
class Convergence(Figure):
    """The median over seeds and the band between the quartiles, for each optimizer.

    With the problem's f* known, this is the suboptimality f − f* on a logarithmic axis, on which
    what the dtype cannot tell from zero lies on a dotted line instead of falling off a cliff (see
    `optframe_reports.figures.ordinate`).

    The runs are brought onto a common grid first: against steps, epochs and samples a run has the
    value of its last checkpoint; against gradients and seconds, where each seed has checkpoints
    of its own, the value on the drawn line between two of them. A run that ended keeps its last
    value. One that diverged, failed, timed out or crashed counts as infinite from there on: the
    band ends where a quartile is infinite, the curve ends in × where the median is, and the
    legend counts such runs.
    """

    x: Literal["steps", "epochs", "samples", "gradients", "seconds"] = "steps"
    metric: str = "loss"

    def title(self) -> str:
        """Return what the picture shows."""
        return f"{self.metric.replace('_', ' ').capitalize()} against {self.x}"

    def missing(self, frames: Frames) -> str | None:
        """Say so where no run has a curve, or the problem lacks what is to be drawn."""
        if not groups(frames) or frames.curves.empty:
            return "no run has a curve yet"
        if self.metric not in frames.curves or frames.curves[self.metric].isna().all():
            return f"no run measured {self.metric}"
        if not (frames.curves[COLUMNS[self.x]] > 0).any():
            return f"the runs counted no {self.x}"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Leave room for the legend below."""
        return WIDTH, HEIGHT + legend_height(_labels(lines(frames, self.x, self.metric)))

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place: name, x, lower, median, upper."""
        drawn = lines(frames, self.x, self.metric)
        return pd.concat(
            pd.DataFrame({"name": line.group.name, self.x: line.x, **line.y._asdict()})
            for line in drawn.of_groups
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every optimizer's line, with the legend below."""
        drawn = lines(frames, self.x, self.metric)
        scale, label = 1.0, _LABELS.get(self.x, self.x)
        if self.x == "seconds":
            scale, unit = time_unit(drawn.end)
            label = f"time ({unit})"
        axes.set_yscale("log" if drawn.axis.log else "linear")
        ceiling = _ceiling(drawn)
        _draw_lines(axes, drawn.of_groups, scale)
        for line in drawn.of_groups:
            _draw_band_and_end(axes, line, scale, ceiling)
        _set_limits(axes, drawn, scale, ceiling)

        axes.set_xlabel(label)
        axes.set_ylabel(drawn.axis.name)
        axes.grid(which="major", alpha=0.4)
        seaborn.despine(ax=axes)
        seeds = number_of_runs([line.group for line in drawn.of_groups])
        what = seeds if seeds == "one seed" else f"median and quartiles of {seeds}"
        add_title(axes, f"{frames.trials['problem'].iloc[0]}: {what}")
        add_legend(axes, _handles(drawn.of_groups), _labels(drawn))


def _ceiling(drawn: Lines) -> float:
    """Return where the axis ends, so that what explodes does not flatten all the rest."""
    medians = [line.y.median for line in drawn.of_groups if line.x.size]
    if not medians or drawn.axis.worst < 0:
        return np.inf
    starts, peaks = [float(m[0]) for m in medians], [float(m.max()) for m in medians]
    usual = max(*starts, float(np.median(peaks)))
    if drawn.axis.log:
        return 10 * usual
    return usual + 0.25 * (usual - min(float(m.min()) for m in medians))


def _draw_lines(axes: Any, drawn: list[Line], scale: float) -> None:
    """Draw the medians.

    They are ours: seaborn's estimators drop infinite values, which would hide the lost runs.
    """
    drawn = [line for line in drawn if line.x.size]
    if not drawn:
        return
    names = [line.group.name for line in drawn]
    seaborn.lineplot(
        x=np.concatenate([line.x * scale for line in drawn]),
        y=np.concatenate([line.y.median for line in drawn]),
        hue=np.repeat(names, [line.x.size for line in drawn]),
        hue_order=names,
        palette=[line.group.color for line in drawn],
        estimator=None,
        sort=False,
        legend=False,
        ax=axes,
    )
    for artist, line in zip(axes.lines, drawn, strict=True):
        # a marker at every 15 % of the figure's diagonal
        artist.set(**_style(line.group), markevery=(0.0, 0.15))


def _draw_band_and_end(axes: Any, line: Line, scale: float, ceiling: float) -> None:
    color, x = line.group.color, line.x * scale
    if len(line.group.trials) > 1:
        shown = np.isfinite(line.y.lower) & np.isfinite(line.y.upper)
        upper = np.minimum(line.y.upper[shown], 10 * abs(ceiling))
        axes.fill_between(x[shown], line.y.lower[shown], upper, color=color, alpha=0.13, lw=0)
    if x.size and line.lost:
        last = min(line.y.median[-1], ceiling)
        axes.plot(x[-1], last, "x", color=color, ms=8, mew=2.2, clip_on=False, zorder=4)


def _style(group: Group) -> dict[str, Any]:
    return {
        "color": group.color,
        "linestyle": group.line_style,
        "linewidth": 1.8,
        "marker": group.marker or "None",
        "markersize": 5,
        "markeredgecolor": "white",
    }


def _set_limits(axes: Any, drawn: Lines, scale: float, ceiling: float) -> None:
    end = drawn.end * scale
    if drawn.first is None:
        axes.set_xlim(0, end * 1.02 or 1)
    else:
        first = drawn.first * scale
        axes.set_xscale("symlog", linthresh=first, linscale=0.3)
        decades = np.arange(np.ceil(np.log10(first)), np.log10(end))
        axes.set_xticks([0, *10 ** decades[:: 1 + decades.size // 7]])
        axes.set_xlim(0, end * 1.15)
    shown = np.concatenate([np.ravel(line.y) for line in drawn.of_groups])
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return
    low, high = shown.min(), min(shown.max(), ceiling)
    if drawn.axis.log:
        margin = max((high / low) ** 0.05, 1.05)
        axes.set_ylim(low / margin, min(high * margin, ceiling))
        if high < 1000 * low:
            plain_log_ticks(axes.yaxis)
    else:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        axes.set_ylim(low - margin, min(high + margin, ceiling))
    resolution = drawn.axis.resolution
    if resolution is not None and low <= resolution * (1 + 1e-9):  # logarithms round
        axes.axhline(resolution, color="0.4", linestyle=":", linewidth=1)


def _labels(drawn: Lines) -> list[str]:
    labels = [line.group.legend for line in drawn.of_groups]
    lost = any(line.lost for line in drawn.of_groups)
    return [*labels, "half or more of the runs lost"] if lost else labels


def _handles(drawn: list[Line]) -> list[Line2D]:
    handles = [Line2D([], [], **_style(line.group)) for line in drawn]
    if any(line.lost for line in drawn):
        handles.append(Line2D([], [], linestyle="", marker="x", color="0.3", markeredgewidth=2))
    return handles
