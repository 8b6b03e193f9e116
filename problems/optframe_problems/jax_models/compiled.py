"""Compiled answers of a problem in one precision, from arrays of a backend to its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optframe import Array, Backend
from optframe_problems.jax_models.loss import Loss
from optframe_problems.jax_models.records import Records
from optframe_problems.jax_models.tree import Tree

__all__ = ["Compiled", "JaxBatch"]

COLUMNS = 64
"""How many columns of a Hessian are worked out together."""


@dataclass(slots=True)
class JaxBatch:
    """Records, and the two words of the step's key; None where nothing is drawn.

    In a batch of R runs each has an axis of the runs first where it differs between them. ``size``
    is the number of records of a run.
    """

    records: tuple[Any, ...]
    words: Any
    size: int
    runs: bool = False

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the loss takes after the parameters."""
        return self.records if self.words is None else (*self.records, self.words)

    def first(self, count: int) -> JaxBatch:
        """Return so many of the records of each run."""
        rows = (slice(None), slice(count)) if self.runs else slice(count)
        return JaxBatch(tuple(part[rows] for part in self.records), self.words, count, self.runs)


_NOTHING = JaxBatch((), None, 0)


class Compiled:
    """The answers of a loss, each compiled once for each shape.

    Double precision is a context of each call, so that both precisions live in one process.
    Answers on the host are views of JAX's memory, which cannot be written to.
    """

    def __init__(
        self, tree: Tree, loss: Loss, records: int, backend: Backend | None, dtype: str
    ) -> None:
        self.tree = tree
        self._records = records
        self.loss = loss
        self.dtype = dtype
        self._double = dtype == "float64"
        self._backend = backend
        on_device = backend is not None and hasattr(
            backend.zeros((1,), dtype), "__cuda_array_interface__"
        )
        self.shares_device = on_device and jax.default_backend() == "gpu"
        """Whether the backend's arrays are on JAX's device."""
        self.device = jax.devices("gpu" if self.shares_device else "cpu")[0]
        self._place = self.device if self.device != jax.devices()[0] else None
        self._numpy = backend is None or backend.xp is np
        self._functions: dict[Any, Any] = {}

    def precision(self) -> AbstractContextManager[Any]:
        """Return the context of the precision."""
        made: AbstractContextManager[Any] = jax.enable_x64(self._double)
        return made

    def host(self, records: Records) -> Records:
        """Return records on the host in JAX's precision for this one."""
        with self.precision():
            kinds = [
                self.dtype if part.dtype.kind == "f" else jax.dtypes.canonicalize_dtype(part.dtype)
                for part in records
            ]
        return tuple(p.astype(kind, copy=False) for p, kind in zip(records, kinds, strict=True))

    def on_device(self, records: Records) -> tuple[Any, ...]:
        """Return records on the device."""
        with self.precision():
            return tuple(jax.device_put(part, self.device) for part in records)

    def rows(self, records: tuple[Any, ...], indices: Any) -> tuple[Any, ...]:
        """Return these rows of records on the device."""
        with self.precision():
            found: tuple[Any, ...] = _taken(records, indices)
            return found

    def __call__(self, word: str, batch: JaxBatch | None, *points: Array) -> Any:
        """Return an answer at a θ (..., P), and with a v of the same shape for ``hvp``."""
        batch = _NOTHING if batch is None else batch
        shape = (word, points[0].ndim, batch.runs, np.ndim(batch.words), batch.size)
        function = self._functions.get(shape)
        if function is None:
            function = self._functions[shape] = self._compile(word, batch, points[0].ndim - 1)
            shorter = None if word == "measure" else self.shorter(batch)
            if shorter is not None:  # before the clock starts
                self(word, shorter, *points)
        with self.precision():
            return self.back(function(*map(self.there, points), *batch.arguments))

    def shorter(self, batch: JaxBatch) -> JaxBatch | None:
        """Return a batch with as many records as an epoch's last one, if these are fewer."""
        left = self._records % batch.size if 0 < batch.size < self._records else 0
        return batch.first(left) if left else None

    def there(self, array: Array) -> Any:
        """Return an array of the backend as what JAX takes."""
        if self._numpy:
            return array if self._place is None else jax.device_put(array, self._place)
        if self.shares_device and hasattr(array, "__cuda_array_interface__"):
            return jax.dlpack.from_dlpack(array)
        assert self._backend is not None
        return jax.device_put(self._backend.to_numpy(array), self.device)

    def back(self, found: Any) -> Any:
        """Return JAX's answers as the backend's arrays; arrays on the host are read-only."""
        if isinstance(found, jax.Array):
            return self._array(found)
        if isinstance(found, dict):
            return {name: self._array(value) for name, value in found.items()}
        return tuple(map(self._array, found))

    def _array(self, found: Any) -> Any:
        if self._numpy:
            return np.asarray(found)[()]
        assert self._backend is not None
        if self.shares_device:
            return self._backend.xp.from_dlpack(found)
        return self._backend.asarray(np.asarray(found))

    def _compile(self, word: str, batch: JaxBatch, axes: int) -> Any:
        """Return an answer for a θ with so many axes before the last, compiled when called."""
        function, points = getattr(self, f"_{word}"), 2 if word == "hvp" else 1
        over_records = [0 if batch.runs else None] * len(batch.records)
        over_words = [] if batch.words is None else [0 if np.ndim(batch.words) > 1 else None]
        alone = [None] * len(batch.arguments)
        differ = 0 in (*over_records, *over_words)
        for axis in range(axes):
            # The last one is the axis of the runs, which their records and keys have, too.
            of_runs = differ and axis == axes - 1
            others = [*over_records, *over_words] if of_runs else alone
            function = jax.vmap(function, in_axes=(*[0] * points, *others))
        return jax.jit(function)

    def value_of_blocks(self, blocks: Mapping[str, Any], *arguments: Any) -> Any:
        """Return the loss of the layout's blocks; within a compilation."""
        return self._value(self.tree.of_blocks(blocks), *arguments)

    def _value(self, params: Any, *arguments: Any) -> Any:
        return self.loss(params, *arguments).astype(self.dtype)

    def _loss(self, theta: Any, *arguments: Any) -> Any:
        return self._value(self.tree.params(theta), *arguments)

    def _gradient(self, theta: Any, *arguments: Any) -> Any:
        return self.tree.flat(jax.grad(self._value)(self.tree.params(theta), *arguments))

    def _loss_and_gradient(self, theta: Any, *arguments: Any) -> Any:
        loss, found = jax.value_and_grad(self._value)(self.tree.params(theta), *arguments)
        return loss, self.tree.flat(found)

    def _hvp(self, theta: Any, v: Any, *arguments: Any) -> Any:
        params = self.tree.params

        def slope(at: Any) -> Any:
            return jax.grad(self._value)(at, *arguments)

        return self.tree.flat(jax.jvp(slope, (params(theta),), (params(v),))[1])

    def _hessian(self, theta: Any, *arguments: Any) -> Any:
        columns = jax.lax.map(
            lambda v: self._hvp(theta, v, *arguments),
            jnp.eye(theta.size, dtype=theta.dtype),
            batch_size=COLUMNS,
        )
        return 0.5 * (columns + columns.T)

    def _per_sample(self, theta: Any, *arguments: Any) -> Any:
        return jax.vmap(lambda *record: self._gradient(theta, *(part[None] for part in record)))(
            *arguments
        )

    def _each(self, theta: Any, *arguments: Any) -> Any:
        """Return the loss of each record alone."""
        return jax.vmap(lambda *record: self._loss(theta, *(part[None] for part in record)))(
            *arguments
        )

    def _measure(self, theta: Any, *arguments: Any) -> Any:
        return {
            name: value.astype(self.dtype)
            for name, value in self.loss.measure(self.tree.params(theta), *arguments).items()
        }


@jax.jit
def _taken(records: tuple[Any, ...], indices: Any) -> tuple[Any, ...]:
    return tuple(jnp.take(part, indices, axis=0) for part in records)
