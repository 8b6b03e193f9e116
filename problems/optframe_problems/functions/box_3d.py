"""Box's three-dimensional function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["Box3d"]


@dataclass(frozen=True)
class Box3d(CurveFit):
    """Exponentials of which two coordinates can be exchanged: MGH 12 with m = 10.

    With θ = (x₁, x₂, x₃) and tᵢ = i/10::

        rᵢ = e^(−tᵢx₁) − e^(−tᵢx₂) − x₃ (e^(−tᵢ) − e^(−10tᵢ)),   i = 1, ..., 10

    The start is (0, 10, 20), where f = 1031.15... The minimum is 0 at (1, 10, 1), and also at
    (10, 1, −1) and all along the line x₁ = x₂, x₃ = 0.

    References
    ----------
    M. J. Box, "A comparison of several current optimization methods, and the use of
    transformations in constrained problems", The Computer Journal 9 (1966).
    """

    size = 3
    minimum = 0.0
    minimizer = (1.0, 10.0, 1.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0, 10, 20)."""
        return [0.0, 10.0, 20.0]

    def _parts(self, x1: Any, x2: Any, x3: Any) -> Any:
        t, _ = self._data
        return self.xp.exp(-x1 * t), self.xp.exp(-x2 * t)

    def _curve(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Array:
        a, b = parts
        return a - b - x3 * self._data[1]

    def _slopes(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Any:
        t, given = self._data
        a, b = parts
        return -t * a, t * b, -given

    def _bends(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Any:
        t, _ = self._data
        a, b = parts
        return {(0, 0): t * t * a, (1, 1): -t * t * b}

    @cached_property
    def _data(self) -> tuple[Array, Array]:
        """The grid t, and the factor of x₃."""
        t = self.asarray([i / 10 for i in range(1, 11)])
        return t, self.xp.exp(-t) - self.xp.exp(-10 * t)
