"""A backend: where arrays live and who computes with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optframe.errors import UnavailableError

if TYPE_CHECKING:
    from optframe.rules.trace import Trace

__all__ = ["Array", "Backend", "Kernel"]

Array: TypeAlias = Any
"""An array of the backend in use: numpy.ndarray, cupy.ndarray, ..."""

Kernel: TypeAlias = Callable[..., Any]
"""A compiled update rule: called with arrays and numbers, returns the rule's outputs.

It may have an attribute ``short``: where θ has at most so many elements and all coefficients are
Python floats, NumPy's own expressions give the same, and are computed without calling it.
"""


class Backend(ABC):
    """An array library on a device, chosen at run time.

    ``priority`` orders the backends for ``backend = "auto"``: the highest that is available
    wins; a negative one is never chosen by itself.
    """

    priority: ClassVar[int] = -1

    @abstractmethod
    def missing(self) -> str | None:
        """One line that says what is missing and how to get it, or None where all is there."""

    def is_available(self) -> bool:
        """Whether this machine can run it."""
        return self.missing() is None

    @property
    @abstractmethod
    def xp(self) -> Any:
        """The array namespace; code that computes binds it once."""

    @property
    @abstractmethod
    def device(self) -> str:
        """The device's name, as it stands in the environment record."""

    @abstractmethod
    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """A C-ordered array on the device with these values."""

    @abstractmethod
    def to_numpy(self, array: Array) -> NDArray[Any]:
        """The same values on the host."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until the device has done all that it was given (before a clock is read)."""

    @abstractmethod
    def elementwise(self, trace: Trace) -> Kernel:
        """Compile an update rule, traced once, for this backend."""

    def limit_threads(self, threads: int) -> AbstractContextManager[None]:
        """Compute with at most so many threads inside; those of BLAS are limited without it."""
        return nullcontext()

    def environments(self) -> Sequence[Mapping[str, str]]:
        """Return what worker processes find in their environment: one for each device.

        By default there is none, and any number of workers share what there is.
        """
        return ()

    def csr(self, matrix: Any, dtype: str) -> Any:
        """Return SciPy's sparse matrix in CSR form on the device, for ``@`` with its arrays.

        Its arrays are not to be written to. By default a backend has no sparse matrices.
        """
        raise UnavailableError(
            f"{type(self).__name__} has no sparse matrices; use --backend numpy, or dense data"
        )

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Array:
        """An array of zeros on the device."""
        return self.asarray(np.zeros(shape, dtype))
