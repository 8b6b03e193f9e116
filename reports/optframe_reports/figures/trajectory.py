"""The figure trajectory: paths of optimizers over the contours of a loss of two parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import seaborn
from annotated_types import Ge, Le
from numpy.typing import NDArray

from optframe import Figure, Frames
from optframe.statistics import CENSORED
from optframe_reports.plotting.labelling import (
    WIDTH,
    Legend,
    add_legend,
    add_title,
    cross,
    legend,
    legend_height,
    stroke,
)
from optframe_reports.plotting.loss_contours import Ground, Window, draw_ground, ground
from optframe_reports.plotting.paths_2d import Track, Tracks, tracks
from optframe_reports.plotting.run_groups import Group, number_of_runs

__all__ = ["Moment", "Trajectory"]

Floats = NDArray[np.float64]

_MOMENTS = 70
"""The number of pictures of an animation."""

_REACH = 50.0
"""A path is drawn up to this many half windows from the middle; Matplotlib cuts it at the edge."""

_DOTTED = 120
"""The most points of a path that shows each of them."""


@dataclass(frozen=True)
class Trajectory(Figure):
    """Each optimizer's path from the start (circle) to its end (dot), for one seed.

    The figure shows what a method does in a narrow valley, at a saddle, or beside a wall. A path
    joins a run's checkpoints, which are dots on it, by straight lines. A study with as many
    checkpoints as steps shows every step. A star marks the minimizer if f* is known and a run came
    close to it.

    The contours are those of f − f*, or of the loss above the least one of any run if f* is
    unknown. They are log-spaced, and lower ones are lighter. The picture shows the part of the
    plane in which runs are at most twice as high as their start, and at most three times as far as
    usual. A path that leaves it is cut, which the legend reports. The path of a lost run ends in ×.
    Of more than twelve settings, the best of each optimizer is shown.

    Parameters
    ----------
    seed
        The seed of the runs; by default the first one whose loss was recorded on a grid.
    until
        Draw the paths up to this fraction of the steps of the longest one.
    clock
        The speed of an animation: ``log`` shows the first steps, in which most happens, slowly.
    """

    seed: int | None = None
    until: Annotated[float, Ge(0), Le(1)] = 1.0
    clock: Literal["log", "linear"] = "log"

    def title(self) -> str:
        """Return the picture's title."""
        return "Paths over the contours"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run has a path in a plane, or none of this seed, else None."""
        if frames.curves.empty or not len(frames.trials):
            return "no run has a curve yet"
        if "theta_1" not in frames.curves or frames.curves["theta_1"].isna().all():
            return "the problem has not two parameters, and its runs kept no paths"
        seeds = sorted(frames.curves["seed"].unique())
        if self.seed is not None and self.seed not in seeds:
            return f"no run has seed {self.seed}; expected one of {seeds[0]} to {seeds[-1]}"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        return _size(tracks(frames, self.seed))

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the points of the paths: name, step, theta_0, theta_1, loss."""
        return self._whole(frames).data(frames)

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the contours, the paths over them, and the marks over these."""
        self._whole(frames).draw(axes, frames)

    def animation(self, frames: Frames) -> Iterator[Figure]:
        """Yield the pictures of the animation, which last equally long."""
        last = self._whole(frames)
        for moment in np.linspace(0, 1, _MOMENTS):
            log = np.expm1(np.log1p(last.step) * moment)
            yield dataclasses.replace(last, step=log if self.clock == "log" else last.step * moment)

    def _whole(self, frames: Frames) -> Moment:
        drawn = tracks(frames, self.seed)
        return Moment(drawn, ground(drawn.landscapes, drawn.window), self.until * drawn.steps)


@dataclass(frozen=True)
class Moment(Figure):
    """The picture of given paths up to a step."""

    tracks: Tracks
    ground: Ground
    step: float

    def title(self) -> str:
        """Return the picture's title."""
        return f"Paths up to step {int(self.step)}"

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        return _size(self.tracks)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the points of the paths: name, step, theta_0, theta_1, loss."""
        return pd.concat(
            pd.DataFrame(
                {
                    "name": path.group.name,
                    "step": path.step,
                    "theta_0": path.theta[0],
                    "theta_1": path.theta[1],
                    "loss": path.loss,
                }
            )
            for path in self._begun()
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the contours, the paths over them, and the marks over these."""
        drawn = self.tracks
        (left, low), (right, high) = drawn.window
        axes.set(xlim=(left, right), ylim=(low, high), xlabel="θ₀", ylabel="θ₁")
        draw_ground(axes, self.ground, drawn.least)
        for path, whole in zip(self._begun(), drawn.of_groups, strict=True):
            _draw_path(axes, path, drawn.window, whole.step.size <= _DOTTED)
        axes.plot(*drawn.start, **_start())
        for point in drawn.minimizers:
            axes.plot(*point, **_minimizer())
        seaborn.despine(ax=axes)
        add_title(axes, f"{drawn.problem}: {self._caption()}")
        add_legend(axes, *_legend(drawn))

    def _begun(self) -> list[Track]:
        return [path.until(self.step) for path in self.tracks.of_groups]

    def _caption(self) -> str:
        drawn = self.tracks
        above = "f − f*" if drawn.known else "loss above the least seen"
        parts = [f"contours of {above}" if drawn.landscapes else "no contours recorded"]
        parts.append(f"seed {drawn.seed}")
        if self.step < drawn.steps:
            parts.append(f"step {int(self.step)} of {int(drawn.steps)}")
        chosen = number_of_runs([path.group for path in drawn.of_groups])
        return ", ".join([*parts, chosen.removeprefix("one seed").removeprefix(", ")]).rstrip(", ")


