"""Linear conjugate gradients."""

from dataclasses import dataclass

from optframe import Array, Optimizer, Oracle

__all__ = ["ConjugateGradient"]


@dataclass
class Directions:
    """State; all change at every step.

    r and d, the residual −∇f and the direction, of shape (..., P); rr = r·r, of shape (..., 1).
    """

    r: Array
    d: Array
    rr: Array


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
        return Directions(r, r, oracle.xp.sum(r * r, axis=-1, keepdims=True))

    def step(self, theta: Array, state: Directions, oracle: Oracle) -> tuple[Array, Directions]:
        """Do one step."""
        xp = oracle.xp
        if not bool(xp.any(state.rr > 0)):
            oracle.stop("the residual is zero")
            return theta, state
        hd = oracle.hvp(theta, state.d)
        curvature = xp.sum(state.d * hd, axis=-1, keepdims=True)
        goes = (curvature > 0) & (state.rr > 0)
        if not bool(xp.any(goes)):
            oracle.stop("the Hessian is not positive definite")
            return theta, state
        one = xp.ones_like(curvature)
        t = xp.where(goes, state.rr / xp.where(goes, curvature, one), 0 * one)
        r = state.r - t * hd
        rr = xp.sum(r * r, axis=-1, keepdims=True)
        beta = xp.where(goes, rr / xp.where(goes, state.rr, one), 0 * one)
        return theta + t * state.d, Directions(r, r + beta * state.d, rr)

    def invariances(self) -> frozenset[str]:
        """Return rotation and loss scale: all lengths are quotients of inner products."""
        return frozenset({"rotation", "loss scale"})
