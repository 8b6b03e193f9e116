"""Nesterov's momentum: the gradient is taken where the velocity leads."""

from dataclasses import dataclass

from optframe import Array, Fraction, Optimizer, Oracle, Positive, coefficient
from optframe_plugins.optimizers.momentum import update
from optframe_plugins.optimizers.velocity import Velocity

__all__ = ["Nesterov"]


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Nesterov's accelerated gradient: momentum with the gradient at θ + αv.

    ::

        v ← α·v − ε·g,    g = ∇f(θ + α·v)
        θ ← θ + v

    Parameters
    ----------
    lr
        ε, the learning rate, > 0.
    momentum
        α, the share of the velocity that is kept, in [0, 1). The default 0.9 is the usual one.

    References
    ----------
    Nesterov, Y. (1983), A method for solving the convex programming problem with convergence rate
    O(1/k²), Soviet Math. Dokl. 27, 372–376. In this form: Sutskever, I., et al. (2013), On the
    importance of initialization and momentum in deep learning, ICML, eq. 3–4. (PyTorch's and
    Keras's ``nesterov`` keep θ + αv as their parameters: their iterates are these, looked ahead.)
    """

    lr: Positive = 0.01
    momentum: Fraction = 0.9

    def init(self, theta: Array, oracle: Oracle) -> Velocity:
        """Start at rest."""
        return Velocity(v=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Velocity, oracle: Oracle) -> tuple[Array, Velocity]:
        """Do one step."""
        momentum = coefficient(oracle.xp, self.momentum, theta)
        g = oracle.gradient(theta + momentum * state.v)
        theta, state.v = update(theta, g, state.v, self.lr, self.momentum)
        return theta, state
