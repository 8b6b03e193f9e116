"""Flatten images to lists of numbers."""

from dataclasses import dataclass
from math import prod
from typing import Any

from optframe import Array
from optframe_problems.network_parts.layers.layer import Fixed, Own, Shape, expect_image

__all__ = ["Flatten"]


@dataclass(frozen=True)
class Flatten(Fixed):
    """The numbers of an image one after another: row by row, pixel by pixel, channel by channel.

    A network adds it between images and a linear layer by itself.
    """

    def outputs(self, shape: Shape) -> Shape:
        """Return (height · width · channels,)."""
        expect_image(shape)
        return (prod(shape),)

    def forward(self, xp: Any, x: Array, own: Own) -> tuple[Array, Shape]:
        """Return y, and keep the image's shape."""
        return _flat(x), x.shape[-3:]

    def backward(self, xp: Any, kept: Shape, own: Own, delta: Array, slopes: Own) -> Array:
        """Return δ as images."""
        return delta.reshape(*delta.shape[:-1], *kept)

    def tangent(self, xp: Any, kept: Shape, own: Own, own_dot: Own, x_dot: Array | None) -> Array:
        """Return ẋ as numbers."""
        return _flat(x_dot)


def _flat(x: Array) -> Array:
    return x.reshape(*x.shape[:-3], prod(x.shape[-3:]))
