"""Bard's function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["Bard"]


@dataclass(frozen=True)
class Bard(CurveFit):
    """A rational curve through 15 measurements: MGH 8.

    With θ = (x₁, x₂, x₃), uᵢ = i, vᵢ = 16 − i, wᵢ = min(uᵢ, vᵢ) and measurements yᵢ::

        rᵢ = yᵢ − (x₁ + uᵢ / (vᵢx₂ + wᵢx₃)),   i = 1, ..., 15

    The start is (1, 1, 1), where f = 41.68... The minimum, 8.21487...e-3 at about (0.0824, 1.1330,
    2.3437), was computed in extended precision. f also falls towards 17.4286... where x₂ and x₃ run
    off to −∞ with x₁ = 0.8406...

    References
    ----------
    Y. Bard, "Comparison of gradient methods for the solution of nonlinear parameter estimation
    problems", SIAM Journal on Numerical Analysis 7 (1970).
    """

    size = 3
    minimum = 0.00821487730657898
    minimizer = (0.08241055974978899, 1.1330360920297224, 2.3436951786425366)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (1, 1, 1)."""
        return [1.0, 1.0, 1.0]

    def _parts(self, x1: Any, x2: Any, x3: Any) -> Any:
        u, v, w, _ = self._data
        below = v * x2 + w * x3
        return below, u / below

    def _curve(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Array:
        _, ratio = parts
        return self._data[3] - (x1 + ratio)

    def _slopes(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Any:
        _, v, w, _ = self._data
        below, ratio = parts
        factor = ratio / below
        return -1, factor * v, factor * w

    def _bends(self, parts: Any, x1: Any, x2: Any, x3: Any) -> Any:
        _, v, w, _ = self._data
        below, ratio = parts
        factor = -2 * ratio / (below * below)
        return {(1, 1): factor * v * v, (1, 2): factor * v * w, (2, 2): factor * w * w}

    @cached_property
    def _data(self) -> tuple[Array, Array, Array, Array]:
        u = range(1, 16)
        v = [16 - i for i in u]
        w = [min(i, 16 - i) for i in u]
        return self.asarray(u), self.asarray(v), self.asarray(w), self.asarray(_MEASURED)


_MEASURED = (
    *(0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39),
    *(0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39),
)
