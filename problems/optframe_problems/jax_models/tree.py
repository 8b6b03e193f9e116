"""The parameters of a problem as a pytree, and as θ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from optframe import Layout, UsageError
from optframe.errors import described
from optframe_problems.jax_models.block_kinds import layout_of_leaves

__all__ = ["KEYS", "Tree", "key_of"]

KEYS = "threefry2x32"
"""The generator of all keys, whatever JAX's default is."""

PRECISIONS = ("float32", "float64")


def key_of(words: Any) -> Any:
    """Return the key that two whole numbers of 32 bits stand for."""
    return jax.random.wrap_key_data(words, impl=KEYS)


class Tree:
    """A pytree of float leaves, or a function of a key that makes one.

    θ is the leaves one after the other, in JAX's order, each in C order.

    Raises
    ------
    UsageError
        If a leaf is no array of float32 or float64, or there are none.
    """

    def __init__(self, params: Any, network: bool) -> None:
        self._network = network
        self._make = None
        ready = params
        if callable(params) and jax.tree_util.all_leaves([params]):
            self._make = params
            ready = self._made(np.zeros(2, np.uint32))
        paths, self.structure = jax.tree_util.tree_flatten_with_path(ready)
        if not paths:
            raise UsageError("JaxProblem: params has no leaves; expected a pytree of float arrays")
        every = [jax.tree_util.keystr(p, simple=True, separator=".") for p, _ in paths]
        self.names = _apart([name or "params" for name in every])
        leaves = [leaf for _, leaf in paths]
        for name, leaf in zip(self.names, leaves, strict=True):
            _check(name, leaf)
        self.kinds = tuple(map(_kind, leaves))
        """What each leaf is: its library, and its precision."""
        self.shapes = tuple(np.shape(leaf) for leaf in leaves)
        self.sizes = tuple(prod(shape) for shape in self.shapes)
        if not sum(self.sizes):
            raise UsageError("JaxProblem: params holds no numbers; expected at least one")
        self._first = _joined(leaves)

    @cached_property
    def layout(self) -> Layout:
        """The blocks of θ; leaves without numbers are none."""
        sizes = zip(self.names, self.shapes, self.sizes, strict=True)
        there = [(name, shape) for name, shape, size in sizes if size]
        return layout_of_leaves([n for n, _ in there], [s for _, s in there], self._network)

    @property
    def dtype(self) -> str:
        """``float32`` if any array is that, else ``float64``; Python's floats do not count."""
        return "float32" if any(dtype == "float32" for _, dtype in self.kinds) else "float64"

    @cached_property
    def draws_start(self) -> bool:
        """Whether another key makes another start."""
        if self._make is None:
            return False
        one, other = (self.start(np.array([0, word], np.uint32)) for word in (1, 2))
        return not np.array_equal(one, other, equal_nan=True)

    def start(self, words: NDArray[np.uint32]) -> NDArray[Any]:
        """Return the leaves as θ, (P,), or those that the function makes of the key."""
        if self._make is None:
            return self._first.copy()
        made = self._made(words)
        leaves = self.leaves_of(made, "the function of a key makes another pytree for another key")
        for name, leaf in zip(self.names, leaves, strict=True):
            _check(name, leaf)
        return _joined(leaves)

    def leaves_of(self, tree: Any, what: str) -> list[Any]:
        """Return the leaves of a pytree like this one.

        Raises
        ------
        UsageError
            If it has another structure or other shapes.
        """
        leaves: list[Any]
        leaves, structure = jax.tree_util.tree_flatten(tree)
        if structure != self.structure:
            raise UsageError(f"JaxProblem: {what}: {structure}; expected {self.structure}")
        for name, leaf, shape in zip(self.names, leaves, self.shapes, strict=True):
            if np.shape(leaf) != shape:
                raise UsageError(
                    f"JaxProblem: {what}: {name!r} has shape {np.shape(leaf)}; expected {shape}"
                )
        return leaves

    def params(self, theta: Any) -> Any:
        """Return the pytree of one θ, (P,); within a compilation."""
        parts, end = [], 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            parts.append(theta[end : (end := end + size)].reshape(shape))
        return self.structure.unflatten(parts)

    def of_blocks(self, blocks: Mapping[str, Any]) -> Any:
        """Return the pytree of the layout's blocks, by their names; within a compilation."""
        some = next(iter(blocks.values()))
        named = zip(self.names, self.shapes, strict=True)
        leaves = [blocks[n] if n in blocks else jnp.zeros(shape, some.dtype) for n, shape in named]
        return self.structure.unflatten(leaves)

    def flat(self, tree: Any) -> Any:
        """Return derivatives by the leaves as one array, (P,); within a compilation.

        Without the barrier, XLA may fuse the concatenation with a matrix product, which is then a
        plain loop, nine times as slow.
        """
        leaves = jax.lax.optimization_barrier(jax.tree_util.tree_leaves(tree))
        return jnp.concatenate([leaf.reshape(-1) for leaf in leaves])

    def apply(self, theta: NDArray[Any], params: Any = None) -> Any:
        """Return θ as a pytree; each leaf is of the library and precision of ``params``'s."""
        kinds: Sequence[tuple[str, str]] = self.kinds
        if params is not None:
            kinds = [_kind(x) for x in self.leaves_of(params, "apply: θ does not fit into params")]
        leaves, end = [], 0
        for (library, dtype), shape, size in zip(kinds, self.shapes, self.sizes, strict=True):
            part = np.array(theta[end : (end := end + size)], dtype or None).reshape(shape)
            if library == "jax":
                with jax.enable_x64(dtype == "float64"):
                    leaves.append(jnp.array(part))
            else:
                leaves.append(float(part) if library == "python" else part)
        return self.structure.unflatten(leaves)

    def _made(self, words: NDArray[np.uint32]) -> Any:
        assert self._make is not None
        try:
            return self._make(key_of(words))
        except Exception as error:
            raise UsageError(
                f"JaxProblem: params is a function that raised {described(error)}; expected a "
                "function of a key that makes a pytree"
            ) from error


