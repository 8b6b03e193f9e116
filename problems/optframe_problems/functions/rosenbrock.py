"""Rosenbrock's valley."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe import Array, Function

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Rosenbrock"]


@dataclass(frozen=True)
class Rosenbrock(Function):
    """A curved, flat valley: easy to enter, slow to follow.

    With θ = (x, y)::

        f(θ) = 100 (y − x²)² + (1 − x)²

    The start is the literature's (−1.2, 1), where f = 24.2. The minimum is 0 at (1, 1), where the
    Hessian's condition number is about 2508.

    References
    ----------
    H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function",
    The Computer Journal 3 (1960).
    """

    copies = False

    @property
    def size(self) -> int:
        """Two parameters, x and y."""
        return 2

    @property
    def minimum(self) -> float:
        """f* = 0."""
        return 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The point (1, 1)."""
        import numpy as np

        return np.ones(2)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (−1.2, 1)."""
        import numpy as np

        return np.array([-1.2, 1.0])

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        at_x, at_y = _places(theta)
        x, y = theta[at_x], theta[at_y]
        rise, rest = y - x * x, 1 - x
        return 100 * rise * rise + rest * rest

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., 2)."""
        at_x, at_y = _places(theta)
        x, y = theta[at_x], theta[at_y]
        rise = y - x * x
        gradient = self.xp.empty_like(theta)
        gradient[at_x] = -400 * x * rise - 2 * (1 - x)
        gradient[at_y] = 200 * rise
        return gradient

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        x, y = theta[..., 0], theta[..., 1]
        rise = y - x * x
        return 200 * rise if i == 1 else -400 * x * rise - 2 * (1 - x)

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., 2, 2)."""
        x, y = theta[..., 0], theta[..., 1]
        hessian = self.xp.empty_like(theta[..., None] + theta[..., None, :])
        hessian[..., 0, 0] = 1200 * x * x - 400 * y + 2
        hessian[..., 0, 1] = hessian[..., 1, 0] = -400 * x
        hessian[..., 1, 1] = 200
        return hessian

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., 2)."""
        x, y = theta[..., 0], theta[..., 1]
        product = self.xp.empty_like(theta + v)
        product[..., 0] = (1200 * x * x - 400 * y + 2) * v[..., 0] - 400 * x * v[..., 1]
        product[..., 1] = -400 * x * v[..., 0] + 200 * v[..., 1]
        return product


def _places(theta: Array) -> tuple[Any, Any]:
    """Return the indices of x and y; those of a lone run give numbers, three times as fast."""
    return (0, 1) if theta.ndim == 1 else ((..., 0), (..., 1))
