"""Backends that show mistakes: arrays that refuse to be written to, and nothing but the standard.

A component that works on both needs no GPU to be known to work on one.
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
    """NumPy as it is."""

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
        """Return a copy that may be written to."""
        return np.array(values, dtype, order="C")

    def csr(self, matrix: Any, dtype: str) -> Any:
        """Return SciPy's, as a read-only copy."""
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
    """NumPy, whose arrays refuse to be written to: those it makes, and those its kernels return."""

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
    """NumPy, whose kernels destroy the θ and the state that they are given.

    They may, and for long arrays they do; here they fill them with NaN, whatever the length.
    """

    def elementwise(self, trace: Trace) -> Any:
        """Compile for NumPy; what goes in is gone afterwards, the gradient excepted."""
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
    """The array API standard and nothing else, on a device that is not the default one.

    NumPy's functions refuse its arrays, as they would refuse a GPU's. (On its CPU device
    array-api-strict lets them pass.)
    """

    def missing(self) -> str | None:
        """Say where array-api-strict is missing."""
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
        """Copy to the host; an array that has left the device is a mistake."""
        if array.device != self.xp.Device("device1"):
            raise TypeError(f"found an array on {array.device}, expected one on device1")
        return np.from_dlpack(array.to_device(self.xp.Device("CPU_DEVICE")))

    def synchronize(self) -> None:
        """Do nothing."""

    def elementwise(self, trace: Trace) -> Any:
        """Compile as expressions over the namespace."""
        return compile_for_namespace(trace, self.xp)
