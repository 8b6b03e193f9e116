"""Newton's method with a regularized Hessian."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from optframe import Array, NonNegative, Optimizer, Oracle, Space
from optframe_plugins.optimizers.newton import solved
from optframe_plugins.usual_spaces import unpublished

__all__ = ["RegularizedNewton"]


@dataclass(frozen=True)
class RegularizedNewton(Optimizer):
    """Regularized Newton: shift the Hessian's eigenvalues before solving.

    ::

        (H + α·I)·d = g,    θ ← θ − d,    g = ∇f(θ), H = ∇²f(θ)

    α above −λ_min makes the model convex. Near a saddle, α > |λ_min| / 2 is enough to move away
    from it: a step multiplies the distance along that eigenvector by 1 − λ/(λ + α), which is then
    outside [−1, 1]. As α → ∞ the steps become those of gradient descent with learning rate 1/α.

    Parameters
    ----------
    damping
        α, ≥ 0.

    References
    ----------
    Levenberg, K. (1944), A method for the solution of certain non-linear problems in least
    squares, Quart. Appl. Math. 2, 164–168. Goodfellow, I., Bengio, Y., and Courville, A. (2016),
    Deep Learning, eq. 8.28.

    Examples
    --------
    >>> import optframe
    >>> round(optframe.minimize("saddle", "regularized-newton:damping=3", steps=40).loss, 6)
    -0.5
    """

    needs = frozenset({"gradient", "hessian"})
    vectorized = False

    damping: NonNegative = 1.0

    spaces: ClassVar[Mapping[str, Space]] = {
        "damping": Space(
            1e-3,
            1e3,
            "log",
            source=unpublished(
                "three decades to either side of the default, since it has the unit of a curvature"
            ),
        ),
    }

    def step(self, theta: Array, state: None, oracle: Oracle) -> tuple[Array, None]:
        """Do one step."""
        g, hessian = oracle.gradient(theta), oracle.hessian(theta)
        identity = oracle.xp.eye(theta.shape[-1], dtype=theta.dtype, device=theta.device)
        return solved(theta, g, hessian + self.damping * identity, oracle), state

    def on_scaled_loss(self, factor: float) -> "RegularizedNewton":
        """Return the same steps for the loss times a factor."""
        return replace(self, damping=self.damping * factor)

    def invariances(self) -> frozenset[str]:
        """Return rotation: αI is the same in rotated coordinates."""
        return frozenset({"rotation"})
