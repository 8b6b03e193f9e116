"""Computes the loss on a grid around a run's path, for problems of at most two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.record import Landscape

if TYPE_CHECKING:
    from optframe.trial.run import Run

__all__ = ["landscape"]


POINTS = 48
"""The number of grid points along each parameter."""


def landscape(run: Run) -> Landscape | None:
    """Return the loss over all data on a grid around the path; None if P > 2 or there is no path.

    The grid covers the path and the minimizer, apart from points with a coordinate beyond
    10³·(1 + max|θ₀|). It is square, so that it also shows the surroundings of a path along one
    axis. It is not square if the extents along the parameters differ by a factor of 20 or more.
    """
    problem: Any = run.problem
    size = problem.size
    if size > 2 or len(run.rows) < 2:
        return None
    path = np.array(run.rows)[:, -size:]
    if run.path is not None:
        path = np.vstack([path, run.path.table[:, 1 : 1 + size]])
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
    """Return the loss at points of shape (n, P), a few at a time: each may use all the data."""
    backend, dtype = run.setup.backend, run.setup.dtype
    chunks = points.reshape(-1, POINTS, points.shape[-1]) if run.problem.vectorized else points
    with np.errstate(all="ignore"):
        return np.stack(
            [
                backend.to_numpy(run.problem.metrics(backend.asarray(chunk, dtype))["loss"])
                for chunk in chunks
            ]
        )
