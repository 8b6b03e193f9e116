"""Booth's function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["Booth"]


@dataclass(frozen=True)
class Booth(FewResiduals):
    """The squared residuals of two linear equations: a bowl with a condition number of 9.

    With θ = (x, y)::

        f(θ) = (x + 2y − 7)² + (2x + y − 5)²

    The start is (0, 0), where f = 74. The minimum is 0 at (1, 3). The Hessian is constant, with
    eigenvalues 2 and 18.

    References
    ----------
    M. Jamil and X.-S. Yang, "A literature survey of benchmark functions for global optimisation
    problems", International Journal of Mathematical Modelling and Numerical Optimisation 4 (2013).
    """

    size = 2
    minimum = 0.0
    minimizer = (1.0, 3.0)
    quadratic = True

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0, 0)."""
        return [0.0, 0.0]

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the other held, shape (...)."""
        other = theta[..., 1 - i]
        return ((17 if i == 0 else 19) - 4 * other) / 5

    def _terms(self, x: Any, y: Any) -> Any:
        return x + 2 * y - 7, 2 * x + y - 5

    def _pull(self, weights: Any, x: Any, y: Any) -> Any:
        a, b = weights
        return a + 2 * b, 2 * a + b

    def _bends(self, x: Any, y: Any) -> Any:
        return {}, {}
