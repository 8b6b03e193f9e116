"""Draws lines with bands: medians, the quartiles around them, and where runs were lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optframe_reports.plotting.labelling import Legend, cross, legend, line_look, plain_log_ticks
from optframe_reports.plotting.metric_axis import Ordinate, Scale
from optframe_reports.plotting.quartile_lines import Lines
from optframe_reports.plotting.run_groups import Group

__all__ = [
    "LOST",
    "Path",
    "ceiling_of",
    "draw_paths",
    "legend_of",
    "paths_of",
    "set_x_axis",
    "set_y_axis",
]

Floats = NDArray[np.float64]

LOST = "half or more of the runs lost"
"""The legend of × at the end of a line."""


class Path(NamedTuple):
    """A line, and its band: around y at each x or, where it lies ``across``, around x at each y."""

    group: Group
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    lost: bool = False
    across: bool = False

    def scaled(self, scale: float) -> Path:
        """Return the path with all x multiplied by ``scale``."""
        if self.across:
            return self._replace(x=self.x * scale, low=self.low * scale, high=self.high * scale)
        return self._replace(x=self.x * scale)


def paths_of(drawn: Lines, *, across: bool = False) -> list[Path]:
    """Return the lines' paths; ``across``, the medians are x."""
    return [
        Path(line.group, x, y, line.y.lower, line.y.upper, line.lost, across)
        for line in drawn.of_groups
        for x, y in [(line.y.median, line.x) if across else (line.x, line.y.median)]
    ]


def ceiling_of(paths: Sequence[Path], axis: Ordinate) -> float:
    """Return the upper end of the axis, so that diverging lines do not flatten the others.

    It is above the starts and above the typical peak of a line whose runs are not lost.
    """
    medians = [path.y for path in paths if path.y.size]
    if not medians or axis.worst < 0:
        return np.inf
    peaks = [path.y.max() for path in paths if path.y.size and not path.lost]
    usual = float(max(*(median[0] for median in medians), np.median(peaks or [-np.inf])))
    if axis.log:
        return 10 * usual
    return usual + 0.25 * (usual - min(float(m.min()) for m in medians))


def draw_paths(
    axes: Any, paths: Sequence[Path], ceiling: float = np.inf, *, bands: bool = True, **style: Any
) -> None:
    """Draw lines, bands, and a cross where a line ends because the runs were lost.

    The medians are not seaborn's, which drops infinite values and so would hide lost runs.
    ``style`` replaces the groups' styles of the lines.
    """
    import seaborn

    drawn = [path for path in paths if path.x.size]
    if not drawn:
        return
    names = [str(index) for index in range(len(drawn))]
    before = len(axes.lines)
    seaborn.lineplot(
        x=np.concatenate([path.x for path in drawn]),
        y=np.concatenate([path.y for path in drawn]),
        hue=np.repeat(names, [path.x.size for path in drawn]),
        hue_order=names,
        palette=[path.group.color for path in drawn],
        estimator=None,
        sort=False,
        legend=False,
        ax=axes,
    )
    for artist, path in zip(axes.lines[before:], drawn, strict=True):
        # a marker at every 15 % of the figure's diagonal
        artist.set(**{**_style(path.group), **style}, markevery=(0.0, 0.15))
    for path in drawn:
        if bands:
            _draw_band(axes, path, ceiling)
        if path.lost:
            end = min(path.y[-1], ceiling)
            axes.plot(path.x[-1], end, **cross(path.group.color), clip_on=False, zorder=4)


def _draw_band(axes: Any, path: Path, ceiling: float) -> None:
    if len(path.group.trials) < 2:
        return
    shown = np.isfinite(path.low) & np.isfinite(path.high)
    look: dict[str, Any] = {"color": path.group.color, "alpha": 0.13, "lw": 0}
    low, high = path.low[shown], path.high[shown]
    if path.across:
        axes.fill_betweenx(path.y[shown], low, high, **look)
    else:
        axes.fill_between(path.x[shown], low, np.minimum(high, 10 * abs(ceiling)), **look)


def _style(group: Group) -> dict[str, Any]:
    return line_look(group.color, group.marker, group.line_style)


def legend_of(
    compared: Sequence[Group], lost: bool, between: Sequence[tuple[str, dict[str, Any]]] = ()
) -> Legend:
    """Return the marks and the labels of a legend: groups, other entries, and lost runs."""
    entries = [(group.legend, _style(group)) for group in compared] + [*between]
    if lost:
        look = {"linestyle": "", "marker": "x", "color": "0.3", "markeredgewidth": 2}
        entries.append((LOST, look))
    return legend(entries)


def set_x_axis(axes: Any, paths: Sequence[Path], first: float | None, scale: Scale) -> None:
    """Let the axis begin at the start, 0, and be logarithmic if the checkpoints are.

    ``first`` is the first checkpoint after the start if they are, else None.
    """
    places = np.concatenate([path.x for path in paths])
    end = float(places.max(initial=0.0))
    if scale == "log" and first is None:
        first = float(places[places > 0].min(initial=np.inf))
    if first is None or scale == "linear" or not 0 < first < end:
        axes.set_xlim(0, end * 1.02 or 1)
        return
    axes.set_xscale("symlog", linthresh=first, linscale=0.3)
    decades = np.arange(np.ceil(np.log10(first)), np.log10(end))
    axes.set_xticks([0, *10 ** decades[:: 1 + decades.size // 7]])
    axes.set_xlim(0, end * 1.15)


def set_y_axis(axes: Any, paths: Sequence[Path], axis: Ordinate, ceiling: float) -> None:
    """Let the axis hold what is finite of lines and bands, and below the ceiling."""
    axes.set_yscale("log" if axis.log else "linear")
    heights = [[path.y] if path.across else [path.low, path.y, path.high] for path in paths]
    shown = np.concatenate([part for parts in heights for part in parts])
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return
    low, high = shown.min(), min(shown.max(), ceiling)
    if axis.log:
        margin = max((high / low) ** 0.05, 1.05)
        axes.set_ylim(low / margin, min(high * margin, ceiling))
        if high < 1000 * low:
            plain_log_ticks(axes.yaxis)
    else:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        axes.set_ylim(low - margin, min(high + margin, ceiling))
    if axis.resolution is not None and low <= axis.resolution * (1 + 1e-9):  # logarithms round
        axes.axhline(axis.resolution, color="0.4", linestyle=":", linewidth=1)
