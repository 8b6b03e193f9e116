"""Where a run is measured, and the contours around the path of a small problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.study.study import Checkpoints

if TYPE_CHECKING:
    from optframe.trial.run import Run

__all__ = ["Landscape", "landscape", "marks"]

GROWTH = 1.15
"""The ratio of successive checkpoints where the number of steps is not known beforehand."""

POINTS = 48
"""Grid points of a landscape along each parameter."""


@dataclass(frozen=True)
class Landscape:
    """The loss on a grid around a run's path: ``axes`` (P arrays), ``loss`` (…)."""

    axes: tuple[NDArray[Any], ...]
    loss: NDArray[Any]


def marks(checkpoints: Checkpoints, total: int | None, per_epoch: int | None) -> Iterator[int]:
    """Yield the steps after which a run is measured, increasing, and without end."""
    every = checkpoints.every_steps
    if checkpoints.every_epochs is not None and per_epoch is not None:
        every = max(1, round(checkpoints.every_epochs * per_epoch))
    if every is not None:
        step = every
        while total is None or step < total:
            yield step
            step += every
    elif total is not None:
        # Log-spaced, so many of them: where they would fall on one step, the next step, and those
        # that are left share out what is left.
        step = 0
        for left in range(min(checkpoints.count, total) - 1, 0, -1):
            step = max(step + 1, round(step * (total / max(step, 1)) ** (1 / (left + 1))))
            yield step
    else:
        step = 1
        while True:
            yield step
            step = max(step + 1, int(step * GROWTH))
    while True:
        yield total or 0


def landscape(run: Run) -> Landscape | None:
    """Compute the loss around the path of a problem with P ≤ 2, without the noise of its batches.

    The grid covers the path and the minimizer, as far as one can see from the start. It is square,
    so that the surroundings of a path along one axis are on it, unless the parameters are on
    scales that differ by a factor of 20 or more.
    """
    problem: Any = run.problem
    size = problem.size
    if size > 2 or len(run.rows) < 2:
        return None
    path = np.array(run.rows)[:, -size:]
    reach = 1e3 * (1 + np.abs(path[0]).max())
    if problem.minimizer is not None:
        path = np.vstack([path, np.reshape(problem.minimizer, (-1, size))])
    path = path[np.all(np.isfinite(path) & (np.abs(path) <= reach), axis=1)]
    low, high = path.min(axis=0), path.max(axis=0)
    sides = np.maximum(high - low, 0.1 * (1 + np.abs(high)))
    sides[sides > sides.max() / 20] = sides.max()
    middle, half = (low + high) / 2, 0.75 * sides
    axes = tuple(np.linspace(m - h, m + h, POINTS) for m, h in zip(middle, half, strict=True))
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return Landscape(axes, _losses(run, grid.reshape(-1, size)).reshape(grid.shape[:-1]))


def _losses(run: Run, points: NDArray[Any]) -> NDArray[Any]:
    """Measure the loss at points of shape (n, P), a few at a time: each may see all the data."""
    backend, dtype = run.setup.backend, run.setup.dtype
    chunks = points.reshape(-1, POINTS, points.shape[-1]) if run.problem.vectorized else points
    with np.errstate(all="ignore"):
        return np.stack(
            [
                backend.to_numpy(run.problem.metrics(backend.asarray(chunk, dtype))["loss"])
                for chunk in chunks
            ]
        )
