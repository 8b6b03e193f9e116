"""Checks that a class meets the contract of its kind, and describes the first flaw."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from pathlib import Path
from typing import Any

from optframe.components.kinds import KINDS

__all__ = ["flaw_of", "reserved", "unfit"]


def unfit(kind: str, target: Any) -> str | None:
    """Return why a hook must not return this target; None if it may."""
    if kind == "studies":
        path = isinstance(target, (str, Path))
        return None if path else f"found a {type(target).__name__}, expected a study file's path"
    if isinstance(target, type):
        return flaw_of(kind, target)
    reference = isinstance(target, str) and ":" in target
    return None if reference else f'found {target!r}, expected a class or "module:Class"'


def reserved(kind: str) -> frozenset[str]:
    """Return the keys of a component's table in a study that are no parameters of it."""
    of_all = {"name", "schedule"} if kind == "schedules" else {"name"}
    of_choices = {"label", "budget", "start", "tune", "wrap", "optimizers", "problems"}
    chosen = ("optimizers", "problems", "samplers")
    return frozenset(of_all | (of_choices if kind in chosen else set()))


def _fields(component: type) -> set[str]:
    """Return the names that a study uses for the parameters of a dataclass."""
    return {
        str(field.metadata.get("name", field.name))
        for field in dataclasses.fields(component)
        if field.init
    }


def flaw_of(kind: str, target: Any) -> str | None:
    """Return why a class or a ready-made object breaks its kind's contract; None if it does not."""
    component = target if isinstance(target, type) else type(target)
    contracts = importlib.import_module("optframe.contracts")
    classes = tuple(getattr(contracts, name) for name in KINDS[kind].contracts)
    if classes and not issubclass(component, classes):
        expected = " or ".join(f"optframe.{name}" for name in KINDS[kind].contracts)
        return f"{component.__qualname__} is not a subclass of {expected}"
    if kind == "adapters":
        return _missing(component)
    if isinstance(target, type) and not dataclasses.is_dataclass(target):
        return (
            f"{component.__qualname__} is not a dataclass; write @dataclass(frozen=True) above it"
        )
    if isinstance(target, type) and not target.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return f"{component.__qualname__} is not frozen; write @dataclass(frozen=True) above it"
    if isinstance(target, type):
        used = _fields(target) & reserved(kind)
        if used:
            field = min(used)
            return (
                f"{component.__qualname__} has a field {field!r}, which no study could set, since "
                f"the key {field!r} of its table has another meaning; rename the field"
            )
    needs: Any = getattr(target, "needs", frozenset())
    of_each = isinstance(target, type) and hasattr(needs, "__get__")  # a property of its objects
    if not of_each and not isinstance(needs, (set, frozenset)):
        return (
            f"{component.__qualname__}.needs is {needs!r}; expected a frozenset of names, such as "
            "frozenset({'gradient'})"
        )
    return _missing(component)


def _missing(component: type) -> str | None:
    if inspect.isabstract(component):
        missing = ", ".join(sorted(getattr(component, "__abstractmethods__", ())))
        return f"{component.__qualname__} does not define {missing}, which its contract requires"
    return None
