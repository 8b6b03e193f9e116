"""Makes a component from its table, including the wrappers or transforms around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optframe.components.description import resolved
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry
from optframe.errors import UsageError

__all__ = ["AROUND", "MOST_WRAPPERS", "make_wrapped", "wrap"]

MOST_WRAPPERS = 50
"""The most wrappers or transforms around one component: each one calls the next."""

AROUND = {"optimizers": ("wrappers", "optimizer"), "problems": ("transforms", "problem")}
"""For each kind that can be wrapped: the kind of its wrappers, and their field for the inner."""


def make_wrapped(registry: Registry, kind: str, table: Mapping[str, Any], where: str) -> Any:
    """Make a component from its whole table: its name, its parameters and its wrappers."""
    given = {key: value for key, value in table.items() if key not in ("name", "wrap")}
    made = registry.make(kind, table["name"], given, where)
    wrappers = table.get("wrap", [])
    return wrap(registry, kind, made, wrappers, where)[0] if wrappers else made


def wrap(
    registry: Registry, kind: str, made: Any, wrappers: Any, where: str
) -> tuple[Any, list[dict[str, Any]]]:
    """Put wrappers around an optimizer, or transforms around a problem; the first is innermost."""
    if kind not in AROUND:
        raise UsageError(
            f"{where}: wrap: a {KINDS[kind].singular} cannot be wrapped; leave wrap out"
        )
    around, field = AROUND[kind]
    if not isinstance(wrappers, list) or not all(isinstance(w, Mapping) for w in wrappers):
        raise UsageError(f"{where}: wrap: expected a list of tables, found {wrappers!r}")
    if len(wrappers) > MOST_WRAPPERS:
        raise UsageError(
            f"{where}: wrap: found {len(wrappers)} {around}, expected at most {MOST_WRAPPERS}"
        )
    values: list[dict[str, Any]] = []
    for table in wrappers:
        name = table.get("name")
        given = {k: v for k, v in table.items() if k != "name"}
        if field in given:
            raise UsageError(
                f"{where}: wrap {name}: found {field} = {given[field]!r}; leave it out, since a "
                f"{KINDS[around].singular} is put around the {KINDS[kind].singular} of its table"
            )
        _check_side(registry, kind, str(name), f"{where}: wrap {name}")
        at = f"{where}: wrap {name}"
        specified = registry.specified(around, str(name), {**given, field: made}, at)
        values.append({"name": name, **resolved(registry, specified, given)})
        made = registry.finished(around, specified, at)
    return made, values


def _check_side(registry: Registry, kind: str, name: str, where: str) -> None:
    """Raise if a wrapper is put around a problem, or a transform around an optimizer."""
    own = AROUND[kind][0]
    for other, (around, _) in AROUND.items():
        if name in registry.names(around) and name not in registry.names(own):
            raise UsageError(
                f"{where}: found a {KINDS[around].singular}, which wraps {other}; expected a "
                f"{KINDS[own].singular}, one of: {', '.join(registry.names(own))}"
            )
