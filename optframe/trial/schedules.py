"""Sets the hyperparameters of a run that are schedules to their values at each step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

from optframe.contracts import Optimizer, Schedule, Search

__all__ = ["ScheduledFields"]

Component = TypeVar("Component")


class ScheduledFields:
    """Sets the scheduled fields of a run's copy of an optimizer, of its wrappers and searches."""

    def __init__(self) -> None:
        self.there: list[tuple[Any, str, Schedule]] = []
        """The fields: their component, name and schedule."""

    def own(self, optimizer: Component) -> Component:
        """Return a copy of an optimizer, and collect its schedules, which `set` replaces."""
        copied = copy.copy(optimizer)
        for name, value in vars(optimizer).items():
            if isinstance(value, Schedule):
                self.there.append((copied, name, value))
            elif isinstance(value, (Optimizer, Search)):
                object.__setattr__(copied, name, self.own(value))
        return copied

    def set(self, k: int, epoch: float, progress: Callable[[int, float], float]) -> None:
        """Set every scheduled field to its value for step k."""
        if self.there:
            share = progress(k, epoch)
            for holder, name, schedule in self.there:
                object.__setattr__(holder, name, schedule(k, epoch, share))
