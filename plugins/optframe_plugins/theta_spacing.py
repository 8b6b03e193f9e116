"""The spacing of floating-point numbers around θ, below which a step along a line does not move."""

from typing import Any

from optframe import Array

__all__ = ["lengthened", "stays"]


def stays(theta: Array, start: Array, xp: Any) -> bool:
    """Return whether two points are the same."""
    return bool(xp.all(theta == start))


def lengthened(start: Array, direction: Array, t: float, xp: Any) -> float:
    """Return the first of t, 4t, 16t, ... for which θ + t·d is not θ."""
    while stays(start + t * direction, start, xp):
        t *= 4
    return t
