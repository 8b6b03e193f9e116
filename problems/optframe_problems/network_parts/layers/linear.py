"""The fully connected layer: every unit sees every input."""

from dataclasses import dataclass
from typing import Any

from optframe import Array, Count
from optframe_problems.network_parts.layers.affine import Affine
from optframe_problems.network_parts.layers.layer import Parameters, Shape

__all__ = ["Linear"]

FEW = 16


@dataclass(frozen=True)
class Linear(Affine):
    """y = Wᵀx + b, with W of shape (inputs, units).

    Few units lie side by side along the records in memory, since reductions over a few classes run
    several times faster over an axis that is not the last.

    Parameters
    ----------
    units
        How many outputs there are, at least 1.
    """

    units: Count

    def outputs(self, shape: Shape) -> Shape:
        """Return (units,)."""
        if len(shape) != 1:
            raise ValueError("expected a list of numbers (n,), as flatten makes of images")
        return (self.units,)

    def parameters(self, shape: Shape) -> Parameters:
        """Return W and b."""
        return Parameters((shape[0], self.units), (self.units,), shape[0], self.units)

    def product(self, xp: Any, x: Array, weights: Array, bias: Array | None) -> Array:
        """Return Wᵀx + b for each record."""
        if self.units <= FEW:
            y = xp.matmul(weights.mT, x.mT)
            if bias is not None:
                y += bias[..., None]
            return y.mT
        y = xp.matmul(x, weights)
        if bias is not None:
            y += bias[..., None, :]
        return y

    def to_inputs(self, xp: Any, x: Array, weights: Array, delta: Array) -> Array:
        """Return Wδ for each record."""
        return xp.matmul(delta, weights.mT)

    def to_weights(self, xp: Any, x: Array, delta: Array, out: Array) -> None:
        """Write Σ xδᵀ over the records."""
        xp.matmul(x.mT, delta, out=out)

    def to_both(self, xp: Any, x: Array, weights: Array, delta: Array, out: Array) -> Array:
        """Return Wδ and write Σ xδᵀ."""
        self.to_weights(xp, x, delta, out)
        return self.to_inputs(xp, x, weights, delta)
