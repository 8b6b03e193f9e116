"""Computes the paths of one seed's runs in the plane, and the part of the plane to show."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.record import Landscape
from optframe.statistics import CENSORED, UNRUN
from optframe_reports.plotting.loss_contours import Window
from optframe_reports.plotting.metric_axis import knows_minimum
from optframe_reports.plotting.run_arrays import runs_of
from optframe_reports.plotting.run_groups import LIMIT, Group, groups
from optframe_reports.quantities import count, noted

__all__ = ["Track", "Tracks", "tracks"]

Floats = NDArray[np.float64]

_FAR = 3.0
"""Points are shown up to this many times the usual distance from the start."""

_HIGH = 2.0
"""Points are shown up to this many times the start's height above the least loss."""

_CLOSE = 1e-6
"""This share of the start's suboptimality counts as none: θ is then within 1e-3 of θ*."""

_APART = 0.02
"""Two minimizers that are closer than this share of the picture count as one."""


@dataclass(frozen=True)
class Track:
    """A run's ``step`` (n,), ``theta`` (2, n), ``loss`` (n,) and ``gradient`` (2, n).

    If the run has recorded its first steps (``recorded``), these are the points of its path, and
    the loss is NaN between two checkpoints. If not, they are the checkpoints. The gradient is NaN
    where none was recorded. ``left`` says whether the path leaves the picture.
    """

    group: Group
    status: str
    step: Floats
    theta: Floats
    loss: Floats
    gradient: Floats
    recorded: bool = False
    left: bool = False

    def until(self, step: float) -> Track:
        """Return the path up to a step, which may be between two points."""
        if not self.step.size or step >= self.step[-1]:
            return self
        table = np.vstack([self.step, self.theta, self.loss, self.gradient])
        cut = table[:, self.step <= step]
        if cut[0, -1] < step:
            between = [np.interp(step, self.step, values) for values in table[:4]]
            cut = np.column_stack([cut, [*between, np.nan, np.nan]])
        return dataclasses.replace(self, step=cut[0], theta=cut[1:3], loss=cut[3], gradient=cut[4:])

    @property
    def label(self) -> str:
        """The group's name, with what the picture does not show: ``sgd (diverged, cut)``."""
        settings = self.group.settings
        parts = [f"best of {count(settings)} settings"] if settings > 1 else []
        parts += [self.status] if self.status in CENSORED else []
        parts += ["cut"] if self.left else []
        return noted(self.group.name, *parts)


@dataclass(frozen=True)
class Tracks:
    """All paths of a picture, its window, where they start, and the minimizers that were found.

    Heights are relative to ``least``: f* if it is ``known``, else the least loss of any run.
    """

    problem: str
    seed: int
    of_groups: list[Track]
    start: Floats
    window: Window
    least: float
    known: bool
    minimizers: list[Floats]
    landscapes: list[Landscape]

    @property
    def steps(self) -> float:
        """The number of steps of the longest path."""
        return max(float(path.step.max(initial=0.0)) for path in self.of_groups)

    @property
    def recorded(self) -> bool:
        """Whether each path was recorded step by step."""
        return all(path.recorded for path in self.of_groups if path.step.size)


def tracks(frames: Frames, seed: int | None) -> Tracks:
    """Return the paths of a seed, by default the first with a landscape, else the first."""
    trials = frames.trials[~frames.trials["status"].isin(UNRUN)]
    with_path = frames.curves["key"][frames.curves["theta_1"].notna().to_numpy()].unique()
    moved = trials[trials["key"].isin(with_path)]
    if seed is None:
        recorded = moved[moved["key"].isin(list(frames.landscapes))]
        seed = int((recorded if len(recorded) else moved)["seed"].min())
    trials = trials[trials["seed"] == seed]
    compared = groups(dataclasses.replace(frames, trials=trials))
    shown = pd.concat([group.trials for group in compared])
    runs = runs_of(frames, shown, ("step", "theta_0", "theta_1", "loss"))
    drawn = [
        _track(group, trial, run, frames.paths.get(str(trial["key"])))
        for group, (_, trial), run in zip(compared, shown.iterrows(), runs, strict=True)
    ]
    landscapes = _landscapes(frames, shown) or _landscapes(frames, trials)[:LIMIT]

    walked = shown[shown["key"].isin(moved["key"])]  # a run that crashed has no f*
    known = knows_minimum("loss", walked)
    losses = np.concatenate([path.loss for path in drawn])
    least = float(walked["minimum"].iloc[0]) if known else _least(losses, landscapes)
    start = next(path.theta[:, 0] for path in drawn if path.step.size)
    window = _window(drawn, start, least)
    return Tracks(
        problem=str(shown["problem"].iloc[0]),
        seed=seed,
        of_groups=[
            dataclasses.replace(path, left=not window.holds(path.theta).all()) for path in drawn
        ],
        start=start,
        window=window,
        least=least,
        known=known,
        minimizers=_minimizers(drawn, window, least) if known else [],
        landscapes=landscapes,
    )


