"""Rastrigin's function."""

from dataclasses import dataclass
from math import pi

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.separable import Separable

__all__ = ["Rastrigin"]


@dataclass(frozen=True)
class Rastrigin(Separable):
    """A bowl under a regular grid of dents, each of them a local minimum.

    ::

        f(θ) = 10 P + Σᵢ (θᵢ² − 10 cos 2πθᵢ) = Σᵢ (θᵢ² + 20 sin² πθᵢ)

    The second form, which is computed, is exact to the last bits near the minimum 0 at 0. The
    start alternates between −2 and 3.5, a dent and a crest.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    H. Mühlenbein, M. Schomisch, J. Born, "The parallel genetic algorithm as function optimizer",
    Parallel Computing 17 (1991), after L. A. Rastrigin (1974).
    """

    size: Count = 2

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (−2, 3.5, −2, 3.5, ...)."""
        return np.resize([-2.0, 3.5], self.size)

    def _values(self, x: Array) -> Array:
        wave = self.xp.sin(pi * x)
        return x * x + 20 * wave * wave

    def _slopes(self, x: Array) -> Array:
        return 2 * x + 20 * pi * self.xp.sin(2 * pi * x)

    def _curvatures(self, x: Array) -> Array:
        return 2 + 40 * pi * pi * self.xp.cos(2 * pi * x)
