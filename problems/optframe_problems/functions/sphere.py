"""The sphere: the simplest of all functions."""

from dataclasses import dataclass

import numpy as np

from optframe import Count
from optframe_problems.function_bases.axis_parallel import AxisParallel

__all__ = ["Sphere"]


@dataclass(frozen=True)
class Sphere(AxisParallel):
    """A round bowl, on which the gradient points straight at the minimum.

    ::

        f(θ) = Σᵢ θᵢ²

    The start is all ones; the minimum is 0 at 0. Gradient descent with lr = ½ takes one step.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    N. Hansen, S. Finck, R. Ros, A. Auger, "Real-parameter black-box optimization benchmarking
    2009: noiseless functions definitions", INRIA report RR-6829 (2009), f1, there shifted.
    """

    size: Count = 10

    def _weights(self) -> np.ndarray:
        return np.ones(self.size)
