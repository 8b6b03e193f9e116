"""What an optimizer's class may declare for the kit, beyond the contract of an optimizer.

These methods are optional, and only these checks call them. A check does not apply without one::

    def invariances(self) -> frozenset[str]: ...
    def displacement(self, gradient, steps) -> Array | None: ...
    def on_scaled_loss(self, factor) -> Optimizer: ...
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from optframe.contracts import Array, Optimizer, Wrapper
from optframe.testing.kit import NotApplicable

__all__ = ["INVARIANCES", "displacement", "invariances", "on_scaled_loss"]

INVARIANCES = frozenset({"rotation", "loss scale", "parameter scale"})
"""Changes of a problem: θ rotated, the loss times a positive number, a unit for each parameter."""


def invariances(optimizer: Optimizer) -> Any:
    """Return which changes of a problem an optimizer declares to change nothing but the names."""
    return _method(optimizer, "invariances")()


def displacement(optimizer: Optimizer) -> Callable[[Array, int], Array | None]:
    """Return the optimizer's formula for θₖ − θ₀ after k steps with one constant gradient.

    The formula returns None where there is none for these hyperparameters.
    """
    return _method(optimizer, "displacement")


def on_scaled_loss(optimizer: Optimizer, factor: float) -> Optimizer:
    """Return the optimizer that takes the same steps where the loss is ``factor`` times as large.

    It is the optimizer itself if it declares the invariance ``loss scale``. A wrapper changes its
    own hyperparameters, and the optimizer in it changes its own.
    """
    if isinstance(optimizer, Wrapper):
        inner = on_scaled_loss(optimizer.optimizer, factor)
        changed: Any = _method(optimizer, "on_scaled_loss")(factor)
        changed = dataclasses.replace(changed, optimizer=inner)
    elif "loss scale" in getattr(optimizer, "invariances", frozenset)():
        changed = optimizer
    else:
        changed = _method(optimizer, "on_scaled_loss")(factor)
    found: Optimizer = changed
    return found


def _method(optimizer: Optimizer, name: str) -> Callable[..., Any]:
    method: Callable[..., Any] | None = getattr(optimizer, name, None)
    if not callable(method):  # a hyperparameter may have this name
        raise NotApplicable(f"{name}() is optional and not defined")
    return method
