"""Sets the hyperparameters of a run that are schedules to their values at each step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from numbers import Real
from typing import Any, TypeVar, cast

from optframe.components.parameters import is_float, parameters
from optframe.components.scheduled import Scheduled
from optframe.contracts import Optimizer, Schedule, Search

__all__ = ["ScheduledFields"]

Component = TypeVar("Component")


@lru_cache(maxsize=1024)
def _floats(kind: type) -> frozenset[str]:
    """Return the attributes of a class that are floats in a run."""
    fields = parameters(kind).values()
    return frozenset(field.attribute for field in fields if is_float(field.annotation))


class ScheduledFields:
    """Sets the scheduled fields of a run's copy of an optimizer, of its wrappers and searches.

    In a batch of runs a value may be a NumPy array (R, 1), of which ``asarray`` makes one of the
    backend. A lone run has no ``asarray``.
    """

    def __init__(self, asarray: Callable[[Any], Any] | None = None) -> None:
        self.asarray = asarray
        self.there: list[tuple[Any, str, Schedule, float, float, Scheduled]] = []
        """The fields: their component, name and schedule, their bounds, and what checks them."""

    def own(self, optimizer: Component) -> Component:
        """Return a copy of an optimizer, and collect its schedules, which `set` replaces.

        Numbers of all types become floats, so that 1, 1.0 and ``numpy.int64(1)`` give the same run.
        """
        copied, kind = copy.copy(optimizer), cast("Any", type(optimizer))
        numbers = _floats(kind)
        for name, value in vars(optimizer).items():
            if type(value) is float:  # most are: it stays
                continue
            if isinstance(value, Schedule):
                found = Scheduled.of(optimizer, name, value)
                self.there.append((copied, name, value, found.least, found.most, found))
            elif isinstance(value, (Optimizer, Search)):
                object.__setattr__(copied, name, self.own(value))
            elif name in numbers and isinstance(value, Real):
                object.__setattr__(copied, name, float(value))
        return copied

    def set(self, k: int, epoch: float, progress: Callable[[int, float], float]) -> None:
        """Set every scheduled field to its value for step k."""
        if self.there:
            share = progress(k, epoch)
            for holder, name, schedule, least, most, field in self.there:
                value = schedule(k, epoch, share)
                if type(value) is not float or not least <= value <= most:
                    rows = self.asarray is not None and getattr(value, "ndim", 0) == 2
                    value = field.checked_rows(value, k) if rows else field.checked(value, k)
                    if self.asarray is not None and rows:
                        value = self.asarray(value)
                object.__setattr__(holder, name, value)
