"""Newton's method with a regularized Hessian."""

from dataclasses import dataclass

from optframe import Array, NonNegative, Optimizer, Oracle
from optframe_plugins.optimizers.newton import solved

__all__ = ["RegularizedNewton"]


@dataclass(frozen=True)
class RegularizedNewton(Optimizer):
    """Regularized Newton: shift the Hessian's eigenvalues before solving.

    ::

        (H + α·I)·d = g,    θ ← θ − d,    g = ∇f(θ), H = ∇²f(θ)

    α above −λ_min makes the model convex; near a saddle, α > |λ_min| / 2 is enough to move away
    from it, since the step along that eigenvector is then multiplied by 1 − λ/(λ + α) outside
    (−1, 1). With α → ∞ the steps become those of gradient descent with learning rate 1/α.

    Parameters
    ----------
    damping
        α, ≥ 0.

    References
    ----------
    Levenberg, K. (1944), A method for the solution of certain non-linear problems in least
    squares, Quart. Appl. Math. 2, 164–168. Goodfellow, I., Bengio, Y., and Courville, A. (2016),
    Deep Learning, eq. 8.28.
    """

    needs = frozenset({"gradient", "hessian"})
    vectorized = False

    damping: NonNegative = 1.0

    def step(self, theta: Array, state: None, oracle: Oracle) -> tuple[Array, None]:
        """Do one step."""
        g, hessian = oracle.gradient(theta), oracle.hessian(theta)
        identity = oracle.xp.eye(theta.shape[-1], dtype=theta.dtype, device=theta.device)
        return solved(theta, g, hessian + self.damping * identity, oracle), state

    def invariances(self) -> frozenset[str]:
        """Return rotation: αI is the same in turned coordinates."""
        return frozenset({"rotation"})
