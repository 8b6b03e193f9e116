"""Lion: steps by the sign of an average of momentum and gradient."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
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
    sign,
)
from optframe_plugins.usual_spaces import ADAM_BETA1, unpublished

__all__ = ["Lion"]


@elementwise
def update(theta, g, m, shrink, lr, beta1, keep1, beta2, keep2):
    """θ ← θ − ε(sign(β₁m + (1−β₁)g) + λθ); m ← β₂m + (1−β₂)g."""
    direction = sign(beta1 * m + keep1 * g)
    return shrink * theta - lr * direction, beta2 * m + keep2 * g


@dataclass
class Momentum:
    """m, the decaying average of gradients, shape (..., P); changes at every step."""

    m: Array


@dataclass(frozen=True)
class Lion(Optimizer):
    """Lion: move each parameter by ±ε, by the sign of an average of past gradients.

    ::

        c = β₁·m + (1 − β₁)·g
        θ ← θ − ε·(sign(c) + λ·θ)
        m ← β₂·m + (1 − β₂)·g

    Parameters
    ----------
    lr
        ε, the step size, > 0. Every parameter moves by it, so it is smaller than Adam's.
        This and the next two defaults are the paper's.
    beta1, beta2
        β₁ and β₂, the weight of the old average in the step and in the new average, in [0, 1).
    weight_decay
        λ, ≥ 0, decoupled as in AdamW. optax's default is 0.001, the paper's 0.

    References
    ----------
    Chen, X., et al. (2023), Symbolic discovery of optimization algorithms, NeurIPS, program 1.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus:size=2", "lion:lr=0.25", steps=1).theta
    array([0.75, 0.75])
    """

    lr: Positive = 0.0001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.99
    weight_decay: NonNegative = 0.0

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": Space(
            2.7e-7,
            0.033,
            "log",
            source="Chen et al. (2023): 3 to 10 times smaller than AdamW's; a tenth of "
            "this library's space for AdamW",
        ),
        "weight_decay": Space(
            0.05,
            10.0,
            "log",
            source="Chen et al. (2023): 3 to 10 times larger than AdamW's; ten times "
            "this library's space for AdamW. The default is no decay, which no logarithm "
            "reaches",
        ),
        "beta1": ADAM_BETA1,
        "beta2": Space(
            0.9,
            0.999,
            "one-minus-log",
            source=unpublished("a decade of 1 − β₂ to either side of the paper's 0.99"),
        ),
    }

    def init(self, theta: Array, oracle: Oracle) -> Momentum:
        """Start with no gradients seen."""
        return Momentum(m=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Momentum, oracle: Oracle) -> tuple[Array, Momentum]:
        """Do one step."""
        shrink = 1 - self.lr * self.weight_decay
        betas = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2)
        theta, state.m = update(theta, oracle.gradient(theta), state.m, shrink, self.lr, *betas)
        return theta, state

    def invariances(self) -> frozenset[str]:
        """Return loss scale: a sign has none."""
        return frozenset({"loss scale"})

    def displacement(self, gradient: Array, steps: int) -> Array | None:
        """Return −kε·sign(g); None with weight decay, since it depends on θ."""
        if not (isinstance(self.weight_decay, Real) and self.weight_decay == 0):
            return None
        return -steps * self.lr * gradient / abs(gradient)
