"""Powell's badly scaled function."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["PowellBadlyScaled"]


@dataclass(frozen=True)
class PowellBadlyScaled(FewResiduals):
    """Two coordinates of which one must be a million times as large as the other: MGH 3.

    With θ = (x₁, x₂)::

        r₁ = 10⁴ x₁x₂ − 1
        r₂ = e^(−x₁) + e^(−x₂) − 1.0001

    The start is (0, 1), where f = 1.13526... The minimum is 0 where both residuals vanish, at about
    (1.098e-5, 9.106), found by Newton's method in extended precision; the Hessian's condition
    number is about 7e17 there, which float64 cannot distinguish from singular.

    References
    ----------
    M. J. D. Powell, "A hybrid method for nonlinear equations", in P. Rabinowitz (ed.), Numerical
    Methods for Nonlinear Algebraic Equations, Gordon and Breach 1970.
    """

    size = 2
    minimum = 0.0
    minimizer = (1.0981593296998053e-05, 9.106146739866624)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (0, 1)."""
        return [0.0, 1.0]

    def _terms(self, x1: Any, x2: Any) -> Any:
        return 1e4 * x1 * x2 - 1, self.xp.exp(-x1) + self.xp.exp(-x2) - 1.0001

    def _pull(self, weights: Any, x1: Any, x2: Any) -> Any:
        a, b = weights
        return 1e4 * x2 * a - self.xp.exp(-x1) * b, 1e4 * x1 * a - self.xp.exp(-x2) * b

    def _bends(self, x1: Any, x2: Any) -> Any:
        return {(0, 1): 1e4}, {(0, 0): self.xp.exp(-x1), (1, 1): self.xp.exp(-x2)}
