"""Rosenbrock's function in any dimension, in a chain."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from optframe import Array
from optframe_problems.function_bases.many_residuals import ManyResiduals

__all__ = ["RosenbrockChained"]


@dataclass(frozen=True)
class RosenbrockChained(ManyResiduals):
    """Rosenbrock's valleys in a chain: each coordinate has its floor at the last one's square.

    With P = size::

        f(θ) = Σᵢ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²,   i = 1, ..., P − 1

    It is the ``rosen`` of SciPy. The start is (−1.2, 1, −1.2, 1, ...). The minimum is 0 at
    (1, ..., 1). For P ≥ 4 there is a local minimum near (−1, 1, ..., 1), with f = 3.70143 for
    P = 4 and 3.98658 for P = 10, at which descent from the start may well end.

    Parameters
    ----------
    size
        P, at least 2.

    References
    ----------
    Y.-W. Shang and Y.-H. Qiu, "A note on the extended Rosenbrock function", Evolutionary
    Computation 14 (2006), on the local minimum.
    """

    size: Annotated[int, Ge(2)] = 10

    minimum = 0.0

    @property
    def minimizer(self) -> list[float]:
        """The point (1, ..., 1)."""
        return [1.0] * self.size

    def start(self, random: np.random.Generator) -> list[float]:
        """Return −1.2 and 1 in turn."""
        return [-1.2, 1.0] * (self.size // 2) + [-1.2] * (self.size % 2)

    def _blocks(self, theta: Array) -> Any:
        x, y = theta[..., :-1], theta[..., 1:]
        return 10 * (y - x * x), 1 - x

    def _push(self, theta: Array, v: Array) -> Any:
        x, dx, dy = theta[..., :-1], v[..., :-1], v[..., 1:]
        return 10 * (dy - 2 * x * dx), -dx

    def _pull(self, theta: Array, weights: Any) -> Array:
        rise, rest = weights
        pulled = self._room(theta, rise)
        pulled[..., :-1] = -20 * theta[..., :-1] * rise - rest
        pulled[..., -1] = 0
        pulled[..., 1:] += 10 * rise
        return pulled

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        bent = self.xp.zeros_like(v)
        bent[..., :-1] = -20 * weights[0] * v[..., :-1]
        return bent
