"""Freudenstein and Roth's function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["FreudensteinRoth"]


@dataclass(frozen=True)
class FreudensteinRoth(FewResiduals):
    """Two minima, of which the usual start leads to the wrong one: MGH 2.

    With θ = (x₁, x₂)::

        r₁ = −13 + x₁ + ((5 − x₂) x₂ − 2) x₂
        r₂ = −29 + x₁ + ((x₂ + 1) x₂ − 14) x₂

    The start is (0.5, −2), where f = 400.5. The minimum is 0 at (5, 4). The local minimum to which
    most methods descend from the start lies where ∂f/∂x₁ = 0 and r₁ − r₂ is stationary in x₂, so
    3x₂² − 4x₂ − 6 = 0: at x₂ = (2 − √22)/3, x₁ = (53 − 4√22)/3, with f = 48.98425...

    References
    ----------
    F. Freudenstein and B. Roth, "Numerical solutions of systems of nonlinear equations", Journal
    of the ACM 10 (1963).
    """

    size = 2
    minimum = 0.0
    minimizer = (5.0, 4.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0.5, −2)."""
        return [0.5, -2.0]

    def _terms(self, x1: Any, x2: Any) -> Any:
        return (
            -13 + x1 + ((5 - x2) * x2 - 2) * x2,
            -29 + x1 + ((x2 + 1) * x2 - 14) * x2,
        )

    def _pull(self, weights: Any, x1: Any, x2: Any) -> Any:
        a, b = weights
        return a + b, ((10 - 3 * x2) * x2 - 2) * a + ((3 * x2 + 2) * x2 - 14) * b

    def _bends(self, x1: Any, x2: Any) -> Any:
        return {(1, 1): 10 - 6 * x2}, {(1, 1): 6 * x2 + 2}
