"""Finds the type of a parameter of another library: from its annotation, else from its default."""

from __future__ import annotations

import collections.abc
import inspect
import numbers
import types
import typing
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from optframe.contracts.fields import EITHER, NUMBER, UNKNOWN, Number
from optframe.contracts.optimizer import Optimizer
from optframe.contracts.problem import Problem
from optframe.contracts.schedule import Schedule
from optframe.contracts.search import Search

__all__ = ["type_of"]

_NONE = type(None)
_SCALARS = (bool, int, float, str)
_LISTS = (
    list,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Collection,
    collections.abc.Iterable,
)
_TABLES = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_OURS = (Optimizer, Problem, Search, Schedule)
_TUPLE: Any = tuple
_ANY: Any = Annotated[Any, UNKNOWN]


def type_of(parameter: inspect.Parameter, found: Any) -> Any:
    """Return the type of a parameter of ``found``; None if plain data cannot give it.

    Of a union, what is no plain data is dropped: of ``float | Tensor`` a number is left. If neither
    the annotation nor the default says anything, the type has the mark ``UNKNOWN``.
    """
    annotation, default = parameter.annotation, parameter.default
    if isinstance(annotation, str):
        annotation = _evaluated(annotation, found)
    if annotation in (parameter.empty, Any, object):
        return _from_default(default)
    plain = _plain(annotation)
    if plain is None or get_origin(plain) is Annotated:
        return plain
    options = _options(plain)
    if isinstance(default, float) and int in options and float not in options:
        return EITHER
    if default is None and _NONE not in options:
        plain = plain | None
    return Annotated[plain, NUMBER] if float in options else plain


def _evaluated(annotation: str, found: Any) -> Any:
    """Return the type that a text names, or ``object`` if it has none while the program runs."""
    function = getattr(found, "__init__", found) if isinstance(found, type) else found
    try:
        return eval(annotation, {**vars(typing), **inspect.unwrap(function).__globals__})
    except Exception:  # it names something that only type checkers import
        return object


def _options(plain: Any) -> tuple[Any, ...]:
    return get_args(plain) if get_origin(plain) in (Union, types.UnionType) else (plain,)


def _plain(annotation: Any) -> Any:
    """Return the part of a type that plain data can give; None if there is none."""
    if annotation is None or annotation in (*_SCALARS, _NONE):
        return annotation or _NONE
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = _plain(arguments[0])
        return None if inner is None else Annotated[inner, *arguments[1:]]
    if origin is Literal:
        return annotation if all(isinstance(value, _SCALARS) for value in arguments) else None
    if origin in (Union, types.UnionType):
        options = [option for option in map(_plain, arguments) if option is not None]
        if {bool, int, float} <= {*options}:  # any number at all, such as jax.typing.ArrayLike
            options = [option for option in options if option is not bool]
        return Union[*options] if {*options} - {_NONE} else None
    if annotation is tuple or origin is tuple:
        items = [item if item is ... else _item(item) for item in arguments]
        return _TUPLE[tuple(items)] if items else _TUPLE[Any, ...]
    if annotation in _LISTS or origin in _LISTS:
        return _TUPLE[_item(arguments[0]) if arguments else Any, ...]
    if annotation in _TABLES or origin in _TABLES or typing.is_typeddict(annotation):
        return dict[str, Any]
    if annotation in (numbers.Number, numbers.Real):
        return float
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, _OURS) else None
    named = getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
    return None if named is None else _plain(named)


def _item(annotation: Any) -> Any:
    """Return the type of a list's items; anything where plain data cannot give them."""
    plain = _plain(annotation)
    return Any if plain is None else plain


def _from_default(default: Any) -> Any:
    """Return the type of a parameter without annotation; None if its default is no plain data."""
    if isinstance(default, bool):
        return bool
    if isinstance(default, int):
        return EITHER
    if isinstance(default, float):
        return Number
    if isinstance(default, str):
        return str
    if isinstance(default, dict):
        return dict[str, Any]
    if isinstance(default, (list, tuple)):
        options = {*map(_from_default, default)}
        item = Any if None in options or _ANY in options or not options else reduce(or_, options)
        return _TUPLE[item, ...]
    known = default is inspect.Parameter.empty or not callable(default)
    return _ANY if known else None
