"""The Gaussian function of the collection."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["Gaussian"]


@dataclass(frozen=True)
class Gaussian(CurveFit):
    """A bell curve through 15 rounded values of the normal density: MGH 9.

    With θ = (x₁, x₂, x₃), tᵢ = (8 − i)/2 and measurements yᵢ::

        rᵢ = x₁ exp(−x₂ (tᵢ − x₃)² / 2) − yᵢ,   i = 1, ..., 15

    The start is (0.4, 1, 0), where f = 3.888...e-6. The minimum, 1.12793...e-8 at about
    (0.39896, 1.00002, 0), was computed in extended precision.

    References
    ----------
    MGH, which gives no earlier source.
    """

    size = 3
    minimum = 1.1279327696190112e-08
    minimizer = (0.39895613783875666, 1.0000190844878056, 0.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0.4, 1, 0)."""
        return [0.4, 1.0, 0.0]

    def _parts(self, x1: Any, x2: Any, x3: Any) -> Any:
        away = self._data[0] - x3
        square = away * away
        return away, square, self.xp.exp(-0.5 * x2 * square)

    def _curve(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Array:
        _, _, bell = parts
        return x1 * bell - self._data[1]

    def _slopes(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Any:
        away, square, bell = parts
        return bell, -0.5 * x1 * bell * square, x1 * x2 * bell * away

    def _bends(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Any:
        away, square, bell = parts
        return {
            (0, 1): -bell * square / 2,
            (0, 2): x2 * bell * away,
            (1, 1): x1 * bell * square * square / 4,
            (1, 2): x1 * bell * away * (1 - x2 * square / 2),
            (2, 2): x1 * x2 * bell * (x2 * square - 1),
        }

    @cached_property
    def _data(self) -> tuple[Array, Array]:
        t = [(8 - i) / 2 for i in range(1, 16)]
        return self.asarray(t), self.asarray([*_RISING, 0.3989, *reversed(_RISING)])


_RISING = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521)
