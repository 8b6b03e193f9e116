"""The spaces in a component's whole table, and the table of one setting.

A tuned field has its name in the table: ``lr``. A number of a schedule is ``lr.start``, of an
optimizer or a search in a field ``hidden.lr``, of a wrapper ``clip-norm.max``, and of a sampler
``sampler.batch_size``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Annotated, Any

from optframe.components.contract_check import reserved
from optframe.components.kinds import KINDS
from optframe.components.parameters import Parameter, parameters, takes_further
from optframe.components.places import SAMPLER, Place, copied, fixed, places, put
from optframe.components.registry import Registry
from optframe.components.spaces import (
    check_end,
    declared,
    given,
    is_space,
    listed,
    takes_table,
    unbounded,
)
from optframe.contracts.fields import UNKNOWN
from optframe.contracts.space import Space, rounded
from optframe.errors import UsageError

__all__ = ["declared_in", "spaces_in", "with_setting"]

KINDS_TUNED = ("optimizers", "samplers", "wrappers", "schedules", "searches")


@dataclass(frozen=True)
class Tuned:
    """A field that has a space, and what messages about it begin with."""

    field: Parameter
    place: Place
    space: Space
    where: str


def spaces_in(
    registry: Registry, kind: str, table: Mapping[str, Any], where: str, *, lists: bool = True
) -> dict[str, Space]:
    """Return the spaces in a component's table, by the names of the fields, in order of tuning.

    The order is that of the declared spaces, then that of the table. The field that ``times`` names
    is named in full.

    Parameters
    ----------
    kind
        ``"optimizers"`` or ``"samplers"``; nothing of a problem can be tuned.
    where
        What each message begins with.
    lists
        Whether a list is a space of its values.

    Raises
    ------
    UsageError
        With all mistakes: a space that is none, or that the field does not accept, or that is for
        no field, and circles of ``times``.
    """
    tuned = kind in ("optimizers", "samplers")
    found: dict[str, Tuned] = {}
    mistakes: list[str] = []
    try:
        inside = [*places(kind, table, registry)]
    except UsageError as error:
        raise UsageError(*(f"{where}: {line}" for line in error.mistakes)) from error
    for place in inside:
        try:
            for one in _of_place(registry, place, where, lists and tuned, mistakes):
                found[place.prefix + one.field.name] = one
        except UsageError as error:
            mistakes += error.mistakes
    if found and not tuned:
        mistakes.append(
            f"{where}: found a space for {', '.join(found)}, expected none: a "
            f"{KINDS[kind].singular} is not tuned; give a list, or a table for each value"
        )
    spaces = {name: _resolved(name, found, table, kind, mistakes) for name in found}
    if not mistakes:
        mistakes += _mistakes_of_products(found, spaces, table, kind, registry)
    if not mistakes and lists:
        mistakes += _refused(registry, spaces, table, kind, where)
    if mistakes:
        raise UsageError(*dict.fromkeys(mistakes))
    return spaces


def declared_in(
    registry: Registry, kind: str, table: Mapping[str, Any], where: str
) -> dict[str, Space]:
    """Return the declared spaces of all fields that a table does not give, by name, in order.

    Those of the wrappers, the searches and the optimizers in the table are among them.
    """
    found: dict[str, Space] = {}
    for place in places(kind, table, registry):
        if place.kind in KINDS_TUNED and isinstance(place.name, str):
            spaces = declared(registry, place.kind, place.name, where)
            found |= {
                place.prefix + name: _within(space, place.prefix)
                for name, space in spaces.items()
                if name not in place.table
            }
    return found


def _within(space: Space, prefix: str) -> Space:
    """Return a component's space with the full name of the field that ``times`` names."""
    return space if space.times is None else dataclasses.replace(space, times=prefix + space.times)


def with_setting(
    table: Mapping[str, Any],
    setting: Mapping[str, Any],
    spaces: Mapping[str, Space],
    kind: str = "optimizers",
) -> dict[str, Any]:
    """Return a component's table with the values of a setting, products of ``times`` included.

    A setting may be that of an optimizer with its sampler: the names that begin with ``sampler.``
    are those of the sampler's table, and all others those of the optimizer's.

    Examples
    --------
    >>> from optframe.components.tuned import with_setting
    >>> with_setting({"name": "adam", "lr": {"low": 0.01, "high": 0.1}}, {"lr": 0.05}, {})
    {'name': 'adam', 'lr': 0.05}
    """
    result: dict[str, Any] = copied(table)
    for name in setting:
        if name.startswith(SAMPLER) == (kind == "samplers"):
            put(result, kind, name, _product(name, setting, spaces, table, kind))
    return result


def _product(
    name: str,
    setting: Mapping[str, Any],
    spaces: Mapping[str, Space],
    table: Mapping[str, Any],
    kind: str,
) -> Any:
    """Return the value of a field in a setting, times the value of the field that it names."""
    value = setting[name] if name in setting else fixed(table, kind, name)
    space = spaces.get(name)
    if space is None or space.times is None:
        return value
    factor = _product(space.times, setting, spaces, table, kind)
    return round(value * factor) if space.whole else rounded(value * factor)


