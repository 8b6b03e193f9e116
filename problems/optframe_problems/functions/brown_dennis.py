"""Brown and Dennis's function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["BrownDennis"]


@dataclass(frozen=True)
class BrownDennis(CurveFit):
    """Large residuals at the solution, where Gauss–Newton is slow: MGH 16 with m = 20.

    With θ = (x₁, x₂, x₃, x₄) and tᵢ = i/5::

        rᵢ = (x₁ + tᵢx₂ − e^tᵢ)² + (x₃ + x₄ sin tᵢ − cos tᵢ)²,   i = 1, ..., 20

    The start is (25, 5, −5, −1), where f = 7926693.3... The minimum, 85822.2... at about
    (−11.594, 13.204, −0.40344, 0.23678), was computed in extended precision.

    References
    ----------
    K. M. Brown and J. E. Dennis, "New computational algorithms for minimizing a sum of squares of
    nonlinear functions", Report 71-6, Department of Computer Science, Yale University 1971.
    """

    size = 4
    minimum = 85822.20162635631
    minimizer = (-11.594439904762165, 13.203630051207202, -0.4034394881768595, 0.23677877445573628)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (25, 5, −5, −1)."""
        return [25.0, 5.0, -5.0, -1.0]

    def _parts(self, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        t, sine, cosine, exponential = self._data
        return x1 + t * x2 - exponential, x3 + x4 * sine - cosine

    def _curve(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Array:
        a, b = parts
        return a * a + b * b

    def _slopes(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        t, sine, _, _ = self._data
        a, b = parts
        twice_a, twice_b = 2 * a, 2 * b
        return twice_a, twice_a * t, twice_b, twice_b * sine

    def _bends(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        t, sine, _, _ = self._data
        return {
            (0, 0): 2,
            (0, 1): 2 * t,
            (1, 1): 2 * t * t,
            (2, 2): 2,
            (2, 3): 2 * sine,
            (3, 3): 2 * sine * sine,
        }

    @cached_property
    def _data(self) -> tuple[Array, Array, Array, Array]:
        t = self.asarray([i / 5 for i in range(1, 21)])
        return t, self.xp.sin(t), self.xp.cos(t), self.xp.exp(t)
