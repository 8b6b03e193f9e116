"""Validates the parameters of a component against the types of its fields, and makes it."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from math import inf, nextafter
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from optframe.components.inner import Make, make_inner, table_of_text
from optframe.components.kinds import KINDS
from optframe.components.matching import match, validator
from optframe.contracts.fields import NumberMark, UnknownMark
from optframe.contracts.optimizer import Optimizer
from optframe.contracts.schedule import Schedule
from optframe.contracts.search import Search
from optframe.errors import UsageError, described, nearest

__all__ = [
    "FURTHER",
    "Parameter",
    "accept",
    "accept_one",
    "build",
    "is_float",
    "is_sequence",
    "mistakes_in",
    "parameters",
    "spelling",
    "takes_further",
]

FURTHER = "further"
"""The field for parameters that a signature accepts and does not name (``**kwargs``): pairs."""

_WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "a string"}
_NAMED = {
    Any: "any value",
    Search: "a search",
    Optimizer: "an optimizer",
    Schedule: "a schedule, { schedule = ... }",
}
_BOUNDS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    Gt: ("gt", lambda value, bound: value > bound),
    Ge: ("ge", lambda value, bound: value >= bound),
    Lt: ("lt", lambda value, bound: value < bound),
    Le: ("le", lambda value, bound: value <= bound),
}
LARGEST = 128
"""The most bits of a whole number: much longer ones are no floats, and seeds have no more."""

_SIGNS = {Gt: ">", Ge: "≥", Lt: "<", Le: "≤"}


@dataclasses.dataclass(frozen=True)
class Parameter:
    """One field of a component: its name, type and default."""

    name: str
    annotation: Any
    default: Any
    attribute: str

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is dataclasses.MISSING

    @cached_property
    def expected(self) -> str:
        """A description of the accepted values, such as ``"a number > 0"``."""
        return _expected(self.annotation)

    @cached_property
    def number(self) -> bool:
        """Whether it may be a schedule or an array of the runs' values."""
        return any(isinstance(mark, NumberMark) for mark in _marks(self.annotation))

    @cached_property
    def validator(self) -> Any:
        """What validates a plain value for it."""
        return validator(self.annotation)

    @cached_property
    def unknown(self) -> bool:
        """Whether only its library knows which values are accepted, lists included."""
        return any(isinstance(mark, UnknownMark) for mark in _marks(self.annotation))

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The least and the largest value that a schedule may give it; infinite without a bound.

        A field > 0 accepts 0 from a schedule, since many schedules end there.
        """
        least, most = -inf, inf
        for mark in _marks(self.annotation):
            if type(mark) in _BOUNDS:
                bound = float(getattr(mark, _BOUNDS[type(mark)][0]))
                if isinstance(mark, (Gt, Ge)):
                    least = max(least, bound)
                else:
                    most = min(most, nextafter(bound, -inf) if isinstance(mark, Lt) else bound)
        return least, most

    @cached_property
    def search(self) -> bool:
        """Whether it holds a search."""
        return _holds(self.annotation, Search)

    @cached_property
    def optimizer(self) -> bool:
        """Whether it holds an optimizer, or nothing."""
        return _holds(self.annotation, Optimizer)

    @property
    def schedule(self) -> bool:
        """Whether it holds a schedule and never a number."""
        return _holds(self.annotation, Schedule)


@lru_cache(maxsize=1024)
def parameters(component: type) -> Mapping[str, Parameter]:
    """Return the parameters of a component: those fields that a study may set, by name."""
    if not dataclasses.is_dataclass(component):  # an adapter has none
        return types.MappingProxyType({})
    hints = typing.get_type_hints(component, include_extras=True)
    found = {}
    for field in dataclasses.fields(component):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if field.init and field.name != FURTHER:
            found[spelling(field)] = Parameter(
                spelling(field), hints[field.name], default, field.name
            )
    return types.MappingProxyType(found)


def takes_further(component: type) -> bool:
    """Whether a component takes parameters that it does not name; only its library checks them."""
    return FURTHER in getattr(component, "__dataclass_fields__", {})


def spelling(field: dataclasses.Field[Any]) -> str:
    """Return the name of a field in studies.

    It is the field's own name, or ``metadata={"name": ...}`` if a method has that name already.
    """
    return str(field.metadata.get("name", field.name))


def build(component: type, given: Mapping[str, Any], where: str, make: Make | None = None) -> Any:
    """Make a component, a frozen dataclass, from plain values as in a study file.

    ``where`` begins each message, such as ``"[[optimizer]] adam"``. ``make`` makes the schedules
    (tables ``{"schedule": "linear", ...}``), the searches (names, or tables
    ``{"name": "armijo", ...}``) and the optimizers (the short notation, or tables) among the
    values; without it, these are mistakes. A `UsageError` has one line for each mistake.
    """
    values, mistakes = accept(component, given, where, make)
    fields = parameters(component)
    if mistakes:
        raise UsageError(*mistakes)
    named = {fields[name].attribute: v for name, v in values.items() if name in fields}
    if takes_further(component):
        named[FURTHER] = tuple((name, v) for name, v in values.items() if name not in fields)
    try:
        return component(**named)
    except UsageError:
        raise
    except (ValueError, TypeError) as error:
        raise UsageError(f"{where}: {error}") from error
    except Exception as error:
        if not hasattr(component, "target"):
            raise
        raise UsageError(f"{where}: {described(error)}") from error  # of another library


def mistakes_in(component: type, given: Mapping[str, Any], where: str) -> list[str]:
    """Return the messages of `build`, one for each mistake; an empty list if there are none."""
    try:
        build(component, given, where)
    except UsageError as error:
        return list(error.mistakes)
    return []


def accept(
    component: type, given: Mapping[str, Any], where: str, make: Make | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return the valid values, converted to their fields' types, and a line for each mistake."""
    fields = parameters(component)
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            if takes_further(component):
                values[name] = value
            else:
                mistakes.append(f"{where}: unknown parameter {name!r}; {_hint(component, name)}")
            continue
        try:
            steady = issubclass(component, Schedule) and fields[name].number
            makes = None if steady else make  # a schedule's own numbers do not change
            values[name] = accept_one(fields[name], value, f"{where}: {name}", makes)
        except UsageError as error:
            mistakes += error.mistakes
    for name, field in fields.items():
        if field.required and name not in given:
            mistakes.append(f"{where}: {name} is missing; expected {field.expected}")
    return values, mistakes


