"""NumPy on the CPU."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Backend
from optframe.rules.numpy_printer import compile_for_numpy
from optframe.rules.trace import Trace

__all__ = ["NumpyBackend"]


@dataclass(frozen=True)
class NumpyBackend(Backend):
    """NumPy: always there; update rules run as ufuncs, long arrays in place, block by block."""

    priority: ClassVar[int] = 10

    def missing(self) -> str | None:
        """Nothing is missing."""
        return None

    @property
    def xp(self) -> Any:
        """The namespace `numpy`."""
        return np

    @property
    def device(self) -> str:
        """The CPU."""
        return "cpu"

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return a C-ordered array."""
        return np.ascontiguousarray(np.asarray(values, dtype))

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Return the array itself."""
        return np.asarray(array)

    def synchronize(self) -> None:
        """Do nothing: NumPy has done its work when it returns."""

    def elementwise(self, trace: Trace) -> Any:
        """Compile the rule with NumPy's ufuncs."""
        return compile_for_numpy(trace)
