"""The rectifier."""

from dataclasses import dataclass
from typing import Any

from optframe import Array
from optframe_problems.network_parts.layers.activation import Activation

__all__ = ["Relu"]


@dataclass(frozen=True)
class Relu(Activation):
    """φ(x) = max(x, 0), with φ' = 1 where x > 0 and else 0, at 0 too, and φ'' = 0."""

    def apply(self, xp: Any, x: Array) -> None:
        """Overwrite x with max(x, 0)."""
        xp.maximum(x, 0, out=x)

    def times_slope(self, xp: Any, y: Array, delta: Array) -> None:
        """Overwrite δ with 0 where y is."""
        delta *= y > 0

    def slope(self, xp: Any, y: Array) -> Array:
        """Return 1 or 0."""
        return (y > 0).astype(y.dtype)

    def curvature(self, xp: Any, y: Array) -> None:
        """Return None: it is 0."""
