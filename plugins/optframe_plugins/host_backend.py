"""The base class of the backends on the CPU: NumPy arrays in the host's memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Backend

__all__ = ["HostBackend"]


class HostBackend(Backend):
    """NumPy arrays; a subclass decides how update rules are computed."""

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
        return np.asarray(values, dtype, order="C")

    def csr(self, matrix: Any, dtype: str) -> Any:
        """Return a SciPy CSR array, which shares the memory where the precision is the same."""
        from scipy.sparse import csr_array

        held = csr_array(matrix, dtype=dtype)
        parts = [array.view() for array in (held.data, held.indices, held.indptr)]
        for array in parts:
            array.flags.writeable = False
        return csr_array(tuple(parts), shape=held.shape)

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Return the array itself."""
        return np.asarray(array)

    def synchronize(self) -> None:
        """Do nothing: NumPy has done its work when it returns."""
