"""Rosenbrock's valley."""

from dataclasses import dataclass

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["Rosenbrock"]


@dataclass(frozen=True)
class Rosenbrock(Planar):
    """A curved, flat valley: easy to enter, slow to follow.

    With θ = (x, y)::

        f(θ) = 100 (y − x²)² + (1 − x)²

    The start is the literature's (−1.2, 1), where f = 24.2. The minimum is 0 at (1, 1), where the
    Hessian's condition number is about 2508.

    References
    ----------
    H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function",
    The Computer Journal 3 (1960).
    """

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The point (1, 1)."""
        return np.ones(2)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (−1.2, 1)."""
        return np.array([-1.2, 1.0])

    def _value(self, x: Array, y: Array) -> Array:
        rise, rest = y - x * x, 1 - x
        return 100 * rise * rise + rest * rest

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        rise = y - x * x
        return -400 * x * rise - 2 * (1 - x), 200 * rise

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        return 1200 * x * x - 400 * y + 2, -400 * x, self.xp.full_like(x, 200)
