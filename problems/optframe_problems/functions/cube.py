"""The cube, a steeper valley than Rosenbrock's."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe_problems.function_bases.few_residuals import FewResiduals

__all__ = ["Cube"]


@dataclass(frozen=True)
class Cube(FewResiduals):
    """Rosenbrock's valley with a cubic floor, which is steep away from the minimum.

    With θ = (x, y)::

        f(θ) = 100 (y − x³)² + (1 − x)²

    The start is (−1.2, 1), where f = 749.038. The minimum is 0 at (1, 1).

    References
    ----------
    A. Leon, "A comparison among eight known optimizing procedures", in A. Lavi and T. P. Vogl
    (eds.), Recent Advances in Optimization Techniques, Wiley 1966.
    """

    size = 2
    minimum = 0.0
    minimizer = (1.0, 1.0)

    def start(self, random: np.random.Generator) -> list[float]:
        """Return (−1.2, 1)."""
        return [-1.2, 1.0]

    def _terms(self, x: Any, y: Any) -> Any:
        return 10 * (y - x * x * x), 1 - x

    def _pull(self, weights: Any, x: Any, y: Any) -> Any:
        rise, rest = weights
        return -30 * x * x * rise - rest, 10 * rise

    def _bends(self, x: Any, y: Any) -> Any:
        return {(0, 0): -60 * x}, {}
