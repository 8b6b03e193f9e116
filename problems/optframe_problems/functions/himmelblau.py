"""Himmelblau's function: four minima of equal depth."""

from dataclasses import dataclass

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["Himmelblau"]


@dataclass(frozen=True)
class Himmelblau(Planar):
    """Four valleys of equal depth around a hill; which one a run ends in depends on its path.

    With θ = (x, y)::

        f(θ) = (x² + y − 11)² + (x + y² − 7)²

    The start is (0, 0), where f = 170. The minimum 0 is reached at (3, 2), and also at about
    (−2.805118, 3.131313), (−3.779310, −3.283186) and (3.584428, −1.848127).

    References
    ----------
    D. M. Himmelblau, "Applied Nonlinear Programming" (McGraw-Hill, 1972).
    """

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The point (3, 2), the one with whole numbers."""
        return np.array([3.0, 2.0])

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (0, 0)."""
        return np.zeros(2)

    def _value(self, x: Array, y: Array) -> Array:
        a, b = x * x + y - 11, x + y * y - 7
        return a * a + b * b

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        a, b = x * x + y - 11, x + y * y - 7
        return 4 * x * a + 2 * b, 2 * a + 4 * y * b

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        a, b = x * x + y - 11, x + y * y - 7
        return 8 * x * x + 4 * a + 2, 4 * x + 4 * y, 8 * y * y + 4 * b + 2
