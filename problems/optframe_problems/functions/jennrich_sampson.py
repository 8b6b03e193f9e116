"""Jennrich and Sampson's function."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.curve_fit import CurveFit

__all__ = ["JennrichSampson"]


@dataclass(frozen=True)
class JennrichSampson(CurveFit):
    """Two exponentials, equal at the minimum, where the residual is large: MGH 6.

    With θ = (x₁, x₂) and i = 1, ..., 10::

        rᵢ = 2 + 2i − (e^(i x₁) + e^(i x₂))

    The start is (0.3, 0.4), where f = 4171.3... The minimum is 124.362..., at x₁ = x₂ = 0.25782...,
    both computed in extended precision.

    References
    ----------
    R. I. Jennrich and P. F. Sampson, "Application of stepwise regression to nonlinear estimation",
    Technometrics 10 (1968).
    """

    size = 2
    minimum = 124.36218235561485
    minimizer = (0.2578252136703641, 0.2578252136703641)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0.3, 0.4)."""
        return [0.3, 0.4]

    def _parts(self, x1: Any, x2: Any) -> Any:
        return self.xp.exp(self._i * x1), self.xp.exp(self._i * x2)

    def _curve(self, parts: Any, x1: Any, x2: Any) -> Array:
        a, b = parts
        return self._y - (a + b)

    def _slopes(self, parts: Any, x1: Any, x2: Any) -> Any:
        a, b = parts
        return -self._i * a, -self._i * b

    def _bends(self, parts: Any, x1: Any, x2: Any) -> Any:
        a, b = parts
        return {(0, 0): -self._i * self._i * a, (1, 1): -self._i * self._i * b}

    @cached_property
    def _i(self) -> Array:
        return self.asarray(range(1, 11))

    @cached_property
    def _y(self) -> Array:
        return 2 + 2 * self._i
