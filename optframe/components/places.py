"""The components' tables inside a component's whole table, and the values in them by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optframe.components.inner import AROUND, table_of_text
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.components.spaces import is_space

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
                held: list[tuple[tuple[str | int, ...], Any]] = [((key,), value)]
                if isinstance(value, list):
                    held = [((key, i), item) for i, item in enumerate(value)]
                for path, one in held:
                    inner = _held(place, path, one, registry)
                    inside += [inner] if inner else []
        waiting = inside + waiting


def _held(
    place: Place, path: tuple[str | int, ...], value: Any, registry: Registry | None
) -> Place | None:
    """Return the place of a schedule, search or optimizer in a field; None if it is none."""
    if isinstance(value, str) and len(path) == 1 and _field(registry, place, path[0], "optimizer"):
        value = table_of_text(value, place.prefix + str(path[0]))
    if not isinstance(value, Mapping) or is_space(value):
        return None
    kind = "schedules"
    if "schedule" not in value:
        if "name" not in value:
            return None
        kind = "searches" if _field(registry, place, path[0], "search") else "optimizers"
    prefix = place.prefix + ".".join(map(str, path)) + "."
    return Place(prefix, place.path + path, value, kind, (place, str(path[0])))


def _field(registry: Registry | None, place: Place, key: str | int, what: str) -> bool:
    """Whether a field of the component at this place holds a search, or an optimizer."""
    if registry is None or not isinstance(place.name, str):
        return False
    component = registry.load(place.kind, place.name)
    field = parameters(component).get(str(key)) if isinstance(component, type) else None
    return field is not None and bool(getattr(field, what))


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