def _landscapes(frames: Frames, trials: pd.DataFrame) -> list[Landscape]:
    """Return the landscapes of these runs; of a batch, only one run has it."""
    return [frames.landscapes[key] for key in trials["key"] if key in frames.landscapes]


def _track(group: Group, trial: pd.Series[Any], run: Floats, path: Floats | None) -> Track:
    """Return a run's path if it was recorded, else its checkpoints, where θ is finite.

    ``run`` are its checkpoints: step, θ and loss, shape (4, checkpoints).
    """
    table = np.vstack([run, np.full((2, run.shape[1]), np.nan)])
    recorded = False
    if path is not None and np.isin(run[0], path[:, 0]).all():
        # A path with no more points than checkpoints, some steps apart, is that of a large batch.
        recorded = len(path) > run.shape[1] or bool((np.diff(path[:, 0]) == 1).all())
        loss = np.full(len(path), np.nan)
        loss[np.searchsorted(path[:, 0], run[0], side="right") - 1] = run[3]
        table = np.vstack([path[:, :3].T, loss, path[:, 3:].T])
    table = table[:, np.isfinite(table[1:3]).all(axis=0)]
    status = str(trial["status"])
    return Track(group, status, table[0], table[1:3], table[3], table[4:], recorded)


def _least(losses: Floats, landscapes: Sequence[Landscape]) -> float:
    """Return the least loss of any run or landscape."""
    seen = np.concatenate([losses, *(np.ravel(landscape.loss) for landscape in landscapes)])
    return float(seen[np.isfinite(seen)].min(initial=np.inf))


def _window(drawn: Sequence[Track], start: Floats, least: float) -> Window:
    """Return the window of points not much higher than the start and not much further away."""
    first = next(path.loss[0] for path in drawn if path.step.size)
    limit = least + _HIGH * (first - least)
    low_enough = [path.theta[:, _heights(path.loss) <= limit] for path in drawn if path.step.size]
    reaches = [np.abs(theta - start[:, None]).max(axis=1, initial=0.0) for theta in low_enough]
    moved = [reach for reach in reaches if reach.any()]
    usual = np.median(moved, axis=0) if moved else np.zeros(2)
    cap = _FAR * np.maximum(usual, usual.max() / 20)
    points = np.concatenate([start[:, None], *low_enough], axis=1)
    points = points[:, (np.abs(points - start[:, None]) <= cap[:, None]).all(axis=0)]
    low, high = points.min(axis=1), points.max(axis=1)
    sides = np.maximum(high - low, 0.05 * (1 + np.abs(high)))
    alike = sides > sides.max() / 20  # else the two parameters have different scales
    sides[alike] = np.maximum(sides[alike], sides.max() / 2)
    middle, half = (low + high) / 2, 0.58 * sides
    return Window(middle - half, middle + half)


def _heights(loss: Floats) -> Floats:
    """Return the losses of a path; where none is measured, the higher one of those around it."""
    series = pd.Series(loss)
    return np.fmax(series.ffill().to_numpy(), series.bfill().to_numpy())


def _minimizers(drawn: Sequence[Track], window: Window, least: float) -> list[Floats]:
    """Return the points where runs came visibly close to f*; of nearby points, the best."""
    start = next(path.loss[0] for path in drawn if path.step.size)
    best = [
        (path.loss[at], path.theta[:, at])
        for path in drawn
        if path.step.size and np.isfinite(path.loss).any()
        for at in [int(np.nanargmin(path.loss))]
        if path.loss[at] - least <= _CLOSE * (start - least)
    ]
    found: list[Floats] = []
    size = window.high - window.low
    for _, theta in sorted(best, key=lambda pair: float(pair[0])):
        if all((np.abs(theta - other) > _APART * size).any() for other in found):
            found.append(theta)
    return found
