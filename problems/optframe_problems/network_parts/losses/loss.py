"""A loss: the mean over the records of a function of a network's outputs and the target."""

from abc import ABC, abstractmethod
from typing import Any

from optframe import Array

__all__ = ["Loss", "own_places"]


class Loss(ABC):
    """f = mean ℓ(z, y), over records, with outputs z of shape (..., B, C) and targets y (..., B).

    All but `curvature` may overwrite z.
    """

    @abstractmethod
    def value(self, xp: Any, z: Array, targets: Array) -> Array:
        """Return f, shape (...)."""

    @abstractmethod
    def slope(self, xp: Any, z: Array, targets: Array) -> Array:
        """Return δ = ∂f/∂z, shape (..., B, C)."""

    @abstractmethod
    def value_and_slope(self, xp: Any, z: Array, targets: Array) -> tuple[Array, Array]:
        """Return both."""

    @abstractmethod
    def curvature(self, xp: Any, z: Array, targets: Array, z_dot: Array) -> tuple[Array, Array]:
        """Return δ, and δ̇, its derivative along ż."""


def own_places(xp: Any, columns: Array, targets: Array) -> Array:
    """Return where in flattened (..., C, B) each record's own class stands, shape (..., B)."""
    *runs, classes, count = columns.shape
    own = targets * count + xp.arange(count)
    if runs:
        own = own + xp.arange(0, columns.size, classes * count).reshape(*runs, 1)
    return own
