"""Wood's function."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["Wood"]

_ROOT_10, _ROOT_90 = math.sqrt(10), math.sqrt(90)


@dataclass(frozen=True)
class Wood(FewResiduals):
    """Two of Rosenbrock's valleys, coupled: MGH 14.

    With θ = (x₁, x₂, x₃, x₄)::

        r₁ = 10 (x₂ − x₁²)      r₃ = √90 (x₄ − x₃²)     r₅ = √10 (x₂ + x₄ − 2)
        r₂ = 1 − x₁             r₄ = 1 − x₃             r₆ = (x₂ − x₄) / √10

    The start is (−3, −1, −3, −1), where f = 19192. The minimum is 0 at (1, 1, 1, 1). At
    about (−0.968, 0.947, −0.970, 0.951), where f = 7.87697, lies a saddle with eigenvalues from
    −0.12 to 953, past which methods are slow.

    References
    ----------
    A. R. Colville, "A comparative study of nonlinear programming codes", Report 320-2949, IBM New
    York Scientific Center 1968.
    """

    size = 4
    minimum = 0.0
    minimizer = (1.0, 1.0, 1.0, 1.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (−3, −1, −3, −1)."""
        return [-3.0, -1.0, -3.0, -1.0]

    def _terms(self, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        return (
            10 * (x2 - x1 * x1),
            1 - x1,
            _ROOT_90 * (x4 - x3 * x3),
            1 - x3,
            _ROOT_10 * (x2 + x4 - 2),
            (x2 - x4) / _ROOT_10,
        )

    def _pull(self, weights: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        a, b, c, d, e, f = weights
        return (
            -20 * x1 * a - b,
            10 * a + _ROOT_10 * e + f / _ROOT_10,
            -2 * _ROOT_90 * x3 * c - d,
            _ROOT_90 * c + _ROOT_10 * e - f / _ROOT_10,
        )

    def _bends(self, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        return {(0, 0): -20}, {}, {(2, 2): -2 * _ROOT_90}, {}, {}, {}
