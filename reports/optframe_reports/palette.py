"""Markers and line styles, which tell apart what colours do not (see `optframe.palette`)."""

from __future__ import annotations

__all__ = ["line_style", "marker"]

_MARKERS = ("", "o", "s", "^", "D", "v")
_LINE_STYLES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))


def marker(index: int) -> str:
    """Return the marker of the optimizer with this index: another one after every six."""
    return _MARKERS[index // 6 % len(_MARKERS)]


def line_style(index: int) -> str | tuple[float, tuple[float, ...]]:
    """Return the line style of the sampler with this index."""
    return _LINE_STYLES[index % len(_LINE_STYLES)]
