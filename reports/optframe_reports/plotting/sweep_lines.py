"""Draws medians against a chosen number: lines, bands, and rows of crosses for lost runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from optframe.statistics import Quartiles
from optframe_reports.plotting.labelling import Legend, legend, plain_log_ticks, stroke
from optframe_reports.plotting.metric_axis import Ordinate
from optframe_reports.plotting.run_groups import LIMIT
from optframe_reports.quantities import count, seeds

__all__ = [
    "Sweep",
    "best_of",
    "draw_sweeps",
    "legend_of",
    "lost_height",
    "seeds_of",
    "sweeps_table",
]

Floats = NDArray[np.float64]

_MARKED = 40
"""The most values of a line with a mark at each of them."""

_ROW = 0.13
"""Inches between two rows of crosses."""

_USUAL = 2.9
"""The height in inches of an axis without crosses."""


class Sweep(NamedTuple):
    """A line: the quartiles at each of its values ``x``, and the number of ``runs`` at each."""

    name: str
    color: Any
    marker: str
    line_style: Any
    x: Floats
    y: Quartiles
    runs: list[int]
    performance: Floats | None = None
    """How good the runs at each value are in the standings, less being better."""

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Where the median is finite, since less than half of the runs were lost."""
        return np.isfinite(self.y.median)

    def best(self, axis: Ordinate) -> int | None:
        """Return the index of the best value, or None if all are lost.

        It is the best of the standings where they are known, else that of the medians.
        """
        if not self.finite.any():
            return None
        if self.performance is not None:
            best = int(np.argmin(self.performance))
            return best if np.isfinite(self.performance[best]) and self.finite[best] else None
        return int(np.argmin(np.copysign(1.0, axis.worst) * self.y.median))


class _Place(NamedTuple):
    """The axis' lowest value, the highest that is shown, and the top of the rows of crosses."""

    low: float
    high: float
    top: float
    log: bool

    def between(self, a: float, b: float, share: float) -> float:
        """Return the value at a share of the drawn distance from a to b."""
        if self.log:
            a, b = np.log(a), np.log(b)
        found = a + share * (b - a)
        return float(np.exp(found) if self.log else found)


def best_of(sweeps: Sequence[Sweep], axis: Ordinate, limit: int = LIMIT) -> list[Sweep]:
    """Return the lines with the best medians, at most ``limit``, in their order."""
    sign = np.copysign(1.0, axis.worst)
    reached = [np.min(sign * sweep.y.median) for sweep in sweeps]
    return [sweeps[index] for index in sorted(np.argsort(reached, kind="stable")[:limit])]


def seeds_of(sweeps: Sequence[Sweep], all_sweeps: int) -> str:
    """Return a text: the number of seeds, and how many of all lines are shown."""
    text = seeds(runs for sweep in sweeps for runs in sweep.runs)
    text = text if text == "one seed" else f"median and quartiles of {text}"
    if all_sweeps > len(sweeps):
        text += f", the best {len(sweeps)} of {count(all_sweeps)}"
    return text


def lost_height(sweeps: Sequence[Sweep]) -> float:
    """Return the height of the rows of crosses in inches."""
    return _ROW * sum(not sweep.finite.all() for sweep in sweeps)


def sweeps_table(sweeps: Sequence[Sweep], x: str) -> pd.DataFrame:
    """Return every line's quartiles at its values: name, x, lower, median, upper, runs."""
    return pd.concat(
        pd.DataFrame({"name": one.name, x: one.x, **one.y._asdict(), "runs": one.runs})
        for one in sweeps
    )


def legend_of(
    sweeps: Sequence[Sweep],
    label: Callable[[Sweep], str],
    others: Sequence[tuple[str, dict[str, Any]]],
) -> Legend:
    """Return the marks and the labels of a legend: the lines, and other texts with their looks."""
    return legend([*((label(sweep), _style(sweep)) for sweep in sweeps), *others])


def _style(sweep: Sweep) -> dict[str, Any]:
    """Return the style of a line, on the axes and in the legend."""
    return {
        "color": sweep.color,
        "linestyle": sweep.line_style,
        "linewidth": 1.8 * stroke(),
        "marker": sweep.marker or "o",
        "markersize": 4 * stroke(),
    }


