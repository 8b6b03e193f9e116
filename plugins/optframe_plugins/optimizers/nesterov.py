"""Nesterov's momentum: the gradient is taken at the point to which the velocity leads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from optframe import Array, Fraction, Optimizer, Oracle, Positive, Space, coefficient, elementwise
from optframe_plugins.optimizers.momentum import update
from optframe_plugins.usual_spaces import MOMENTUM, MOMENTUM_LR
from optframe_plugins.velocity import Velocity

__all__ = ["Nesterov"]


@elementwise
def update_ahead(theta, g, v, lr, momentum):
    """V ← αv − εg; θ ← θ + αv − εg."""
    push = lr * g
    v = momentum * v - push
    return theta + momentum * v - push, v


@elementwise
def update_outside(theta, g, b, lr, momentum):
    """B ← αb + g; θ ← θ − ε(g + αb)."""
    b = momentum * b + g
    return theta - lr * (g + momentum * b), b


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Nesterov's accelerated gradient: momentum with the gradient at θ + αv.

    ::

        velocity    v ← α·v − ε·g    θ ← θ + v,                g = ∇f(θ + α·v)
        keras       v ← α·v − ε·g    θ ← θ + α·v − ε·g,        g = ∇f(θ)
        torch       b ← α·b + g      θ ← θ − ε·(g + α·b),      g = ∇f(θ)

    With a constant α, the θ of ``keras`` is the point θ + αv of ``velocity``: both forms see the
    same gradients, also when ε changes. With a constant ε, ``torch`` is ``keras`` with b = −v/ε; a
    schedule that lowers ε shortens the whole step of ``torch``. On a quadratic with the largest
    eigenvalue L, all forms are stable for ε < 2(1 + α) / (1 + 2α) / L.

    Parameters
    ----------
    lr
        ε, the learning rate, > 0.
    momentum
        α, the share of the velocity that is kept, in [0, 1). The default 0.9 is the usual one.
    form
        ``velocity`` is the default. ``keras`` is the form of Keras's SGD with ``nesterov=True`` and
        of MXNet's NAG. ``torch`` is that of PyTorch's SGD and of ``optax.trace``, both with
        ``nesterov=True``.

    References
    ----------
    Nesterov, Y. (1983), A method for solving the convex programming problem with convergence rate
    O(1/k²), Soviet Math. Dokl. 27, 372–376. The form ``velocity``: Sutskever, I., et al. (2013), On
    the importance of initialization and momentum in deep learning, ICML, eq. 3–4. The others:
    Bengio, Y., Boulanger-Lewandowski, N., and Pascanu, R. (2013), Advances in optimizing recurrent
    networks, ICASSP, section 3.5.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("quadratic", "nesterov", steps=200).loss < 1e-9
    True
    """

    lr: Positive = 0.01
    momentum: Fraction = 0.9
    form: Literal["velocity", "keras", "torch"] = "velocity"

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": MOMENTUM_LR,
        "momentum": MOMENTUM,
    }

    def init(self, theta: Array, oracle: Oracle) -> Velocity:
        """Start at rest."""
        return Velocity(v=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Velocity, oracle: Oracle) -> tuple[Array, Velocity]:
        """Do one step."""
        look, rule = theta, update
        if self.form == "velocity":
            look = theta + coefficient(oracle.xp, self.momentum, theta) * state.v
        else:
            rule = update_ahead if self.form == "keras" else update_outside
        theta, state.v = rule(theta, oracle.gradient(look), state.v, self.lr, self.momentum)
        return theta, state

    def on_scaled_loss(self, factor: float) -> "Nesterov":
        """Return the same steps for the loss times a factor."""
        return replace(self, lr=self.lr / factor)

    def invariances(self) -> frozenset[str]:
        """Return rotation: v turns with θ."""
        return frozenset({"rotation"})

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −εg·s, s = (k − αG) / (1 − α), G = (1 − αᵏ) / (1 − α).

        For the other two forms, return −εg·(k + αs).
        """
        fading = (1 - self.momentum**steps) / (1 - self.momentum)
        length = (steps - self.momentum * fading) / (1 - self.momentum)
        if self.form != "velocity":
            length = steps + self.momentum * length
        return -self.lr * gradient * length
