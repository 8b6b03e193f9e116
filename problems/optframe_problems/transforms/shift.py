"""A shift of the parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Problem, UsageError
from optframe_problems.affine_transform import Affine

__all__ = ["Shift"]


@dataclass(frozen=True)
class Shift(Affine):
    """Shift a problem, with start and minimum, away from 0, which some methods favour.

    ::

        g(θ) = f(θ − b)

    Methods that do not depend on the origin take the same steps. Weight decay, and other methods
    that pull θ to 0, do not.

    Parameters
    ----------
    problem
        f.
    by
        b: a number, by which every parameter is moved, or a list of P of them.
    """

    problem: Problem
    by: float | tuple[float, ...] = 1.0

    @property
    def size(self) -> int:
        """P of the problem inside; b has the same or is one number."""
        size = self.problem.size
        if isinstance(self.by, tuple) and len(self.by) != size:
            raise UsageError(
                f"shift: by has {len(self.by)} numbers; expected one, or {size}, the problem's size"
            )
        return size

    def inward(self, theta: Array) -> Array:
        """Return θ − b."""
        return theta - self._b

    def partial(self, theta: Array, i: int, *batch: Any) -> Array:
        """Return ∂g/∂θᵢ, shape (...)."""
        return self.inside.partial(self.inward(theta), i, *batch)

    def coordinate_minimum(self, theta: Array, i: int, *batch: Any) -> Array:
        """Return the θᵢ that minimizes g with the others held, shape (...)."""
        inside = self.inside.coordinate_minimum(self.inward(theta), i, *batch)
        return inside + self._b[i]

    def _along(self, v: Array) -> Array:
        return v

    def _back(self, g: Array) -> Array:
        return g

    def _outward(self, phi: NDArray[Any]) -> NDArray[Any]:
        theta: NDArray[Any] = phi + self._move
        return theta

    @cached_property
    def _b(self) -> Array:
        return self.asarray(self._move)

    @cached_property
    def _move(self) -> NDArray[Any]:
        """b, on the host."""
        return np.full(self.size, self.by)
