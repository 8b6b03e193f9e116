"""The components' tables inside a component's whole table, and the values in them by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optframe.components.inner import AROUND, table_of_text
from optframe.components.parameters import Parameter, is_sequence, parameters
from optframe.components.registry import Registry
from optframe.components.spaces import is_space
from optframe.errors import UsageError

__all__ = ["SAMPLER", "Place", "copied", "fixed", "places", "put"]

SAMPLER = "sampler."
"""What the names of a sampler's fields begin with."""


@dataclass(frozen=True)
class Place:
    """A component's table in another one: the fields' prefix, and the keys that lead to it."""

    prefix: str
    path: tuple[str | int, ...]
    table: Mapping[str, Any]
    kind: str
    holder: tuple[Place, str] | None = None
    """The place and the field that hold it; None for the table itself and for wrappers."""

    @property
    def name(self) -> Any:
        """The component's name."""
        return self.table.get("schedule" if self.kind == "schedules" else "name")


def places(kind: str, table: Mapping[str, Any], registry: Registry | None) -> Iterator[Place]:
    """Yield the places of all components in a table, the table itself first."""
    waiting = [Place(SAMPLER if kind == "samplers" else "", (), table, kind)]
    taken: set[str] = set()
    while waiting:
        place = waiting.pop(0)
        yield place
        inside: list[Place] = []
        for key, value in place.table.items():
            if key == "wrap" and place.kind in AROUND and isinstance(value, list):
                around = AROUND[place.kind][0]
                for i, wrapper in enumerate(value):
                    if isinstance(wrapper, Mapping):
                        prefix = _free(place.prefix + str(wrapper.get("name")), taken)
                        inside.append(Place(prefix, (*place.path, "wrap", i), wrapper, around))
            else:
                inside += _held(place, key, value, registry)
        waiting = inside + waiting


def _held(place: Place, key: str, value: Any, registry: Registry | None) -> list[Place]:
    """Return the places of the schedules, searches and optimizers in a field.

    Without a registry, whatever looks like one is one: its names lead to a value all the same.
    """
    if isinstance(value, (int, float)):
        return []  # as most values are
    field = None if registry is None else _parameter(registry, place, key)
    of_list = field is None or is_sequence(field.annotation)  # else a list has values to try
    if isinstance(value, list):
        items = list(enumerate(value)) if of_list else []
        return [inner for i, item in items for inner in _one(place, (key, i), item, field)]
    if isinstance(value, str) and field is not None and field.optimizer:
        value = table_of_text(value, place.prefix + key)
    return _one(place, (key,), value, field)


def _one(
    place: Place, path: tuple[str | int, ...], value: Any, field: Parameter | None
) -> list[Place]:
    """Return the place of a component's table; none if it is no such table."""
    if not isinstance(value, Mapping) or is_space(value):
        return []
    if "schedule" in value:
        kind = "schedules"
    elif "name" in value and (field is None or field.optimizer or field.search):
        kind = "searches" if field is not None and field.search else "optimizers"
    else:
        return []
    prefix = place.prefix + ".".join(map(str, path)) + "."
    return [Place(prefix, place.path + path, value, kind, (place, str(path[0])))]


def _parameter(registry: Registry, place: Place, key: str) -> Parameter | None:
    """Return a field of the component at a place; None if it has no such field."""
    if not isinstance(place.name, str):
        return None
    try:
        component = registry.load(place.kind, place.name)
    except UsageError:
        return None  # who reads the place's own fields reports it
    return parameters(component).get(key) if isinstance(component, type) else None


def _free(name: str, taken: set[str]) -> str:
    """Return a prefix for a wrapper: the second of the same name has a number."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    taken.add(free)
    return f"{free}."


def copied(value: Any) -> Any:
    """Copy tables and lists, so that their values can be replaced."""
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def put(table: dict[str, Any], kind: str, name: str, value: Any) -> None:
    """Replace the value of a field, which may be in a table inside this one."""
    inside = [place for place in places(kind, table, None) if name.startswith(place.prefix)]
    place = max(inside, key=lambda place: len(place.prefix))
    field = name.removeprefix(place.prefix)
    head, dot, _ = field.partition(".")
    found: Any = place.table  # a dict of the copy
    if dot and isinstance(found.get(head), str):  # an optimizer in the short notation
        found[head] = copied(table_of_text(found[head], head))
        put(table, kind, name, value)
    else:
        found[field] = value


def fixed(table: Mapping[str, Any], kind: str, name: str) -> Any:
    """Return what a table gives for a field; None if it gives nothing."""
    inside = [place for place in places(kind, table, None) if name.startswith(place.prefix)]
    place = max(inside, key=lambda place: len(place.prefix), default=None)
    return None if place is None else place.table.get(name.removeprefix(place.prefix))
