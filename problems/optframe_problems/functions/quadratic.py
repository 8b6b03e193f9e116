"""A convex quadratic function with a chosen spectrum."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from optframe import Array, Count
from optframe_problems.function_bases.quadratic_form import QuadraticForm

__all__ = ["Quadratic"]


@dataclass(frozen=True)
class Quadratic(QuadraticForm):
    """A bowl with any condition number and spectrum, on which theory makes exact predictions.

    With eigenvalues λ from 1 to κ, and A = diag(λ) or Q diag(λ) Qᵀ::

        f(θ) = ½ θᵀAθ

    The start is all ones; the minimum is 0 at 0.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1. With one parameter, A = 1.
    condition
        κ, the condition number of A, at least 1. Gradient descent needs about κ steps to shrink
        the error by a constant factor, momentum and conjugate gradients about √κ.
    spectrum
        How the P eigenvalues fill [1, κ]. ``logspace``: evenly in log λ, as is usual in tests of
        ill-conditioning; ``linspace``: evenly in λ; ``clustered``: the smaller half (and the odd
        one) evenly from 1 to min(1.1, κ), the others evenly from max(1, κ/1.1) to κ, on which
        conjugate gradients is nearly done after two steps.
    rotate
        Whether Q is a rotation or reflection, drawn uniformly (Haar) once per problem instance,
        instead of the identity, for which all coordinates are independent of each other.

    References
    ----------
    F. Mezzadri, "How to generate random matrices from the classical compact groups", Notices of
    the AMS 54 (2007): Q from a QR factorization.
    """

    size: Count = 10
    condition: Annotated[float, Ge(1)] = 100.0
    spectrum: Literal["linspace", "logspace", "clustered"] = "logspace"
    rotate: bool = False

    @property
    def draws_instance(self) -> bool:
        """Whether a rotation is drawn."""
        return self.rotate

    def gradient(self, theta: Array) -> Array:
        """Return Aθ, shape (..., P)."""
        if self.rotate:  # a product per run, which gives each the same bits as alone
            return self.xp.matmul(theta[..., None, :], self._matrix)[..., 0, :]
        return self._eigenvalues * theta

    def partial(self, theta: Array, i: int) -> Array:
        """Return (Aθ)ᵢ, shape (...)."""
        if self.rotate:
            return self.xp.sum(self._matrix[i, :] * theta, axis=-1)
        return self._eigenvalues[i] * theta[..., i]

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the others held, shape (...)."""
        if self.rotate:
            return theta[..., i] - self.partial(theta, i) / self._matrix[i, i]
        return self.xp.zeros_like(theta[..., i])

    @cached_property
    def _eigenvalues(self) -> Array:
        return self.asarray(self._spectrum)

    @cached_property
    def _matrix(self) -> Array:
        if not self.rotate:
            return self.asarray(np.diag(self._spectrum))
        gaussian = self.instance_random().standard_normal((self.size, self.size))
        q, _ = np.linalg.qr(gaussian)  # uniform up to its columns' signs, which cancel in A
        a = (q * self._spectrum) @ q.T
        return self.asarray((a + a.T) / 2)

    @cached_property
    def _spectrum(self) -> np.ndarray:
        if self.spectrum == "linspace":
            return np.linspace(1, self.condition, self.size)
        if self.spectrum == "logspace":
            return np.geomspace(1, self.condition, self.size)
        large = self.size // 2
        return np.concatenate(
            [
                np.linspace(1, min(1.1, self.condition), self.size - large),
                np.linspace(self.condition, max(1, self.condition / 1.1), large)[::-1],
            ]
        )
