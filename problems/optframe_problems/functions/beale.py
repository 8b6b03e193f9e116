"""Beale's function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["Beale"]


@dataclass(frozen=True)
class Beale(FewResiduals):
    """Flat far out, with steep walls and narrow corners: MGH 5.

    With θ = (x₁, x₂) and y = (1.5, 2.25, 2.625)::

        rᵢ = yᵢ − x₁ (1 − x₂ⁱ),   i = 1, 2, 3

    The start is (1, 1), where f = Σ yᵢ² = 14.203125. The minimum is 0 at (3, 0.5).

    References
    ----------
    E. M. L. Beale, "On an iterative method for finding a local minimum of a function of more than
    one variable", Technical Report 25, Statistical Techniques Research Group, Princeton 1958.
    """

    size = 2
    minimum = 0.0
    minimizer = (3.0, 0.5)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (1, 1)."""
        return [1.0, 1.0]

    def _terms(self, x1: Any, x2: Any) -> Any:
        square = x2 * x2
        return 1.5 - x1 * (1 - x2), 2.25 - x1 * (1 - square), 2.625 - x1 * (1 - square * x2)

    def _pull(self, weights: Any, x1: Any, x2: Any) -> Any:
        a, b, c = weights
        square = x2 * x2
        return (
            (x2 - 1) * a + (square - 1) * b + (square * x2 - 1) * c,
            x1 * (a + 2 * x2 * b + 3 * square * c),
        )

    def _bends(self, x1: Any, x2: Any) -> Any:
        return (
            {(0, 1): 1},
            {(0, 1): 2 * x2, (1, 1): 2 * x1},
            {(0, 1): 3 * x2 * x2, (1, 1): 6 * x1 * x2},
        )
