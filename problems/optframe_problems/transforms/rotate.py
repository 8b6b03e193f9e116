"""A rotation of the parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Layout, Problem
from optframe_problems.affine_transform import Affine

__all__ = ["Rotate"]


@dataclass(frozen=True)
class Rotate(Affine):
    """Rotate a problem, with start and minimum, so that its axes are not the coordinates'.

    ::

        g(θ) = f(Qθ)

    Q is orthogonal, drawn uniformly (Haar) once per problem instance. Methods that do not depend on
    the coordinates (gradient descent, momentum, conjugate gradients, Newton, BFGS) take the same
    steps, rotated. Methods with a step length for each coordinate (AdaGrad, Adam), with signs, and
    coordinate descent do not. Partial derivatives are not offered, since one would cost a whole
    gradient.

    Parameters
    ----------
    problem
        f.

    References
    ----------
    F. Mezzadri, "How to generate random matrices from the classical compact groups", Notices of
    the AMS 54 (2007): Q from a QR factorization, with the signs of R's diagonal.
    """

    problem: Problem

    draws_instance = True  # Q

    def inward(self, theta: Array) -> Array:
        """Return Qθ."""
        # A product per vector, which gives each run the same bits as alone.
        return self.xp.matmul(theta[..., None, :], self._q.mT)[..., 0, :]

    def layout(self) -> Layout:
        """Return one block: each parameter is a mixture of all those of the problem inside."""
        return Layout.single(self.size)

    def _along(self, v: Array) -> Array:
        return self.inward(v)

    def _back(self, g: Array) -> Array:
        return self.xp.matmul(g[..., None, :], self._q)[..., 0, :]

    def _outward(self, phi: NDArray[Any]) -> NDArray[Any]:
        theta: NDArray[Any] = phi @ self._rotation
        return theta

    @cached_property
    def _q(self) -> Array:
        return self.asarray(self._rotation)

    @cached_property
    def _rotation(self) -> NDArray[Any]:
        """Q, on the host."""
        gaussian = self.instance_random().standard_normal((self.size, self.size))
        q, r = np.linalg.qr(gaussian)
        rotation: NDArray[Any] = q * np.sign(np.diag(r))
        return rotation
