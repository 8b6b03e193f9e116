"""Kowalik and Osborne's function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["KowalikOsborne"]


@dataclass(frozen=True)
class KowalikOsborne(CurveFit):
    """An enzyme's rate, a rational curve through 11 measurements: MGH 15.

    With θ = (x₁, x₂, x₃, x₄) and measurements yᵢ at uᵢ::

        rᵢ = yᵢ − x₁ (uᵢ² + uᵢx₂) / (uᵢ² + uᵢx₃ + x₄),   i = 1, ..., 11

    The start is (0.25, 0.39, 0.415, 0.39), where f = 5.3131...e-3. The minimum, 3.07505...e-4 at
    about (0.1928, 0.1913, 0.1231, 0.1361), was computed in extended precision. It belongs to
    MGH's rounded u, 0.167 and so on; with ⅙ and so on, which others use, f* = 3.07486e-4. f also
    falls towards 1.02734...e-3 at infinity.

    References
    ----------
    J. Kowalik and M. R. Osborne, Methods for Unconstrained Optimization Problems, Elsevier 1968.
    """

    size = 4
    minimum = 0.0003075056038492378
    minimizer = (0.1928069345790379, 0.1912823287343668, 0.12305650692632074, 0.13606233068379475)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0.25, 0.39, 0.415, 0.39)."""
        return [0.25, 0.39, 0.415, 0.39]

    def _parts(self, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        u, _ = self._data
        square = u * u
        below = square + u * x3 + x4
        return (square + u * x2) / below, x1 / below, below

    def _curve(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Array:
        ratio, _, _ = parts
        return self._data[1] - x1 * ratio

    def _slopes(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        u, _ = self._data
        ratio, scaled, _ = parts
        both = scaled * ratio
        return -ratio, -scaled * u, both * u, both

    def _bends(self, parts: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        u, _ = self._data
        ratio, scaled, below = parts
        return {
            (0, 1): -u / below,
            (0, 2): ratio * u / below,
            (0, 3): ratio / below,
            (1, 2): scaled * u * u / below,
            (1, 3): scaled * u / below,
            (2, 2): -2 * scaled * ratio * u * u / below,
            (2, 3): -2 * scaled * ratio * u / below,
            (3, 3): -2 * scaled * ratio / below,
        }

    @cached_property
    def _data(self) -> tuple[Array, Array]:
        return self.asarray(_CONCENTRATION), self.asarray(_RATE)


_CONCENTRATION = (4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)
_RATE = (
    *(0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627),
    *(0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
)
