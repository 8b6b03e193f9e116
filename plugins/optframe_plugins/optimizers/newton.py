"""Newton's method."""

import math
from dataclasses import dataclass

from numpy.linalg import LinAlgError

from optframe import Array, Optimizer, Oracle

__all__ = ["Newton"]


@dataclass(frozen=True)
class Newton(Optimizer):
    """Newton: step to the point where the gradient of the local quadratic model is zero.

    ::

        H·d = g,    θ ← θ − d,    g = ∇f(θ), H = ∇²f(θ)

    On a quadratic one step reaches the minimum. Where H is indefinite, the model has a saddle
    instead of a minimum, and the method steps to that saddle, since H is not modified. A singular H
    ends the run.

    References
    ----------
    Nocedal, J., and Wright, S. J. (2006), Numerical Optimization, section 3.3. Dauphin, Y., et al.
    (2014), Identifying and attacking the saddle point problem, NeurIPS.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("quadratic:rotate=true", "newton", steps=1).loss < 1e-20
    True
    """

    needs = frozenset({"gradient", "hessian"})
    vectorized = False

    def step(self, theta: Array, state: None, oracle: Oracle) -> tuple[Array, None]:
        """Do one step."""
        g, hessian = oracle.gradient(theta), oracle.hessian(theta)
        return solved(theta, g, hessian, oracle), state

    def invariances(self) -> frozenset[str]:
        """Return all: H⁻¹g is the same step in any coordinates and units."""
        return frozenset({"rotation", "parameter scale", "loss scale"})


def solved(theta: Array, g: Array, hessian: Array, oracle: Oracle) -> Array:
    """Return θ − H⁻¹g; if H is singular, stop the run and return θ unchanged.

    If H has a NaN, θ becomes NaN, singular or not.
    """
    xp = oracle.xp
    try:
        return theta - xp.linalg.solve(hessian, g[..., None])[..., 0]
    except LinAlgError as error:
        if not bool(xp.all(xp.isfinite(hessian))):
            return xp.full_like(theta, math.nan)
        oracle.stop(f"the Hessian is singular: {error}")
        return theta
