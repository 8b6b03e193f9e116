"""AdaGrad: each parameter's learning rate falls as its squared gradients add up."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from optframe import (
    Array,
    NonNegative,
    Optimizer,
    Oracle,
    Positive,
    Space,
    coefficient,
    elementwise,
    sqrt,
    where,
)
from optframe_plugins.usual_spaces import sivaprasad, unpublished

__all__ = ["AdaGrad"]


@elementwise
def update(theta, g, r, lr, inside, outside):
    """R ← r + g²; θ ← θ − ε/(δ + √r)·g."""
    r = r + g * g
    return theta - lr / (outside + sqrt(r + inside)) * g, r


@elementwise
def update_guarded(theta, g, r, lr, inside, outside):
    """R ← r + g²; θ ← θ − ε/(δ + √r)·g where r > 0."""
    r = r + g * g
    return theta - where(r > 0.0, lr / (outside + sqrt(r + inside)), 0.0) * g, r


@dataclass
class SquaredGradients:
    """r, the sum of squared gradients, shape (..., P); changes at every step."""

    r: Array


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """AdaGrad: divide by the root of the sum of all squared gradients.

    ::

        r ← r + g²,    r = r₀ before the first step
        θ ← θ − ε / (δ + √r) · g

    Parameters
    ----------
    lr
        ε, the learning rate, > 0. PyTorch's ``lr_decay`` is the schedule ``inverse-time``.
    eps
        δ, which avoids a division by zero, ≥ 0. The default 1e-7 is that of Goodfellow et al.,
        algorithm 8.4; PyTorch has 1e-10.
    eps_inside_root
        Whether δ is added under the root, ε / √(r + δ), as in Duchi et al., optax and Keras. The
        default adds it outside, as Goodfellow et al. and PyTorch do.
    initial
        r₀, where the sum begins, ≥ 0. The default is 0, as in the paper and PyTorch
        (``initial_accumulator_value``). optax and Keras have 0.1.
    zero_guard
        Whether a parameter stays where r is 0, as in optax. Without it, a parameter whose gradient
        has been 0 so far becomes NaN with δ = 0, and one whose g² is rounded to 0 moves by ε/δ·g.

    References
    ----------
    Duchi, J., Hazan, E., and Singer, Y. (2011), Adaptive subgradient methods for online learning
    and stochastic optimization, JMLR 12, 2121–2159. Goodfellow, I., Bengio, Y., and Courville, A.
    (2016), Deep Learning, algorithm 8.4.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus", "adagrad:lr=1", steps=1).loss < 1e-9
    True
    """

    lr: Positive = 0.01
    eps: NonNegative = 1e-7
    eps_inside_root: bool = False
    initial: NonNegative = field(default=0.0, metadata={"added": True})
    zero_guard: bool = field(default=False, metadata={"added": True})

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": Space(
            3.9e-5,
            2.5,
            "log",
            source=sivaprasad(
                "the prior of AdaGrad, 10^N(−2.0046, 1.2045), two deviations to either side"
            ),
        ),
        "eps": Space(
            1e-10,
            1e-4,
            "log",
            source=unpublished(
                "three decades to either side of the default, which is PyTorch's at the low end"
            ),
        ),
        "initial": Space(
            values=(0.0, 0.1), source="the defaults of PyTorch, 0, and of optax and Keras, 0.1"
        ),
    }

    def init(self, theta: Array, oracle: Oracle) -> SquaredGradients:
        """Start with no gradients seen."""
        zeros = oracle.xp.zeros_like(theta)
        return SquaredGradients(r=zeros + coefficient(oracle.xp, self.initial, theta))

    def step(
        self, theta: Array, state: SquaredGradients, oracle: Oracle
    ) -> tuple[Array, SquaredGradients]:
        """Do one step."""
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        g = oracle.gradient(theta)
        rule = update_guarded if self.zero_guard else update
        theta, state.r = rule(theta, g, state.r, self.lr, inside, outside)
        return theta, state

    def on_scaled_loss(self, factor: float) -> "AdaGrad":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale, initial=self.initial * factor * factor)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ and r₀ are 0."""
        return frozenset({"loss scale"}) if self.eps == 0 == self.initial else frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −ε Σ g/(√(r₀ + i·g²) + δ) over i = 1, ..., k."""
        squared = gradient * gradient
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        sums = [self.initial + i * squared for i in range(1, steps + 1)]
        divisors = [(inside + r) ** 0.5 + outside for r in sums]
        return -self.lr * sum(gradient / divisor for divisor in divisors)
