"""AdaDelta: steps in the units of the parameters, without a learning rate to choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from optframe import (
    Array,
    Fraction,
    NonNegative,
    Optimizer,
    Oracle,
    Positive,
    Space,
    elementwise,
    sqrt,
)
from optframe_plugins.usual_spaces import unpublished

__all__ = ["AdaDelta"]


@elementwise
def update(theta, g, r, u, lr, rho, keep, inside, outside):
    """R ← ρr + (1−ρ)g²; Δ = √(u + δ)/√(r + δ)·g; θ ← θ − εΔ; u ← ρu + (1−ρ)Δ²."""
    r = rho * r + keep * g * g
    delta = (sqrt(u + inside) + outside) / (sqrt(r + inside) + outside) * g
    return theta - lr * delta, r, rho * u + keep * delta * delta


@dataclass
class Averages:
    """State; both change at every step.

    r and u, the decaying averages of squared gradients and of squared steps, shape (..., P).
    """

    r: Array
    u: Array


@dataclass(frozen=True)
class AdaDelta(Optimizer):
    """AdaDelta: scale the gradient by the ratio of two averages, of past steps and past gradients.

    ::

        r ← ρ·r + (1 − ρ)·g²
        Δ = √(u + δ) / √(r + δ) · g
        u ← ρ·u + (1 − ρ)·Δ²
        θ ← θ − ε·Δ

    Parameters
    ----------
    lr
        ε, a factor on the step, > 0. The paper has no such factor; PyTorch's default is 1, too.
    rho
        ρ, the decay of both averages, in [0, 1). The paper's 0.95; PyTorch has 0.9.
    eps
        δ, ≥ 0. It sets the first step's size, about √(δ / (1 − ρ)). The paper's and PyTorch's 1e-6.
    eps_inside_root
        Whether δ is added under the roots. True, the default, is the paper's and PyTorch's form.

    References
    ----------
    Zeiler, M. D. (2012), ADADELTA: an adaptive learning rate method, arXiv:1212.5701, algorithm 1.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus:size=2", "adadelta:rho=0.99", steps=1).theta.round(3)
    array([0.99, 0.99])
    """

    lr: Positive = 1.0
    rho: Fraction = 0.95
    eps: NonNegative = 1e-6
    eps_inside_root: bool = True

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": Space(
            0.1,
            10.0,
            "log",
            source=unpublished("a decade to either side of the default, the paper's"),
        ),
        "rho": Space(
            0.9, 0.99, "one-minus-log", source="the settings that Zeiler (2012) compares on MNIST"
        ),
        "eps": Space(1e-8, 1e-2, "log", source="the settings that Zeiler (2012) compares on MNIST"),
    }

    def init(self, theta: Array, oracle: Oracle) -> Averages:
        """Start with no gradients and no steps seen."""
        return Averages(r=oracle.xp.zeros_like(theta), u=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Averages, oracle: Oracle) -> tuple[Array, Averages]:
        """Do one step."""
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        g = oracle.gradient(theta)
        theta, state.r, state.u = update(
            theta, g, state.r, state.u, self.lr, self.rho, 1 - self.rho, inside, outside
        )
        return theta, state
