"""Branin's function."""

from dataclasses import dataclass
from math import pi

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["Branin"]

_B, _C, _T = 5.1 / (4 * pi * pi), 5 / pi, 1 / (8 * pi)


@dataclass(frozen=True)
class Branin(Planar):
    """A parabola-shaped gorge with a wave along it, and a minimum in each trough of the wave.

    With θ = (x, y), b = 5.1/(4π²), c = 5/π and t = 1/(8π)::

        f(θ) = (y − bx² + cx − 6)² + 10 (1 − t) cos x + 10

    The start is (2.5, 12.5). The square vanishes on the parabola and cos x is −1 at odd multiples
    of π, so that the minimum is 10 t = 5/(4π) ≈ 0.397887, at (π, 2.275), and also at (−π, 12.275)
    and (3π, 2.475) within the usual region −5 ≤ x ≤ 10, 0 ≤ y ≤ 15.

    References
    ----------
    F. H. Branin, "Widely convergent method for finding multiple solutions of simultaneous
    nonlinear equations", IBM Journal of Research and Development 16 (1972). L. C. W. Dixon,
    G. P. Szegö, "The global optimization problem: an introduction", in Towards Global
    Optimisation 2 (North-Holland, 1978).
    """

    minimum = 5 / (4 * pi)

    @property
    def minimizer(self) -> np.ndarray:
        """The point (π, 2.275), the middle one of the usual three."""
        return np.array([pi, 2.275])

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (2.5, 12.5)."""
        return np.array([2.5, 12.5])

    def _value(self, x: Array, y: Array) -> Array:
        off = y - _B * x * x + _C * x - 6
        return off * off + 10 * (1 - _T) * self.xp.cos(x) + 10

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        off, tilt = y - _B * x * x + _C * x - 6, _C - 2 * _B * x
        return 2 * off * tilt - 10 * (1 - _T) * self.xp.sin(x), 2 * off

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        off, tilt = y - _B * x * x + _C * x - 6, _C - 2 * _B * x
        xx = 2 * tilt * tilt - 4 * _B * off - 10 * (1 - _T) * self.xp.cos(x)
        return xx, 2 * tilt, self.xp.full_like(xx, 2.0)
