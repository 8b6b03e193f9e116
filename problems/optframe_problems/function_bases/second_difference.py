"""The base class of quadratic functions whose Hessian is the second difference matrix."""

from functools import cached_property
from typing import ClassVar

import numpy as np

from optframe import Array, Count, Function

__all__ = ["SecondDifference", "second_difference"]


class SecondDifference(Function):
    """A function with ∇f(θ) = Aθ − b·1, where A is tridiagonal with rows (−1, 2, −1).

    The eigenvalues of A are 2 − 2 cos(kπ/(P + 1)) for k = 1, ..., P, so that its condition number
    is about (2 (P + 1)/π)². All answers but the Hessian take O(P) time.
    """

    copies = False
    quadratic: ClassVar[bool] = True

    size: Count
    _source: ClassVar[float]
    """b."""

    def gradient(self, theta: Array) -> Array:
        """Return Aθ − b, shape (..., P)."""
        return second_difference(theta) - self._source

    def hessian(self, theta: Array) -> Array:
        """Return A for every run, shape (..., P, P)."""
        return self.xp.broadcast_to(self._matrix, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return Av, shape (..., P)."""
        return second_difference(v)

    def partial(self, theta: Array, i: int) -> Array:
        """Return 2θᵢ − θᵢ₋₁ − θᵢ₊₁ − b, shape (...); θ is 0 beyond the ends."""
        return 2 * theta[..., i] - self._neighbours(theta, i) - self._source

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return (θᵢ₋₁ + θᵢ₊₁ + b)/2, which minimizes f with the others held, shape (...)."""
        return (self._neighbours(theta, i) + self._source) / 2

    def _neighbours(self, theta: Array, i: int) -> Array:
        i %= self.size
        beside = self.xp.zeros_like(theta[..., i])
        if i > 0:
            beside = beside + theta[..., i - 1]
        if i + 1 < self.size:
            beside = beside + theta[..., i + 1]
        return beside

    @cached_property
    def _matrix(self) -> Array:
        n = self.size
        return self.asarray(2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))


def second_difference(x: Array) -> Array:
    """Return 2xᵢ − xᵢ₋₁ − xᵢ₊₁ with zeros beyond the ends, (..., P)."""
    difference = 2 * x
    difference[..., 1:] -= x[..., :-1]
    difference[..., :-1] -= x[..., 1:]
    return difference
