"""Brown's badly scaled function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["BrownBadlyScaled"]


@dataclass(frozen=True)
class BrownBadlyScaled(FewResiduals):
    """A minimizer whose coordinates differ by a factor of 5·10¹¹: MGH 4.

    With θ = (x₁, x₂)::

        r₁ = x₁ − 10⁶,   r₂ = x₂ − 2·10⁻⁶,   r₃ = x₁x₂ − 2

    The start is (1, 1), where f = 999998000003 − 4·10⁻⁶ + 4·10⁻¹². The minimum is 0 at
    (10⁶, 2·10⁻⁶).

    References
    ----------
    MGH, where it is attributed to K. M. Brown, unpublished.
    """

    size = 2
    minimum = 0.0
    minimizer = (1e6, 2e-6)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (1, 1)."""
        return [1.0, 1.0]

    def _terms(self, x1: Any, x2: Any) -> Any:
        return x1 - 1e6, x2 - 2e-6, x1 * x2 - 2

    def _pull(self, weights: Any, x1: Any, x2: Any) -> Any:
        a, b, c = weights
        return a + x2 * c, b + x1 * c

    def _bends(self, x1: Any, x2: Any) -> Any:
        return {}, {}, {(0, 1): 1}
