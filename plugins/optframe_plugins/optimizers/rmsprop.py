"""RMSProp, plain, with momentum, and with Nesterov momentum."""

from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real

from optframe import (
    Array,
    Fraction,
    NonNegative,
    Optimizer,
    Oracle,
    Positive,
    coefficient,
    elementwise,
    sqrt,
)

__all__ = ["RMSProp"]


@elementwise
def update(theta, g, r, v, lr, rho, keep, momentum, inside, outside):
    """R ← ρr + (1−ρ)g²; v ← αv − ε/√(δ + r)·g; θ ← θ + v."""
    r = rho * r + keep * g * g
    v = momentum * v - lr / (outside + sqrt(inside + r)) * g
    return theta + v, r, v


@elementwise
def update_without_momentum(theta, g, r, lr, rho, keep, inside, outside):
    """R ← ρr + (1−ρ)g²; θ ← θ − ε/√(δ + r)·g."""
    r = rho * r + keep * g * g
    return theta - lr / (outside + sqrt(inside + r)) * g, r


@dataclass
class Averages:
    """State; both change at every step.

    r, the decaying average of squared gradients, and v, the velocity (None without momentum),
    each of shape (..., P).
    """

    r: Array
    v: Array


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp: divide by the root of a decaying average of squared gradients.

    ::

        r ← ρ·r + (1 − ρ)·g²
        v ← α·v − ε / √(δ + r) · g,    g = ∇f(θ), with Nesterov's form ∇f(θ + α·v)
        θ ← θ + v

    Parameters
    ----------
    lr
        ε, the learning rate, > 0. The default 0.001 is Hinton's lecture's.
    rho
        ρ, the decay of the average, in [0, 1). Hinton's 0.9; PyTorch calls it alpha, 0.99.
    momentum
        α, the fraction of the velocity that is kept, in [0, 1); 0 is plain RMSProp.
    nesterov
        Whether the gradient is taken at θ + αv (Goodfellow et al., algorithm 8.6). Their algorithm
        has no δ: ``eps = 0`` is the algorithm as printed.
    eps
        δ, which avoids a division by zero, ≥ 0. The default 1e-6 is Hinton's lecture's.
    eps_inside_root
        Whether δ is added under the root. True, the default, is the form of Hinton's lecture.
        Keras adds it there since version 3, with 1e-7. PyTorch adds it outside, with 1e-8.

    References
    ----------
    Tieleman, T., and Hinton, G. (2012), Lecture 6.5: RMSProp, COURSERA: Neural Networks for
    Machine Learning. Goodfellow, I., Bengio, Y., and Courville, A. (2016), Deep Learning,
    algorithms 8.5 and 8.6.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus:size=2", "rmsprop:lr=0.05,rho=0.99", steps=1).theta.round(3)
    array([0.5, 0.5])
    """

    lr: Positive = 0.001
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    nesterov: bool = False
    eps: NonNegative = 1e-6
    eps_inside_root: bool = True

    def __post_init__(self) -> None:
        if not self._moves and self.nesterov:
            raise ValueError("nesterov needs a momentum above 0")

    def init(self, theta: Array, oracle: Oracle) -> Averages:
        """Start at rest, with no gradients seen."""
        zeros = oracle.xp.zeros_like
        return Averages(r=zeros(theta), v=zeros(theta) if self._moves else None)

    def step(self, theta: Array, state: Averages, oracle: Oracle) -> tuple[Array, Averages]:
        """Do one step."""
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        look = theta
        if self.nesterov:
            look = theta + coefficient(oracle.xp, self.momentum, theta) * state.v
        g = oracle.gradient(look)
        decay = (self.lr, self.rho, 1 - self.rho)
        if state.v is None:
            theta, state.r = update_without_momentum(theta, g, state.r, *decay, inside, outside)
        else:
            theta, state.r, state.v = update(
                theta, g, state.r, state.v, *decay, self.momentum, inside, outside
            )
        return theta, state

    def on_scaled_loss(self, factor: float) -> "RMSProp":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ is 0."""
        return frozenset({"loss scale"}) if self.eps == 0 else frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array | None:
        """Return −ε Σ g/√(δ + (1 − ρⁱ)g²) over i = 1, ..., k; None with momentum."""
        if self._moves:
            return None
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        averages = [(1 - self.rho**i) * gradient * gradient for i in range(1, steps + 1)]
        divisors = [(inside + average) ** 0.5 + outside for average in averages]
        return -self.lr * sum(gradient / divisor for divisor in divisors)

    @cached_property
    def _moves(self) -> bool:
        """Whether there is a velocity: the momentum is not the number 0, be it a schedule."""
        return not (isinstance(self.momentum, Real) and self.momentum == 0)
