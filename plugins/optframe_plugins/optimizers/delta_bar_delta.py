"""Delta-bar-delta: each parameter's learning rate grows while its gradient keeps its sign."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from optframe import (
    Array,
    Fraction,
    NonNegative,
    Optimizer,
    Oracle,
    Positive,
    Space,
    coefficient,
    elementwise,
    sign,
    where,
)
from optframe_plugins.usual_spaces import SGD_LR, unpublished

__all__ = ["DeltaBarDelta"]


@elementwise
def update(theta, g, rates, average, increase, keep, smoothing, rest):
    """ε ← ε + κ or (1−φ)ε by the sign of g·ḡ; θ ← θ − εg; ḡ ← sḡ + (1−s)g."""
    agreement = sign(average) * g
    rates = where(agreement > 0, rates + increase, where(agreement < 0, keep * rates, rates))
    return theta - rates * g, rates, smoothing * average + rest * g


@dataclass
class Rates:
    """State; both change at every step.

    rates, ε of each parameter, and average, ḡ, the smoothed past gradients, shape (..., P).
    """

    rates: Array
    average: Array


@dataclass(frozen=True)
class DeltaBarDelta(Optimizer):
    """Delta-bar-delta: adapt each learning rate by the signs of the gradient and its past average.

    ::

        ε ← ε + κ        where ḡ·g > 0
        ε ← (1 − φ)·ε    where ḡ·g < 0
        θ ← θ − ε ∘ g
        ḡ ← s·ḡ + (1 − s)·g

    At the first step ḡ is 0, so no rate changes. The method needs full batches: with minibatches,
    signs change because of noise.

    Parameters
    ----------
    lr
        ε of every parameter at the start, > 0. Jacobs chose ε, κ and φ for each problem; the
        defaults here are this library's.
    increase
        κ, added where the sign is kept, ≥ 0.
    decrease
        φ, the fraction of ε that is subtracted where it changes, in [0, 1).
    smoothing
        s, the weight of the past in ḡ, in [0, 1); with 0, ḡ is the last gradient. Jacobs calls it
        θ and uses 0.7.

    References
    ----------
    Jacobs, R. A. (1988), Increased rates of convergence through learning rate adaptation, Neural
    Networks 1, 295–307, eq. 6.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere", "delta-bar-delta:increase=0.01", steps=50).loss < 1e-20
    True
    """

    needs = frozenset({"gradient", "deterministic"})

    lr: Positive = 0.01
    increase: NonNegative = 0.001
    decrease: Fraction = 0.1
    smoothing: Fraction = 0.7

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": SGD_LR,
        "increase": Space(
            1e-5,
            0.1,
            "log",
            source=unpublished(
                "Jacobs (1988) chose it for each problem; two decades to either side of the default"
            ),
        ),
        "decrease": Space(
            0.01,
            0.9,
            "log",
            source=unpublished(
                "Jacobs (1988) chose it for each problem; about a decade to either side of the "
                "default"
            ),
        ),
        "smoothing": Space(
            0.0,
            0.97,
            "one-minus-log",
            source=unpublished(
                "from the last gradient alone to ten times as long a memory as Jacobs's 0.7"
            ),
        ),
    }

    def init(self, theta: Array, oracle: Oracle) -> Rates:
        """Start with the same rate everywhere and no past."""
        zeros = oracle.xp.zeros_like
        return Rates(zeros(theta) + coefficient(oracle.xp, self.lr, theta), zeros(theta))

    def step(self, theta: Array, state: Rates, oracle: Oracle) -> tuple[Array, Rates]:
        """Do one step."""
        change = (self.increase, 1 - self.decrease, self.smoothing, 1 - self.smoothing)
        theta, state.rates, state.average = update(
            theta, oracle.gradient(theta), state.rates, state.average, *change
        )
        return theta, state

    def on_scaled_loss(self, factor: float) -> "DeltaBarDelta":
        """Return the same steps for the loss times a factor."""
        return replace(self, lr=self.lr / factor, increase=self.increase / factor)

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −(kε + κ·k(k − 1)/2)·g: the rate grows by κ from the second step on."""
        return -(steps * self.lr + self.increase * steps * (steps - 1) / 2) * gradient
