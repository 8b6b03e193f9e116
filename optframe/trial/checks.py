"""What a plugin's components owe, and one line that says what they have not kept."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optframe.components.kinds import KINDS
from optframe.errors import PluginError

if TYPE_CHECKING:
    from optframe.contracts import Problem

__all__ = ["check_metrics", "check_start", "check_step", "check_theta", "flaw_of", "unfit"]


def unfit(kind: str, target: Any) -> str | None:
    """Say why a hook may not return this target, or None."""
    if kind == "studies":
        path = isinstance(target, (str, Path))
        return None if path else f"found a {type(target).__name__}, expected a study file's path"
    if isinstance(target, type):
        return flaw_of(kind, target)
    reference = isinstance(target, str) and ":" in target
    return None if reference else f'found {target!r}, expected a class or "module:Class"'


def flaw_of(kind: str, target: Any) -> str | None:
    """Say why a class, or a ready-made object, is not what its kind's contract says, or None."""
    component = target if isinstance(target, type) else type(target)
    contracts = importlib.import_module("optframe.contracts")
    classes = tuple(getattr(contracts, name) for name in KINDS[kind].contracts)
    if classes and not issubclass(component, classes):
        expected = " or ".join(f"optframe.{name}" for name in KINDS[kind].contracts)
        return f"{component.__qualname__} is no subclass of {expected}"
    if isinstance(target, type) and not dataclasses.is_dataclass(target):
        return f"{component.__qualname__} is no dataclass; write @dataclass(frozen=True) above it"
    if isinstance(target, type) and not target.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return f"{component.__qualname__} is not frozen; write @dataclass(frozen=True) above it"
    needs: Any = getattr(target, "needs", frozenset())
    if not isinstance(needs, (set, frozenset)):
        return f"{component.__qualname__}.needs is {needs!r}; expected a frozenset of words"
    if inspect.isabstract(component):
        missing = ", ".join(sorted(getattr(component, "__abstractmethods__", ())))
        return f"{component.__qualname__} does not define {missing}, which its contract asks for"
    return None


def check_start(problem: Problem, start: Any) -> None:
    """Raise where a start has not the problem's size."""
    if start.shape != (problem.size,):
        raise PluginError(
            f"{type(problem).__name__} starts with shape {start.shape}; expected "
            f"({problem.size},), its size"
        )


def check_metrics(problem: Problem, values: Mapping[str, Any]) -> None:
    """Raise where there is no loss among the metrics, or one has a column's name."""
    from optframe.contracts.record import RESERVED

    who, taken = type(problem).__name__, sorted(RESERVED.intersection(values))
    if "loss" not in values:
        raise PluginError(f"{who}.metrics measures {', '.join(values)}; expected a loss, too")
    if taken:
        raise PluginError(f"{who}.metrics: {', '.join(taken)} is taken; rename the metric")


def check_step(optimizer: Any, returned: Any, shape: Any, dtype: Any) -> None:
    """Raise where a step has not returned (θ, state)."""
    if not (isinstance(returned, tuple) and len(returned) == 2):
        values = f"{len(returned)} values" if isinstance(returned, tuple) else None
        found = values or f"a {type(returned).__name__}"
        raise PluginError(
            f"{type(optimizer).__name__}.step returned {found}; expected (theta, state)"
        )
    check_theta(optimizer, returned[0], shape, dtype)


def check_theta(optimizer: Any, theta: Any, shape: Any, dtype: Any) -> None:
    """Raise where θ has not kept its shape and precision."""
    found = (getattr(theta, "shape", ""), getattr(theta, "dtype", type(theta).__name__))
    if found != (shape, dtype):
        raise PluginError(
            f"{type(optimizer).__name__}.step returned θ as {found[1]} {found[0]}; "
            f"expected {dtype} {shape}"
        )
