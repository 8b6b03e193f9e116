"""Biggs's EXP6 function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["BiggsExp6"]


@dataclass(frozen=True)
class BiggsExp6(CurveFit):
    """A sum of three exponentials, with a saddle on the way: MGH 18 with m = 13.

    With θ = (x₁, ..., x₆), tᵢ = i/10 and yᵢ = e^(−tᵢ) − 5e^(−10tᵢ) + 3e^(−4tᵢ)::

        rᵢ = x₃ e^(−tᵢx₁) − x₄ e^(−tᵢx₂) + x₆ e^(−tᵢx₅) − yᵢ,   i = 1, ..., 13

    The start is (1, 2, 1, 1, 1, 1), where f = 0.77907... The minimum is 0 at (1, 10, 1, 5, 4, 3),
    and also with (x₁, x₃) and (x₅, x₆) exchanged. The start has (x₁, x₃) = (x₅, x₆), which
    gradient, Newton and quasi-Newton steps all preserve up to rounding. So they go to a point
    at about (1.7114, 17.6832, 1.1631, 5.1866, 1.7114, 1.1631) with f = 5.65565e-3. The literature
    calls it a local minimum; it is a saddle: the Hessian has an eigenvalue of −0.0098 there.

    References
    ----------
    M. C. Biggs, "Minimization algorithms making use of non-quadratic properties of the objective
    function", Journal of the Institute of Mathematics and its Applications 8 (1971).
    """

    size = 6
    minimum = 0.0
    minimizer = (1.0, 10.0, 1.0, 5.0, 4.0, 3.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (1, 2, 1, 1, 1, 1)."""
        return [1.0, 2.0, 1.0, 1.0, 1.0, 1.0]

    def _parts(self, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, x6: Any) -> Any:
        t, _ = self._data
        return self.xp.exp(-x1 * t), self.xp.exp(-x2 * t), self.xp.exp(-x5 * t)

    def _curve(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, x6: Any) -> Array:
        a, b, c = parts
        return x3 * a - x4 * b + x6 * c - self._data[1]

    def _slopes(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, x6: Any) -> Any:
        t, _ = self._data
        a, b, c = parts
        ta, tb, tc = t * a, t * b, t * c
        return -x3 * ta, x4 * tb, a, -b, -x6 * tc, c

    def _bends(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, x6: Any) -> Any:
        t, _ = self._data
        a, b, c = parts
        return {
            (0, 0): t * t * x3 * a,
            (0, 2): -t * a,
            (1, 1): -t * t * x4 * b,
            (1, 3): t * b,
            (4, 4): t * t * x6 * c,
            (4, 5): -t * c,
        }

    @cached_property
    def _data(self) -> tuple[Array, Array]:
        t = self.asarray([i / 10 for i in range(1, 14)])
        exp = self.xp.exp
        return t, exp(-t) - 5 * exp(-10 * t) + 3 * exp(-4 * t)
