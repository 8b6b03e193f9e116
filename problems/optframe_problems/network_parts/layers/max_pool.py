"""Max pooling: the largest number of each window."""

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from optframe import Array, Count
from optframe_problems.network_parts.layers.layer import Fixed, Own, Shape
from optframe_problems.network_parts.layers.window import Padding, Window, pieces

__all__ = ["MaxPool"]


class Taken(NamedTuple):
    """Where each maximum was found, by its number in the window, and the image's size."""

    places: Array
    height: int
    width: int


@dataclass(frozen=True)
class MaxPool(Fixed):
    """y[i, j] = max of x over a window, for each channel; of several that are equal, the first.

    Parameters
    ----------
    size
        The height and width of the window in pixels, 1 to 255.
    stride
        By how many pixels it moves, at least 1; by default 2.
    padding
        ``valid``, only windows that fit into the image, or ``same``, windows that reach over its
        edge see less.
    """

    size: Count = 2
    stride: Count = 2
    padding: Padding = "valid"

    @property
    def window(self) -> Window:
        """What moves over the image."""
        return Window(self.size, self.stride, self.padding)

    def outputs(self, shape: Shape) -> Shape:
        """Return (height, width, channels)."""
        return (*self.window.outputs(shape), shape[2])

    def forward(self, xp: Any, x: Array, own: Own) -> tuple[Array, Taken]:
        """Return y, and keep where it was found."""
        height, width = x.shape[-3:-1]
        shape = (*x.shape[:-3], *self.outputs(x.shape[-3:]))
        y = xp.full(shape, -xp.inf, x.dtype)
        number_type = "uint8" if self.size <= 16 else "uint16"
        places = xp.zeros(shape, number_type)
        for part in pieces(xp, x.shape[-4], prod(x.shape[-3:])):
            some_x, some_y, some_places = (a[..., part, :, :, :] for a in (x, y, places))
            for number, (into, of) in enumerate(self.window.offsets(height, width)):
                found, best, place = some_x[of], some_y[into], some_places[into]
                if number:  # numbers grow, so the largest is that of the last improvement
                    better = (found > best).astype(number_type)
                    better *= number
                    xp.maximum(place, better, out=place)
                xp.maximum(best, found, out=best)
        return y, Taken(places, height, width)

    def backward(self, xp: Any, kept: Taken, own: Own, delta: Array, slopes: Own) -> Array:
        """Return δ where the maxima were, else 0."""
        places, height, width = kept
        x_delta = xp.zeros((*delta.shape[:-3], height, width, delta.shape[-1]), delta.dtype)
        for part in pieces(xp, delta.shape[-4], height * width * delta.shape[-1]):
            some, where, target = (a[..., part, :, :, :] for a in (delta, places, x_delta))
            for number, (into, of) in enumerate(self.window.offsets(height, width)):
                target[of] += some[into] * (where[into] == number)
        return x_delta

    def tangent(self, xp: Any, kept: Taken, own: Own, own_dot: Own, x_dot: Array | None) -> Array:
        """Return ẋ where the maxima were."""
        places, height, width = kept
        assert x_dot is not None
        runs = np.broadcast_shapes(x_dot.shape[:-3], places.shape[:-3])
        y_dot = xp.zeros((*runs, *places.shape[-3:]), x_dot.dtype)
        for number, (into, of) in enumerate(self.window.offsets(height, width)):
            y_dot[into] += x_dot[of] * (places[into] == number)
        return y_dot
