"""The base class of activations: y = φ(x), with φ' and φ'' in terms of y."""

from abc import abstractmethod
from typing import Any, ClassVar

from optframe import Array
from optframe_problems.network_parts.layers.layer import Layer, Own, Shape, Tangents

__all__ = ["Activation"]


class Activation(Layer):
    """y = φ(x) for each number, with an increasing φ.

    ::

        ∂f/∂x = φ'δ,    R{y} = φ'ẋ,    R{∂f/∂x} = φ'δ̇ + φ''ẋδ
    """

    overwrites: ClassVar[bool] = True
    increasing: ClassVar[bool] = True

    @abstractmethod
    def apply(self, xp: Any, x: Array) -> None:
        """Overwrite x with y."""

    @abstractmethod
    def times_slope(self, xp: Any, y: Array, delta: Array) -> None:
        """Overwrite δ with φ'δ; y may be overwritten."""

    @abstractmethod
    def slope(self, xp: Any, y: Array) -> Array:
        """Return φ'."""

    @abstractmethod
    def curvature(self, xp: Any, y: Array) -> Array | None:
        """Return φ'', or None where it is 0."""

    def outputs(self, shape: Shape) -> Shape:
        """Return the same."""
        return shape

    def forward(self, xp: Any, x: Array, own: Own) -> tuple[Array, Array]:
        """Return y, in the place of x, and keep it."""
        self.apply(xp, x)
        return x, x

    def backward(self, xp: Any, kept: Array, own: Own, delta: Array, slopes: Own) -> Array:
        """Return φ'δ, in the place of δ."""
        self.times_slope(xp, kept, delta)
        return delta

    def tangent(self, xp: Any, kept: Array, own: Own, own_dot: Own, x_dot: Array | None) -> Array:
        """Return φ'ẋ."""
        return self.slope(xp, kept) * x_dot

    def tangent_backward(
        self, xp: Any, kept: Any, own: Own, dots: Tangents, deltas: tuple[Array, Array], slopes: Own
    ) -> tuple[Array, Array]:
        """Return φ'δ and φ'δ̇ + φ''ẋδ."""
        delta, delta_dot = deltas
        slope, curvature = self.slope(xp, kept), self.curvature(xp, kept)
        backwards = slope * delta_dot
        if curvature is not None:
            backwards = backwards + curvature * dots.x * delta
        return slope * delta, backwards
