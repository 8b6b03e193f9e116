"""Brown's almost linear function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.few_residuals import coordinates
from optframe_problems.function_bases.many_residuals import ManyResiduals
from optframe_problems.function_bases.products_of_others import products_of_others

__all__ = ["BrownAlmostLinear"]


@dataclass(frozen=True)
class BrownAlmostLinear(ManyResiduals):
    """Linear equations, except the last, which is a product: MGH 27.

    With P = size::

        rᵢ = xᵢ + Σⱼ xⱼ − (P + 1),   i = 1, ..., P − 1
        r_P = Πⱼ xⱼ − 1

    The start is xⱼ = ½. The minimum is 0 at (α, ..., α, α^(1−P)) for each root of Pα^P − (P + 1)
    α^(P−1) + 1, so at (1, ..., 1). At (0, ..., 0, P + 1) all but the last residual vanish, and for
    P > 2 the gradient does: f = 1 there.

    Parameters
    ----------
    size
        P, at least 1.

    References
    ----------
    K. M. Brown, "A quadratically convergent Newton-like method based upon Gaussian elimination",
    SIAM Journal on Numerical Analysis 6 (1969).
    """

    size: Count = 10

    minimum = 0.0

    @property
    def minimizer(self) -> list[float]:
        """The point (1, ..., 1)."""
        return [1.0] * self.size

    def start(self, random: np.random.Generator) -> list[float]:
        """Return ½, P times."""
        return [0.5] * self.size

    def _blocks(self, theta: Array) -> Any:
        linear = theta[..., :-1] + self.xp.sum(theta, axis=-1, keepdims=True) - (self.size + 1)
        return linear, self.xp.prod(theta, axis=-1, keepdims=True) - 1

    def _push(self, theta: Array, v: Array) -> Any:
        linear = v[..., :-1] + self.xp.sum(v, axis=-1, keepdims=True)
        others = products_of_others(self.xp, theta)
        return linear, self.xp.sum(others * v, axis=-1, keepdims=True)

    def _pull(self, theta: Array, weights: Any) -> Array:
        linear, product = weights
        pulled = product * products_of_others(self.xp, theta)
        pulled += self.xp.sum(linear, axis=-1, keepdims=True)
        pulled[..., :-1] += linear
        return pulled

    def _bend(self, theta: Array, weights: Any, v: Array) -> Array:
        x, dx = coordinates(theta), coordinates(v)
        before = _products(x, dx)
        after = _products(x[::-1], dx[::-1])[::-1]
        bent = self.xp.empty_like(v)
        for j, ((p, dp), (q, dq)) in enumerate(zip(before, after, strict=True)):
            bent[j if v.ndim == 1 else (..., j)] = p * dq + dp * q
        return weights[1] * bent


def _products(x: list[Any], dx: list[Any]) -> list[tuple[Any, Any]]:
    """Return for each j the product of the coordinates before it, and its change along dx."""
    product: Any = 1.0
    change: Any = 0.0
    products = []
    for coordinate, step in zip(x, dx, strict=True):
        products.append((product, change))
        product, change = product * coordinate, change * coordinate + product * step
    return products
