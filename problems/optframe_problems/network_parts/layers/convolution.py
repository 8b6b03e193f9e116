"""Convolution: each unit sees a few neighbouring pixels, with the same weights everywhere."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from optframe import Array, Count
from optframe_problems.network_parts.layers.affine import Affine
from optframe_problems.network_parts.layers.layer import Parameters, Shape
from optframe_problems.network_parts.layers.window import Padding, Window, pieces

__all__ = ["Convolution"]


@dataclass(frozen=True)
class Convolution(Affine):
    """Each output pixel is an affine function, the same everywhere, of the pixels in a window.

    With the window's size k, its stride s, the margin of m zeros, weights W of shape (k, k, c, n)
    for c channels of the input and n of the output, a bias v (n,), and a, b = 0, ..., k − 1::

        y[i, j]   = v + Σ_{a, b} W[a, b]ᵀ x[is + a − m, js + b − m]
        δ_x[p, q] = Σ_{a, b} W[a, b] δ[(p + m − a)/s, (q + m − b)/s]
        δ_W[a, b] = Σ_{i, j} x[is + a − m, js + b − m] δ[i, j]ᵀ

    where x and δ are 0 at places that do not exist. What the window sees, k·k·c numbers at each
    place, is copied side by side for a few records at a time and multiplied by W as one matrix. On
    the way back the window moves over δ, with s − 1 zeros between its pixels, and one copy serves
    both adjoints. With a stride s this costs s² times as much as the existing places alone.

    Parameters
    ----------
    channels
        n, how many channels an output has, at least 1.
    size
        k, the height and width of the window in pixels, at least 1.
    stride
        s, by how many pixels it moves, at least 1.
    padding
        ``same``, a margin of zeros so that the stride 1 keeps the image's size, or ``valid``, no
        margin.
    """

    channels: Count
    size: Count = 3
    stride: Count = 1
    padding: Padding = "same"

    @property
    def window(self) -> Window:
        """What moves over the image."""
        return Window(self.size, self.stride, self.padding)

    def outputs(self, shape: Shape) -> Shape:
        """Return (height, width, n)."""
        return (*self.window.outputs(shape), self.channels)

    def parameters(self, shape: Shape) -> Parameters:
        """Return W and b."""
        area = self.size * self.size
        return Parameters(
            (self.size, self.size, shape[2], self.channels),
            (self.channels,),
            area * shape[2],
            area * self.channels,
        )

    def product(self, xp: Any, x: Array, weights: Array, bias: Array | None) -> Array:
        """Return x∘W + b."""
        return _correlate(xp, self.window.views(xp, x), weights, bias)

    def to_inputs(self, xp: Any, x: Array, weights: Array, delta: Array) -> Array:
        """Return δ_x(δ, W)."""
        return _correlate(xp, self._views_of(xp, delta, x), _turned(weights), None)

    def to_weights(self, xp: Any, x: Array, delta: Array, out: Array) -> None:
        """Write δ_W(x, δ), with copies of what the window sees of x."""
        views = self.window.views(xp, x)
        total: Any = 0
        for part in _parts(xp, views):
            total += xp.matmul(_matrix(xp, views, part).mT, _rows(delta, part))
        out[...] = total.reshape(out.shape)

    def to_both(self, xp: Any, x: Array, weights: Array, delta: Array, out: Array) -> Array:
        """Return δ_x(δ, W) and write δ_W(x, δ), with copies of what the window sees of δ."""
        views, turned = self._views_of(xp, delta, x), _turned(weights)
        total: Any = 0

        def also(part: slice, matrix: Array) -> None:
            nonlocal total
            total += xp.matmul(_rows(x, part).mT, matrix)

        slopes = _correlate(xp, views, turned, None, also)
        size, channels = self.size, x.shape[-1]
        total = total.reshape(*total.shape[:-2], channels, size, size, self.channels)
        out[...] = xp.moveaxis(total[..., ::-1, ::-1, :], -4, -2)
        return slopes

    def _views_of(self, xp: Any, delta: Array, x: Array) -> Array:
        """Return which δ each pixel of x has a share in, (..., B, h, w, k, k, n), turned around."""
        height, width = x.shape[-3:-1]
        reach, stride = self.size - 1, self.stride
        spread = xp.zeros(
            (*delta.shape[:-3], height + reach, width + reach, delta.shape[-1]), delta.dtype
        )
        top, left = reach - self.window.margin(height), reach - self.window.margin(width)
        spread[..., top::stride, left::stride, :][..., : delta.shape[-3], : delta.shape[-2], :] = (
            delta
        )
        return Window(self.size, 1, "valid").views(xp, spread)


def _correlate(
    xp: Any, views: Array, weights: Array, bias: Array | None, also: Any = None
) -> Array:
    """Multiply what windows see, (..., B, h, w, k, k, c), by W (..., k, k, c, n), add b.

    ``also`` is shown each piece of the matrix on the way.
    """
    height, width = views.shape[-5:-3]
    weights = weights.reshape(*weights.shape[:-4], prod(weights.shape[-4:-1]), weights.shape[-1])
    y = None
    for part in _parts(xp, views):
        matrix = _matrix(xp, views, part)
        if also is not None:
            also(part, matrix)
        if y is None:  # now the axes of runs are known
            runs = np.broadcast_shapes(matrix.shape[:-2], weights.shape[:-2])
            y = xp.empty((*runs, views.shape[-6], height, width, weights.shape[-1]), views.dtype)
        rows = _rows(y, part)
        xp.matmul(matrix, weights, out=rows)
        if bias is not None:
            rows += bias[..., None, :]
    return y


def _turned(weights: Array) -> Array:
    """Turn the window around by 180°, and swap inputs and outputs."""
    return weights[..., ::-1, ::-1, :, :].mT


def _parts(xp: Any, views: Array) -> Any:
    return pieces(xp, views.shape[-6], prod(views.shape[-5:]))


def _matrix(xp: Any, views: Array, part: slice) -> Array:
    """Copy what the windows see of some records, a row for each place."""
    seen = views[..., part, :, :, :, :, :]
    rows, columns = prod(seen.shape[-6:-3]), prod(seen.shape[-3:])
    return seen.reshape(*seen.shape[:-6], rows, columns)


def _rows(image: Array, part: slice) -> Array:
    """Return a view of some records' pixels, one after another: (..., B·h·w, c)."""
    some = image[..., part, :, :, :]
    return some.reshape(*some.shape[:-4], prod(some.shape[-4:-1]), some.shape[-1])
