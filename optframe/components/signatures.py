"""Makes the class of a component from the signature of what an import path names.

The class is a frozen dataclass with a field for each parameter that plain data can give. What works
for the parameters of built-in components (types, nearest names, schedules, grids) works for those
of a library, too.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from optframe.components.annotations import type_of
from optframe.components.import_paths import found_at, imported
from optframe.components.importing import TYPED
from optframe.components.parameters import FURTHER, is_float
from optframe.errors import UsageError

__all__ = ["component_class", "path_of"]

_OWN = frozenset({"path", "target", "given", "made_of", "name", FURTHER})


def _given(component: Any) -> dict[str, Any]:
    """The parameters that differ from the library's defaults, by the library's names."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(component):
        name, value = field.metadata.get("parameter"), getattr(component, field.name)
        default = field.metadata.get("default")
        if name is None or value is default or _equal(value, _frozen(default)):
            continue
        listed = isinstance(value, tuple) and isinstance(default, list)
        found[name] = list(value) if listed else value
    return {**found, **dict(getattr(component, FURTHER, ()))}


_GIVEN = property(_given)


def _reduced(component: Any) -> tuple[Any, ...]:
    """Pickle an object by its import path: its class is in no module."""
    kind = type(component)
    values = {field.name: getattr(component, field.name) for field in dataclasses.fields(kind)}
    return _restored, (*kind.made_of, values)


def _restored(
    path: str, base: type, left_out: frozenset[str], reserved: frozenset[str], values: Any
) -> Any:
    named = partial(imported, path, TYPED, path) if ":" in path else partial(found_at, path, TYPED)
    return component_class(named(), path, base, left_out, reserved)(**values)


def _copy(component: Any) -> Any:
    """Copy an object with all that it holds, as `copy.copy` does without a ``__reduce__``."""
    copied = object.__new__(type(component))
    copied.__dict__.update(vars(component))
    return copied


def path_of(component: type) -> str | None:
    """Return the import path that a class was made from; None for any other class."""
    own = vars(component)
    return own["path"] if own.get("given") is _GIVEN else None


@lru_cache(maxsize=1024)
def component_class(
    found: Any, path: str, base: type, left_out: frozenset[str], reserved: frozenset[str]
) -> type:
    """Return the class of the components of what a path names, a frozen dataclass.

    A parameter with the name of something that the base class has already, or with one of the
    ``reserved`` names, which have another meaning in a study, gets a ``_`` at its end.

    Parameters
    ----------
    found
        What the path names: a class, a function, or another object, which has no parameters.
    path
        The import path.
    base
        The base class, a frozen dataclass. Its own fields are parameters, too.
    left_out
        The names in the signature that are no parameters.

    Raises
    ------
    UsageError
        If the signature requires something that plain data cannot give.
    """
    made: list[tuple[str, Any, Any]] = []
    skipped = left_out.union(field.name for field in dataclasses.fields(base))
    for parameter in _signature(found):
        if parameter.name in skipped or parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            made.append((FURTHER, tuple[Any, ...], dataclasses.field(default=())))
        else:
            by_name = parameter.kind is not parameter.POSITIONAL_ONLY
            annotation = type_of(parameter, found) if by_name else None
            if annotation is not None:
                taken = hasattr(base, parameter.name) or parameter.name in _OWN
                made.append(_field(parameter, annotation, taken, parameter.name in reserved))
            elif parameter.default is parameter.empty:
                raise UsageError(
                    f"{path}: its parameter {parameter} cannot be written as plain data; write a "
                    "function that makes the whole, and name that by its import path"
                )
    namespace = {
        "path": path,
        "target": staticmethod(found),
        "given": _GIVEN,
        "made_of": (path, base, left_out, reserved),
        "__reduce__": _reduced,
        "__copy__": _copy,
        "__doc__": getattr(found, "__doc__", None),
        "__module__": getattr(found, "__module__", None) or type(found).__module__,
    }
    name = path.replace(":", ".").rpartition(".")[2]
    return dataclasses.make_dataclass(
        name, made, bases=(base,), namespace=namespace, frozen=True, kw_only=True
    )


def _signature(found: Any) -> Iterable[inspect.Parameter]:
    """Return the parameters of a class or function; any names where its signature is not known."""
    if not (isinstance(found, (type, partial)) or inspect.isroutine(inspect.unwrap(found))):
        return ()  # an object, such as a model, has none, although it may be called
    try:
        return inspect.signature(found).parameters.values()
    except (ValueError, TypeError):  # of a compiled function
        return [inspect.Parameter("parameters", inspect.Parameter.VAR_KEYWORD)]


def _field(parameter: inspect.Parameter, annotation: Any, taken: bool, reserved: bool) -> Any:
    name, default = parameter.name, parameter.default
    attribute = f"{name}_" if taken or reserved else name
    metadata = {
        "parameter": name,
        "name": f"{name}_" if reserved else name,
        "default": default,
    }
    if default is parameter.empty:
        return attribute, annotation, dataclasses.field(metadata=metadata)
    value = _frozen(default)
    if isinstance(value, int) and not isinstance(value, bool) and is_float(annotation):
        value = float(value)  # as the loop makes all numbers
    try:
        hash(value)
    except TypeError:
        made = dataclasses.field(default_factory=partial(_copied, value), metadata=metadata)
    else:
        made = dataclasses.field(default=value, metadata=metadata)
    return attribute, annotation, made


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _frozen(value: Any) -> Any:
    """Return a list as the tuple that a field holds; any other value as it is."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _equal(value: Any, default: Any) -> bool:
    numbers = (int, float)
    alike = type(value) is type(default) or (type(value) in numbers and type(default) in numbers)
    return alike and bool(value == default)
