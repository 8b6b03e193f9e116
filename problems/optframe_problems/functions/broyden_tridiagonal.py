"""Broyden's tridiagonal function."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.many_residuals import ManyResiduals
from optframe_problems.function_bases.root import root_of

__all__ = ["BroydenTridiagonal"]


@dataclass(frozen=True)
class BroydenTridiagonal(ManyResiduals):
    """Quadratic equations, each coupled to its two neighbours: MGH 30.

    With P = size, x₀ = x_{P+1} = 0 and i = 1, ..., P::

        rᵢ = (3 − 2xᵢ) xᵢ − xᵢ₋₁ − 2xᵢ₊₁ + 1

    The start is −1, P times. The minimum is 0, at the root to which Newton's method for r = 0
    converges.

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    C. G. Broyden, "A class of methods for solving nonlinear simultaneous equations", Mathematics
    of Computation 19 (1965).
    """

    size: Count = 10

    minimum = 0.0

    @cached_property
    def minimizer(self) -> np.ndarray:
        """The root of r, computed."""
        return root_of(replace(self))

    def start(self, random: np.random.Generator) -> list[float]:
        """Return −1, P times."""
        return [-1.0] * self.size

    def _blocks(self, theta: Array) -> Any:
        residuals = (3 - 2 * theta) * theta + 1
        residuals[..., 1:] -= theta[..., :-1]
        residuals[..., :-1] -= 2 * theta[..., 1:]
        return (residuals,)

    def _push(self, theta: Array, v: Array) -> Any:
        pushed = (3 - 4 * theta) * v
        pushed[..., 1:] -= v[..., :-1]
        pushed[..., :-1] -= 2 * v[..., 1:]
        return (pushed,)

    def _pull(self, theta: Array, weights: Any) -> Array:
        (w,) = weights
        pulled = (3 - 4 * theta) * w
        pulled[..., :-1] -= w[..., 1:]
        pulled[..., 1:] -= 2 * w[..., :-1]
        return pulled

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        return -4 * weights[0] * v
