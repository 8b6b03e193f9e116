"""The space of one field: what a component declares, and what a study gives in its place."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from optframe.components.inner import Make
from optframe.components.parameters import Parameter, accept_one, is_sequence
from optframe.components.registry import Registry
from optframe.components.signatures import path_of
from optframe.contracts.space import Space
from optframe.errors import PluginError, UsageError, described

__all__ = ["check_end", "declared", "given", "is_space", "listed", "undeclared"]

KEYS = {"low", "high", "values", "mean", "deviation"}
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
        floats, whole = _numbers(field.annotation)
        if not (floats or whole or field.unknown):
            raise UsageError(
                f"{where}: found a range, expected a list of values: each {field.expected}"
            )
        if whole and not floats and not space.whole:
            space = dataclasses.replace(_read({**space.table, "whole": True}, None, where))
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
        hint = f" (the scale is the declared one; give scale = {_LINEAR})" if by_declared else ""
        wrong_scale = f"for the scale {scale}" in str(error)
        raise UsageError(f"{where}: {error}{hint if wrong_scale else ''}") from error


_LINEAR = '"linear"'


def _numbers(annotation: Any) -> tuple[bool, bool]:
    """Return whether a field takes any number, and whether it takes whole ones."""
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(bare) in (Union, types.UnionType):
        found = [_numbers(option) for option in get_args(bare)]
        return any(floats for floats, _ in found), any(whole for _, whole in found)
    return bare is float, bare is int
