"""Gradient descent with momentum (heavy ball)."""

from dataclasses import dataclass

from optframe import Array, Fraction, Optimizer, Oracle, Positive, elementwise
from optframe_plugins.optimizers.velocity import Velocity

__all__ = ["Momentum"]


@elementwise
def update(theta, g, v, lr, momentum):
    """V ← αv − εg; θ ← θ + v."""
    v = momentum * v - lr * g
    return theta + v, v


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Momentum: a velocity gathers the gradients, old ones decaying exponentially.

    ::

        v ← α·v − ε·g,    g = ∇f(θ)
        θ ← θ + v

    With a constant gradient the velocity tends to −ε·g / (1 − α). On a quadratic with eigenvalues
    in [m, L] it converges for ε < 2(1 + α)/L. PyTorch's SGD keeps −v/ε instead, which is the same
    as long as ε is constant.

    Parameters
    ----------
    lr
        ε, the learning rate, > 0.
    momentum
        α, the share of the velocity that is kept, in [0, 1). The default 0.9 is the usual one.

    References
    ----------
    Polyak, B. T. (1964), Some methods of speeding up the convergence of iteration methods,
    USSR Comput. Math. Math. Phys. 4(5), 1–17. In this form: Sutskever, I., et al. (2013), On the
    importance of initialization and momentum in deep learning, ICML, eq. 1–2.
    """

    lr: Positive = 0.01
    momentum: Fraction = 0.9

    def init(self, theta: Array, oracle: Oracle) -> Velocity:
        """Start at rest."""
        return Velocity(v=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Velocity, oracle: Oracle) -> tuple[Array, Velocity]:
        """Do one step."""
        g = oracle.gradient(theta)
        theta, state.v = update(theta, g, state.v, self.lr, self.momentum)
        return theta, state
