"""Matyas's function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe import Array, Function

__all__ = ["Matyas"]


@dataclass(frozen=True)
class Matyas(Function):
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

    size = 2
    minimum = 0.0
    minimizer = (0.0, 0.0)
    quadratic = True

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (10, 5)."""
        return [10.0, 5.0]

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        at_x, at_y = _places(theta)
        x, y = theta[at_x], theta[at_y]
        return 0.26 * (x * x + y * y) - 0.48 * x * y

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., 2)."""
        at_x, at_y = _places(theta)
        x, y = theta[at_x], theta[at_y]
        gradient = self.xp.empty_like(theta)
        gradient[at_x] = 0.52 * x - 0.48 * y
        gradient[at_y] = 0.52 * y - 0.48 * x
        return gradient

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return 0.52 * theta[..., i] - 0.48 * theta[..., 1 - i]

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the other held, 12/13 of it, shape (...)."""
        return 0.48 / 0.52 * theta[..., 1 - i]

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), the same everywhere, shape (..., 2, 2)."""
        hessian = self.xp.empty_like(theta[..., None] + theta[..., None, :])
        hessian[..., 0, 0] = hessian[..., 1, 1] = 0.52
        hessian[..., 0, 1] = hessian[..., 1, 0] = -0.48
        return hessian

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., 2)."""
        return self.gradient(v)


def _places(theta: Array) -> tuple[Any, Any]:
    """Return the indices of x and y; those of a lone run give numbers, three times as fast."""
    return (0, 1) if theta.ndim == 1 else ((..., 0), (..., 1))
