"""Powell's singular function."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["PowellSingular"]

_ROOT_5, _ROOT_10 = math.sqrt(5), math.sqrt(10)


@dataclass(frozen=True)
class PowellSingular(FewResiduals):
    """A minimum at which the Hessian is singular, so that Newton's method is only linear: MGH 13.

    With θ = (x₁, x₂, x₃, x₄)::

        r₁ = x₁ + 10x₂          r₃ = (x₂ − 2x₃)²
        r₂ = √5 (x₃ − x₄)       r₄ = √10 (x₁ − x₄)²

    The start is (3, −1, 0, 1), where f = 215. The minimum is 0 at 0, where the Hessian has rank 2.

    References
    ----------
    M. J. D. Powell, "An iterative method for finding stationary values of a function of several
    variables", The Computer Journal 5 (1962).
    """

    size = 4
    minimum = 0.0
    minimizer = (0.0, 0.0, 0.0, 0.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (3, −1, 0, 1)."""
        return [3.0, -1.0, 0.0, 1.0]

    def _terms(self, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        a, b = x2 - 2 * x3, x1 - x4
        return x1 + 10 * x2, _ROOT_5 * (x3 - x4), a * a, _ROOT_10 * b * b

    def _pull(self, weights: Any, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        first, second, third, fourth = weights
        tied, inner, outer = (
            _ROOT_5 * second,
            2 * (x2 - 2 * x3) * third,
            2 * _ROOT_10 * (x1 - x4) * fourth,
        )
        return first + outer, 10 * first + inner, tied - 2 * inner, -tied - outer

    def _bends(self, x1: Any, x2: Any, x3: Any, x4: Any) -> Any:
        return (
            {},
            {},
            {(1, 1): 2, (1, 2): -4, (2, 2): 8},
            {(0, 0): 2 * _ROOT_10, (0, 3): -2 * _ROOT_10, (3, 3): 2 * _ROOT_10},
        )
