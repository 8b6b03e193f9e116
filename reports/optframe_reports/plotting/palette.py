"""Markers and line styles that distinguish lines, and colours for ordered values.

`optframe.drawing.palette` has the colours of unordered things.
"""

from __future__ import annotations

__all__ = ["LIMIT", "line_style", "marker", "sequence"]

_MARKERS = ("", "o", "s", "^", "D", "v")
_LINE_STYLES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))


def marker(index: int) -> str:
    """Return the marker of the optimizer with this index: another one after every six."""
    return _MARKERS[index // 6 % len(_MARKERS)]


def line_style(index: int) -> str | tuple[float, tuple[float, ...]]:
    """Return the line style of the sampler with this index."""
    return _LINE_STYLES[index % len(_LINE_STYLES)]


def sequence(count: int) -> list[str]:
    """Return colours from dark to light, for numbers from small to large.

    They are those of Matplotlib's "plasma". Its lightness rises evenly, so the order is visible
    with every colour blindness and in print. Its yellow end is unreadable on white and left out.
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    plasma = colormaps["plasma"]
    return [to_hex(plasma(0.8 * i / max(count - 1, 1))) for i in range(count)]


LIMIT = 12
"""The most groups in a picture, which is the number of distinguishable colours."""
