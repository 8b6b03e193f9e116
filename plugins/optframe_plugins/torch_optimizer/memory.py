"""Memory of torch's own for numbers that a backend's arrays and torch's tensors share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from optframe import Array, Backend, Layout, UsageError

__all__ = ["Memory"]

PRECISIONS = ("float32", "float64")


class Memory:
    """A flat tensor of P numbers, and the same memory as an array of the backend.

    torch aligns its memory to 64 bytes, and NumPy to 16. An array of NumPy shares the tensor's
    memory, one of CuPy by DLPack. An array of another library cannot: it is copied.

    Parameters
    ----------
    like
        An array of shape (P,) with the precision and on the device that are wanted.
    backend
        The backend of ``like``.

    Raises
    ------
    UsageError
        If the precision is neither float32 nor float64.
    """

    def __init__(self, like: Array, backend: Backend) -> None:
        precision = str(like.dtype).rpartition(".")[2]
        if precision not in PRECISIONS:
            raise UsageError(
                f"optimizers of PyTorch compute in float32 or float64, found θ as {like.dtype}"
            )
        self._backend = backend
        library = type(like).__module__.partition(".")[0]
        place = f"cuda:{like.device.id}" if library == "cupy" else "cpu"
        self.flat: Any = torch.empty(like.shape, dtype=getattr(torch, precision), device=place)
        self._array: Array = None
        if isinstance(like, np.ndarray):
            self._array = self.flat.numpy()
        elif library == "cupy":
            import cupy

            self._array = cupy.from_dlpack(self.flat)
        self.given: Array = self._array
        """The array that `read` has returned last."""

    def write(self, values: Array) -> None:
        """Copy an array of the backend, shape (P,), into the memory."""
        if self._array is not None:
            self._array[...] = values
        else:
            self.flat.numpy()[...] = self._backend.to_numpy(values)

    def read(self) -> Array:
        """Return the array that shares this memory, or else a copy."""
        if self._array is None:
            self.given = self.copy()
        return self.given

    def copy(self) -> Array:
        """Return a copy as an array of the backend."""
        if self._array is not None:
            return self._array.copy()
        return self._backend.asarray(self.flat.numpy().copy())

    def views(self, layout: Layout) -> list[Any]:
        """Return the blocks as tensors, which share this memory."""
        return [self.flat[layout.slices[block.name]].view(block.shape) for block in layout]