def _joined(leaves: Sequence[Any]) -> NDArray[Any]:
    return np.concatenate([np.asarray(leaf).reshape(-1) for leaf in leaves])


def _kind(leaf: Any) -> tuple[str, str]:
    if type(leaf) is float:
        return "python", ""
    return "jax" if isinstance(leaf, jax.Array) else "numpy", str(leaf.dtype)


def _check(name: str, leaf: Any) -> None:
    array = isinstance(leaf, (jax.Array, np.ndarray, np.generic))
    found = str(getattr(leaf, "dtype", "")) or f"of type {type(leaf).__name__}"
    if type(leaf) is float or (array and found in PRECISIONS):
        if np.isfinite(leaf).all():
            return
        raise UsageError(
            f"JaxProblem: params: the leaf {name!r} holds numbers that are not finite; expected a "
            "start at which the loss can be computed"
        )
    hint = "convert it before"
    if type(leaf) in (int, bool) or found.startswith(("int", "uint", "bool")):
        hint = "write whole numbers as floats, or keep what is not trained in the loss"
    elif found.startswith("complex"):
        hint = "hold its parts as real numbers"
    elif callable(leaf):
        hint = "keep functions in the loss, as by equinox.partition(model, is_inexact_array)"
    raise UsageError(
        f"JaxProblem: params: the leaf {name!r} is {found}; expected float32 or float64: {hint}"
    )


def _apart(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names; of equal ones (of the keys 1 and "1") the later get a number."""
    found: list[str] = []
    for name in names:
        other, count = name, 2
        while other in found:
            other, count = f"{name}-{count}", count + 1
        found.append(other)
    return tuple(found)
