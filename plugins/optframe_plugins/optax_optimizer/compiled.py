"""The compiled steps of a transformation on θ, for one layout and precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optframe import Layout
from optframe_plugins.optax_optimizer.asks import Asks
from optframe_plugins.optax_optimizer.transformation import KEYS, Transformation

__all__ = ["Compiled", "compiled_for"]


_NO_WORDS = np.zeros(2, np.uint32)


@lru_cache(maxsize=256)
def compiled_for(
    transformation: Transformation, layout: Layout, dtype: str, value: Any
) -> Compiled:
    """Return the compiled steps; those of equal arguments are the same."""
    return Compiled(transformation, layout, dtype, value)


class Compiled:
    """Compiled functions of θ (P,), the traced numbers, and the leaves of the state.

    ``value`` is the traceable loss of a problem that is written in JAX, or None.
    """

    def __init__(
        self,
        transformation: Transformation,
        layout: Layout,
        dtype: str,
        value: Callable[..., Any] | None,
    ) -> None:
        self._transformation = transformation
        self._layout = layout
        self.dtype = dtype
        self._value = value
        self.shapes: set[Any] = set()
        """The shapes of the records that `shared` is compiled for."""
        self.asks = Asks(dtype)
        """Losses at other points than θ, and their counts."""
        self._takes = transformation.takes
        self.init = jax.jit(self._init)
        self.shared = jax.jit(self._shared)
        self.apart = jax.jit(self._apart)
        self.solution = jax.jit(self._solution)

    def _blocks(self, theta: Any) -> dict[str, Any]:
        slices = self._layout.slices
        return {b.name: theta[slices[b.name]].reshape(b.shape) for b in self._layout}

    def _flat(self, blocks: Mapping[str, Any]) -> Any:
        return jnp.concatenate([blocks[block.name].reshape(-1) for block in self._layout])

    def _made(self, numbers: Any, words: Any) -> Any:
        traced = dict(zip(self._transformation.traced, numbers, strict=True))
        return self._transformation.made(traced, words)

    def _tree(self, theta: Any, numbers: Any, words: Any) -> Any:
        return self._made(numbers, words).init(self._blocks(theta))

    def _init(self, theta: Any, numbers: Any, words: Any) -> Any:
        return [
            jax.random.key_data(leaf) if _is_key(leaf) else jnp.asarray(leaf)
            for leaf in jax.tree_util.tree_leaves(self._tree(theta, numbers, words))
        ]

    @cached_property
    def _template(self) -> tuple[Any, Any]:
        """The structure of the state, and what its leaves are."""
        theta = jax.ShapeDtypeStruct((self._layout.size,), self.dtype)
        number = jax.ShapeDtypeStruct((), self.dtype)
        numbers = (number,) * len(self._transformation.traced)
        tree = jax.eval_shape(self._tree, theta, numbers, _NO_WORDS)
        leaves, structure = jax.tree_util.tree_flatten(tree)
        return structure, leaves

    @property
    def averages(self) -> bool:
        """Whether it is a schedule-free method, which is evaluated at another point."""
        structure, leaves = self._template
        state = structure.unflatten(leaves)
        return isinstance(state, optax.contrib.ScheduleFreeState)

    def _state(self, leaves: Any) -> Any:
        structure, kinds = self._template
        return structure.unflatten(
            [
                jax.random.wrap_key_data(leaf, impl=KEYS) if _is_key(kind) else leaf
                for leaf, kind in zip(leaves, kinds, strict=True)
            ]
        )

    def _updated(
        self, numbers: Any, leaves: Any, blocks: Any, slopes: Any, value: Any, function: Any
    ) -> Any:
        every = {"value": value, "grad": slopes, "value_fn": function}
        extra = {name: every[name] for name in self._takes}
        made = self._made(numbers, _NO_WORDS)
        updates, state = made.update(slopes, self._state(leaves), blocks, **extra)
        moved = optax.apply_updates(blocks, updates)
        found = jax.tree_util.tree_leaves(state)
        found = [jax.random.key_data(leaf) if _is_key(leaf) else leaf for leaf in found]
        return self._flat(moved).astype(self.dtype), found

    def _shared(self, theta: Any, numbers: Any, leaves: Any, *arguments: Any) -> Any:
        """Do a step with the gradient of the problem's traceable loss."""
        loss = self._value
        assert loss is not None
        blocks = self._blocks(theta)
        value, slopes = jax.value_and_grad(loss)(blocks, *arguments)
        # XLA may otherwise fuse the update with a matrix product, which then is a plain loop.
        value, slopes = jax.lax.optimization_barrier((value, slopes))
        function = self.asks.counted(lambda at: loss(at, *arguments))
        return self._updated(numbers, leaves, blocks, slopes, value, function)

    def _apart(self, theta: Any, numbers: Any, leaves: Any, slope: Any, value: Any) -> Any:
        """Do a step with a gradient that was computed outside."""
        blocks = self._blocks(theta)

        def function(at: Any) -> Any:
            return self.asks.outside(self._flat(at))

        return self._updated(numbers, leaves, blocks, self._blocks(slope), value, function)

    def _solution(self, theta: Any, leaves: Any) -> Any:
        blocks = self._blocks(theta)
        return self._flat(optax.contrib.schedule_free_eval_params(self._state(leaves), blocks))


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) if hasattr(leaf, "dtype") else False
