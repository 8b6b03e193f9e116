"""NAdam: Adam with Nesterov's momentum."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

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
from optframe_plugins.usual_spaces import ADAM_BETA2, ADAM_EPS, ADAM_LR, algoperf, unpublished

__all__ = ["NAdam"]


@elementwise
def update(theta, g, m, v, ahead, now, beta1, keep1, beta2, keep2, bias2, inside, outside):
    """M and v as in Adam; θ ← θ − (ahead·m + now·g) / (√v̂ + δ)."""
    m = beta1 * m + keep1 * g
    v = beta2 * v + keep2 * g * g
    return theta - (ahead * m + now * g) / (sqrt(v / bias2 + inside) + outside), m, v


@dataclass
class Moments:
    """State; all change at every step.

    m and v as in Adam, shape (..., P); t, the steps done; product, ∏ μᵢ up to t (or β₁ᵗ); decay2,
    β₂ᵗ.
    """

    m: Array
    v: Array
    t: int = 0
    product: Number = 1.0
    decay2: Number = 1.0


@dataclass(frozen=True)
class NAdam(Optimizer):
    """NAdam: Adam that applies the momentum of the next step already in this one.

    ::

        μ_t = β₁·(1 − ½·0.96^(t·ψ)),    Π_t = μ₁·…·μ_t
        m ← β₁·m + (1 − β₁)·g,    v ← β₂·v + (1 − β₂)·g²
        m̂ = μ_{t+1}·m / (1 − Π_{t+1}) + (1 − μ_t)·g / (1 − Π_t)
        θ ← θ − ε · m̂ / (√v̂ + δ)

    Parameters
    ----------
    lr
        ε, the step size, > 0. PyTorch's 0.002.
    beta1, beta2
        β₁ and β₂, the decay of the two averages, in [0, 1).
    eps
        δ, which avoids a division by zero, ≥ 0.
    eps_inside_root
        Whether δ is added under the root.
    momentum_decay
        ψ, ≥ 0, how fast the warm-up of the momentum ends. The default 0.004 is PyTorch's, and 1
        is Keras's. 0 selects optax's form, in which μ_t = β₁ at every step, so
        m̂ = β₁·m / (1 − β₁ᵗ⁺¹) + (1 − β₁)·g / (1 − β₁ᵗ).

    References
    ----------
    Dozat, T. (2016), Incorporating Nesterov momentum into Adam, ICLR workshop, algorithm 2.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("quadratic", "nadam:lr=0.1", steps=200).loss < 1e-20
    True
    """

    lr: Positive = 0.002
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_inside_root: bool = False
    momentum_decay: NonNegative = 0.004

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": ADAM_LR,
        "beta1": Space(0.9, 0.996, "one-minus-log", source=algoperf("NAdamW")),
        "beta2": ADAM_BETA2,
        "eps": ADAM_EPS,
        "momentum_decay": Space(
            4e-4, 4e-2, "log", source=unpublished("a decade to either side of PyTorch's 0.004")
        ),
    }

    def init(self, theta: Array, oracle: Oracle) -> Moments:
        """Start with no gradients seen."""
        return Moments(m=oracle.xp.zeros_like(theta), v=oracle.xp.zeros_like(theta))

    def step(self, theta: Array, state: Moments, oracle: Oracle) -> tuple[Array, Moments]:
        """Do one step."""
        state.t += 1
        this, following = (self._momentum(oracle.xp, t) for t in (state.t, state.t + 1))
        state.product = state.product * this
        state.decay2 = state.decay2 * self.beta2
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        ahead = self.lr * following / (1 - state.product * following)
        now = self.lr * (1 - this) / (1 - state.product)
        betas = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2)
        g = oracle.gradient(theta)
        theta, state.m, state.v = update(
            theta, g, state.m, state.v, ahead, now, *betas, 1 - state.decay2, inside, outside
        )
        return theta, state

    def on_scaled_loss(self, factor: float) -> "NAdam":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ is 0."""
        return frozenset({"loss scale"}) if self.eps == 0 else frozenset()

    def _momentum(self, xp: Any, t: int) -> Number:
        """μ_t; without a decay it is β₁."""
        decay = self.momentum_decay
        warming: Any = 0.96 ** (t * decay)
        if getattr(decay, "shape", ()):  # the runs of a batch have different decays
            warming = xp.where(decay == 0, xp.zeros_like(warming), warming)
        elif decay == 0:
            return self.beta1
        momentum: Number = self.beta1 * (1 - 0.5 * warming)
        return momentum
