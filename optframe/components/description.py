"""Describes a component as plain data: all its parameters, or those that differ from defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from optframe.components.inner import table_of_text
from optframe.components.parameters import FURTHER, parameters, spelling
from optframe.components.registry import Registry
from optframe.components.signatures import path_of
from optframe.contracts import Optimizer, Problem, Schedule, Search, Space, Transform, Wrapper

__all__ = ["given_parameters", "resolved"]


_PLAIN = (str, int, float, bool, type(None))


def resolved(registry: Registry, made: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a made component as plain data, defaults included.

    Of a component that an import path names these are the given ones alone. A search or an
    optimizer in a field becomes a table with a name, also if it is the class's default. The inner
    component of a wrapper or a transform is not included. A field that was added to a published
    class (``metadata={"added": True}``) is left out unless it is given: what was asked before it
    existed is still the same.
    """
    values = {}
    only_given = path_of(type(made)) is not None
    for field in dataclasses.fields(made):
        value, name = getattr(made, field.name), spelling(field)
        if only_given and name not in given:
            continue  # the library's default, which another version may change
        if not field.init or (field.metadata.get("added") and name not in given):
            continue  # if it has no place in a study, the class sets it
        if type(value) in _PLAIN:  # most are, and to ask an abstract class takes long
            values[name] = value
        elif isinstance(value, Schedule):
            if name not in given:
                continue  # not a choice of the study either
            table = given[name]
            values[name] = {"schedule": table["schedule"], **resolved(registry, value, table)}
        elif isinstance(value, Search):
            table = given[name] if isinstance(given.get(name), Mapping) else {}
            found = _name_of(registry, "searches", value)
            values[name] = {"name": found, **resolved(registry, value, table)}
        elif isinstance(value, Optimizer) and not _is_inner(made, name):
            values[name] = _inside(registry, value, given.get(name))
        elif not isinstance(value, (Optimizer, Problem)):
            values[name] = _plain(value)
    values |= {name: _plain(value) for name, value in getattr(made, FURTHER, ())}
    return values


def _inside(registry: Registry, held: Optimizer, given: Any) -> dict[str, Any]:
    """Return the table of an optimizer in a field, with those of its wrappers."""
    text = isinstance(given, (str, Mapping))
    table = table_of_text(given, "") if text else {}
    wrappers: list[dict[str, Any]] = []
    around = list(table.get("wrap", ()))
    while isinstance(held, Wrapper) and (around or not text):
        own = around.pop() if around else {}
        name = own.get("name") or _name_of(registry, "wrappers", held)
        wrappers.insert(0, {"name": name, **resolved(registry, held, own)})
        held = held.optimizer
    name = table.get("name") or _name_of(registry, "optimizers", held)
    kind = registry.load("optimizers", name)
    own = {key: value for key, value in table.items() if key not in ("name", "wrap")}
    # What an object is, or a function returns, is not described by its parameters.
    described = isinstance(kind, type) and isinstance(held, kind)
    values = {"name": name, **(resolved(registry, held, own) if described else own)}
    return {**values, "wrap": wrappers} if wrappers else values


def _name_of(registry: Registry, kind: str, held: Any) -> str:
    made_of = type(held)
    return registry.name_of(kind, made_of) or f"{made_of.__module__}:{made_of.__qualname__}"


def _is_inner(made: Any, name: str) -> bool:
    """Whether a parameter is the component that a wrapper or a transform is around."""
    return (isinstance(made, Wrapper) and name == "optimizer") or (
        isinstance(made, Transform) and name == "problem"
    )


def given_parameters(made: Any) -> dict[str, Any] | None:
    """Return those parameters of an object made in Python that differ from its class's defaults.

    Return None if a parameter is neither plain data nor a schedule, search, optimizer or space:
    such an object cannot be written as a table. The inner component of a wrapper or a transform is
    not included.
    """
    fields = parameters(made.__class__)
    given: dict[str, Any] = {}
    for name, field in fields.items():
        value = getattr(made, field.attribute)
        if _is_inner(made, name):
            continue
        if not (_is_plain(value) or isinstance(value, (Schedule, Search, Optimizer, Space))):
            return None
        if type(value) is not type(field.default) or value != field.default:
            given[name] = list(value) if isinstance(value, tuple) else value
    return {**given, **dict(getattr(made, FURTHER, ()))}


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, _PLAIN)


def _plain(value: Any) -> Any:
    if isinstance(value, (*_PLAIN, dict)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return repr(value)
