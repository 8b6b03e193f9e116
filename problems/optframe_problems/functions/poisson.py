"""The discrete Poisson problem on a line."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optframe import Array, Count
from optframe_problems.dot import dot
from optframe_problems.function_bases.second_difference import SecondDifference

__all__ = ["Poisson"]


@dataclass(frozen=True)
class Poisson(SecondDifference):
    """A chain of springs between fixed ends: gradient descent takes about P² steps.

    With θ₀ = θ_{P+1} = 0 and A tridiagonal with rows (−1, 2, −1)::

        f(θ) = ½ Σᵢ₌₀ (θᵢ₊₁ − θᵢ)² = ½ θᵀAθ

    The start is all ones, where only the ends have a slope; the minimum is 0 at 0. The condition
    number is about 0.4 P², and the eigenvectors are sines. The gradient and products with the
    Hessian take O(P) time.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    J. W. Demmel, "Applied Numerical Linear Algebra" (SIAM, 1997), section 6.3.1.
    """

    size: Count = 10

    _source: ClassVar[float] = 0.0
    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return all ones."""
        return np.ones(self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...), as the sum of squares that it is."""
        first, last = theta[..., 0], theta[..., -1]
        rise = theta[..., 1:] - theta[..., :-1]
        return 0.5 * (first * first + dot(rise, rise) + last * last)
