"""ε·γⁿ, also where γⁿ is too large for a float."""

import math
import sys

__all__ = ["geometric"]

LARGEST = math.log(sys.float_info.max)


def geometric(start: float, factor: float, n: int) -> float:
    """Return start·factorⁿ for a factor > 0; infinite if it is too large for a float."""
    try:
        return start * float(factor) ** n
    except OverflowError:
        if not start:
            return start
    logarithm = math.log(abs(start)) + n * math.log(factor)
    return math.copysign(math.exp(logarithm) if logarithm < LARGEST else math.inf, start)
