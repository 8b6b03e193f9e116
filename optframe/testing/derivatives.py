"""Numerical derivatives, each with an estimate of its error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Slope", "slope"]

TINY = 1e-30
EPS = float(np.finfo(np.float64).eps)


class Slope(NamedTuple):
    """A derivative along a line, an estimate of its error, and the method."""

    value: float
    error: float
    how: str


def slope(function: Callable[[Any], Any], theta: Any, direction: Any) -> Slope:
    """Return the derivative of a function of θ along a direction.

    It uses a complex step, im f(θ + ihd)/h, which is exact to rounding, if the function accepts
    complex numbers and the result agrees with central differences. Otherwise it uses central
    differences: the best of several steps, each extrapolated once (Richardson).

    References
    ----------
    Squire, W., and Trapp, G. (1998), Using complex variables to estimate derivatives of real
    functions, SIAM Review 40, 110–112. Ridders, C. J. F. (1982), Accurate computation of F'(x) and
    F'(x)F''(x), Adv. Eng. Softw. 4, 75–76.
    """
    central = _central(function, theta, direction)
    try:
        value = float(np.imag(function(theta + 1j * TINY * direction)) / TINY)
    except Exception:  # the function accepts only real numbers
        return central
    if abs(value - central.value) <= 10 * central.error + 1e-6 * abs(value):
        return Slope(value, 1e-12 * abs(value), "complex steps")
    return central


def _central(function: Callable[[Any], Any], theta: Any, direction: Any) -> Slope:
    best = Slope(np.nan, np.inf, "central differences")
    for h in 10.0 ** np.arange(-1, -7, -1):
        (wide, size), (narrow, _) = (_quotient(function, theta, direction, t) for t in (h, h / 2))
        value = (4 * narrow - wide) / 3
        error = abs(value - narrow) + 8 * EPS * size / h
        if error < best.error:
            best = Slope(value, error, "central differences")
    return best


def _quotient(
    function: Callable[[Any], Any], theta: Any, direction: Any, h: float
) -> tuple[float, float]:
    above, below = float(function(theta + h * direction)), float(function(theta - h * direction))
    return (above - below) / (2 * h), abs(above) + abs(below)
