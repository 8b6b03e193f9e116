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

__all__ = ["Scheduled", "number_in", "schedules_in"]


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
        number = number_in(value, by, k)
        if not self.least <= number <= self.most:
            raise UsageError(
                f"{type(self.component).__name__}: {self.field.name} is {number:g} at step "
                f"{k} by its schedule {by}; expected {self.field.expected}"
            )
        return number

    def checked_rows(self, values: Any, k: int) -> Any:
        """Return the schedule's values for step k of the runs of a batch, (R, 1).

        Raises
        ------
        UsageError
            If one of them is not within the field's bounds.
        """
        # NaN is within no bounds: the least of numbers with a NaN is NaN.
        if not (self.least <= values.min() and values.max() <= self.most):
            for value in values.ravel().tolist():
                self.checked(value, k)
        return values


def number_in(value: Any, by: str, k: int) -> float:
    """Return what a schedule returned for step k as a float; ``by`` is the schedule's name.

    Raises
    ------
    PluginError
        If it is not a number.
    """
    number = value[()] if isinstance(value, np.ndarray) and not value.shape else value
    if not isinstance(number, Real) or isinstance(number, bool):
        raise PluginError(f"{by} returned {value!r} at step {k}; expected a number")
    return float(number)


def schedules_in(component: Any) -> Iterator[Scheduled]:
    """Yield the scheduled fields of an optimizer, of the one that it wraps, and of its searches."""
    for name, value in vars(component).items():
        if isinstance(value, Schedule):
            yield Scheduled.of(component, name, value)
        elif isinstance(value, (Optimizer, Search)):
            yield from schedules_in(value)
