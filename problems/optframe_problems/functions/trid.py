"""Trid: a quadratic function whose minimum is far away and below zero."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optframe import Array, Count
from optframe_problems.dot import dot
from optframe_problems.function_bases.second_difference import SecondDifference

__all__ = ["Trid"]


@dataclass(frozen=True)
class Trid(SecondDifference):
    """Neighbours pull each other up: the coordinates of the minimum grow as P².

    ::

        f(θ) = Σᵢ (θᵢ − 1)² − Σᵢ₌₂ θᵢ θᵢ₋₁ = ½ θᵀAθ − 2 Σᵢ θᵢ + P

    with A tridiagonal with rows (−1, 2, −1). The start is 0; the minimum is −P(P + 4)(P − 1)/6 at
    θᵢ = i(P + 1 − i), which solves Aθ = 2. The gradient and products with the Hessian take O(P)
    time.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1; usual are 6 (f* = −50) and 10 (f* = −210).

    References
    ----------
    M. Laguna, R. Martí, "Experimental testing of advanced scatter search designs for global
    optimization of multimodal functions", Journal of Global Optimization 33 (2005).
    """

    size: Count = 6

    _source: ClassVar[float] = 2.0

    @property
    def minimum(self) -> float:
        """f* = −P(P + 4)(P − 1)/6, a whole number."""
        n = self.size
        return -float(n * (n + 4) * (n - 1) // 6)

    @property
    def minimizer(self) -> np.ndarray:
        """The parabola i(P + 1 − i), i = 1, ..., P."""
        i = np.arange(1.0, self.size + 1)
        return i * (self.size + 1 - i)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return zeros."""
        return np.zeros(self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        rest = theta - 1
        return dot(rest, rest) - dot(theta[..., 1:], theta[..., :-1])
