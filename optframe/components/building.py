"""Makes a component from its table, including the wrappers or transforms around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optframe.components.description import resolved
from optframe.components.inner import AROUND, tables_around
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry
from optframe.errors import UsageError

__all__ = ["make_wrapped", "wrap"]


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
    values: list[dict[str, Any]] = []
    for name, given in tables_around(kind, wrappers, where):
        at = f"{where}: wrap {name}"
        _check_side(registry, kind, name, at)
        specified = registry.specified(around, name, {**given, field: made}, at)
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
