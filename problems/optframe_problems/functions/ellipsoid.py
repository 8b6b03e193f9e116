"""The ellipsoid: a bowl with axes of many lengths."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from optframe import Count
from optframe_problems.function_bases.axis_parallel import AxisParallel

__all__ = ["Ellipsoid"]


@dataclass(frozen=True)
class Ellipsoid(AxisParallel):
    """A bowl whose curvatures are spread evenly over six orders of magnitude.

    ::

        f(θ) = Σᵢ κ^((i−1)/(P−1)) θᵢ²,    i = 1, ..., P

    The start is all ones; the minimum is 0 at 0.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1. With one parameter, f = θ².
    condition
        κ, the condition number, at least 1; by default the 10⁶ of the source.

    References
    ----------
    N. Hansen, A. Ostermeier, "Completely derandomized self-adaptation in evolution strategies",
    Evolutionary Computation 9 (2001): ``elli``.
    """

    size: Count = 10
    condition: Annotated[float, Ge(1)] = 1e6

    def _weights(self) -> np.ndarray:
        return np.geomspace(1, self.condition, self.size)
