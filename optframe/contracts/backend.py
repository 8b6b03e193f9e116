"""A backend: an array library on a device, and the compiled update rules for it."""

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

It may have an attribute ``short``, a number of elements. It promises that NumPy's own expressions
compute the same if θ has at most ``short`` elements and all coefficients are Python floats. The
rule then computes them without calling the kernel.
"""


class Backend(ABC):
    """An array library on a device, chosen when a study runs.

    With ``backend = "auto"`` a study uses the available backend with the highest ``priority``. A
    backend with a negative priority is used only if the study names it.
    """

    priority: ClassVar[int] = -1

    @abstractmethod
    def missing(self) -> str | None:
        """Return None if this machine can run the backend.

        Otherwise return one line: what is missing, and how to install it.
        """

    def is_available(self) -> bool:
        """Whether this machine can run the backend."""
        return self.missing() is None

    @property
    @abstractmethod
    def xp(self) -> Any:
        """The array namespace, such as the module ``numpy``."""

    @property
    @abstractmethod
    def device(self) -> str:
        """The device's name, as the store records it."""

    @abstractmethod
    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return a C-ordered array with these values on the device."""

    @abstractmethod
    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Return the array's values as a NumPy array on the host."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until the device has finished all its work; called before a clock is read."""

    @abstractmethod
    def elementwise(self, trace: Trace) -> Kernel:
        """Compile a traced update rule for this backend."""

    def limit_threads(self, threads: int) -> AbstractContextManager[None]:
        """Return a context in which the backend uses at most ``threads`` threads.

        optframe limits BLAS and OpenMP itself.
        """
        return nullcontext()

    def environments(self) -> Sequence[Mapping[str, str]]:
        """Return the environment variables for worker processes, one mapping for each device.

        By default there are none, and any number of workers share the machine.
        """
        return ()

    def csr(self, matrix: Any, dtype: str) -> Any:
        """Return SciPy's sparse matrix as a CSR matrix on the device, for ``@`` with its arrays.

        Its arrays must not be written to.

        Raises
        ------
        UnavailableError
            By default: a backend has no sparse matrices unless it defines this method.
        """
        raise UnavailableError(
            f"{type(self).__name__} has no sparse matrices; use --backend numpy, or dense data"
        )

    def zeros(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Return an array of zeros on the device."""
        return self.asarray(np.zeros(shape, dtype))
