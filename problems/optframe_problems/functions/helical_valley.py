"""Fletcher and Powell's helical valley."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["HelicalValley"]


@dataclass(frozen=True)
class HelicalValley(FewResiduals):
    """A valley that winds up around the x₃ axis: MGH 7.

    With θ = (x₁, x₂, x₃), where φ is the angle of (x₁, x₂) in turns, from −¼ to ¾::

        r₁ = 10 (x₃ − 10 φ(x₁, x₂))
        r₂ = 10 (√(x₁² + x₂²) − 1)
        r₃ = x₃

        φ = arctan(x₂/x₁) / 2π          for x₁ > 0
        φ = arctan(x₂/x₁) / 2π + ½      for x₁ < 0

    Both are φ = ¼ − arctan2(x₁, x₂) / 2π, which also holds where x₁ = 0 < x₂. The function jumps
    where x₁ = 0 > x₂, and has no derivative at x₁ = x₂ = 0. The start is (−1, 0, 0), where
    f = 2500. The minimum is 0 at (1, 0, 0).

    References
    ----------
    R. Fletcher and M. J. D. Powell, "A rapidly convergent descent method for minimization", The
    Computer Journal 6 (1963).
    """

    size = 3
    minimum = 0.0
    minimizer = (1.0, 0.0, 0.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (−1, 0, 0)."""
        return [-1.0, 0.0, 0.0]

    def _terms(self, x1: Any, x2: Any, x3: Any) -> Any:
        turns = 0.25 - self.xp.atan2(x1, x2) / (2 * math.pi)
        radius = self.xp.sqrt(x1 * x1 + x2 * x2)
        return 10 * (x3 - 10 * turns), 10 * (radius - 1), x3

    def _pull(self, weights: Any, x1: Any, x2: Any, x3: Any) -> Any:
        a, b, c = weights
        square = x1 * x1 + x2 * x2
        turning = 50 / (math.pi * square) * a  # 100 dφ = 50/(π square) (x₁ dx₂ − x₂ dx₁)
        outward = 10 / self.xp.sqrt(square) * b
        return turning * x2 + outward * x1, outward * x2 - turning * x1, 10 * a + c

    def _bends(self, x1: Any, x2: Any, x3: Any) -> Any:
        square = x1 * x1 + x2 * x2
        scale = 10 / (square * self.xp.sqrt(square))
        turning = 50 / (math.pi * square * square)
        mixed = 2 * turning * x1 * x2
        return (
            {(0, 0): -mixed, (0, 1): turning * (x1 * x1 - x2 * x2), (1, 1): mixed},
            {(0, 0): scale * x2 * x2, (0, 1): -scale * x1 * x2, (1, 1): scale * x1 * x1},
            {},
        )
