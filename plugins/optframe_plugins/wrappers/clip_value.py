"""Gradient clipping by value."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from optframe import Array, Optimizer, Oracle, Positive, Space, Wrapper, coefficient
from optframe_plugins.usual_spaces import unpublished

__all__ = ["ClipValue"]


@dataclass(frozen=True)
class ClipValue(Wrapper):
    """Clip by value: cut each component of the gradient at a limit.

    ::

        gᵢ ← min(max(gᵢ, −c), c)

    Parameters
    ----------
    optimizer
        The optimizer that sees the clipped gradients.
    max
        c, the largest component, > 0.

    References
    ----------
    Mikolov, T. (2012), Statistical language models based on neural networks, PhD thesis, Brno.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("discus:size=2", "sgd:lr=1+clip-value:max=0.5", steps=1).theta
    array([0.5, 0.5])
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
            limit = xp.zeros_like(g) + coefficient(xp, self.max, g)
            return xp.minimum(xp.maximum(g, -limit), limit)

        return self.optimizer.step(theta, state, oracle.through(clip))

    def on_scaled_loss(self, factor: float) -> "ClipValue":
        """Return the same for the loss times a factor: c is a gradient."""
        return replace(self, max=self.max * factor)
