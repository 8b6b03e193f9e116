"""CuPy on a CUDA device."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Backend
from optframe.rules.c_printer import print_c
from optframe.rules.trace import Trace

__all__ = ["CupyBackend"]


@dataclass(frozen=True)
class CupyBackend(Backend):
    """CuPy: arrays on a CUDA device; an update rule is one kernel."""

    priority: ClassVar[int] = 20

    def missing(self) -> str | None:
        """Return whether the library or a device is missing, and what to do; None if neither is."""
        try:
            cupy = import_module("cupy")
        except ImportError as error:
            return (
                f"CuPy is not installed ({error}); pip install 'optframe-bench[cuda12]' or "
                "'optframe-bench[cuda13]', whichever your driver supports, or use --backend numpy"
            )
        if not cupy.cuda.is_available():
            return (
                f"CuPy {cupy.__version__} is installed but finds no CUDA device; check the driver "
                "with nvidia-smi, or use --backend numpy"
            )
        return None

    @cached_property
    def xp(self) -> Any:
        """The namespace `cupy`."""
        return import_module("cupy")

    @property
    def device(self) -> str:
        """The device's name, and the newest CUDA that its driver supports: ``H200, CUDA 12.8``."""
        runtime = self.xp.cuda.runtime
        name = runtime.getDeviceProperties(self.xp.cuda.Device().id)["name"].decode()
        version = runtime.driverGetVersion()
        return f"{name}, CUDA {version // 1000}.{version % 1000 // 10}"

    def environments(self) -> Sequence[Mapping[str, str]]:
        """Return an environment for each device of this process, which shows that device alone."""
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        devices = visible.split(",") if visible else range(self.xp.cuda.runtime.getDeviceCount())
        return [{"CUDA_VISIBLE_DEVICES": str(device).strip()} for device in devices]

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Copy to the device, C-ordered."""
        return self.xp.ascontiguousarray(self.xp.asarray(values, dtype))

    def csr(self, matrix: Any, dtype: str) -> Any:
        """Copy to the device, as a CuPy CSR matrix."""
        sparse = import_module("cupyx.scipy.sparse")
        parts = (
            self.xp.asarray(matrix.data, dtype),
            self.xp.asarray(matrix.indices, "int32"),
            self.xp.asarray(matrix.indptr, "int32"),
        )
        return sparse.csr_matrix(parts, shape=matrix.shape)

    def to_numpy(self, array: Array) -> NDArray[Any]:
        """Copy to the host; an array on the host is returned as it is."""
        return np.asarray(array.get() if isinstance(array, self.xp.ndarray) else array)

    def synchronize(self) -> None:
        """Wait for the current stream."""
        self.xp.cuda.get_current_stream().synchronize()

    def elementwise(self, trace: Trace) -> Any:
        """Compile the rule into one kernel, without fused multiply-adds, so that bits agree.

        θ and state are overwritten, unless two of them, or the gradient, are the same memory.
        """
        printed = print_c(trace)
        kernel = self.xp.ElementwiseKernel(
            printed.inputs,
            printed.outputs,
            printed.body,
            f"optframe_{trace.name}",
            options=("--fmad=false",),
        )
        states = len(trace.outputs) - 1

        def run(theta: Array, g: Array, *rest: Any) -> Any:
            coefficients = [self._coefficient(value, theta) for value in rest[states:]]
            outputs = (theta, *rest[:states])
            if len({array.data.ptr for array in (g, *outputs)}) <= len(outputs):
                outputs = tuple(self.xp.empty_like(array) for array in outputs)
            kernel(theta, g, *rest[:states], *coefficients, *outputs)
            return outputs[0] if trace.single else outputs

        return run

    def _coefficient(self, value: Any, theta: Array) -> Any:
        """Bring a coefficient to the device in θ's precision."""
        if np.ndim(value) == 0:
            return theta.dtype.type(float(value))
        return self.xp.asarray(value, theta.dtype)
