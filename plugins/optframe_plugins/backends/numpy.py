"""NumPy on the CPU."""

from dataclasses import dataclass
from typing import Any, ClassVar

from optframe.rules.numpy_printer import compile_for_numpy
from optframe.rules.trace import Trace
from optframe_plugins.host_backend import HostBackend

__all__ = ["NumpyBackend"]


@dataclass(frozen=True)
class NumpyBackend(HostBackend):
    """NumPy: always available; update rules run as ufuncs, on large arrays in place in blocks."""

    priority: ClassVar[int] = 10

    def missing(self) -> str | None:
        """Nothing is missing."""
        return None

    def elementwise(self, trace: Trace) -> Any:
        """Compile the rule with NumPy's ufuncs."""
        return compile_for_numpy(trace)
