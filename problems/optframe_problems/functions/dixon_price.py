"""Dixon and Price's function."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.many_residuals import ManyResiduals

__all__ = ["DixonPrice"]


@dataclass(frozen=True)
class DixonPrice(ManyResiduals):
    """A chain of parabolas with growing weights.

    With P = size::

        f(θ) = (x₁ − 1)² + Σᵢ i (2xᵢ² − xᵢ₋₁)²,   i = 2, ..., P

    The start is (1, ..., 1), where f = 2 + ... + P. The minimum is 0 where x₁ = 1 and each
    xᵢ = √(xᵢ₋₁/2), so that xᵢ = 2^(2^(1−i) − 1); the last coordinate may have either sign. At
    (⅓, 0, ..., 0), where f = ⅔, the gradient is zero, and for P > 2 the Hessian has no negative
    eigenvalue: methods stop there, though f goes down along xᵢ₋₁ = 2xᵢ² as x_P grows.

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    L. C. W. Dixon and R. C. Price, "Truncated Newton method for sparse unconstrained optimization
    using automatic differentiation", Journal of Optimization Theory and Applications 60 (1989).
    """

    size: Count = 10

    minimum = 0.0

    @property
    def minimizer(self) -> list[float]:
        """The point with xᵢ = 2^(2^(1−i) − 1)."""
        return [2.0 ** (2.0 ** (1 - i) - 1) for i in range(1, self.size + 1)]

    def start(self, random: np.random.Generator) -> list[float]:
        """Return ones."""
        return [1.0] * self.size

    def _blocks(self, theta: Array) -> Any:
        x = theta[..., 1:]
        return theta[..., :1] - 1, self._roots * (2 * x * x - theta[..., :-1])

    def _push(self, theta: Array, v: Array) -> Any:
        return v[..., :1], self._roots * (4 * theta[..., 1:] * v[..., 1:] - v[..., :-1])

    def _pull(self, theta: Array, weights: Any) -> Array:
        first, others = weights
        scaled = self._roots * others
        pulled = self._room(theta, first)
        pulled[..., :1] = first
        pulled[..., 1:] = 4 * theta[..., 1:] * scaled
        pulled[..., :-1] -= scaled
        return pulled

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        bent = self.xp.zeros_like(v)
        bent[..., 1:] = 4 * self._roots * weights[1] * v[..., 1:]
        return bent

    @cached_property
    def _roots(self) -> Array:
        """√i for i = 2, ..., P."""
        return self.asarray([math.sqrt(i) for i in range(2, self.size + 1)])
