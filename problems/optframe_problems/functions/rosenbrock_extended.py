"""Rosenbrock's function in any even dimension, in uncoupled pairs."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from optframe import Array
from optframe_problems.function_bases.many_residuals import ManyResiduals

__all__ = ["RosenbrockExtended"]


@dataclass(frozen=True)
class RosenbrockExtended(ManyResiduals):
    """Many of Rosenbrock's valleys side by side, each with two coordinates of its own: MGH 21.

    With P = size even and i = 1, 3, ..., P − 1::

        f(θ) = Σᵢ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²

    The start is (−1.2, 1, −1.2, 1, ...), where f = 12.1 P. The minimum is 0 at (1, ..., 1), and
    there is no other.

    Parameters
    ----------
    size
        P, a multiple of 2.

    Raises
    ------
    ValueError
        Where size is odd.

    References
    ----------
    H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function",
    The Computer Journal 3 (1960); extended by MGH.
    """

    size: Annotated[int, Ge(2)] = 10

    minimum = 0.0

    def __post_init__(self) -> None:
        if self.size % 2:
            raise ValueError(f"size {self.size}; expected a multiple of 2")

    @property
    def minimizer(self) -> list[float]:
        """The point (1, ..., 1)."""
        return [1.0] * self.size

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (−1.2, 1), P/2 times."""
        return [-1.2, 1.0] * (self.size // 2)

    def _blocks(self, theta: Array) -> Any:
        x, y = theta[..., 0::2], theta[..., 1::2]
        return 10 * (y - x * x), 1 - x

    def _push(self, theta: Array, v: Array) -> Any:
        x, dx, dy = theta[..., 0::2], v[..., 0::2], v[..., 1::2]
        return 10 * (dy - 2 * x * dx), -dx

    def _pull(self, theta: Array, weights: Any) -> Array:
        rise, rest = weights
        pulled = self._room(theta, rise)
        pulled[..., 0::2] = -20 * theta[..., 0::2] * rise - rest
        pulled[..., 1::2] = 10 * rise
        return pulled

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        bent = self.xp.zeros_like(v)
        bent[..., 0::2] = -20 * weights[0] * v[..., 0::2]
        return bent
