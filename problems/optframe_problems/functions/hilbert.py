"""Hilbert's matrix: a quadratic function with an extreme condition number."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optframe import Array, Count
from optframe_problems.function_bases.quadratic_form import QuadraticForm

__all__ = ["Hilbert"]


@dataclass(frozen=True)
class Hilbert(QuadraticForm):
    """A quadratic function that is almost too badly conditioned for float64.

    ::

        f(θ) = ½ θᵀHθ,    Hᵢⱼ = 1/(i + j − 1)

    H is positive definite; its condition number grows like e^(3.5 P): 1.5·10⁷ for P = 6, 1.6·10¹³
    for P = 10, beyond float64's precision from P = 13 on. The start is all ones; the minimum is 0
    at 0.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    D. Hilbert, "Ein Beitrag zur Theorie des Legendre'schen Polynoms", Acta Mathematica 18 (1894);
    HILBERTA in I. Bongartz, A. R. Conn, N. Gould, Ph. L. Toint, "CUTE: constrained and
    unconstrained testing environment", ACM Transactions on Mathematical Software 21 (1995).
    """

    size: Count = 10

    def gradient(self, theta: Array) -> Array:
        """Return Hθ, shape (..., P), by a product per run."""
        return self.xp.matmul(theta[..., None, :], self._matrix)[..., 0, :]

    def partial(self, theta: Array, i: int) -> Array:
        """Return (Hθ)ᵢ, shape (...)."""
        return self.xp.sum(self._matrix[i, :] * theta, axis=-1)

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the others held, shape (...)."""
        return theta[..., i] - self.partial(theta, i) / self._matrix[i, i]

    @cached_property
    def _matrix(self) -> Array:
        i = np.arange(1, self.size + 1)
        return self.asarray(1 / (i[:, None] + i - 1))
