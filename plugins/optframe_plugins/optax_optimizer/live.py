"""The state of a run: the leaves of a transformation's state, and the steps that change them."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from optframe import Array, Oracle
from optframe_plugins.optax_optimizer.compiled import compiled_for

__all__ = ["Live"]


class Live:
    """The leaves of the state as JAX's arrays; `dump` makes NumPy's of them."""

    def __init__(self, component: Any, theta: Array, oracle: Oracle, plain: Any = None) -> None:
        problem: Any = oracle.problem
        transformation = component.transformation
        self._traceable = None
        if hasattr(problem, "traceable"):
            self._traceable = problem.traceable()
        self._backend = oracle.backend
        self._numpy = oracle.xp is np
        elsewhere = self._numpy and jax.default_backend() != "cpu"
        self._place = jax.devices("cpu")[0] if elsewhere else None
        dtype = str(theta.dtype).rpartition(".")[2]
        value = None if self._traceable is None else self._traceable.value
        self._compiled = compiled_for(transformation, oracle.layout, dtype, value)
        self._double = dtype == "float64"
        self._kind = np.dtype(dtype).type
        self._takes = transformation.takes
        names = {name: field for field, name in component.library_names.items()}
        self._traced = tuple(names[name] for name in transformation.traced)
        self._searches = "value_fn" in self._takes
        self._losses = 1 if "value" in self._takes else 0
        with jax.enable_x64(self._double):
            self.averages = self._compiled.averages
            words = np.zeros(2, np.uint32)
            if transformation.draws and plain is None:
                words = oracle.random.integers(2**32, size=2, dtype=np.uint32)
            leaves = self._compiled.init(self._there(theta), self._numbers(component), words)
            if plain is not None:
                leaves = [
                    jax.device_put(_as(kept, leaf.dtype))
                    for kept, leaf in zip(plain, leaves, strict=True)
                ]
        self.leaves = leaves

    @property
    def nbytes(self) -> int:
        """The number of bytes in the state."""
        return sum(leaf.nbytes for leaf in self.leaves)

    def step(self, theta: Array, component: Any, oracle: Oracle) -> Array:
        """Do one step from θ, and return the next θ."""
        numbers, traceable = self._numbers(component), self._traceable
        with jax.enable_x64(self._double):
            if traceable is not None and oracle.direct:
                with oracle.counted(losses=self._losses, gradients=1) as batch:
                    arguments = traceable.arguments(*batch)
                    shape = arguments[0].shape if arguments else ()
                    if shape not in self._compiled.shapes:
                        self._rehearse(theta, numbers, shape, traceable.shorter(*batch))
                    moved, leaves = self._compiled.shared(
                        self._there(theta), numbers, self.leaves, *arguments
                    )
                    found = self._back(moved)
                if self._searches:
                    jax.effects_barrier()
                    with oracle.counted(*self._compiled.asks.taken()):
                        pass
            else:
                found, leaves = self._apart(theta, numbers, oracle)
        self.leaves = leaves
        return found

    def _rehearse(self, theta: Array, numbers: Any, shape: Any, shorter: Any) -> None:
        """Compile for the last minibatch of an epoch, too: the first step is off the clock."""
        self._compiled.shapes.add(shape)
        if shorter is not None:
            self._compiled.shapes.add(shorter[0].shape)
            self._compiled.shared(self._there(theta), numbers, self.leaves, *shorter)
            jax.effects_barrier()
            self._compiled.asks.taken()

    def _apart(self, theta: Array, numbers: Any, oracle: Oracle) -> Any:
        loss: Any = None
        if self._losses:
            loss, slope = oracle.loss_and_gradient(theta)
            loss = self._kind(float(loss))
        else:
            slope = oracle.gradient(theta)
        if self._searches:
            self._compiled.asks.hold(oracle)
        given = self._there(theta), numbers, self.leaves, self._there(slope), loss
        moved, leaves = self._compiled.apart(*given)
        return self._back(moved), leaves

    def solution(self, theta: Array) -> Array:
        """Return θ, or the point at which a schedule-free method is evaluated."""
        if not self.averages:
            return theta
        with jax.enable_x64(self._double):
            return self._back(self._compiled.solution(self._there(theta), self.leaves))

    def dump(self) -> list[Any]:
        """Return the leaves as NumPy's arrays."""
        return [_plain(leaf) for leaf in self.leaves]

    def _numbers(self, component: Any) -> tuple[Any, ...]:
        return tuple(self._kind(getattr(component, field)) for field in self._traced)

    def _there(self, array: Array) -> Any:
        if self._numpy:
            return array if self._place is None else jax.device_put(array, self._place)
        if hasattr(array, "__cuda_array_interface__") and jax.default_backend() == "gpu":
            return jax.dlpack.from_dlpack(array)
        return self._backend.to_numpy(array)

    def _back(self, moved: Any) -> Array:
        """Return θ as an array of the backend that may be written to."""
        if self._numpy:
            return np.array(moved)
        if hasattr(moved, "__cuda_array_interface__") and hasattr(self._backend.xp, "cuda"):
            return self._backend.xp.from_dlpack(moved).copy()
        return self._backend.asarray(np.array(moved))


def _plain(leaf: Any) -> Any:
    host = np.array(leaf)
    # What NumPy does not know, such as bfloat16, is saved as whole numbers.
    return host.view(f"u{host.itemsize}") if host.dtype.kind == "V" else host


def _as(kept: Any, dtype: Any) -> Any:
    host = np.array(kept)
    return host.view(dtype) if np.dtype(dtype).kind == "V" else host
