"""The function on which gradient descent is as slow as it can be."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optframe import Array, Count, Function, Positive
from optframe_problems.dot import dot

__all__ = ["WorstHuber"]


@dataclass(frozen=True)
class WorstHuber(Function):
    """Of all smooth convex functions, the worst one for N steps of gradient descent.

    With τ = R/(2N + 1) and r = ‖θ‖::

        f(θ)   = ½ L r²           for r < τ
                 L τ r − ½ L τ²   for r ≥ τ
        ∇f(θ)  = L τ/max(r, τ) θ
        ∇²f(θ) = L I for r < τ,   (L τ/r) (I − θθᵀ/r²) for r ≥ τ

    f is convex with an L-Lipschitz gradient. The start is at distance R from the minimum 0 at 0.
    With lr = 1/L every step is τ long, so that after N steps, r = R (N + 1)/(2N + 1) and

        f(θ_N) = L R²/(4N + 2),

    which no such function exceeds after N steps from this distance.

    Parameters
    ----------
    steps
        N, the number of steps for which it is the worst function, at least 1.
    size
        P, the number of parameters, at least 1; the start is (R/√P) (1, ..., 1).
    smoothness
        L, the Lipschitz constant of the gradient, > 0.
    radius
        R, the distance from the start to the minimum, > 0.

    References
    ----------
    Y. Drori, M. Teboulle, "Performance of first-order methods for smooth convex minimization: a
    novel approach", Mathematical Programming 145 (2014), theorems 3.1 and 3.2.
    """

    copies = False
    steps: Count = 10
    size: Count = 2
    smoothness: Positive = 1.0
    radius: Positive = 1.0

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return the point with equal coordinates at distance R."""
        return np.full(self.size, self.radius / np.sqrt(self.size))

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._value(self._radius(theta))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._factor(self._radius(theta))[..., None] * theta

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same r."""
        r = self._radius(theta)
        return self._value(r), self._factor(r)[..., None] * theta

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self._factor(self._radius(theta)) * theta[..., i]

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        squares, factor = self._parts(theta)
        unit = theta[..., None] * theta[..., None, :] / squares[..., None, None]
        return factor[..., None, None] * (self._identity - unit)

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        squares, factor = self._parts(theta)
        along = self.xp.sum(theta * v, axis=-1) / squares
        return factor[..., None] * (v - along[..., None] * theta)

    @cached_property
    def _bend(self) -> float:
        """τ, where the parabola becomes a cone."""
        return self.radius / (2 * self.steps + 1)

    def _radius(self, theta: Array) -> Array:
        """Return r, shape (...)."""
        return self.xp.sqrt(dot(theta, theta))

    def _value(self, r: Array) -> Array:
        """Return f, with m = min(r, τ) as L m (r − ½ m), shape (...)."""
        inside = self.xp.minimum(r, self._bend)
        return self.smoothness * inside * (r - 0.5 * inside)

    def _factor(self, r: Array) -> Array:
        """Return L τ/max(r, τ), shape (...)."""
        return self.smoothness * (self._bend / self.xp.maximum(r, self._bend))

    def _parts(self, theta: Array) -> tuple[Array, Array]:
        """Return r² (∞ for r < τ, where there is no cone) and L τ/max(r, τ), each (...)."""
        xp = self.xp
        squares = dot(theta, theta)
        r = xp.sqrt(squares)
        return xp.where(r < self._bend, xp.full_like(r, float("inf")), squares), self._factor(r)

    @cached_property
    def _identity(self) -> Array:
        return self.asarray(np.eye(self.size))
