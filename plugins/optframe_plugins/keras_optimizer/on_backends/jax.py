"""Steps of Keras on JAX: `stateless_apply`, compiled per class, parameters, blocks and dtype.

θ and the gradient go in as one array each, and are cut into blocks inside, behind a barrier: else
XLA fuses the cut with sums over a block, whose last bits are then others than Keras's. Only the
learning rate is an input beside them: neither a schedule nor a grid of rates compiles again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

import jax
import keras
import numpy as np
from jax import lax
from jax import numpy as jnp

from optframe_plugins.keras_optimizer.on_backends.precision import computing_in, x64

__all__ = ["OnJax"]

_LOCK = threading.Lock()
"""Keras's default precision is one for the process."""

Blocks = tuple[tuple[str, tuple[int, ...]], ...]


class OnJax:
    """The variables of an optimizer as arrays of JAX, and its compiled step."""

    def __init__(self, component: Any, blocks: Blocks, theta: Any) -> None:
        self.dtype = str(theta.dtype)
        self.number = np.dtype(self.dtype).type
        with _LOCK, computing_in(self.dtype):
            optimizer = _built(component.made(), blocks, theta)
            self.variables = _placed([variable.value for variable in optimizer.variables])
            self.compiled = _compiled(_Wanted(component), blocks, self.dtype)

    def step(self, theta: Any, gradient: Any, rate: float | None, values: dict[str, Any]) -> Any:
        """Write the next θ into θ; it is copied once, as JAX's answers are read-only."""
        given = theta, gradient, self.number(0.0 if rate is None else rate), self.variables
        if values:
            with _LOCK, computing_in(self.dtype):
                for name, value in values.items():
                    setattr(self.compiled.optimizer, name, value)
                following, self.variables = self.compiled.step(*given)
        else:
            with x64(self.dtype):
                following, self.variables = self.compiled.step(*given)
        theta[...] = following
        return theta

    def average(self, theta: Any) -> Any:
        """Return the average; before the first step it is 0 in Keras, and θ here."""
        if self.compiled.finalize is None or not int(self.variables[self.compiled.iterations]):
            return theta
        with x64(self.dtype):
            return np.array(self.compiled.finalize(theta, self.variables))

    def arrays(self) -> list[Any]:
        """Return copies of the variables."""
        return [np.array(value) for value in self.variables]

    def restore(self, arrays: list[Any]) -> None:
        """Set the variables."""
        with x64(self.dtype):
            self.variables = _placed(arrays)


@dataclass(frozen=True)
class _Compiled:
    optimizer: Any
    step: Any
    """It is not compiled if other parameters than the learning rate are schedules."""
    finalize: Any
    iterations: int
    """The place of the number of steps among the variables."""


class _Wanted:
    """A component, equal to others that differ in the learning rate alone."""

    def __init__(self, component: Any) -> None:
        self.component, self.scheduled = component, tuple(vars(component)["scheduled"])
        given = {k: v for k, v in component.given.items() if k != "learning_rate"}
        self.key = component.target, repr(sorted(given.items())), self.scheduled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Wanted) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=64)
def _compiled(wanted: _Wanted, blocks: Blocks, dtype: str) -> _Compiled:
    sizes = [int(np.prod(shape)) for _, shape in blocks]
    ends = [*accumulate(sizes)]
    optimizer = _built(wanted.component.made(), blocks, np.zeros(ends[-1], dtype))
    places = {id(variable): i for i, variable in enumerate(optimizer.variables)}
    rate_at = places.get(id(optimizer._learning_rate))

    def cut(flat: Any) -> list[Any]:
        spans = zip(sizes, ends, blocks, strict=True)
        return [flat[end - size : end].reshape(shape) for size, end, (_, shape) in spans]

    def joined(values: list[Any]) -> Any:
        return jnp.concatenate([value.ravel() for value in values])

    def step(theta: Any, gradient: Any, rate: Any, variables: list[Any]) -> tuple[Any, list[Any]]:
        if rate_at is not None:
            variables = [*variables[:rate_at], rate, *variables[rate_at + 1 :]]
        following, variables = optimizer.stateless_apply(
            variables, *lax.optimization_barrier((cut(gradient), cut(theta)))
        )
        return joined(lax.optimization_barrier(following)), variables

    def finalize(theta: Any, variables: list[Any]) -> Any:
        own = optimizer._trainable_variables
        mapping = [*zip(own, cut(theta), strict=True)]
        mapping += zip(optimizer.variables, variables, strict=True)
        with keras.StatelessScope(state_mapping=mapping) as scope:
            optimizer.finalize_variable_values(own)
        return joined([scope.get_current_value(variable) for variable in own])

    flat = np.zeros(ends[-1], dtype)
    variables = _placed([variable.value for variable in optimizer.variables])
    rate = np.dtype(dtype).type(0)
    plain = keras.optimizers.Optimizer.finalize_variable_values
    finalizes = optimizer.use_ema or type(optimizer).finalize_variable_values is not plain
    return _Compiled(
        optimizer,
        step if wanted.scheduled else _ahead(step, flat, flat, rate, variables),
        _ahead(finalize, flat, variables) if finalizes else None,
        places[id(optimizer._iterations)],
    )


def _ahead(function: Any, *arguments: Any) -> Any:
    return jax.jit(function).lower(*arguments).compile()


def _built(optimizer: Any, blocks: Blocks, theta: Any) -> Any:
    """Build an optimizer on θ: some take its values into their state."""
    variables, begin = [], 0
    for name, shape in blocks:
        size = int(np.prod(shape))
        value = theta[begin : begin + size].reshape(shape)
        begin += size
        named = name.replace("/", "_")
        variables.append(keras.Variable(value, dtype=str(theta.dtype), name=named))
    optimizer.build(variables)
    return optimizer


def _placed(arrays: list[Any]) -> list[Any]:
    """Return the arrays on JAX's CPU, whatever else there is."""
    cpu = jax.devices("cpu")[0]
    return [jax.device_put(array, cpu) for array in arrays]
