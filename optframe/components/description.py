"""Describes a component as plain data: all its parameters, or those that differ from defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from optframe.components.parameters import FURTHER, parameters, spelling
from optframe.components.registry import Registry
from optframe.components.signatures import path_of
from optframe.contracts import Optimizer, Problem, Schedule, Search, Transform, Wrapper

__all__ = ["given_parameters", "resolved"]


_PLAIN = (str, int, float, bool, type(None))


def resolved(registry: Registry, made: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a made component as plain data, defaults included.

    Of a component that an import path names these are the given ones alone. A search becomes a
    table with a name, also if it is the class's default.
    """
    values = {}
    only_given = path_of(type(made)) is not None
    for field in dataclasses.fields(made):
        value, name = getattr(made, field.name), spelling(field)
        if only_given and name not in given:
            continue  # the library's default, which another version may change
        if not field.init or (isinstance(value, Schedule) and name not in given):
            continue  # not a choice of the study: the class sets it
        if isinstance(value, Schedule):
            table = given[name]
            values[name] = {"schedule": table["schedule"], **resolved(registry, value, table)}
        elif isinstance(value, Search):
            table = given[name] if isinstance(given.get(name), Mapping) else {}
            kind = type(value)
            found = registry.name_of("searches", kind) or f"{kind.__module__}:{kind.__qualname__}"
            values[name] = {"name": found, **resolved(registry, value, table)}
        elif not isinstance(value, (Optimizer, Problem)):
            values[name] = _plain(value)
    values |= {name: _plain(value) for name, value in getattr(made, FURTHER, ())}
    return values


def given_parameters(made: Any) -> dict[str, Any] | None:
    """Return those parameters of an object made in Python that differ from its class's defaults.

    Return None if a parameter is neither plain data nor a schedule or search: such an object cannot
    be written as a table. The inner component of a wrapper or a transform is not included.
    """
    fields = parameters(made.__class__)
    given: dict[str, Any] = {}
    for name, field in fields.items():
        value = getattr(made, field.attribute)
        if (isinstance(made, Wrapper) and name == "optimizer") or (
            isinstance(made, Transform) and name == "problem"
        ):
            continue
        if not (_is_plain(value) or isinstance(value, (Schedule, Search))):
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
