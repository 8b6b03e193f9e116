"""ε·γⁿ, also where γⁿ is too large for a float."""

import math
import sys

import numpy as np

from optframe_plugins.each_number import each_number

__all__ = ["geometric"]

LARGEST = math.log(sys.float_info.max)


def geometric(start: float, factor: float, n: int) -> float:
    """Return start·factorⁿ for a factor > 0; infinite if it is too large for a float.

    Start and factor are numbers, or arrays that broadcast.
    """
    if isinstance(factor, np.ndarray):
        return each_number(geometric, start, factor, n)
    try:
        return start * float(factor) ** n
    except OverflowError:
        if isinstance(start, np.ndarray):
            return each_number(geometric, start, factor, n)
        if not start:
            return start
    logarithm = math.log(abs(start)) + n * math.log(factor)
    return math.copysign(math.exp(logarithm) if logarithm < LARGEST else math.inf, start)