def draw_sweeps(axes: Any, sweeps: Sequence[Sweep], axis: Ordinate, start: float = np.nan) -> None:
    """Draw lines over a horizontal axis that is set already, and set the vertical one.

    If half of the runs or more were lost, there is × in a grey row at the top, and a dotted line
    leads there from the line. ``start`` is a level to draw. Values of more than ten times this
    level are cut off.
    """
    place = _set_axis(axes, sweeps, axis, start)
    for sweep in sweeps:
        _draw_line(axes, sweep, place)
    _draw_lost(axes, [sweep for sweep in sweeps if not sweep.finite.all()], place)
    axes.axhline(start, color="0.4", linestyle=":", linewidth=stroke(), zorder=1)


def _set_axis(axes: Any, sweeps: Sequence[Sweep], axis: Ordinate, start: float) -> _Place:
    """Let the axis contain values up to ten times the start, and the crosses above."""
    log = axis.log
    axes.set_yscale("log" if log else "linear")
    shown = np.concatenate([np.ravel(sweep.y) for sweep in sweeps])
    shown = shown[np.isfinite(shown)]
    if axis.worst > 0 and np.isfinite(start):
        shown = np.append(shown, start)
        ceiling = 10 * start if log else start + 0.25 * (start - shown.min())
        kept = shown[shown <= ceiling]
        shown = kept if kept.size > 1 else shown
    if not shown.size:
        shown = np.array([0.1, 1.0])  # all are lost, and the start is unknown
    low, high = float(shown.min()), float(shown.max())
    if log:
        margin = max((high / low) ** 0.05, 1.05)
        low, high = low / margin, high * margin
    else:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        low, high = low - margin, high + margin
    rows = sum(not sweep.finite.all() for sweep in sweeps)
    place = _Place(low, high, high, log)
    share = 1 + _ROW * (rows + 0.4) / _USUAL if rows else 1.0  # of the height without them
    place = place._replace(top=place.between(low, high, share))
    axes.set_ylim(low, place.top)
    if log and high < 1000 * low:
        plain_log_ticks(axes.yaxis)
    for minor in (False, True):
        ticks = axes.yaxis.get_ticklocs(minor=minor)
        locator = FixedLocator([tick for tick in ticks if low <= tick <= high])
        (axes.yaxis.set_minor_locator if minor else axes.yaxis.set_major_locator)(locator)
    return place


def _draw_line(axes: Any, sweep: Sweep, place: _Place) -> None:
    """Draw a line with its band; values that are too high are cut at the crosses."""
    finite, x = sweep.finite, sweep.x
    median = np.where(finite, sweep.y.median, np.nan)
    style = _style(sweep)
    if x.size > _MARKED:
        style["marker"] = "None"
    drawn = axes.plot(x, median, zorder=3, **style)
    if max(sweep.runs) > 1:
        known = finite & np.isfinite(sweep.y.lower) & np.isfinite(sweep.y.upper)
        look = {"color": sweep.color, "alpha": 0.13, "lw": 0}
        drawn.append(axes.fill_between(x, sweep.y.lower, sweep.y.upper, where=known, **look))
    left, right = axes.get_xlim()
    clip = Rectangle(
        (left, place.low), right - left, place.high - place.low, transform=axes.transData
    )
    for artist in drawn:
        artist.set_clip_path(clip)


def _draw_lost(axes: Any, rows: Sequence[Sweep], place: _Place) -> None:
    """Draw a row of crosses for each of these lines, and dotted lines to it."""
    if rows:
        axes.axhspan(place.high, place.top, color="0.94", lw=0, zorder=0)
    for index, sweep in enumerate(rows):
        share = (index + 0.7) / (len(rows) + 0.4)
        height = place.between(place.high, place.top, share)
        x, y, color = sweep.x, sweep.y.median, sweep.color
        lost = ~sweep.finite
        look = {"color": color, "ms": 6 * stroke(), "mew": 1.8 * stroke()}
        axes.plot(x[lost], np.full(lost.sum(), height), "x", zorder=4, **look)
        for edge in np.flatnonzero(lost[1:] != lost[:-1]):
            heights = [height if lost[i] else min(y[i], place.high) for i in (edge, edge + 1)]
            axes.plot(x[edge : edge + 2], heights, ":", color=color, lw=1.2 * stroke(), zorder=2)
