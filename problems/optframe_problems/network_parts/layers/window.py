"""A square window that moves over an image: its positions, and what it sees there."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from optframe import Array
from optframe_problems.network_parts.layers.layer import Shape, expect_image

__all__ = ["Padding", "Window", "pieces"]

Padding = Literal["same", "valid"]

CACHED = 2**20
"""How many numbers NumPy copies at a time: they should stay in the processor's cache."""

HELD = 2**26
"""How many numbers a device copies at a time: its memory should not run out."""


class Window(NamedTuple):
    """A window of ``size`` × ``size`` pixels that moves by ``stride`` pixels.

    With the padding ``valid`` it stands wherever it fits into n pixels, ⌊(n − size)/stride⌋ + 1
    times; with ``same`` the image has a margin, as even as possible and the odd pixel at its end,
    so that it stands ⌈n/stride⌉ times.
    """

    size: int
    stride: int
    padding: Padding

    def outputs(self, shape: Shape) -> tuple[int, int]:
        """Return how often it stands in an image, down and across."""
        expect_image(shape)
        if self.padding == "valid" and min(shape[:2]) < self.size:
            raise ValueError(
                f"expected images of at least {self.size} × {self.size} pixels, or padding=same"
            )
        down, across = (self.stops(n) for n in shape[:2])
        return down, across

    def stops(self, n: int) -> int:
        """Return how often it stands in n pixels."""
        if self.padding == "same":
            return -(-n // self.stride)
        return (n - self.size) // self.stride + 1

    def margin(self, n: int) -> int:
        """Return how many pixels the margin before the first of n has."""
        if self.padding == "valid":
            return 0
        return max(0, (self.stops(n) - 1) * self.stride + self.size - n) // 2

    def views(self, xp: Any, x: Array) -> Array:
        """Return what it sees, 0 in the margin: (..., h, w, c) to (..., down, across, k, k, c)."""
        height, width = x.shape[-3:-1]
        down, across = self.stops(height), self.stops(width)
        rows, columns = (self.size + (stops - 1) * self.stride for stops in (down, across))
        if self.padding == "same":
            top, left = self.margin(height), self.margin(width)
            padded = xp.zeros((*x.shape[:-3], rows, columns, x.shape[-1]), x.dtype)
            inside = padded[..., top : top + height, left : left + width, :]
            inside[...] = x[..., : rows - top, : columns - left, :]
            x = padded
        down_stride, across_stride, channel_stride = x.strides[-3:]
        steps = (down_stride * self.stride, across_stride * self.stride)
        return xp.lib.stride_tricks.as_strided(
            x,
            (*x.shape[:-3], down, across, self.size, self.size, x.shape[-1]),
            (*x.strides[:-3], *steps, down_stride, across_stride, channel_stride),
        )

    def offsets(self, height: int, width: int) -> Iterator[tuple[Any, Any]]:
        """Go through the places in the window, row by row.

        Each is a pair of indices into (..., h, w, c): the outputs whose window has a pixel of the
        image there, and those pixels.
        """
        for row in self._along(height):
            for column in self._along(width):
                yield (..., row[0], column[0], slice(None)), (..., row[1], column[1], slice(None))

    def _along(self, n: int) -> Iterator[tuple[slice, slice]]:
        stops, margin = self.stops(n), self.margin(n)
        for place in range(self.size):
            # stop·stride + place − margin is a pixel, between 0 and n
            first = max(0, -(-(margin - place) // self.stride))
            last = max(first, min(stops, (n - 1 + margin - place) // self.stride + 1))
            start = first * self.stride + place - margin
            pixels = slice(start, start + (last - first) * self.stride, self.stride)
            yield slice(first, last), pixels if last > first else slice(0, 0)


def pieces(xp: Any, records: int, each: int) -> Iterator[slice]:
    """Cut records, each of so many numbers, into pieces that are not too large."""
    most = CACHED if xp.__name__ == "numpy" else HELD
    step = max(1, most // each)
    for first in range(0, records, step):
        yield slice(first, min(first + step, records))
