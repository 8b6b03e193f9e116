"""Computes each run's cost of targets, for figures that compare optimizers by it."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.columns import ANSWERS
from optframe.statistics import (
    UNRUN,
    evaluations_to_own_target,
    evaluations_to_target,
    relative_targets,
)

__all__ = [
    "Floats",
    "Target",
    "Way",
    "done_words",
    "graded",
    "has_own_targets",
    "minimum",
    "no_sizes",
    "nothing_to_reach",
    "reaching",
    "sizes",
]

Floats = NDArray[np.float64]

Target = Literal["auto", "study", "relative"]
"""The targets: the study's own, or those of Moré and Wild relative to the start.

``auto`` uses the study's own if it has one for some problem, and leaves the others out.
"""

_CLIFF, _PER_DECADE = 1e-3, 5

Way = Literal["relative", "absolute"]
"""Whether targets are shares of the way from the start to the minimum, or differences from it."""


def has_own_targets(frames: Frames, target: Target = "auto") -> bool:
    """Return whether this choice selects the study's own targets."""
    known = _known(frames, "target")
    return target == "study" or (target == "auto" and bool(known.any()))


def nothing_to_reach(frames: Frames, by: str, target: Target) -> str | None:
    """Return why no costs of targets are known, or None."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    if has_own_targets(frames, target):
        if ran["target"].isna().all():
            return "the study has no target; expected target=relative, or a study with one"
    elif "loss" not in frames.curves or not np.isfinite(frames.curves["loss"]).any():
        return "no run measured a loss"
    if by == "seconds" and (ran["together"] > 1).all():
        return "all runs ran in batches, so none has its own time"
    counts = [*ANSWERS] if by == "evaluations" else [by]
    if not (ran[counts] > 0).any(axis=None):
        return f"the runs counted no {by}"
    return None


def _known(frames: Frames, column: str) -> pd.Series[bool]:
    """Return for each problem whether any trial has a value in this column."""
    return frames.trials[column].notna().groupby(frames.trials["problem"]).any()


def reaching(frames: Frames, by: str, target: Target, tau: float) -> tuple[pd.DataFrame, str]:
    """Return each run's cost of its problem's target, and the target as text."""
    if has_own_targets(frames, target):
        return evaluations_to_own_target(frames.trials, by), "the study's target"
    words = f"all but {tau:g} of the way from the start down to {minimum(frames)}"
    frames = _numbered(frames)
    targets = relative_targets(frames.trials, frames.curves, (tau,))
    return evaluations_to_target(frames.trials, frames.curves, targets, by), words


def done_words(frames: Frames, target: Target, tau: float) -> str:
    """Return what a run did that reached the target: ``solved`` if it is the study's own."""
    return "solved" if has_own_targets(frames, target) else f"brought to {tau:g} of the way"


def minimum(frames: Frames) -> str:
    """Return as text what the loss is compared with: f*, or the best loss found."""
    known = _known(frames, "minimum")
    if known.all():
        return "f*"
    return "f* or the best loss found" if known.any() else "the best loss found"


def graded(
    frames: Frames, by: str, way: Way, least: float, easiest: float | None = None
) -> tuple[Floats, pd.DataFrame]:
    """Return five targets per decade, from easy to hard, and each run's cost of each.

    ``relative`` targets are the remaining shares of the way from the start to the minimum, from
    10^-0.2 on. ``absolute`` targets are differences from the minimum, from ``easiest`` on, or else
    all below the best start. If f* is unknown, the minimum is the best loss that any run found.
    Then values closer to it than a thousandth of a run's way from the start are not used as
    targets, since only the best run could reach them.
    """
    frames = _numbered(frames)
    grid, losses = _graded(frames, way, least, easiest)
    return grid, evaluations_to_target(frames.trials, frames.curves, losses, by)


def _numbered(frames: Frames) -> Frames:
    """Return frames whose keys are numbers, which are faster to look up than texts."""
    trials, curves = frames.trials, frames.curves
    place = pd.Index(trials["key"]).get_indexer(curves["key"])
    trials, curves = trials.assign(key=np.arange(len(trials))), curves.assign(key=place)
    return dataclasses.replace(frames, trials=trials, curves=curves)


def _graded(frames: Frames, way: Way, least: float, easiest: float | None) -> tuple[Floats, Floats]:
    """Return the targets, and each trial's targets as losses, NaN if it has none."""
    trials, curves = frames.trials, frames.curves
    if way == "relative":
        grid = _decades(10 ** (-1 / _PER_DECADE), least)
        losses = relative_targets(trials, curves, (_CLIFF, *grid))
        nearest, losses = losses[:, :1], losses[:, 1:]
    else:
        floor, nearest, start = np.split(
            relative_targets(trials, curves, (0.0, _CLIFF, 1.0)), 3, axis=1
        )
        if easiest is None:
            gaps = (start - floor)[start - floor > least]
            below = np.ceil(_PER_DECADE * np.log10(gaps.min(initial=1e300)) - 1e-9) - 1
            easiest = 10 ** (below / _PER_DECADE) if gaps.size else least
        grid = _decades(easiest, least)
        losses = floor + grid
    problems = trials["problem"].to_numpy()
    known = _known(frames, "minimum")[problems].to_numpy()[:, None]
    fair = pd.DataFrame(known | ~(losses < nearest)).groupby(problems).transform("all")
    return grid, np.where(fair, losses, np.nan)


def _decades(greatest: float, least: float) -> Floats:
    """Return numbers from the greatest down to the least, at whole fifths of decades."""
    high, low = (round(_PER_DECADE * np.log10(end)) for end in (greatest, least))
    exponents = np.arange(max(high, low), low - 1, -1) / _PER_DECADE
    return np.asarray(10.0**exponents)


def no_sizes(frames: Frames) -> str | None:
    """Return a reason if no run knows how many parameters its problem has, else None."""
    known = "size" in frames.trials and bool(frames.trials["size"].notna().any())
    return None if known else "no run knows how many parameters its problem has"


def sizes(frames: Frames) -> dict[str, int]:
    """Return each problem's number of parameters; 1 if no run has it."""
    known = frames.trials.groupby("problem")["size"].max().fillna(1)
    return {str(problem): int(size) for problem, size in known.items()}
