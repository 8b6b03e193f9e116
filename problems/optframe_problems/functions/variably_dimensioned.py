"""The variably dimensioned function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.dot import dot
from optframe_problems.function_bases.many_residuals import ManyResiduals

__all__ = ["VariablyDimensioned"]


@dataclass(frozen=True)
class VariablyDimensioned(ManyResiduals):
    """A round bowl with one direction that is far steeper, of degree four: MGH 25.

    With P = size and s = Σⱼ j (xⱼ − 1)::

        f(θ) = Σⱼ (xⱼ − 1)² + s² + s⁴

    The start is xⱼ = 1 − j/P. The minimum is 0 at (1, ..., 1).

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    MGH, which gives no earlier source.
    """

    size: Count = 10

    minimum = 0.0

    @property
    def minimizer(self) -> list[float]:
        """The point (1, ..., 1)."""
        return [1.0] * self.size

    def start(self, random: np.random.Generator) -> list[float]:
        """Return 1 − j/P for j = 1, ..., P."""
        return [1 - j / self.size for j in range(1, self.size + 1)]

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self.loss_and_gradient(theta)[0]

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self.loss_and_gradient(theta)[1]

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same s."""
        away = theta - 1
        s = dot(away, self._j)
        square = s * s
        steep = s * (2 + 4 * square)
        loss = dot(away, away) + square + square * square
        return loss, 2 * away + steep[..., None] * self._j

    def _blocks(self, theta: Array) -> Any:
        s = self._s(theta)
        return theta - 1, s, s * s

    def _push(self, theta: Array, v: Array) -> Any:
        along = self.xp.sum(self._j * v, axis=-1, keepdims=True)
        return v, along, 2 * self._s(theta) * along

    def _pull(self, theta: Array, weights: Any) -> Array:
        return weights[0] + (weights[1] + 2 * self._s(theta) * weights[2]) * self._j

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        along = self.xp.sum(self._j * v, axis=-1, keepdims=True)
        return 2 * weights[2] * along * self._j

    def _s(self, theta: Array) -> Array:
        return self.xp.sum(self._j * (theta - 1), axis=-1, keepdims=True)

    @cached_property
    def _j(self) -> Array:
        return self.asarray(range(1, self.size + 1))
