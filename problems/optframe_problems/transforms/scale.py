"""Other units for the parameters and the loss."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from optframe import Array, Problem
from optframe_problems.affine_transform import Affine

__all__ = ["Scale"]


@dataclass(frozen=True)
class Scale(Affine):
    """Change the units of the parameters, each by another factor, and of the loss.

    ::

        g(θ) = c f(Dθ),    D = diag(κ^((i−1)/(2(P−1)))),  i = 1, ..., P

    so that a round bowl gets the condition number κ. Newton's method takes the same steps in the
    new units, for any c and D. Methods that divide by the size of past gradients (AdaGrad, RMSProp,
    Adam) do not depend on c, except through the eps in their denominator.

    Parameters
    ----------
    problem
        f.
    condition
        κ, at least 1; 1 changes no parameter.
    factor
        c, > 0.
    """

    problem: Problem
    condition: Annotated[float, Ge(1)] = 1.0
    factor: Annotated[float, Gt(0)] = 1.0

    def inward(self, theta: Array) -> Array:
        """Return Dθ."""
        return self._d * theta

    def partial(self, theta: Array, i: int, *batch: Any) -> Array:
        """Return ∂g/∂θᵢ, shape (...)."""
        inside = self.inside.partial(self.inward(theta), i, *batch)
        return self._factor * (self._d[i] * inside)

    def coordinate_minimum(self, theta: Array, i: int, *batch: Any) -> Array:
        """Return the θᵢ that minimizes g with the others held, shape (...)."""
        return self.inside.coordinate_minimum(self.inward(theta), i, *batch) / self._d[i]

    @property
    def _factor(self) -> float:
        return self.factor

    def _along(self, v: Array) -> Array:
        return self._d * v

    def _back(self, g: Array) -> Array:
        return self._d * g

    def _outward(self, phi: NDArray[Any]) -> NDArray[Any]:
        theta: NDArray[Any] = phi / self._units
        return theta

    @cached_property
    def _d(self) -> Array:
        return self.asarray(self._units)

    @cached_property
    def _units(self) -> NDArray[Any]:
        """The diagonal of D, on the host."""
        units: NDArray[Any] = np.geomspace(1, self.condition**0.5, self.size)
        return units