def _size(drawn: Tracks) -> tuple[float, float]:
    return WIDTH, 4.6 + legend_height(_legend(drawn)[1])


def _start() -> dict[str, Any]:
    return {**_mark("o", 8, "white", "black", 1.5), "ls": "", "zorder": 5}


def _minimizer() -> dict[str, Any]:
    return {**_mark("*", 13, "black", "white"), "ls": "", "zorder": 6}


def _end(group: Group) -> dict[str, Any]:
    return _mark(group.marker or "o", 7, group.color, "white")


def _mark(marker: str, size: float, face: Any, edge: str, width: float = 1.0) -> dict[str, Any]:
    """Return the style of a mark, scaled with the picture's text."""
    look = {"marker": marker, "mfc": face, "mec": edge}
    return {**look, "ms": size * stroke(), "mew": width * stroke()}


def _draw_path(axes: Any, path: Track, window: Window, dotted: bool) -> None:
    """Draw a path, with its checkpoints if ``dotted``, and the mark of its end."""
    if not path.step.size:
        return
    group, theta = path.group, path.theta
    outside = np.flatnonzero(~window.holds(theta))
    lost = path.status in CENSORED and outside.size
    if lost:
        theta = theta[:, : outside[0] + 1]
    theta = _within_reach(theta, window)
    dots = {"marker": ".", "markersize": 3.5 * stroke()} if dotted else {}
    line = {"color": group.color, "linestyle": group.line_style, "linewidth": 1.4 * stroke()}
    axes.plot(*theta, **line, **dots, alpha=0.9, zorder=3)
    if lost:
        edge = _crossing(theta, window)
        axes.plot(*edge, clip_on=False, zorder=4, **cross(group.color))
    else:
        axes.plot(*theta[:, -1], ls="", zorder=4, **_end(group))


def _within_reach(theta: Floats, window: Window) -> Floats:
    """Move points that are too far for a canvas towards the middle of the window."""
    middle, half = (window.high + window.low) / 2, (window.high - window.low) / 2
    away = (theta - middle[:, None]) / half[:, None]
    far = np.maximum(np.abs(away).max(axis=0), _REACH) / _REACH
    within: Floats = middle[:, None] + half[:, None] * (away / far)
    return within


def _crossing(theta: Floats, window: Window) -> Floats:
    """Return the point at which the last line of a path leaves the window."""
    before, after = theta[:, max(theta.shape[1] - 2, 0)], theta[:, -1]
    move = after - before
    bound = np.where(move > 0, window.high, window.low)
    moved = move != 0
    part = ((bound - before)[moved] / move[moved]).min(initial=1.0)
    edge: Floats = np.clip(before + part * move, *window)
    return edge


def _legend(drawn: Tracks) -> Legend:
    entries = [
        (path.label, {"color": g.color, "linestyle": g.line_style, **_end(g)})
        for path in drawn.of_groups
        for g in [path.group]
    ]
    entries.append(("start", _start()))
    return legend(entries + ([("minimizer", _minimizer())] if drawn.minimizers else []))
