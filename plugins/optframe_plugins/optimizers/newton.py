"""Newton's method."""

from dataclasses import dataclass

from numpy.linalg import LinAlgError

from optframe import Array, Optimizer, Oracle

__all__ = ["Newton"]


@dataclass(frozen=True)
class Newton(Optimizer):
    """Newton: go where the gradient of the local quadratic model vanishes.

    ::

        H·d = g,    θ ← θ − d,    g = ∇f(θ), H = ∇²f(θ)

    On a quadratic one step reaches the minimum. Where H is indefinite the model has no minimum
    but a saddle, and there the method goes: the system is solved as it is. A singular H ends the
    run.

    References
    ----------
    Nocedal, J., and Wright, S. J. (2006), Numerical Optimization, section 3.3. Dauphin, Y., et al.
    (2014), Identifying and attacking the saddle point problem, NeurIPS.
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
    """Return θ − H⁻¹g; where H is singular, θ as it was, and the run is stopped."""
    try:
        return theta - oracle.xp.linalg.solve(hessian, g[..., None])[..., 0]
    except LinAlgError as error:
        oracle.stop(f"the Hessian is singular: {error}")
        return theta
