"""Adam: momentum and RMSProp combined, with bias correction."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from optframe import (
    Array,
    Fraction,
    NonNegative,
    Number,
    Optimizer,
    Oracle,
    Positive,
    Space,
    elementwise,
    sqrt,
)
from optframe_plugins.eps_hat import beside_corrected_root
from optframe_plugins.usual_spaces import ADAM_BETA1, ADAM_BETA2, ADAM_EPS, ADAM_LR

__all__ = ["Adam"]


@elementwise
def update(theta, g, m, v, lr, beta1, keep1, beta2, keep2, bias1, bias2, inside, outside):
    """M ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; θ ← θ − ε·m̂/(√v̂ + δ)."""
    m = beta1 * m + keep1 * g
    v = beta2 * v + keep2 * g * g
    m_hat = m / bias1
    v_hat = v / bias2
    return theta - lr * m_hat / (sqrt(v_hat + inside) + outside), m, v


@dataclass
class Moments:
    """State; all change at every step.

    m and v, the decaying averages of gradients and of their squares, each of shape (..., P);
    decay1 and decay2, the products of β₁ and of β₂ over the t steps so far. Unlike powers, products
    have the same bits in a batch of runs with a β each, and stay right where a schedule changes β.
    """

    m: Array
    v: Array
    decay1: Number = 1.0
    decay2: Number = 1.0


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam: adaptive moment estimation.

    ::

        t ← t + 1
        m ← β₁·m + (1 − β₁)·g
        v ← β₂·v + (1 − β₂)·g²
        m̂ = m / (1 − β₁ᵗ),    v̂ = v / (1 − β₂ᵗ)
        θ ← θ − ε · m̂ / (√v̂ + δ)

    With δ = 0 the steps do not change when the loss is scaled. On a constant gradient every step
    is −ε·sign(g), up to the effect of δ.

    Parameters
    ----------
    lr
        ε, the step size, > 0. This and the other defaults are the paper's.
    beta1, beta2
        β₁ and β₂, the decay of the two averages, in [0, 1).
    eps
        δ, which avoids a division by zero, ≥ 0.
    eps_inside_root
        Whether δ is added under the root, √(v̂ + δ). The default adds it outside, as the paper,
        PyTorch and optax do (optax's ``eps_root`` is the form inside).
    eps_hat
        Whether δ is the ε̂ of the paper's section 2: it is added to √v (or, under the root, to v)
        before the bias correction, θ ← θ − ε·√(1 − β₂ᵗ)·m̂ / (√v + ε̂), as Keras does. The steps
        are those of δ = ε̂ / √(1 − β₂ᵗ), which falls to ε̂; at the first step with the default β₂
        it is 32 times as large. The default is the paper's algorithm 1, of PyTorch and optax.

    References
    ----------
    Kingma, D. P., and Ba, J. (2015), Adam: a method for stochastic optimization, ICLR,
    algorithm 1.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus:size=2", "adam:lr=0.1", steps=1).theta.round(6)
    array([0.9, 0.9])
    """

    lr: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_inside_root: bool = False
    eps_hat: bool = field(default=False, metadata={"added": True})

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": ADAM_LR,
        "beta1": ADAM_BETA1,
        "beta2": ADAM_BETA2,
        "eps": ADAM_EPS,
    }

    def init(self, theta: Array, oracle: Oracle) -> Moments:
        """Start with no gradients seen."""
        return Moments(m=oracle.xp.zeros_like(theta), v=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Moments, oracle: Oracle) -> tuple[Array, Moments]:
        """Do one step."""
        state.decay1 = state.decay1 * self.beta1
        state.decay2 = state.decay2 * self.beta2
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        betas = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2)
        bias = (1 - state.decay1, 1 - state.decay2)
        if self.eps_hat:
            inside, outside = beside_corrected_root(oracle.xp, inside, outside, bias[1])
        g = oracle.gradient(theta)
        theta, state.m, state.v = update(
            theta, g, state.m, state.v, self.lr, *betas, *bias, inside, outside
        )
        return theta, state

    def on_scaled_loss(self, factor: float) -> "Adam":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ is 0."""
        return frozenset({"loss scale"}) if self.eps == 0 else frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −kε·g/(|g| + δ): with a constant gradient m̂ = g and v̂ = g² at every step.

        With ε̂ it is the sum over i = 1, ..., k, in which δ is ε̂/√(1 − β₂ⁱ).
        """
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        squared = gradient * gradient
        if not self.eps_hat:
            return -steps * self.lr * gradient / ((squared + inside) ** 0.5 + outside)
        biases = [1 - self.beta2**i for i in range(1, steps + 1)]
        divisors = [(squared + inside / b) ** 0.5 + outside / b**0.5 for b in biases]
        return -self.lr * sum(gradient / divisor for divisor in divisors)
