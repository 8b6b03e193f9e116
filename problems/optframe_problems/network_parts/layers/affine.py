"""The base class of layers with parameters: y = x∘W + b, with ∘ linear in each factor."""

from abc import abstractmethod
from typing import Any

from optframe import Array
from optframe_problems.network_parts.layers.layer import Layer, Own, Tangents

__all__ = ["Affine"]


class Affine(Layer):
    """y = x∘W + b. The product's adjoints are defined by δ·(ẋ∘W) = ẋ·δ_x and δ·(x∘Ẇ) = Ẇ·δ_W.

    With them all derivatives follow by the product rule::

        ∂f/∂x = δ_x(δ, W)                        ∂f/∂W = δ_W(x, δ)
        R{y} = ẋ∘W + x∘Ẇ + ḃ
        R{∂f/∂x} = δ_x(δ̇, W) + δ_x(δ, Ẇ)        R{∂f/∂W} = δ_W(x, δ̇) + δ_W(ẋ, δ)
    """

    @abstractmethod
    def product(self, xp: Any, x: Array, weights: Array, bias: Array | None) -> Array:
        """Return x∘W + b, or x∘W."""

    @abstractmethod
    def to_inputs(self, xp: Any, x: Array, weights: Array, delta: Array) -> Array:
        """Return δ_x(δ, W); of x only the shape matters."""

    @abstractmethod
    def to_weights(self, xp: Any, x: Array, delta: Array, out: Array) -> None:
        """Write δ_W(x, δ)."""

    @abstractmethod
    def to_both(self, xp: Any, x: Array, weights: Array, delta: Array, out: Array) -> Array:
        """Return δ_x(δ, W) and write δ_W(x, δ), which may share work."""

    def forward(self, xp: Any, x: Array, own: Own) -> tuple[Array, Any]:
        """Return y, and keep x."""
        return self.product(xp, x, *own), x

    def arrive(self, xp: Any, kept: Any, delta: Array, slopes: Own) -> None:
        """Write the parameters' gradients alone: the first layer needs no ∂f/∂x."""
        self.to_weights(xp, kept, delta, slopes[0])
        _to_bias(delta, slopes[1])

    def backward(self, xp: Any, kept: Any, own: Own, delta: Array, slopes: Own) -> Array:
        """Return ∂f/∂x, and write ∂f/∂W and ∂f/∂b."""
        _to_bias(delta, slopes[1])
        return self.to_both(xp, kept, own[0], delta, slopes[0])

    def tangent(self, xp: Any, kept: Any, own: Own, own_dot: Own, x_dot: Array | None) -> Array:
        """Return ẋ∘W + x∘Ẇ + ḃ."""
        y_dot = self.product(xp, kept, *own_dot)
        return y_dot if x_dot is None else y_dot + self.product(xp, x_dot, own[0], None)

    def tangent_backward(
        self, xp: Any, kept: Any, own: Own, dots: Tangents, deltas: tuple[Array, Array], slopes: Own
    ) -> tuple[Array, Array]:
        """Return ∂f/∂x and R{∂f/∂x}, and write R{∂f/∂W} and R{∂f/∂b}; only these in the first."""
        delta, delta_dot = deltas
        (weights, _), (weights_dot, _) = own, dots.own
        if dots.x is None:
            self.arrive(xp, kept, delta_dot, slopes)
            return deltas
        backwards = self.backward(xp, kept, own, delta_dot, slopes)
        along = xp.empty(slopes[0].shape, slopes[0].dtype)
        backwards = backwards + self.to_both(xp, dots.x, weights_dot, delta, along)
        slopes[0][...] += along
        return self.to_inputs(xp, kept, weights, delta), backwards


def _to_bias(delta: Array, out: Array) -> None:
    """∂f/∂b is the sum over records and places."""
    places = delta.ndim - out.ndim
    delta.sum(axis=-2 if places == 1 else tuple(range(-1 - places, -1)), out=out)
