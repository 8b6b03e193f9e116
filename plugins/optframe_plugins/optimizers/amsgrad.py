"""AMSGrad: Adam whose denominator never shrinks."""

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
    maximum,
    sqrt,
)
from optframe_plugins.eps_hat import beside_corrected_root
from optframe_plugins.usual_spaces import ADAM_BETA1, ADAM_BETA2, ADAM_EPS, ADAM_LR

__all__ = ["AMSGrad"]


@elementwise
def update(
    theta, g, m, v, top, lr, beta1, keep1, beta2, keep2, bias1, before, after, inside, outside
):
    """Adam's step with the largest v̂ so far, its bias corrected before or after the maximum."""
    m = beta1 * m + keep1 * g
    v = beta2 * v + keep2 * g * g
    top = maximum(top, v / before)
    return theta - lr * (m / bias1) / (sqrt(top / after + inside) + outside), m, v, top


@dataclass
class Moments:
    """State; all change at every step.

    m and v as in Adam, top, the largest v (or v̂) so far, each of shape (..., P); decay1 and
    decay2, β₁ᵗ and β₂ᵗ.
    """

    m: Array
    v: Array
    top: Array
    decay1: Number = 1.0
    decay2: Number = 1.0


@dataclass(frozen=True)
class AMSGrad(Optimizer):
    """AMSGrad: divide by the largest average of squared gradients seen so far.

    ::

        m ← β₁·m + (1 − β₁)·g
        v ← β₂·v + (1 − β₂)·g²
        v_max ← max(v_max, v)
        θ ← θ − ε · m̂ / (√(v_max / (1 − β₂ᵗ)) + δ),    m̂ = m / (1 − β₁ᵗ)

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
    bias_correct_max
        Whether the maximum is taken of the corrected v̂ = v / (1 − β₂ᵗ), as in optax. The default
        takes it of v and corrects afterwards, as in PyTorch and Keras. The paper has no bias
        correction.
    eps_hat
        Whether δ is added to √v_max before the bias correction, θ ← θ − ε·√(1 − β₂ᵗ)·m̂ /
        (√v_max + δ), as in Keras; see Adam.

    References
    ----------
    Reddi, S. J., Kale, S., and Kumar, S. (2018), On the convergence of Adam and beyond, ICLR,
    algorithm 2.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("reddi", "amsgrad:beta1=0,beta2=0.1", sampler="single", steps=99).loss < 0
    True
    """

    lr: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: NonNegative = 1e-8
    eps_inside_root: bool = False
    bias_correct_max: bool = False
    eps_hat: bool = field(default=False, metadata={"added": True})

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": ADAM_LR,
        "beta1": ADAM_BETA1,
        "beta2": ADAM_BETA2,
        "eps": ADAM_EPS,
    }

    def init(self, theta: Array, oracle: Oracle) -> Moments:
        """Start with no gradients seen."""
        zeros = oracle.xp.zeros_like
        return Moments(m=zeros(theta), v=zeros(theta), top=zeros(theta))

    def step(self, theta: Array, state: Moments, oracle: Oracle) -> tuple[Array, Moments]:
        """Do one step."""
        state.decay1 = state.decay1 * self.beta1
        state.decay2 = state.decay2 * self.beta2
        bias2 = 1 - state.decay2
        before, after = (bias2, 1.0) if self.bias_correct_max else (1.0, bias2)
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        if self.eps_hat:
            inside, outside = beside_corrected_root(oracle.xp, inside, outside, bias2)
        betas = (self.beta1, 1 - self.beta1, self.beta2, 1 - self.beta2)
        bias = (1 - state.decay1, before, after)
        g = oracle.gradient(theta)
        theta, state.m, state.v, state.top = update(
            theta, g, state.m, state.v, state.top, self.lr, *betas, *bias, inside, outside
        )
        return theta, state

    def on_scaled_loss(self, factor: float) -> "AMSGrad":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ is 0."""
        return frozenset({"loss scale"}) if self.eps == 0 else frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array:
        """Return −kε·g/(|g| + δ): with a constant gradient m̂ = g, v̂ = g², its maximum.

        With ε̂ it is the sum over i = 1, ..., k, in which δ is ε̂/√(1 − β₂ⁱ).
        """
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        squared = gradient * gradient
        if not self.eps_hat:
            return -steps * self.lr * gradient / ((squared + inside) ** 0.5 + outside)
        biases = [1 - self.beta2**i for i in range(1, steps + 1)]
        divisors = [(squared + inside / b) ** 0.5 + outside / b**0.5 for b in biases]
        return -self.lr * sum(gradient / divisor for divisor in divisors)
