"""Signum: step along the signs of a velocity."""

from dataclasses import dataclass

from optframe import Array, Fraction, Optimizer, Positive, elementwise, sign


@elementwise
def update(theta, g, v, lr, momentum, rest):
    v = momentum * v + rest * g
    return theta - lr * sign(v), v


@dataclass
class Velocity:
    v: Array


@dataclass(frozen=True)
class Signum(Optimizer):
    """Signum: every parameter moves by the same length, in the direction of its velocity.

    ::

        v ← β v + (1 − β) g
        θ ← θ − ε sign(v)

    References
    ----------
    Bernstein, J., Wang, Y.-X., Azizzadenesheli, K., and Anandkumar, A. (2018), signSGD, ICML.
    """

    lr: Positive = 0.01
    momentum: Fraction = 0.9

    def init(self, theta, oracle):
        return Velocity(oracle.xp.zeros_like(theta))

    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        theta, state.v = update(theta, g, state.v, self.lr, self.momentum, 1 - self.momentum)
        return theta, state
