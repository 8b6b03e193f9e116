"""Ackley's function."""

from dataclasses import dataclass
from functools import cached_property
from math import e, pi

import numpy as np

from optframe import Array, Count, Function
from optframe_problems.dot import dot

__all__ = ["Ackley"]


@dataclass(frozen=True)
class Ackley(Function):
    """A plateau of small dents with a deep funnel in its middle.

    With r = √(mean θᵢ²) and m = mean cos 2πθᵢ, and s = sin 2πθ, c = cos 2πθ by component::

        f(θ)   = −20 exp(−r/5) − exp(m) + 20 + e
        ∇f(θ)  = q θ + (2π/P) exp(m) s,    q = 4 exp(−r/5)/(P r)
        ∇²f(θ) = q I − q (1/5 + 1/r)/(P r) θθᵀ + (2π/P) exp(m) (2π diag(c) − (2π/P) ssᵀ)

    The minimum is 0 at 0, the tip of a cone, where f has no derivative. There the gradient is given
    as 0, a subgradient, and the Hessian without the cone's part, which is infinite. The loss is
    computed from differences to 1, so that it is exact to the last bits near the minimum. The
    literature has no start; here it alternates between −2 and 3.5, as Rastrigin's.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    D. H. Ackley, "A Connectionist Machine for Genetic Hillclimbing" (Kluwer, 1987).
    """

    copies = False
    size: Count = 2

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (−2, 3.5, −2, 3.5, ...)."""
        return np.resize([-2.0, 3.5], self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._value(self._radius(theta), self._below(theta))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._slope(theta, self._radius(theta), self._below(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same r and m."""
        r, below = self._radius(theta), self._below(theta)
        return self._value(r, below), self._slope(theta, r, below)

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        _, q, height = self._parts(theta)
        return q * theta[..., i] + height * self.xp.sin(2 * pi * theta[..., i])

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        xp = self.xp
        sharpness, q, height = self._parts(theta)
        s, c = xp.sin(2 * pi * theta), xp.cos(2 * pi * theta)
        diagonal = q[..., None] + 2 * pi * height[..., None] * c
        waves = (2 * pi / self.size) * height[..., None, None] * _outer(s)
        cone = sharpness[..., None, None] * _outer(theta)
        return diagonal[..., None] * self._identity - cone - waves

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        xp = self.xp
        sharpness, q, height = self._parts(theta)
        s, c = xp.sin(2 * pi * theta), xp.cos(2 * pi * theta)
        diagonal = q[..., None] + 2 * pi * height[..., None] * c
        cone = sharpness * xp.sum(theta * v, axis=-1)
        waves = (2 * pi / self.size) * height * xp.sum(s * v, axis=-1)
        return diagonal * v - cone[..., None] * theta - waves[..., None] * s

    def _radius(self, theta: Array) -> Array:
        """Return r, shape (...)."""
        return self.xp.sqrt(dot(theta, theta) / self.size)

    def _below(self, theta: Array) -> Array:
        """Return m − 1, shape (...), by cos 2x = 1 − 2 sin² x."""
        wave = self.xp.sin(pi * theta)
        return -2 * dot(wave, wave) / self.size

    def _value(self, r: Array, below: Array) -> Array:
        return -20 * self.xp.expm1(-0.2 * r) - e * self.xp.expm1(below)

    def _slope(self, theta: Array, r: Array, below: Array) -> Array:
        xp = self.xp
        q = 4 * xp.exp(-0.2 * r) / (self.size * xp.maximum(r, _TINY))
        height = (2 * pi * e / self.size) * xp.exp(below)
        return q[..., None] * theta + height[..., None] * xp.sin(2 * pi * theta)

    def _parts(self, theta: Array) -> tuple[Array, Array, Array]:
        """Return q (1/5 + 1/r)/(P r), q and (2π/P) exp(m), each of shape (...)."""
        xp = self.xp
        r = self._radius(theta)
        tip = r == 0
        r = xp.where(tip, xp.ones_like(r), r)
        q = xp.where(tip, xp.zeros_like(r), 4 * xp.exp(-0.2 * r) / (self.size * r))
        height = (2 * pi / self.size) * xp.exp(xp.mean(xp.cos(2 * pi * theta), axis=-1))
        return q * (0.2 + 1 / r) / (self.size * r), q, height

    @cached_property
    def _identity(self) -> Array:
        return self.asarray(np.eye(self.size))


_TINY = 1e-30  # replaces r = 0, where θ = 0 makes the product with q zero anyway


def _outer(x: Array) -> Array:
    return x[..., None] * x[..., None, :]
