"""Schedules drive the parameter groups of a torch optimizer."""

from __future__ import annotations

import dataclasses
from typing import Any

from optframe import Schedule

__all__ = ["Rates", "base_of", "given_to", "schedules_of"]


def library_name(component: Any, attribute: str) -> str:
    """Return the name of a field's parameter in its library."""
    fields = {field.name: field for field in dataclasses.fields(component)}
    return str(fields[attribute].metadata.get("parameter", attribute))


def schedules_of(component: Any) -> dict[str, Schedule]:
    """Return the schedules that the fields of a component were given, by attribute."""
    known: dict[str, Schedule] | None = vars(component).get("_schedules")
    fields = vars(component).items()
    return {k: v for k, v in fields if isinstance(v, Schedule)} if known is None else known


def base_of(schedule: Schedule) -> float:
    """Return the value with which the optimizer is made: the first, or if it is 0 the largest.

    A warm-up begins at 0, and nothing can be scaled from there. It is looked for at the steps
    0, 1, 2, 4, ..., 2²⁰, with epochs and the share of the budget alike.
    """
    first = float(schedule(0, 0.0, 0.0))
    if first:
        return first
    steps = [2**i for i in range(21)]
    values = [schedule(k, i / 2, min(1.0, i / 20)) for i, k in enumerate(steps)]
    return max(map(float, values), key=abs)


def given_to(component: Any) -> dict[str, Any]:
    """Return what the constructor is given; a schedule's base in its place."""
    bases = {
        library_name(component, attribute): base_of(schedule)
        for attribute, schedule in schedules_of(component).items()
    }
    return {**component.given, **bases}


class Rates:
    """Sets scheduled fields in the groups of an optimizer: what its constructor made is scaled.

    ::

        group value = made · (value / base)

    ``base`` is the value that the constructor was given. A group may have a rate of its own, for
    example for Adam beside Muon, and keeps its ratio to the others. A field that is a constant is
    never written.
    """

    def __init__(self, component: Any, optimizer: Any) -> None:
        self.scheduled: list[tuple[int, str, str, float, list[tuple[dict[str, Any], Any]]]] = []
        self._last: list[float | None] = []
        for i, holder in enumerate(_holders(component)):
            for attribute, schedule in schedules_of(holder).items():
                name = library_name(holder, attribute)
                # Some classes keep a hyperparameter that is one for all groups as an attribute.
                places = [*optimizer.param_groups, vars(optimizer)]
                made = [(place, place[name]) for place in places if name in place]
                if not made:
                    raise ValueError(
                        f"{name}: {component.path} keeps it neither in its groups nor under this "
                        "name, so that it cannot be a schedule; give a number"
                    )
                self.scheduled.append((i, attribute, name, base_of(schedule), made))
                self._last.append(None)

    def set(self, component: Any) -> None:
        """Write the values that the fields of the run's component and of those inside have now."""
        holders = _holders(component)
        for i, (holder, attribute, name, base, made) in enumerate(self.scheduled):
            value = getattr(holders[holder], attribute)
            if value == self._last[i]:
                continue
            self._last[i] = value
            for group, first in made:
                same = first == base or not base
                group[name] = value if same else first * (value / base)


def _holders(component: Any) -> tuple[Any, ...]:
    return (component, *component.inside.values())
