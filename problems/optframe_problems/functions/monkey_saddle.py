"""The monkey saddle: flat to second order, with three ways down."""

from dataclasses import dataclass

import numpy as np

from optframe import Array
from optframe_problems.function_bases.planar import Planar

__all__ = ["MonkeySaddle"]


@dataclass(frozen=True)
class MonkeySaddle(Planar):
    """A saddle with three ways down, where even the Hessian is 0, inside a bowl.

    With θ = (x, y) = r (cos φ, sin φ) and ρ = x² + y²::

        f(θ)  = x³ − 3xy² + ¾ρ² = r³ cos 3φ + ¾r⁴
        f_x   = 3x² − 3y² + 3ρx            f_y  = −6xy + 3ρy
        f_xx  = 6x + 3ρ + 6x²    f_xy = −6y + 6xy    f_yy = −6x + 3ρ + 6y²

    The saddle is at 0; the start (0.2, 0.1) is beside it. Where cos 3φ = −1, f = −r³ + ¾r⁴ is
    least for r = 1, so that the minimum is −¼ at (−1, 0) and (½, ±½√3), where the Hessian's
    eigenvalues are 3 and 9.

    Close to the saddle ∇²f(θ) θ = 2 ∇f(θ), so that Newton's method halves θ at each step: it
    converges to the saddle, and only linearly since the Hessian there is singular.

    References
    ----------
    Y. Dauphin, R. Pascanu, C. Gulcehre, K. Cho, S. Ganguli, Y. Bengio, "Identifying and attacking
    the saddle point problem in high-dimensional non-convex optimization", NeurIPS 27 (2014).
    """

    minimum = -0.25

    @property
    def minimizer(self) -> np.ndarray:
        """The point (−1, 0); two more lie a third of a turn to either side."""
        return np.array([-1.0, 0.0])

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return (0.2, 0.1), which is beside the saddle."""
        return np.array([0.2, 0.1])

    def _value(self, x: Array, y: Array) -> Array:
        xx, yy = x * x, y * y
        return x * (xx - 3 * yy) + 0.75 * (xx + yy) * (xx + yy)

    def _slopes(self, x: Array, y: Array) -> tuple[Array, Array]:
        xx, yy = x * x, y * y
        rho = xx + yy
        return 3 * (xx - yy) + 3 * rho * x, -6 * x * y + 3 * rho * y

    def _curvatures(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        xx, yy = x * x, y * y
        rho = xx + yy
        return 6 * x + 3 * rho + 6 * xx, 6 * (x - 1) * y, -6 * x + 3 * rho + 6 * yy
