"""The figure trajectory: paths of optimizers over the contours of a loss of two parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge, Le
from numpy.typing import NDArray

from optframe import Figure, Frames
from optframe.statistics import CENSORED
from optframe_reports.plotting.gradient_arrows import arrow_mark, draw_arrows
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
"""The number of pictures of an animation of paths that join checkpoints."""

_STEPWISE = 120
"""The number of pictures of an animation of steps, of which the first ones last for several."""

_EACH = 200
"""A film of at most so many steps shows each of them if all last equally long."""

_ROUNDING = 1e-9
"""A step that is missed by so little is reached."""

_REACH = 50.0
"""A path is drawn up to this many half windows from the middle; Matplotlib cuts it at the edge."""

_DOTTED = 300
"""The most points of a path that shows each of them."""


@dataclass(frozen=True)
class Trajectory(Figure):
    """Each optimizer's path from the start (circle) to its end (dot), for one seed.

    The figure shows what a method does in a narrow valley, at a saddle, or beside a wall. A path
    joins a run's first 200 steps and then its checkpoints by straight lines. If these points are at
    most 300, they are dots on it. Between points that are several steps apart, the line is thinner.
    Runs in a batch of more than 100 (``--together``), and runs in stores of an earlier optframe,
    have checkpoints only. A star marks the minimizer if f* is known and a run came close to it.

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
    arrows
        Draw small arrows of the negative gradient at points of each path, all of the same length.
        It is the gradient for which plain SGD would take its next step there: on the minibatch and
        noise of that step.
    """

    seed: int | None = None
    until: Annotated[float, Ge(0), Le(1)] = 1.0
    clock: Literal["log", "linear"] = "log"
    arrows: bool = False

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
        if self.arrows and {*frames.paths}.isdisjoint(frames.trials["key"]):
            return "no run has recorded gradients; run the study again, or draw without arrows"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        return _size(tracks(frames, self.seed), self.arrows)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the points of the paths: name, step, θ, loss and gradient."""
        return self._whole(frames).data(frames)

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the contours, the paths over them, and the marks over these."""
        self._whole(frames).draw(axes, frames)

    def animation(self, frames: Frames) -> Iterator[Figure]:
        """Yield the pictures of the animation, which last equally long.

        If each path was recorded step by step, each picture shows a whole number of steps, and a
        step that lasts longer is the same object again.
        """
        last = dataclasses.replace(self._whole(frames), counted=True)
        stepwise, linear = last.tracks.recorded, self.clock == "linear"
        pictures = _STEPWISE if stepwise else _MOMENTS
        if stepwise and linear and last.step <= _EACH:
            pictures = int(last.step) + 1
        moments = np.linspace(0, 1, pictures)
        steps = last.step * moments if linear else np.expm1(np.log1p(last.step) * moments)
        if stepwise:
            steps = np.floor(steps + _ROUNDING)
        steps[-1] = last.step
        shown = {step: dataclasses.replace(last, step=step) for step in steps.tolist()}
        yield from (shown[step] for step in steps.tolist())

    def _whole(self, frames: Frames) -> Moment:
        drawn = tracks(frames, self.seed)
        surface = ground(drawn.landscapes, drawn.window)
        return Moment(drawn, surface, self.until * drawn.steps, self.arrows)


@dataclass(frozen=True)
class Moment(Figure):
    """The picture of given paths up to a step."""

    tracks: Tracks
    ground: Ground
    step: float
    arrows: bool = False
    counted: bool = False
    """Whether a title of its own says which step it is, also at the end."""

    def title(self) -> str:
        """Return the picture's title."""
        return f"Paths up to step {int(self.step)}"

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        return _size(self.tracks, self.arrows)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the points of the paths: name, step, θ, loss and gradient."""
        return pd.concat(
            pd.DataFrame(
                {
                    "name": path.group.name,
                    "step": path.step,
                    "theta_0": path.theta[0],
                    "theta_1": path.theta[1],
                    "loss": path.loss,
                    "gradient_0": path.gradient[0],
                    "gradient_1": path.gradient[1],
                }
            )
            for path in self._begun()
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the contours, the paths over them, and the marks over these."""
        import seaborn

        drawn = self.tracks
        (left, low), (right, high) = drawn.window
        axes.set(xlim=(left, right), ylim=(low, high), xlabel="θ₀", ylabel="θ₁")
        draw_ground(axes, self.ground, drawn.least)
        for path, whole in zip(self._begun(), drawn.of_groups, strict=True):
            _draw_path(axes, path, drawn.window, whole.step.size <= _DOTTED)
            if self.arrows:
                draw_arrows(axes, whole, drawn.window, self.step)
        axes.plot(*drawn.start, **_start())
        for point in drawn.minimizers:
            axes.plot(*point, **_minimizer())
        seaborn.despine(ax=axes)
        steps = int(drawn.steps)
        if self.counted:
            axes.set_title(f"step {int(self.step)} of {steps}", loc="right", fontsize="medium")
        # The same room for it in each picture of an animation, so that nothing moves.
        taken = round(1.4 * len(f"step {steps} of {steps}")) if self.counted else 0
        add_title(axes, f"{drawn.problem}: {self._caption()}", taken)
        add_legend(axes, *_legend(drawn, self.arrows))

    def _begun(self) -> list[Track]:
        return [path.until(self.step) for path in self.tracks.of_groups]

    def _caption(self) -> str:
        drawn = self.tracks
        above = "f − f*" if drawn.known else "loss above the least seen"
        parts = [f"contours of {above}" if drawn.landscapes else "no contours recorded"]
        parts.append(f"seed {drawn.seed}")
        if self.step < drawn.steps and not self.counted:
            parts.append(f"step {int(self.step)} of {int(drawn.steps)}")
        chosen = number_of_runs([path.group for path in drawn.of_groups])
        return ", ".join([*parts, chosen.removeprefix("one seed").removeprefix(", ")]).rstrip(", ")


def _size(drawn: Tracks, arrows: bool) -> tuple[float, float]:
    return WIDTH, 4.6 + legend_height(_legend(drawn, arrows)[1])


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
    """Draw a path, with its points if ``dotted``, and the mark of its end."""
    if not path.step.size:
        return
    group, theta = path.group, path.theta
    outside = np.flatnonzero(~window.holds(theta))
    lost = path.status in CENSORED and outside.size
    if lost:
        theta = theta[:, : outside[0] + 1]
    theta = _within_reach(theta, window)
    dots = {"marker": ".", "markersize": (2.8 if path.recorded else 3.5) * stroke()}
    line = {"color": group.color, "linestyle": group.line_style, **(dots if dotted else {})}
    # Between points that are several steps apart, the path was elsewhere: that line is thinner.
    gaps = np.flatnonzero(np.diff(path.step[: theta.shape[1]]) > 1)
    close = int(gaps[0]) + 1 if path.recorded and gaps.size else theta.shape[1]
    axes.plot(*theta[:, :close], **line, linewidth=1.4 * stroke(), alpha=0.9, zorder=3)
    if close < theta.shape[1]:
        axes.plot(*theta[:, close - 1 :], **line, linewidth=0.7 * stroke(), alpha=0.9, zorder=3)
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


def _legend(drawn: Tracks, arrows: bool) -> Legend:
    entries = [
        (path.label, {"color": g.color, "linestyle": g.line_style, **_end(g)})
        for path in drawn.of_groups
        for g in [path.group]
    ]
    entries.append(("start", _start()))
    if drawn.minimizers:
        entries.append(("minimizer", _minimizer()))
    if arrows:
        entries.append(("negative gradient", arrow_mark()))
    return legend(entries)
