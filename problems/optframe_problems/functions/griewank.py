"""Griewank's function."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optframe import Array, Count, Function
from optframe_problems.dot import dot
from optframe_problems.function_bases.products_of_others import products_of_others

__all__ = ["Griewank"]


@dataclass(frozen=True)
class Griewank(Function):
    """A very wide bowl with waves, which are smaller where there are more parameters.

    With cᵢ = cos(θᵢ/√i), sᵢ = sin(θᵢ/√i) for i = 1, ..., P::

        f(θ) = 1 + Σᵢ θᵢ²/4000 − Πᵢ cᵢ
        ∂ᵢf  = θᵢ/2000 + (sᵢ/√i) Πⱼ≠ᵢ cⱼ
        ∂ᵢⱼf = −(sᵢsⱼ/√(ij)) Πₖ≠ᵢ,ⱼ cₖ,    ∂ᵢᵢf = 1/2000 + (1/i) Πⱼ cⱼ

    The products leave factors out rather than divide by them, so that nothing is lost where a
    cosine is 0. The minimum is 0 at 0. The literature has no start; here it alternates between
    −20 and 35, several waves away.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    A. O. Griewank, "Generalized descent for global optimization", Journal of Optimization Theory
    and Applications 34 (1981).
    """

    copies = False
    size: Count = 2

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (−20, 35, −20, 35, ...)."""
        return np.resize([-20.0, 35.0], self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._value(theta, self.xp.cos(theta * self._rates))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._slope(theta, *self._waves(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same cᵢ."""
        c, s = self._waves(theta)
        return self._value(theta, c), self._slope(theta, c, s)

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self.gradient(theta)[..., i]

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        xp = self.xp
        c, s = self._waves(theta)
        diagonal = self._identity > 0
        # In row i, factor i is 1: leaving out factor j, too, leaves Π over all but i and j.
        rows = xp.where(diagonal, xp.ones_like(c[..., None]), c[..., None, :])
        mixed = -s[..., None] * s[..., None, :] * products_of_others(xp, rows)
        own = 1 / 2000 + self._rates * self._rates * xp.prod(c, axis=-1, keepdims=True)
        return xp.where(diagonal, own[..., None], mixed)

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P): the derivative of the gradient along v, in O(P)."""
        c, s = self._waves(theta)
        others, change = self._left_out_along(c, -s * v)
        return v / 2000 + c * self._rates * self._rates * v * others + s * change

    def _value(self, theta: Array, c: Array) -> Array:
        return 1 + dot(theta, theta) / 4000 - self.xp.prod(c, axis=-1)

    def _slope(self, theta: Array, c: Array, s: Array) -> Array:
        return theta / 2000 + s * products_of_others(self.xp, c)

    def _waves(self, theta: Array) -> tuple[Array, Array]:
        """Return the cᵢ and the sᵢ/√i, each of shape (..., P)."""
        at = theta * self._rates
        return self.xp.cos(at), self.xp.sin(at) * self._rates

    def _left_out_along(self, factors: Array, speeds: Array) -> tuple[Array, Array]:
        """Return Πⱼ≠ᵢ and its derivative, for factors with these derivatives.

        It is the product of all factors before i and of all after i.
        """
        before, after = self._running(factors, speeds), self._running(factors, speeds, -1)
        (a, a_speed), (b, b_speed) = before, after
        return a * b, a_speed * b + a * b_speed

    def _running(self, factors: Array, speeds: Array, way: int = 1) -> tuple[Array, Array]:
        """Return the products of the factors before each i (after, for way −1), and derivatives."""
        xp = self.xp
        product = xp.ones_like(factors[..., 0])
        speed = xp.zeros_like(product)
        products, changes = [], []
        for i in range(self.size)[::way]:
            products.append(product)
            changes.append(speed)
            speed = speed * factors[..., i] + product * speeds[..., i]
            product = product * factors[..., i]
        return xp.stack(products[::way], axis=-1), xp.stack(changes[::way], axis=-1)

    @cached_property
    def _rates(self) -> Array:
        """1/√i, shape (P,)."""
        return self.asarray(1 / np.sqrt(np.arange(1, self.size + 1)))

    @cached_property
    def _identity(self) -> Array:
        return self.asarray(np.eye(self.size))
