"""The cigar: a bowl that is long in one direction."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from optframe import Count
from optframe_problems.function_bases.axis_parallel import AxisParallel

__all__ = ["Cigar"]


@dataclass(frozen=True)
class Cigar(AxisParallel):
    """One direction is a million times flatter than all the others.

    ::

        f(θ) = θ₁² + κ Σᵢ₌₂ θᵢ²

    The start is all ones; the minimum is 0 at 0. With two different eigenvalues, conjugate
    gradients need two steps.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.
    condition
        κ, the condition number, at least 1; by default the 10⁶ of the source.

    References
    ----------
    N. Hansen, A. Ostermeier, "Completely derandomized self-adaptation in evolution strategies",
    Evolutionary Computation 9 (2001): ``cigar``.
    """

    size: Count = 10
    condition: Annotated[float, Ge(1)] = 1e6

    def _weights(self) -> np.ndarray:
        return np.array([1.0, *[self.condition] * (self.size - 1)])
