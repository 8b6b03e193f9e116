"""The space of one field: what a component declares, and what a study gives in its place."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from optframe.components.inner import Make
from optframe.components.parameters import Parameter, accept_one, is_sequence
from optframe.components.registry import Registry
from optframe.components.signatures import path_of
from optframe.contracts import Optimizer, Schedule, Search, Space
from optframe.contracts.fields import NUMBER
from optframe.errors import PluginError, UsageError, described

__all__ = [
    "check_end",
    "declared",
    "given",
    "is_space",
    "listed",
    "spaces_held",
    "takes_table",
    "unbounded",
    "undeclared",
]

KEYS = {"low", "high", "values", "mean", "deviation", "scale", "times"}
"""A table with one of these keys is a space, whatever else it has."""


def declared(registry: Registry, kind: str, name: str, where: str = "") -> Mapping[str, Space]:
    """Return the spaces that a component declares, by field, in the order of tuning.

    Those of a class of another library are the adapter's.

    Raises
    ------
    UsageError
        If no component has this name.
    PluginError
        If what is declared is no mapping of spaces.
    """
    component = registry.load(kind, name, where)
    if not isinstance(component, type):
        return {}
    found: Any = getattr(component, "spaces", {})
    if path_of(component) is not None:
        target: Any = component.target  # type: ignore[attr-defined]
        recognized = registry.by_path.adapters().recognized(target)
        if recognized is not None:
            _, adapter_name, adapter = recognized
            try:
                found = {**found, **adapter.spaces(target)}
            except Exception as error:
                who = f"adapter {adapter_name!r}: spaces raised {described(error)}"
                raise PluginError(who) from error
    if not isinstance(found, Mapping) or not all(isinstance(s, Space) for s in found.values()):
        raise PluginError(
            f"{name}: its spaces are {found!r}; expected a mapping from a field's name to an "
            "optframe.Space"
        )
    return found


def is_space(value: Any) -> bool:
    """Whether a value of a table is a space: an object, or a table with a space's keys."""
    if isinstance(value, Mapping):
        return bool(KEYS & value.keys()) and not {"name", "schedule"} & value.keys()
    return isinstance(value, Space)


def listed(field: Parameter, value: Any, where: str) -> bool:
    """Whether a value is a list of values to try, and not one value that is a list.

    Raises
    ------
    UsageError
        If only the field's library knows.
    """
    if not isinstance(value, list):
        return False
    nested = bool(value) and all(isinstance(item, list) for item in value)
    if field.unknown and not nested:
        raise UsageError(
            f"{where}: found a list, and nothing says whether {field.name} takes one; write "
            "[[...]] for lists to try, or { values = [...] }"
        )
    return nested if is_sequence(field.annotation) else True


def given(
    field: Parameter,
    declared: Space | None,
    value: Any,
    where: str = "",
    make: Make | None = None,
) -> Space:
    """Return the space that a study gives for a field.

    Parameters
    ----------
    field
        The field. Numbers are whole ones if it takes no others.
    declared
        What the component declares for it, whose scale is used where ``value`` has none.
    value
        A space, its table, or a list of values.
    where
        What messages begin with; by default the field's name.
    make
        Makes the schedules, searches and optimizers among the values, as `Registry.make` does.

    Raises
    ------
    UsageError
        If it is no space, or the field does not accept its ends, or one of its values.
    """
    where = where or field.name
    space = _read(value, declared, where)
    if space.values is None:
        options = _options(field)
        if not ({float, int} & {*options} or field.unknown):
            raise UsageError(
                f"{where}: found a range, expected a list of values: each {field.expected}"
            )
        # A number of which only its library knows whether it is whole stays as it was written.
        as_written = isinstance(value, Mapping) and _are_whole(value.get("low"), value.get("high"))
        if int in options and (float not in options or as_written) and not space.whole:
            space = _read({**space.table, "whole": True}, None, where)
    if space.times is None:  # else the product is what the field has to accept
        for end in space.ends:
            check_end(field, end, where, make)
    return space


def check_end(field: Parameter, end: Any, where: str, make: Make | None = None) -> None:
    """Raise `UsageError` if a field does not accept a value of its space."""
    try:
        accept_one(field, end, where, make)
    except UsageError as error:
        raise UsageError(*(f"{line}, in its space" for line in error.mistakes)) from error


def undeclared(name: str, field: str) -> str:
    """Return the message for a field that is to be tuned, and that has no space."""
    return (
        f"{name}: {field} has no declared space; expected one in the study, such as "
        f'{field} = {{ low = 1e-4, high = 1e-1, scale = "log" }}, or {field}=1e-4..1e-1 in the '
        "short notation"
    )


def _are_whole(*values: Any) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _read(value: Any, declared: Space | None, where: str) -> Space:
    """Return the space that a space, its table or a list is."""
    if isinstance(value, Space):
        return value
    table = {"values": value} if isinstance(value, (list, tuple)) else value
    if not isinstance(table, Mapping):
        raise UsageError(f"{where}: found {value!r}, expected a space: {{ low = ..., high = ... }}")
    scale = None if declared is None else declared.scale
    ranged = {"low", "high"} <= table.keys() and not {"scale", "mean", "deviation"} & table.keys()
    by_declared = ranged and scale not in (None, "log-normal")
    try:
        return Space.from_table({**table, "scale": scale} if by_declared else table)
    except ValueError as error:
        by_scale = by_declared and f"for the scale {scale}" in str(error)
        hint = ', which is the declared one; give scale = "linear" for others' if by_scale else ""
        raise UsageError(f"{where}: {error}{hint}") from error


def spaces_held(component: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of the fields of an object that hold a space, those inside it included."""
    for name, value in getattr(component, "__dict__", {}).items():
        if isinstance(value, Space):
            yield prefix + name
        elif isinstance(value, (Optimizer, Schedule, Search)):
            yield from spaces_held(value, f"{prefix}{name}.")


def takes_table(field: Parameter) -> bool:
    """Whether a field's value may be any table."""
    return any(option is dict or get_origin(option) is dict for option in _options(field))


def unbounded(field: Parameter) -> bool:
    """Whether a field's value is any number, which a schedule may give, or nothing."""
    waiting, marks = [field.annotation], []
    while waiting:
        one = waiting.pop()
        if get_origin(one) in (Union, types.UnionType):
            waiting += get_args(one)
        elif one is not type(None):
            marks.append(getattr(one, "__metadata__", ()))
    return marks == [(NUMBER,)]


def _options(field: Parameter) -> tuple[Any, ...]:
    """Return the types of which a field accepts any one, without their bounds."""
    waiting, found = [field.annotation], []
    while waiting:
        one = waiting.pop()
        if get_origin(one) is Annotated:
            waiting.append(get_args(one)[0])
        elif get_origin(one) in (Union, types.UnionType):
            waiting += get_args(one)
        else:
            found.append(one)
    return tuple(found)
