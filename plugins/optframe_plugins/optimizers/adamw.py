"""AdamW: Adam with weight decay that is applied to θ and not added to the gradient."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from optframe_plugins.eps_hat import beside_corrected_root
from optframe_plugins.optimizers.adam import Moments
from optframe_plugins.usual_spaces import ADAM_BETA1, ADAM_BETA2, ADAM_EPS, ADAM_LR, DECOUPLED_DECAY

__all__ = ["AdamW"]


@elementwise
def update(theta, g, m, v, shrink, lr, beta1, keep1, beta2, keep2, bias1, bias2, inside, outside):
    """θ ← (1 − ελ)θ; then Adam's step."""
    m = beta1 * m + keep1 * g
    v = beta2 * v + keep2 * g * g
    m_hat = m / bias1
    v_hat = v / bias2
    return shrink * theta - lr * m_hat / (sqrt(v_hat + inside) + outside), m, v


@dataclass(frozen=True)
class AdamW(Optimizer):
    """AdamW: Adam with decoupled weight decay, which is not divided by √v̂.

    ::

        θ ← θ − ε·λ·θ
        θ ← θ − ε · m̂ / (√v̂ + δ),    m̂ and v̂ as in Adam, of the gradient without λθ

    Parameters
    ----------
    lr
        ε, the step size, > 0.
    beta1, beta2
        β₁ and β₂, the decay of the two averages, in [0, 1).
    eps
        δ, which avoids a division by zero, ≥ 0.
    eps_inside_root
        Whether δ is added under the root.
    weight_decay
        λ, ≥ 0: per step, θ shrinks by ε·λ, as in PyTorch, optax and Keras. The default 0.01 is
        PyTorch's; optax has 0.0001, and Keras 0.004. For a decay that does not depend on ε, or
        comes after the step, see the wrapper ``weight-decay`` around ``adam``.
    eps_hat
        Whether δ is added to √v before the bias correction, as in Keras; see Adam.

    References
    ----------
    Loshchilov, I., and Hutter, F. (2019), Decoupled weight decay regularization, ICLR,
    algorithm 2 (whose schedule multiplier η is ε here, and α is 1).

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere:size=2", "adamw:lr=0.1,weight_decay=1", steps=1).theta.round(6)
    array([0.8, 0.8])
    """

    lr: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_inside_root: bool = False
    weight_decay: NonNegative = 0.01
    eps_hat: bool = field(default=False, metadata={"added": True})

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": ADAM_LR,
        "weight_decay": DECOUPLED_DECAY,
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
        shrink = 1 - self.lr * self.weight_decay
        betas = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2)
        bias = (1 - state.decay1, 1 - state.decay2)
        if self.eps_hat:
            inside, outside = beside_corrected_root(oracle.xp, inside, outside, bias[1])
        g = oracle.gradient(theta)
        theta, state.m, state.v = update(
            theta, g, state.m, state.v, shrink, self.lr, *betas, *bias, inside, outside
        )
        return theta, state

    def on_scaled_loss(self, factor: float) -> "AdamW":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ is 0."""
        return frozenset({"loss scale"}) if self.eps == 0 else frozenset()
