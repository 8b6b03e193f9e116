"""Gradient clipping by norm."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from optframe import Array, Optimizer, Oracle, Positive, Space, Wrapper, coefficient
from optframe_plugins.usual_spaces import unpublished

__all__ = ["ClipNorm"]


@dataclass(frozen=True)
class ClipNorm(Wrapper):
    """Clip by norm: shorten gradients that are longer than a limit, and keep their direction.

    ::

        g ← g · min(1, c / ‖g‖)

    Parameters
    ----------
    optimizer
        The optimizer that sees the clipped gradients.
    max
        c, the largest norm, > 0.

    References
    ----------
    Pascanu, R., Mikolov, T., and Bengio, Y. (2013), On the difficulty of training recurrent neural
    networks, ICML, algorithm 1.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere:size=4", "sgd:lr=1+clip-norm:max=1", steps=1).theta
    array([0.5, 0.5, 0.5, 0.5])
    """

    optimizer: Optimizer
    max: Positive = 1.0

    spaces: ClassVar[Mapping[str, Space]] = {
        "max": Space(
            0.1, 10.0, "log", source=unpublished("a decade to either side of the default")
        ),
    }

    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Do the optimizer's step with clipped gradients."""
        xp = oracle.xp

        def clip(g: Array) -> Array:
            # Divided by the largest component: neither a square nor the norm overflows.
            top = xp.max(xp.abs(g), axis=-1, keepdims=True)
            top = xp.where(top == 0, xp.ones_like(top), top)
            scaled = g / top
            length = xp.sqrt(xp.sum(scaled * scaled, axis=-1, keepdims=True))  # ≥ 1, or g is 0
            limit = coefficient(xp, self.max, g)
            shortened = scaled * (limit / xp.maximum(length, xp.ones_like(length)))
            return xp.where(length <= limit / top, g, shortened)

        return self.optimizer.step(theta, state, oracle.through(clip))

    def on_scaled_loss(self, factor: float) -> "ClipNorm":
        """Return the same for the loss times a factor: c is a norm of a gradient."""
        return replace(self, max=self.max * factor)
