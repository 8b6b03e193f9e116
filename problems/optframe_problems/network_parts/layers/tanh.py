"""The hyperbolic tangent."""

from dataclasses import dataclass
from typing import Any

from optframe import Array
from optframe_problems.network_parts.layers.activation import Activation

__all__ = ["Tanh"]


@dataclass(frozen=True)
class Tanh(Activation):
    """φ(x) = tanh x, with φ' = 1 − y² and φ'' = −2yφ'."""

    def apply(self, xp: Any, x: Array) -> None:
        """Overwrite x with tanh x."""
        xp.tanh(x, out=x)

    def times_slope(self, xp: Any, y: Array, delta: Array) -> None:
        """Overwrite δ with (1 − y²)δ."""
        xp.multiply(y, y, out=y)
        xp.subtract(1, y, out=y)
        delta *= y

    def slope(self, xp: Any, y: Array) -> Array:
        """Return 1 − y²."""
        return 1 - y * y

    def curvature(self, xp: Any, y: Array) -> Array:
        """Return −2y(1 − y²)."""
        return -2 * y * (1 - y * y)
