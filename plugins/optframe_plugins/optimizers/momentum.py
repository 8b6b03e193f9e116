"""Gradient descent with momentum (heavy ball), in the three forms that are in use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import ClassVar, Literal

from optframe import Array, Fraction, Optimizer, Oracle, Positive, Space, elementwise
from optframe_plugins.usual_spaces import MOMENTUM, MOMENTUM_LR
from optframe_plugins.velocity import Velocity

__all__ = ["Momentum"]


@elementwise
def update(theta, g, v, lr, momentum):
    """V ← αv − εg; θ ← θ + v."""
    v = momentum * v - lr * g
    return theta + v, v


@elementwise
def update_outside(theta, g, b, lr, momentum, share):
    """B ← αb + sg; θ ← θ − εb."""
    b = momentum * b + share * g
    return theta - lr * b, b


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Momentum: step along a velocity, the exponentially decaying sum of past gradients.

    ::

        velocity    v ← α·v − ε·g              θ ← θ + v,    g = ∇f(θ)
        torch       b ← α·b + (1 − τ)·g        θ ← θ − ε·b,  b = g at the first step
        average     b ← α·b + (1 − α)·g        θ ← θ − ε·b

    With a constant gradient and a constant ε, the steps of the three forms tend to −ε·g times
    1 / (1 − α), (1 − τ) / (1 − α) and 1. On a quadratic with eigenvalues in [m, L], ε times that
    factor has to be below 2(1 + α) / (1 − α) / L. Where ε is constant and τ = 0, ``torch`` is
    ``velocity`` with b = −v/ε. A schedule that lowers ε shortens the whole step in ``torch``; in
    ``velocity`` it scales only the gradients that are added from then on.

    Parameters
    ----------
    lr
        ε, the learning rate, > 0.
    momentum
        α, the share of the velocity that is kept, in [0, 1). The default 0.9 is the usual one.
    form
        ``velocity``, the default, is the form of Keras's and MXNet's SGD. ``torch`` is that of
        PyTorch's SGD and, with τ = 0, of ``optax.trace``. ``average`` is the exponential moving
        average of gradients, as Adam's m without bias correction or ``optax.ema(debias=False)``.
    dampening
        τ, the share of each new gradient that is left out, in [0, 1); only with ``torch``. The
        first gradient is taken whole, as in PyTorch. A buffer that begins at 0, and is damped from
        the first step on, is ``average`` with ε·(1 − τ)/(1 − α) in place of ε.

    Raises
    ------
    ValueError
        If there is dampening in another form, or without momentum (PyTorch ignores it then).

    References
    ----------
    Polyak, B. T. (1964), Some methods of speeding up the convergence of iteration methods,
    USSR Comput. Math. Math. Phys. 4(5), 1–17. The form ``velocity``: Sutskever, I., et al. (2013),
    On the importance of initialization and momentum in deep learning, ICML, eq. 1–2.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("quadratic", "momentum", steps=200).loss < 1e-6
    True
    """

    lr: Positive = 0.01
    momentum: Fraction = 0.9
    form: Literal["velocity", "torch", "average"] = "velocity"
    dampening: Fraction = 0.0

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": MOMENTUM_LR,
        "momentum": MOMENTUM,
    }

    def __post_init__(self) -> None:
        if _is_zero(self.dampening):
            return
        if self.form != "torch":
            raise ValueError(f"dampening belongs to the form 'torch', found form {self.form!r}")
        if _is_zero(self.momentum):
            raise ValueError("dampening needs a momentum above 0")

    def init(self, theta: Array, oracle: Oracle) -> Velocity:
        """Start at rest."""
        return Velocity(v=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Velocity, oracle: Oracle) -> tuple[Array, Velocity]:
        """Do one step."""
        g = oracle.gradient(theta)
        if self.form == "velocity":
            theta, state.v = update(theta, g, state.v, self.lr, self.momentum)
        else:
            share = 1 - self.momentum
            if self.form == "torch":
                share = 1 - self.dampening if state.begun else 1.0
            theta, state.v = update_outside(theta, g, state.v, self.lr, self.momentum, share)
        state.begun = True
        return theta, state

    def on_scaled_loss(self, factor: float) -> "Momentum":
        """Return the same steps for the loss times a factor."""
        return replace(self, lr=self.lr / factor)

    def invariances(self) -> frozenset[str]:
        """Return rotation: v turns with θ."""
        return frozenset({"rotation"})

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −εg·(G + (1 − τ)(k − G) / (1 − α)), G = (1 − αᵏ) / (1 − α).

        For the form ``average``, return −εg·(k − αG).
        """
        fading = (1 - self.momentum**steps) / (1 - self.momentum)
        if self.form == "average":
            return -self.lr * gradient * (steps - self.momentum * fading)
        rest = (1 - self.dampening) * (steps - fading) / (1 - self.momentum)
        return -self.lr * gradient * (fading + rest)


def _is_zero(value: object) -> bool:
    """Whether it is the number 0; a schedule or an array is not."""
    return isinstance(value, Real) and value == 0
