"""The first penalty function."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.dot import dot
from optframe_problems.function_bases.many_residuals import ManyResiduals

__all__ = ["PenaltyI"]


@dataclass(frozen=True)
class PenaltyI(ManyResiduals):
    """A sphere of almost equal losses; a weak pull to (1, ..., 1) makes one least: MGH 23.

    With a = 10⁻⁵ and P = size::

        f(θ) = a Σⱼ (xⱼ − 1)² + (Σⱼ xⱼ² − ¼)²

    The start is xⱼ = j. Where the gradient is zero, every xⱼ (a + 2 (Σ xₖ² − ¼)) = a, so all are
    equal to one t with 4Pt³ + (2a − 1) t − 2a = 0. Of its roots the positive one is the nearest to
    1, and the minimum: 2.24997...e-5 for P = 4, 7.08765...e-5 for P = 10.

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    P. E. Gill, W. Murray and R. A. Pitfield, "The implementation of two revised quasi-Newton
    algorithms for unconstrained optimization", Report NAC 11, National Physical Laboratory 1972.
    """

    size: Count = 10

    @property
    def minimum(self) -> float:
        """f* = aP (t − 1)² + (Pt² − ¼)²."""
        t = self._coordinate
        penalty = self._excess
        return _A * self.size * (t - 1) * (t - 1) + penalty * penalty

    @property
    def minimizer(self) -> list[float]:
        """The point (t, ..., t)."""
        return [self._coordinate] * self.size

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (1, 2, ..., P)."""
        return [float(j) for j in range(1, self.size + 1)]

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self.loss_and_gradient(theta)[0]

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self.loss_and_gradient(theta)[1]

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same Σ xⱼ² − ¼."""
        away, excess = theta - 1, dot(theta, theta) - 0.25
        loss = _A * dot(away, away) + excess * excess
        return loss, 2 * _A * away + (4 * excess)[..., None] * theta

    def _blocks(self, theta: Array) -> Any:
        excess = self.xp.sum(theta * theta, axis=-1, keepdims=True) - 0.25
        return _ROOT_A * (theta - 1), excess

    def _push(self, theta: Array, v: Array) -> Any:
        return _ROOT_A * v, 2 * self.xp.sum(theta * v, axis=-1, keepdims=True)

    def _pull(self, theta: Array, weights: Any) -> Array:
        return _ROOT_A * weights[0] + 2 * weights[1] * theta

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        return 2 * weights[1] * v

    @property
    def _coordinate(self) -> float:
        """The positive root t, to which Newton's method descends from 1, the cubic being convex."""
        n, t = self.size, 1.0
        while True:
            slope = 12 * n * t * t + 2 * _A - 1
            lower = t - (4 * n * t * t * t + (2 * _A - 1) * t - 2 * _A) / slope
            if lower >= t:
                return t
            t = lower

    @property
    def _excess(self) -> float:
        """Σ t² − ¼, which is a (1 − t) / 2t where the gradient is zero, free of cancellation."""
        return _A * (1 - self._coordinate) / (2 * self._coordinate)


_A = 1e-5
_ROOT_A = math.sqrt(_A)
