"""Finds the schedules in an optimizer's fields, and checks their values against the bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from optframe.components.parameters import Parameter, parameters
from optframe.contracts.optimizer import Optimizer
from optframe.contracts.schedule import Schedule
from optframe.contracts.search import Search
from optframe.errors import PluginError, UsageError

__all__ = ["Scheduled", "schedules_in"]


@dataclass(frozen=True, eq=False)
class Scheduled:
    """A field of a component that is a schedule, whose values are between ``least`` and ``most``.

    Where the field has no bound a value may be infinite: the run then diverges.
    """

    component: Any
    field: Parameter
    schedule: Schedule
    least: float
    most: float

    @classmethod
    def of(cls, component: Any, name: str, schedule: Schedule) -> Scheduled:
        """Return the field with this attribute's name."""
        kind: Any = type(component)
        fields = parameters(kind).values()
        field = next(field for field in fields if field.attribute == name)
        return cls(component, field, schedule, *field.limits)

    def checked(self, value: Any, k: int) -> float:
        """Return the schedule's value for step k as a float.

        Raises
        ------
        UsageError
            If it is not within the field's bounds.
        PluginError
            If it is not a number.
        """
        by = type(self.schedule).__name__
        number = value[()] if isinstance(value, np.ndarray) and not value.shape else value
        if not isinstance(number, Real) or isinstance(number, bool):
            raise PluginError(f"{by} returned {value!r} at step {k}; expected a number")
        if not self.least <= float(number) <= self.most:
            raise UsageError(
                f"{type(self.component).__name__}: {self.field.name} is {float(number):g} at step "
                f"{k} by its schedule {by}; expected {self.field.expected}"
            )
        return float(number)


def schedules_in(component: Any) -> Iterator[Scheduled]:
    """Yield the scheduled fields of an optimizer, of the one that it wraps, and of its searches."""
    for name, value in vars(component).items():
        if isinstance(value, Schedule):
            yield Scheduled.of(component, name, value)
        elif isinstance(value, (Optimizer, Search)):
            yield from schedules_in(value)
