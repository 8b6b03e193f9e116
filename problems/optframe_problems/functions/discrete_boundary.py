"""The discrete boundary value problem."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.many_residuals import ManyResiduals
from optframe_problems.function_bases.root import root_of
from optframe_problems.function_bases.second_difference import second_difference

__all__ = ["DiscreteBoundary"]


@dataclass(frozen=True)
class DiscreteBoundary(ManyResiduals):
    """A differential equation on a grid, nearly linear but badly conditioned: MGH 28.

    With P = size, h = 1/(P + 1), tᵢ = ih, x₀ = x_{P+1} = 0 and i = 1, ..., P::

        rᵢ = 2xᵢ − xᵢ₋₁ − xᵢ₊₁ + h² (xᵢ + tᵢ + 1)³ / 2

    It discretizes u'' = ½ (u + t + 1)³, u(0) = u(1) = 0, whose solution is u = 2/(2 − t) − t − 1.
    The start is xᵢ = tᵢ (tᵢ − 1). The minimum is 0, at the root to which Newton's method for r = 0
    converges.

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    J. J. Moré and M. Y. Cosnard, "Numerical solution of nonlinear equations", ACM Transactions on
    Mathematical Software 5 (1979).
    """

    size: Count = 10

    minimum = 0.0

    @cached_property
    def minimizer(self) -> np.ndarray:
        """The root of r, computed."""
        return root_of(replace(self))

    def start(self, random: np.random.Generator) -> list[float]:
        """Return tᵢ (tᵢ − 1) for i = 1, ..., P."""
        return [i / (self.size + 1) * (i / (self.size + 1) - 1) for i in range(1, self.size + 1)]

    def _blocks(self, theta: Array) -> Any:
        rise = theta + self._t + 1
        return (second_difference(theta) + self._half * rise * rise * rise,)

    def _push(self, theta: Array, v: Array) -> Any:
        rise = theta + self._t + 1
        return (second_difference(v) + 3 * self._half * rise * rise * v,)

    def _pull(self, theta: Array, weights: Any) -> Array:
        return self._push(theta, weights[0])[0]  # the Jacobian is symmetric

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        return 6 * self._half * (theta + self._t + 1) * weights[0] * v

    @property
    def _half(self) -> float:
        """Half of h²."""
        return 0.5 / ((self.size + 1) * (self.size + 1))

    @cached_property
    def _t(self) -> Array:
        return self.asarray([i / (self.size + 1) for i in range(1, self.size + 1)])
