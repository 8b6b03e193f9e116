"""The saddle: Newton's method converges to it, and other methods leave it."""

from dataclasses import dataclass

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["Saddle"]


@dataclass(frozen=True)
class Saddle(Planar):
    """A saddle between two minima, with a bowl around them.

    With θ = (x, y) and ρ = x² + y²::

        f(θ)   = x² − y² + ½ρ²
        ∇f(θ)  = (2x, −2y) + 2ρ θ
        ∇²f(θ) = diag(2, −2) + 2ρ I + 4 θθᵀ

    At 0 there is a saddle with f = 0 and eigenvalues 2 and −2; the start (0.3, 0.03) is beside
    it. On the axis x = 0, f = −y² + ½y⁴, so that the minimum is −½ at (0, 1) and (0, −1), where
    the Hessian is 4I.

    Newton's method solves ∇f = 0, here at the saddle. Along y it multiplies small errors by 0 to
    first order. With αI added to the Hessian they are multiplied by α/(α − 2). This is more than 1
    in size, so that the saddle repels, if and only if α > |λmin|/2 = 1.

    References
    ----------
    Y. Dauphin, R. Pascanu, C. Gulcehre, K. Cho, S. Ganguli, Y. Bengio, "Identifying and attacking
    the saddle point problem in high-dimensional non-convex optimization", NeurIPS 27 (2014).
    """

    minimum = -0.5

    @property
    def minimizer(self) -> np.ndarray:
        """The point (0, 1), on the start's side."""
        return np.array([0.0, 1.0])

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (0.3, 0.03), which is beside the saddle."""
        return np.array([0.3, 0.03])

    def _value(self, x: Array, y: Array) -> Array:
        xx, yy = x * x, y * y
        return xx - yy + 0.5 * (xx + yy) * (xx + yy)

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        rho = x * x + y * y
        return (2 + 2 * rho) * x, (-2 + 2 * rho) * y

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        xx, yy = x * x, y * y
        return 2 + 6 * xx + 2 * yy, 4 * x * y, -2 + 2 * xx + 6 * yy
