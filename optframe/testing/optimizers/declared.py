"""What an optimizer's class may declare for the kit, beyond the contract of an optimizer.

Both methods are optional, and only these checks call them. A check does not apply without one::

    def invariances(self) -> frozenset[str]: ...
    def displacement(self, gradient, steps) -> Array | None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optframe.contracts import Array, Optimizer
from optframe.testing.kit import NotApplicable

__all__ = ["INVARIANCES", "displacement", "invariances"]

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


def _method(optimizer: Optimizer, name: str) -> Callable[..., Any]:
    method: Callable[..., Any] | None = getattr(optimizer, name, None)
    if not callable(method):  # a hyperparameter may have this name
        raise NotApplicable(f"{name}() is optional and not defined")
    return method
