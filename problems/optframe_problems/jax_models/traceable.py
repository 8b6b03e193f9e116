"""What a JAX optimizer compiles together with a problem's gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Traceable"]


@dataclass(frozen=True)
class Traceable:
    """A problem's loss for use inside of a compilation.

    Two problems with equal ``value`` and ``dtype`` are one to a compiler.
    """

    value: Callable[..., Any]
    """``value(blocks, *arguments)``, the loss, of shape (); the blocks are those of the layout, by
    their names, of one run."""

    arguments: Callable[..., tuple[Any, ...]]
    """``arguments(*batch)``: what ``value`` takes beside the blocks, of the oracle's batch."""

    shorter: Callable[..., tuple[Any, ...] | None]
    """``shorter(*batch)``: the arguments of the last minibatch of an epoch, with other records,
    where that is shorter than this one; to compile for it before the clock starts."""

    dtype: str
    """The precision, in whose context it is compiled and called."""

    device: Any
    """JAX's device, on which the records are."""
