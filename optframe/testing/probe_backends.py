"""Backends that show mistakes: one with read-only arrays, one with only the array API standard.

A component that works on both also works on a GPU, so that a test needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts import Array, Backend
from optframe.rules.namespace_printer import compile_for_namespace
from optframe.rules.numpy_printer import compile_for_numpy
from optframe.rules.trace import Trace

__all__ = ["OverwritingBackend", "PlainBackend", "ReadOnlyBackend", "StrictBackend"]


@dataclass(frozen=True)
class PlainBackend(Backend):
    """NumPy without changes."""

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
        """Return a writable copy."""
        return np.array(values, dtype, order="C")

    def csr(self, matrix: Any, dtype: str) -> Any:
        """Return SciPy's CSR matrix, as a read-only copy."""
        from scipy.sparse import csr_array

        held = csr_array(matrix, dtype=dtype, copy=True)
        for array in (held.data, held.indices, held.indptr):
            array.flags.writeable = False
        return held

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Return the array itself."""
        return np.asarray(array)

    def synchronize(self) -> None:
        """Do nothing."""

    def elementwise(self, trace: Trace) -> Any:
        """Compile for NumPy."""
        return compile_for_numpy(trace)


@dataclass(frozen=True)
class ReadOnlyBackend(PlainBackend):
    """NumPy with read-only arrays: those that it makes, and those that its kernels return."""

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return a read-only copy."""
        array: Array = super().asarray(values, dtype)
        array.flags.writeable = False
        return array

    def elementwise(self, trace: Trace) -> Any:
        """Compile for NumPy; what the kernel returns is read-only."""
        kernel = compile_for_numpy(trace)

        def run(*arguments: Any) -> Any:
            outputs = kernel(*arguments)
            for array in (outputs,) if trace.single else outputs:
                array.flags.writeable = False
            return outputs

        return run


@dataclass(frozen=True)
class OverwritingBackend(PlainBackend):
    """NumPy with kernels that overwrite their θ and state with NaN.

    Every backend's kernels may overwrite them, and do for long arrays. Here they do for every
    length.
    """

    def elementwise(self, trace: Trace) -> Any:
        """Compile for NumPy; the kernel overwrites all its arguments except the gradient."""
        kernel = compile_for_namespace(trace, np)

        def run(*arguments: Any) -> Any:
            outputs = kernel(*arguments)
            kept = [id(array) for array in ((outputs,) if trace.single else outputs)]
            for array in (arguments[0], *arguments[2 : 1 + len(trace.outputs)]):
                if id(array) not in kept and array is not arguments[1]:
                    array[...] = np.nan
            return outputs

        return run


@dataclass(frozen=True)
class StrictBackend(Backend):
    """Only the array API standard, on a device that is not the default one.

    NumPy's functions raise for its arrays, as they do for a GPU's. (They accept arrays on the CPU
    device of array-api-strict.)
    """

    def missing(self) -> str | None:
        """Return why array-api-strict cannot be imported, or None."""
        try:
            import_module("array_api_strict")
        except ImportError as error:
            return (
                f"array-api-strict is not installed ({error}); pip install 'optframe-bench[test]'"
            )
        return None

    @property
    def xp(self) -> Any:
        """The namespace `array_api_strict`."""
        return import_module("array_api_strict")

    @property
    def device(self) -> str:
        """The device's name."""
        return "device1"

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return an array on ``device1``."""
        kind = None if dtype is None else getattr(self.xp, dtype)
        return self.xp.asarray(np.asarray(values), dtype=kind, device=self.xp.Device("device1"))

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Copy to the host; raise for an array that is not on ``device1``."""
        if array.device != self.xp.Device("device1"):
            raise TypeError(f"found an array on {array.device}, expected one on device1")
        return np.from_dlpack(array.to_device(self.xp.Device("CPU_DEVICE")))

    def synchronize(self) -> None:
        """Do nothing."""

    def elementwise(self, trace: Trace) -> Any:
        """Compile as expressions over the namespace."""
        return compile_for_namespace(trace, self.xp)