def _hint(component: type, name: str) -> str:
    """Return a hint for an unknown parameter: the nearest name, or that its value is fixed."""
    fields = parameters(component)
    if hasattr(component, name) and not any(field.required for field in fields.values()):
        fixed = getattr(component(), name)
        if isinstance(fixed, (int, float, str)):
            return f"it cannot be set here, {name} is always {fixed}"
    return nearest(name, fields) if fields else "it has no parameters"


def is_float(annotation: Any) -> bool:
    """Whether a field's numbers are floats in a run, also those that were given as whole ones."""
    marked = any(isinstance(mark, NumberMark) for mark in _marks(annotation))
    return marked and int not in get_args(_bare(annotation))


def is_sequence(annotation: Any) -> bool:
    """Whether a field takes a list. A list in a study is then one value, not a grid."""
    bare = _bare(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        return any(is_sequence(option) for option in get_args(bare))
    return bare in (tuple, list) or get_origin(bare) in (tuple, list)


def accept_one(field: Parameter, value: Any, where: str, make: Make | None) -> Any:
    """Return a value converted to the field's type; raise `UsageError` if it is not valid."""
    plain = type(value) in (float, bool)  # most are, and no part is made of one
    if field.number and not plain:
        if isinstance(value, Schedule):
            return value
        if isinstance(value, Mapping):
            if "schedule" not in value:
                raise UsageError(
                    f"{where}: expected {field.expected} or {{ schedule = ... }}, found {value!r}"
                )
            return _part("schedules", value, "schedule", where, make)
        if hasattr(value, "shape") and value.shape:
            return _check_array(field, value, where)
    if (field.unknown or field.schedule) and isinstance(value, Mapping) and "schedule" in value:
        return _part("schedules", value, "schedule", where, make)
    if field.search and isinstance(value, (str, Mapping)):
        table = {"name": value} if isinstance(value, str) else value
        return _part("searches", table, "name", where, make)
    if field.optimizer and isinstance(value, (str, Mapping)):
        if make is None:
            raise UsageError(f"{where}: found an optimizer, which is not supported here")
        value = make_inner(table_of_text(value, where), where, make)
    accepted, result = match(field.validator, value)
    if not accepted:
        raise UsageError(f"{where}: expected {field.expected}, found {value!r}")
    if plain:
        return result
    bits = max(map(_bits, value if isinstance(value, list) else [value]), default=0)
    if bits > LARGEST:
        raise UsageError(
            f"{where}: found a whole number of {bits} bits, expected at most {LARGEST}"
        )
    return result


def _bits(value: Any) -> int:
    """Return the length of a whole number; 0 for anything else."""
    return value.bit_length() if isinstance(value, int) else 0


def _part(kind: str, table: Mapping[str, Any], key: str, where: str, make: Make | None) -> Any:
    """Make a schedule or a search from its table, in which ``key`` is the name's key."""
    singular = KINDS[kind].singular
    if make is None:
        raise UsageError(f"{where}: found a {singular}, which is not supported here")
    name = table_of_text(table, where).get(key)
    if not isinstance(name, str):
        raise UsageError(f"{where}: expected a {singular}, {{ {key} = ... }}, found {table!r}")
    return make(kind, name, {k: v for k, v in table.items() if k != key}, where)


def _check_array(field: Parameter, value: Any, where: str) -> Any:
    for mark in _marks(field.annotation):
        if type(mark) in _BOUNDS:
            attribute, holds = _BOUNDS[type(mark)]
            if not bool(holds(value, getattr(mark, attribute)).all()):
                raise UsageError(f"{where}: expected {field.expected} in every element")
    return value


def _marks(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__metadata__", ())


def _holds(annotation: Any, kind: type) -> bool:
    """Whether a field holds a component of a kind, or perhaps nothing."""
    bare = _bare(annotation)
    options = get_args(bare) if get_origin(bare) in (Union, types.UnionType) else (bare,)
    return any(isinstance(one, type) and issubclass(one, kind) for one in options)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _expected(annotation: Any) -> str:
    bare = _bare(annotation)
    origin = get_origin(bare)
    for mark in _marks(annotation):
        if isinstance(mark, str):
            return mark
        if isinstance(mark, UnknownMark):
            return "any value"
    if origin is Literal:
        return "one of " + ", ".join(repr(option) for option in get_args(bare))
    if bare is type(None):
        return "nothing"
    if origin in (Union, types.UnionType):
        options = [o for o in get_args(bare) if o is not type(None)]
        return " or ".join(dict.fromkeys(_expected(option) for option in options))
    if origin is tuple or bare is tuple:
        one = _expected(get_args(bare)[0]) if get_args(bare) else "anything"
        many = one.removeprefix("a ").replace("number", "numbers").replace("table", "tables")
        return f"a list of {many}"
    if origin is dict or bare is dict:
        return "a table"
    if bare in _NAMED:
        return _NAMED[bare]
    words = _WORDS.get(bare, getattr(bare, "__name__", str(bare)))
    bounds = [
        f"{_SIGNS[type(mark)]} {getattr(mark, _BOUNDS[type(mark)][0]):g}"
        for mark in _marks(annotation)
        if type(mark) in _BOUNDS
    ]
    return " ".join([words, " and ".join(bounds)]).strip()
