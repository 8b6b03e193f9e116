"""The logistic sigmoid."""

from dataclasses import dataclass
from typing import Any

from optframe import Array
from optframe_problems.network_parts.layers.activation import Activation

__all__ = ["Sigmoid"]


@dataclass(frozen=True)
class Sigmoid(Activation):
    """φ(x) = 1/(1 + exp(−x)), with φ' = y(1 − y) and φ'' = φ'(1 − 2y)."""

    def apply(self, xp: Any, x: Array) -> None:
        """Overwrite x with ½(1 + tanh ½x), since exp(−x) overflows."""
        x *= 0.5
        xp.tanh(x, out=x)
        x *= 0.5
        x += 0.5

    def times_slope(self, xp: Any, y: Array, delta: Array) -> None:
        """Overwrite δ with y(1 − y)δ."""
        delta *= y
        xp.subtract(1, y, out=y)
        delta *= y

    def slope(self, xp: Any, y: Array) -> Array:
        """Return y(1 − y)."""
        return y * (1 - y)

    def curvature(self, xp: Any, y: Array) -> Array:
        """Return y(1 − y)(1 − 2y)."""
        return y * (1 - y) * (1 - 2 * y)
