"""The layout of θ: its blocks in order, each with a name, a shape and a kind."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from operator import index
from typing import Any

from optframe.contracts.backend import Array
from optframe.errors import UsageError, nearest

__all__ = ["KINDS", "Block", "Layout"]

KINDS = ("input", "hidden", "output", "bias", "scale", "parameter")
"""What a block is in its model, see `Block`."""


@dataclass(frozen=True)
class Block:
    """A named part of θ with a shape.

    Parameters
    ----------
    name
        Different from the names of the other blocks.
    shape
        The sizes of its axes, at least 1 each; ``()`` for one number.
    kind
        ``input``, ``hidden`` or ``output`` for the weights of the first, a middle or the last layer
        of a network (``output`` for an only layer); ``bias``; ``scale`` for factors, as of a
        normalization; ``parameter`` for all else.

    Raises
    ------
    UsageError
        If the name is empty, a size is not a whole number ≥ 1, or there is no such kind.

    Examples
    --------
    >>> import optframe
    >>> optframe.Block("weights", (784, 32), "input").size
    25088
    """

    name: str
    shape: tuple[int, ...]
    kind: str = "parameter"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"Block: name is {self.name!r}; expected a text that is not empty")
        try:
            shape = tuple(index(size) for size in self.shape)
        except TypeError:
            shape = (0,)
        if any(size < 1 for size in shape):
            raise UsageError(
                f"Block {self.name!r}: shape is {self.shape!r}; expected a tuple of whole numbers "
                f"of at least 1, such as (784, 32)"
            )
        if self.kind not in KINDS:
            known = ", ".join(KINDS)
            text = isinstance(self.kind, str)
            hint = nearest(self.kind, KINDS) if text else f"expected one of: {known}"
            raise UsageError(f"Block {self.name!r}: kind is {self.kind!r}; {hint}")
        object.__setattr__(self, "shape", shape)

    @cached_property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The blocks that cover θ, in order; an iterable of them.

    Block b = 1, ..., B of shape s_b has n_b = Π s_b numbers. It begins at the offset o_b::

        o₁ = 0,   o_{b+1} = o_b + n_b,   P = o_{B+1} = Σ n_b
        view_b = θ[..., o_b : o_{b+1}], of shape (..., n_b), as (..., *s_b)

    In a block the last index runs fastest: entry (i, j) of a matrix of shape (m, n) is number
    i n + j of its block.

    Parameters
    ----------
    blocks
        At least one `Block`, with different names.

    Raises
    ------
    UsageError
        If there is no block, something is not a block, or two blocks have the same name.

    Examples
    --------
    >>> import numpy as np
    >>> from optframe import Block, Layout
    >>> layout = Layout((Block("weights", (2, 2), "output"), Block("bias", (2,), "bias")))
    >>> theta = np.arange(6.0)
    >>> layout.views(theta)["weights"]
    array([[0., 1.],
           [2., 3.]])
    >>> layout.views(theta)["bias"][:] = 9
    >>> theta
    array([0., 1., 2., 3., 9., 9.])
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        try:
            blocks = tuple(self.blocks)
        except TypeError:
            blocks = ()
        if not blocks:
            raise UsageError(f"Layout: blocks is {self.blocks!r}; expected at least one Block")
        names = set[str]()
        for block in blocks:
            if not isinstance(block, Block):
                raise UsageError(
                    f"Layout: found {block!r}; expected a Block(name, shape, kind) for each part"
                )
            if block.name in names:
                raise UsageError(f"Layout: two blocks have the name {block.name!r}; rename one")
            names.add(block.name)
        object.__setattr__(self, "blocks", blocks)

    @staticmethod
    @lru_cache(maxsize=128)
    def single(size: int) -> Layout:
        """Return one block ``parameter`` of shape (P,)."""
        return Layout((Block("parameter", (size,)),))

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    @cached_property
    def size(self) -> int:
        """P, the number of parameters."""
        return sum(block.size for block in self.blocks)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """Where each block lies in θ, by its name: ``theta[..., layout.slices[name]]``."""
        slices, end = dict[str, slice](), 0
        for block in self.blocks:
            slices[block.name] = slice(end, end := end + block.size)
        return slices

    def views(self, theta: Array) -> dict[str, Array]:
        """Return the blocks of a θ of shape (..., P), or of a gradient, by their names.

        A view has the shape ``(..., *shape)`` and shares the memory of ``theta``, whatever its
        leading axes are. What is written to one is written to the other. (JAX's arrays cannot be
        written to.)

        Raises
        ------
        ValueError
            If the last axis does not have P entries.
        """
        runs = tuple(theta.shape[:-1])
        if tuple(theta.shape[-1:]) != (self.size,):
            raise ValueError(
                f"Layout.views: found an array of shape {tuple(theta.shape)}; expected "
                f"(..., {self.size}), as the blocks have {self.size} numbers"
            )
        # To split an axis needs no copy in any library; the standard has no method for it.
        if hasattr(theta, "reshape"):
            return {
                name: theta[..., where].reshape(runs + shape) for name, where, shape in self._places
            }
        reshape = _namespace(theta).reshape
        return {
            name: reshape(theta[..., where], runs + shape, copy=False)
            for name, where, shape in self._places
        }

    def flat(self, views: Mapping[str, Array]) -> Array:
        """Return a new array of shape (..., P) with these blocks; `views` the other way around.

        All blocks have the same leading axes. Nothing is cast: blocks of different precisions give
        what the array library makes of them.

        Raises
        ------
        ValueError
            If a block is missing, unknown, or has another shape.
        """
        given, known = set(views), set(self.slices)
        if given != known:
            missing, unknown = (
                ", ".join(map(repr, sorted(s))) for s in (known - given, given - known)
            )
            found = f"without {missing}" if missing else f"with an unknown {unknown}"
            raise ValueError(
                f"Layout.flat: found blocks {found}; expected {', '.join(map(repr, self.slices))}"
            )
        runs = tuple(views[self.blocks[0].name].shape)
        runs = runs[: len(runs) - len(self.blocks[0].shape)]
        for name, _, shape in self._places:
            if tuple(views[name].shape) != runs + shape:
                raise ValueError(
                    f"Layout.flat: block {name!r} has the shape {tuple(views[name].shape)}; "
                    f"expected {runs + shape}: the leading axes of the first block, then {shape}"
                )
        xp = _namespace(views[self.blocks[0].name])
        concat = xp.concat if hasattr(xp, "concat") else xp.concatenate
        parts = [xp.reshape(views[block.name], (*runs, block.size)) for block in self.blocks]
        return concat(parts, axis=-1)

    @cached_property
    def _places(self) -> tuple[tuple[str, slice, tuple[int, ...]], ...]:
        return tuple((block.name, self.slices[block.name], block.shape) for block in self.blocks)


def _namespace(array: Any) -> Any:
    """Return an array's namespace: by the standard, else the module that its class is from."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    return sys.modules[type(array).__module__.partition(".")[0]]
