"""Linear conjugate gradients."""

from dataclasses import dataclass
from typing import Any

from optframe import Array, Optimizer, Oracle
from optframe.contracts.products import LEAST, MOST, unit

__all__ = ["ConjugateGradient"]


@dataclass
class Directions:
    """State; all change at every step.

    r and d, the residual −∇f and the direction, of shape (..., P), both divided by ``unit``, a
    power of two, of shape (..., 1); rr = r·r, of shape (..., 1).
    """

    r: Array
    d: Array
    rr: Array
    unit: Array

    def representable(self, xp: Any) -> "Directions":
        """Return the same with another unit for each run whose r·r may have lost digits.

        A unit of 0 means that the residual is 0.
        """
        if self.rr.ndim == 1 and LEAST < float(self.rr[0]) < MOST:  # a lone run, as is usual
            return self
        good = (self.rr > LEAST) & (self.rr < MOST)
        if bool(xp.all(good)):
            return self
        change = xp.where(good, xp.ones_like(self.unit), unit(self.r, xp))
        r = self.r / change
        scale = self.unit * change
        rr = xp.where(scale > 0, xp.sum(r * r, axis=-1, keepdims=True), xp.zeros_like(scale))
        return Directions(r, self.d / change, rr, scale)


@dataclass(frozen=True)
class ConjugateGradient(Optimizer):
    """Conjugate gradients: minimize a quadratic along one conjugate direction after another.

    ::

        t = r·r / (dᵀHd),    θ ← θ + t·d,    r' = r − t·Hd,    β = r'·r' / r·r,    d ← r' + β·d

    from r = d = −∇f(θ₀). A step costs one Hessian–vector product and no gradient: the residual is
    updated and not computed anew, so rounding errors let it drift from −∇f. After k steps θ is the
    minimum over the Krylov space of k dimensions. Without rounding, as many steps as H has distinct
    eigenvalues are enough. H has to be positive definite: a run whose dᵀHd is not positive does not
    move.

    References
    ----------
    Hestenes, M. R., and Stiefel, E. (1952), Methods of conjugate gradients for solving linear
    systems, J. Res. Nat. Bur. Standards 49, 409–436, section 3.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("quadratic:size=8", "conjugate-gradient", steps=8).loss < 1e-9
    True
    """

    needs = frozenset({"gradient", "hvp", "quadratic", "deterministic"})

    def init(self, theta: Array, oracle: Oracle) -> Directions:
        """Start along the residual."""
        r = -oracle.gradient(theta)
        rr = oracle.xp.sum(r * r, axis=-1, keepdims=True)
        return Directions(r, r, rr, oracle.xp.ones_like(rr))

    def step(self, theta: Array, state: Directions, oracle: Oracle) -> tuple[Array, Directions]:
        """Do one step."""
        xp = oracle.xp
        state = state.representable(xp)
        if bool(xp.all(state.rr == 0)):
            oracle.stop("the residual is zero")
            return theta, state
        hd = oracle.hvp(theta, state.d)
        curvature = xp.sum(state.d * hd, axis=-1, keepdims=True)
        # A run with a NaN does not stay: its θ becomes NaN.
        stays = (curvature <= 0) | (state.rr == 0)
        if bool(xp.all(stays)):
            oracle.stop("the Hessian is not positive definite")
            return theta, state
        one = xp.ones_like(curvature)
        t = xp.where(stays, 0 * one, state.rr / xp.where(stays, one, curvature))
        r = state.r - t * hd
        rr = xp.sum(r * r, axis=-1, keepdims=True)
        beta = xp.where(stays, 0 * one, rr / xp.where(stays, one, state.rr))
        theta = theta + (t * state.unit) * state.d
        return theta, Directions(r, r + beta * state.d, rr, state.unit)

    def invariances(self) -> frozenset[str]:
        """Return rotation and loss scale: all lengths are quotients of inner products."""
        return frozenset({"rotation", "loss scale"})
