"""Draws lines with bands: medians, the quartiles around them, and where runs were lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import seaborn
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from optframe_reports.plotting.labelling import plain_log_ticks, stroke
from optframe_reports.plotting.metric_axis import Ordinate, Scale
from optframe_reports.plotting.run_groups import Group

__all__ = ["Path", "ceiling_of", "draw_paths", "handle", "lost_handle", "set_x_axis", "set_y_axis"]

Floats = NDArray[np.float64]


class Path(NamedTuple):
    """A line, and its band: around y at each x or, where it lies ``across``, around x at each y."""

    group: Group
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    lost: bool = False
    across: bool = False


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
    axes: Any,
    paths: Sequence[Path],
    ceiling: float = np.inf,
    *,
    bands: bool = True,
    **style: Any,
) -> None:
    """Draw lines, bands, and a cross where a line ends because the runs were lost.

    The medians are not seaborn's, which drops infinite values and so would hide lost runs.
    ``style`` replaces the groups' styles of the lines.
    """
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
            axes.plot(
                *(path.x[-1], end, "x"),
                color=path.group.color,
                markersize=8 * stroke(),
                markeredgewidth=2.2 * stroke(),
                clip_on=False,
                zorder=4,
            )


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
    return {
        "color": group.color,
        "linestyle": group.line_style,
        "linewidth": 1.8 * stroke(),
        "marker": group.marker or "None",
        "markersize": 5 * stroke(),
        "markeredgecolor": "white",
    }


def handle(group: Group, **style: Any) -> Line2D:
    """Return the mark of a group for a legend."""
    return Line2D([], [], **{**_style(group), **style})


def lost_handle() -> Line2D:
    """Return the mark for a legend of the end of a line whose runs were lost."""
    return Line2D([], [], linestyle="", marker="x", color="0.3", markeredgewidth=2)


def set_x_axis(axes: Any, end: float, first: float | None, scale: Scale, least: float) -> None:
    """Let the axis begin at the start, 0, and be logarithmic if the checkpoints are.

    ``first`` is the first checkpoint after the start if they are, and ``least`` if they are not.
    """
    if scale == "log":
        first = least if first is None else first
    if first is None or scale == "linear" or not 0 < first < end:
        axes.set_xlim(0, end * 1.02 or 1)
        return
    axes.set_xscale("symlog", linthresh=first, linscale=0.3)
    decades = np.arange(np.ceil(np.log10(first)), np.log10(end))
    axes.set_xticks([0, *10 ** decades[:: 1 + decades.size // 7]])
    axes.set_xlim(0, end * 1.15)


def set_y_axis(axes: Any, shown: Floats, axis: Ordinate, ceiling: float = np.inf) -> None:
    """Let the axis hold what is finite of ``shown`` and below the ceiling."""
    axes.set_yscale("log" if axis.log else "linear")
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
