"""Matyas's function."""

from dataclasses import dataclass

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["Matyas"]


@dataclass(frozen=True)
class Matyas(Planar):
    """A bowl with a condition number of 25, turned by 45 degrees.

    With θ = (x, y)::

        f(θ) = 0.26 (x² + y²) − 0.48 xy

    The minimum is 0 at (0, 0). The Hessian is constant, with eigenvalues 0.04 and 1. The literature
    gives the square |x|, |y| ≤ 10 and no start; here it is (10, 5), where f = 8.5.

    References
    ----------
    M. Jamil and X.-S. Yang, "A literature survey of benchmark functions for global optimisation
    problems", International Journal of Mathematical Modelling and Numerical Optimisation 4 (2013).
    """

    minimum = 0.0
    minimizer = (0.0, 0.0)
    quadratic = True

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (10, 5)."""
        return [10.0, 5.0]

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the other held, 12/13 of it, shape (...)."""
        return 0.48 / 0.52 * theta[..., 1 - i]

    def _value(self, x: Array, y: Array) -> Array:
        return 0.26 * (x * x + y * y) - 0.48 * x * y

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        return 0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        full = self.xp.full_like
        return full(x, 0.52), full(x, -0.48), full(x, 0.52)