def _of_place(
    registry: Registry, place: Place, where: str, lists: bool, mistakes: list[str]
) -> Iterator[Tuned]:
    """Yield the tuned fields of a component in order; add what is wrong to ``mistakes``."""
    spaces = [key for key, value in place.table.items() if is_space(value)]
    if not isinstance(place.name, str) or not (spaces or lists):
        return
    prefix = place.prefix.removeprefix(SAMPLER)
    at = f"{where}: {prefix.removesuffix('.')}" if prefix else where
    component = registry.load(place.kind, place.name, at)
    known = parameters(component) if isinstance(component, type) else {}
    usual = _usual(registry, place)
    for key in dict.fromkeys([*(key for key in usual if key in place.table), *place.table]):
        value, at = place.table[key], f"{where}: {prefix}{key}"
        field = known.get(key)
        if field is not None and takes_table(field) and not isinstance(value, Space):
            continue  # a table with such keys is its value
        if field is None and takes_further(component) and key not in reserved(place.kind):
            field = Parameter(key, Annotated[Any, UNKNOWN], dataclasses.MISSING, key)
        if field is None:
            if key in spaces:
                mistakes.append(f"{at}: found a space for what cannot be tuned; {_known(known)}")
            continue
        try:
            if key in spaces or (lists and listed(field, value, at)):
                space = given(field, usual.get(key), value, at, registry.make)
                one = Tuned(field, place, space, at)
                _check_limits(registry, one)
                yield one
        except UsageError as error:
            mistakes += error.mistakes


def _known(fields: Mapping[str, Parameter]) -> str:
    names = ", ".join(fields)
    return f"its parameters are {names}" if names else "it has no parameters"


def _usual(registry: Registry, place: Place) -> dict[str, Space]:
    """Return the declared spaces of a component's fields.

    A number of a schedule that has no bounds, such as ``start``, is a value of the field that the
    schedule is for, whose space is the usual one.
    """
    usual = dict(declared(registry, place.kind, place.name))
    if place.holder is not None and place.kind == "schedules":
        outer, key = _held_for(place)
        space = declared(registry, outer.kind, outer.name).get(key)
        fields = parameters(registry.load(place.kind, place.name)).values()
        if space is not None:
            usual = {f.name: space for f in fields if _is_value(f)} | usual
    return usual


def _held_for(place: Place) -> tuple[Place, str]:
    """Return the component that a schedule is for, and its field; schedules may hold schedules."""
    key = ""
    while place.kind == "schedules" and place.holder is not None:
        place, key = place.holder
    return place, key


def _is_value(field: Parameter) -> bool:
    """Whether a schedule's field is a value of the field that the schedule is for."""
    absent = field.required or field.default is None
    return unbounded(field) and absent and field.name != "factor"  # which a value is multiplied by


def _check_limits(registry: Registry, one: Tuned) -> None:
    """Raise `UsageError` if a schedule's value is beyond the bounds of what it is for."""
    place, space = one.place, one.space
    alone = space.values is None and space.times is None
    if place.kind != "schedules" or not (alone and _is_value(one.field)):
        return
    outer, key = _held_for(place)
    component = registry.load(outer.kind, outer.name)
    field = parameters(component).get(key) if isinstance(component, type) else None
    if field is None:
        return
    least, most = field.limits
    for end in one.space.ends:
        if not least <= end <= most:
            raise UsageError(
                f"{one.where}: expected {field.expected}, as {key} needs, found {end!r}, in its "
                "space"
            )


def _resolved(
    name: str,
    found: Mapping[str, Tuned],
    table: Mapping[str, Any],
    kind: str,
    mistakes: list[str],
) -> Space:
    """Return a space whose ``times`` is the full name of a field; add what is wrong."""
    one = found[name]
    space = one.space
    if space.times is None:
        return space
    chain = [name]
    while (times := found[chain[-1]].space.times) is not None:
        full = found[chain[-1]].place.prefix + times
        full = full if full in found or _is_number(fixed(table, kind, full)) else times
        circle = full in chain
        chain.append(full)
        if circle or full not in found:
            break
    last = chain[-1]
    if len(set(chain)) < len(chain):
        circle_of = " times ".join(chain[chain.index(last) :])
        mistakes.append(f"{one.where}: times: found a circle, {circle_of}; expected none")
    elif last not in found and not _is_number(fixed(table, kind, last)):
        mistakes.append(
            f"{one.where}: times: found {last!r}, expected another field that is tuned, or that "
            "the same table gives as a number"
        )
    elif last in found and not found[last].space.numeric:
        mistakes.append(
            f"{one.where}: times: found {last!r}, whose values are no numbers; expected numbers"
        )
    return dataclasses.replace(space, times=chain[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _mistakes_of_products(
    found: Mapping[str, Tuned],
    spaces: Mapping[str, Space],
    table: Mapping[str, Any],
    kind: str,
    registry: Registry,
) -> list[str]:
    """Return why a field does not accept the product of the ends of the spaces in it."""
    mistakes: list[str] = []
    for name, one in found.items():
        chain = [name]
        while chain[-1] in spaces and spaces[chain[-1]].times is not None:
            chain.append(str(spaces[chain[-1]].times))
        tuned = [n for n in chain if n in spaces]
        if len(chain) == 1:
            continue
        for ends in itertools.product(*(spaces[n].ends for n in tuned)):
            setting = dict(zip(tuned, ends, strict=True))
            try:
                product = _product(name, setting, spaces, table, kind)
                check_end(one.field, product, one.where, registry.make)
            except UsageError as error:
                mistakes += error.mistakes
            except OverflowError:
                mistakes.append(f"{one.where}: found products that are not finite")
    return mistakes


def _refused(
    registry: Registry,
    spaces: Mapping[str, Space],
    table: Mapping[str, Any],
    kind: str,
    where: str,
) -> list[str]:
    """Return why a component does not accept one field's end beside the middle of the others."""
    middle = {name: space.at(0.5) for name, space in spaces.items()}
    mistakes: list[str] = []
    for name, space in spaces.items():
        for end in space.ends:
            one = with_setting(table, {**middle, name: end}, spaces, kind)
            plain = {key: value for key, value in one.items() if key not in reserved(kind)}
            try:
                registry.specified(kind, one["name"], plain, where)
            except UsageError as error:
                mistakes += error.mistakes
    return mistakes
