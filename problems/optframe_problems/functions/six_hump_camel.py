"""The six-hump camel's back."""

from dataclasses import dataclass

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["SixHumpCamel"]


@dataclass(frozen=True)
class SixHumpCamel(Planar):
    """Six minima of three depths, each depth twice since f(−θ) = f(θ).

    With θ = (x, y)::

        f(θ) = (4 − 2.1x² + x⁴/3) x² + xy + (−4 + 4y²) y²

    The start is (−1.5, 0.8), beside a minimum that is not the deepest. The minimum is
    −1.0316284534898774, at ±(0.08984201310031806, −0.7126564030207396).

    References
    ----------
    L. C. W. Dixon, G. P. Szegö, "The global optimization problem: an introduction", in Towards
    Global Optimisation 2 (North-Holland, 1978).
    """

    minimum = -1.0316284534898774  # ∇f = 0 was solved with 60 digits

    @property
    def minimizer(self) -> np.ndarray:
        """One of the two points; the other has the opposite signs."""
        return np.array([0.08984201310031806, -0.7126564030207396])

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (−1.5, 0.8)."""
        return np.array([-1.5, 0.8])

    def _value(self, x: Array, y: Array) -> Array:
        xx, yy = x * x, y * y
        return (4 - 2.1 * xx + xx * xx / 3) * xx + x * y + (-4 + 4 * yy) * yy

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        xx, yy = x * x, y * y
        return (8 - 8.4 * xx + 2 * xx * xx) * x + y, x + (-8 + 16 * yy) * y

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        xx, yy = x * x, y * y
        return 8 - 25.2 * xx + 10 * xx * xx, self.xp.ones_like(x), -8 + 48 * yy
