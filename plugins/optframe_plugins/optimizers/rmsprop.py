"""RMSProp, plain, with momentum, and with Nesterov momentum."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar, Literal

from optframe import (
    Array,
    Fraction,
    NonNegative,
    Number,
    Optimizer,
    Oracle,
    Positive,
    Space,
    coefficient,
    elementwise,
    maximum,
    sqrt,
)
from optframe_plugins.usual_spaces import ADAM_EPS, ADAM_LR, unpublished

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


@elementwise
def update_in_form(theta, g, r, v, rho, keep, inside, outside, momentum, push, along, ahead):
    """R ← ρr + (1−ρ)g²; u = g/√(δ + r); v ← αv − push·u; θ ← θ + along·v − ahead·u."""
    r = rho * r + keep * g * g
    u = g / (outside + sqrt(inside + r))
    v = momentum * v - push * u
    return theta + along * v - ahead * u, r, v


@elementwise
def update_centered(theta, g, r, m, v, rho, keep, inside, outside, momentum, push, along, ahead):
    """As `update_in_form`, with m ← ρm + (1−ρ)g and u = g/√(δ + r − m²)."""
    r = rho * r + keep * g * g
    m = rho * m + keep * g
    u = g / (outside + sqrt(inside + maximum(r - m * m, 0.0)))
    v = momentum * v - push * u
    return theta + along * v - ahead * u, r, m, v


@elementwise
def update_centered_without_momentum(theta, g, r, m, lr, rho, keep, inside, outside):
    """R ← ρr + (1−ρ)g²; m ← ρm + (1−ρ)g; θ ← θ − ε/√(δ + r − m²)·g."""
    r = rho * r + keep * g * g
    m = rho * m + keep * g
    return theta - lr / (outside + sqrt(inside + maximum(r - m * m, 0.0))) * g, r, m


@dataclass
class Averages:
    """State; both change at every step.

    r, the decaying average of squared gradients, and v, the velocity (None without momentum; −b in
    the form ``torch``), each of shape (..., P).
    """

    r: Array
    v: Array


@dataclass
class CenteredAverages:
    """State where r is centered: as `Averages`, and m, the decaying average of gradients."""

    r: Array
    v: Array
    m: Array


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """RMSProp: divide by the root of a decaying average of squared gradients.

    ::

        r ← ρ·r + (1 − ρ)·g²,    r = r₀ before the first step
        v ← α·v − ε / √(δ + r) · g,    g = ∇f(θ), with Nesterov's form ∇f(θ + α·v)
        θ ← θ + v

    The forms differ where there is a momentum, with u = g / √(δ + r)::

                    plain                          with Nesterov's momentum
        velocity    v ← α·v − ε·u    θ ← θ + v     the same, u at θ + α·v
        keras       the same                       v ← α·v − ε·u    θ ← θ + α·v − ε·u
        torch       b ← α·b + u      θ ← θ − ε·b   b ← α·b + u      θ ← θ − ε·(u + α·b)

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
        Keras adds it there since version 3, with 1e-7, and optax with 1e-8. PyTorch adds it
        outside, with 1e-8.
    centered
        Whether to divide by the deviation of the gradient from its average, √(r − m²), with
        m ← ρ·m + (1 − ρ)·g (Graves 2013, eq. 40). PyTorch, optax and Keras have it, off by default.
        Where rounding makes r − m² negative it counts as 0; the libraries have NaN there if δ is
        outside.
    initial
        r₀, where the average begins, ≥ 0. The default is 0, as in PyTorch and Keras, and in optax
        (``initial_scale``). TensorFlow 1 had 1.
    form
        The place of ε, and of Nesterov's momentum. ``velocity``, the default, has ε inside of the
        velocity, as Keras and optax have it without Nesterov's momentum. ``keras`` is optax's form
        with ``nesterov=True``. ``torch`` has ε outside, as PyTorch. Plain forms are one at a
        constant ε; a schedule that lowers ε shortens the whole step of ``torch``.

    References
    ----------
    Tieleman, T., and Hinton, G. (2012), Lecture 6.5: RMSProp, COURSERA: Neural Networks for
    Machine Learning. Goodfellow, I., Bengio, Y., and Courville, A. (2016), Deep Learning,
    algorithms 8.5 and 8.6. Centered: Graves, A. (2013), Generating sequences with recurrent neural
    networks, arXiv:1308.0850, eq. 38–41.

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
    centered: bool = field(default=False, metadata={"added": True})
    initial: NonNegative = field(default=0.0, metadata={"added": True})
    form: Literal["velocity", "keras", "torch"] = field(
        default="velocity", metadata={"added": True}
    )

    spaces: ClassVar[Mapping[str, Space]] = {
        "lr": ADAM_LR,
        "rho": Space(
            0.9,
            0.999,
            "one-minus-log",
            source=unpublished("from Hinton's 0.9, past PyTorch's 0.99"),
        ),
        "momentum": Space(
            0.0,
            0.98,
            "one-minus-log",
            source=unpublished("from none to the largest β₁ of AlgoPerf's AdamW"),
        ),
        "eps": ADAM_EPS,
        "initial": Space(
            values=(0.0, 1.0), source="the defaults of PyTorch, 0, and of TensorFlow 1, 1"
        ),
    }

    def __post_init__(self) -> None:
        if not self._moves and self.nesterov:
            raise ValueError("nesterov needs a momentum above 0")

    def init(self, theta: Array, oracle: Oracle) -> Averages | CenteredAverages:
        """Start at rest, with no gradients seen."""
        zeros = oracle.xp.zeros_like
        r = zeros(theta) + coefficient(oracle.xp, self.initial, theta)
        v = zeros(theta) if self._moves else None
        return CenteredAverages(r, v, m=zeros(theta)) if self.centered else Averages(r, v)

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do one step."""
        delta = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        look = theta
        if self.nesterov and self.form == "velocity":
            look = theta + coefficient(oracle.xp, self.momentum, theta) * state.v
        g = oracle.gradient(look)
        decay = (self.rho, 1 - self.rho)
        if self.centered:
            theta = self._step_centered(theta, g, state, (*decay, *delta))
        elif state.v is None:
            theta, state.r = update_without_momentum(theta, g, state.r, self.lr, *decay, *delta)
        elif self.form == "velocity":
            theta, state.r, state.v = update(
                theta, g, state.r, state.v, self.lr, *decay, self.momentum, *delta
            )
        else:
            theta, state.r, state.v = update_in_form(
                theta, g, state.r, state.v, *decay, *delta, *self._in_form()
            )
        return theta, state

    def _step_centered(
        self, theta: Array, g: Array, state: CenteredAverages, averaging: tuple[Number, ...]
    ) -> Array:
        if state.v is None:
            theta, state.r, state.m = update_centered_without_momentum(
                theta, g, state.r, state.m, self.lr, *averaging
            )
        else:
            theta, state.r, state.m, state.v = update_centered(
                theta, g, state.r, state.m, state.v, *averaging, *self._in_form()
            )
        return theta

    def _in_form(self) -> tuple[Number, Number, Number, Number]:
        """Return α, the factor of u in v, and the factors of v and of u in the step."""
        push, along = (1.0, self.lr) if self.form == "torch" else (self.lr, 1.0)
        if self.nesterov and self.form != "velocity":
            return self.momentum, push, self.momentum * along, self.lr
        return self.momentum, push, along, 0.0

    def on_scaled_loss(self, factor: float) -> "RMSProp":
        """Return the same steps for the loss times a factor: δ is in the unit of g, or of g²."""
        scale = factor * factor if self.eps_inside_root else factor
        return replace(self, eps=self.eps * scale, initial=self.initial * factor * factor)

    def invariances(self) -> frozenset[str]:
        """Return loss scale if δ and r₀ are 0."""
        return frozenset({"loss scale"}) if self.eps == 0 == self.initial else frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array | None:
        """Return −ε Σ g/√(δ + ρⁱr₀ + (1 − ρⁱ)g²) over i = 1, ..., k; None with momentum.

        Centered, (1 − ρⁱ)²g² is subtracted under the root.
        """
        if self._moves:
            return None
        inside, outside = (self.eps, 0.0) if self.eps_inside_root else (0.0, self.eps)
        squared, total = gradient * gradient, 0.0 * gradient
        for i in range(1, steps + 1):
            kept, seen = self.rho**i, 1 - self.rho**i
            average = kept * self.initial + seen * (kept if self.centered else 1) * squared
            total = total - self.lr * gradient / ((inside + average) ** 0.5 + outside)
        return total

    @cached_property
    def _moves(self) -> bool:
        """Whether there is a velocity: the momentum is not the number 0, be it a schedule."""
        return not (isinstance(self.momentum, Real) and self.momentum == 0)
