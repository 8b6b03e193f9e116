"""The function ENGVAL1."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from optframe import Array, Function
from optframe_problems.function_bases.sum_of_squares import hessian_by_products

__all__ = ["Engval1"]


@dataclass(frozen=True)
class Engval1(Function):
    """A convex chain of degree four that is no sum of squares.

    With P = size::

        f(θ) = Σᵢ (xᵢ² + xᵢ₊₁²)² − 4xᵢ + 3,   i = 1, ..., P − 1

    The start is (2, ..., 2), where f = 59 (P − 1). The minimum is 0 at (1, 0) for P = 2; for
    P = 10, 50, 100 and 1000 it was computed in extended precision, and is not given for others.

    Parameters
    ----------
    size
        P, at least 2.

    References
    ----------
    Ph. L. Toint, "Test problems for partially separable optimization and results for the routine
    PSPMIN", Report 83/4, Department of Mathematics, FUNDP Namur 1983, problem 31.
    """

    copies = False
    size: Annotated[int, Ge(2)] = 10

    @property
    def minimum(self) -> float | None:
        """f*, where it was computed."""
        return _MINIMA.get(self.size)

    @property
    def minimizer(self) -> list[float] | None:
        """The point (1, 0) for P = 2."""
        return [1.0, 0.0] if self.size == 2 else None

    def start(self, random: np.random.Generator) -> list[float]:
        """Return 2, P times."""
        return [2.0] * self.size

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._sum(theta, self._pairs(theta))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._slope(theta, self._pairs(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same xᵢ² + xᵢ₊₁²."""
        pairs = self._pairs(theta)
        return self._sum(theta, pairs), self._slope(theta, pairs)

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self.gradient(theta)[..., i]

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        pairs = self._pairs(theta)
        products = theta * v
        change = 8 * (products[..., :-1] + products[..., 1:])  # the derivative of 4 (xᵢ² + xᵢ₊₁²)
        product = self.xp.zeros_like(products)
        product[..., :-1] = change * theta[..., :-1] + 4 * pairs * v[..., :-1]
        product[..., 1:] += change * theta[..., 1:] + 4 * pairs * v[..., 1:]
        return product

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        return hessian_by_products(self, theta)

    def _pairs(self, theta: Array) -> Array:
        squares = theta * theta
        return squares[..., :-1] + squares[..., 1:]

    def _sum(self, theta: Array, pairs: Array) -> Array:
        return self.xp.sum(pairs * pairs - 4 * theta[..., :-1] + 3, axis=-1)

    def _slope(self, theta: Array, pairs: Array) -> Array:
        slope = self.xp.zeros_like(theta)
        slope[..., :-1] = 4 * pairs * theta[..., :-1] - 4
        slope[..., 1:] += 4 * pairs * theta[..., 1:]
        return slope


_MINIMA = {
    2: 0.0,
    10: 9.177469957181389,
    50: 53.58221488520762,
    100: 109.08813614309213,
    1000: 1108.1947187850133,
}
"""f* by P."""
