"""Styblinski and Tang's function."""

from dataclasses import dataclass

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.separable import Separable

__all__ = ["StyblinskiTang"]


@dataclass(frozen=True)
class StyblinskiTang(Separable):
    """A double well in each parameter, so 2^P minima, of which one is the deepest.

    ::

        f(θ) = ½ Σᵢ (θᵢ⁴ − 16θᵢ² + 5θᵢ)

    Each parameter has its wells where 4x³ − 32x + 5 = 0: the deep one at −2.903534027771177 with
    −39.16616570377141, the other at 2.746802770990837 with −25.029446655283943. The start, all
    ones, is on the slope to the latter.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    M. A. Styblinski, T.-S. Tang, "Experiments in nonconvex optimization: stochastic approximation
    with function smoothing and simulated annealing", Neural Networks 3 (1990).
    """

    size: Count = 2

    @property
    def minimum(self) -> float:
        """f*, that of one parameter, solved with 60 digits, times P."""
        return -39.16616570377141 * self.size

    @property
    def minimizer(self) -> np.ndarray:
        """The deep well in every parameter."""
        return np.full(self.size, -2.903534027771177)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return all ones."""
        return np.ones(self.size)

    def _values(self, x: Array) -> Array:
        return 0.5 * x * (x * (x * x - 16) + 5)

    def _slopes(self, x: Array) -> Array:
        return x * (2 * x * x - 16) + 2.5

    def _curvatures(self, x: Array) -> Array:
        return 6 * x * x - 16
