"""Makes one schedule of the schedules of several runs, whose values are arrays (R, 1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.components.scheduled import number_in
from optframe.contracts import Schedule

__all__ = ["EachRun", "as_one", "of_rows", "stacked"]

AT = ((0, 0.0, 0.0), (1, 0.02, 0.001), (37, 0.74, 0.037), (500, 10.0, 0.5), (999, 19.98, 0.999))
"""Steps, epochs and shares at which one schedule for all runs is compared with the runs' own."""


@dataclass(frozen=True)
class EachRun(Schedule):
    """The schedules of R runs, each of which is called by itself; the value has shape (R, 1)."""

    schedules: tuple[Schedule, ...]

    def __call__(self, k: int, epoch: float, progress: float) -> Any:
        """Return the runs' values for step k."""
        values = [one(k, epoch, progress) for one in self.schedules]
        by = type(self.schedules[0]).__name__
        numbers = [v if type(v) is float else number_in(v, by, k) for v in values]
        return np.array(numbers, np.float64)[:, None]


def stacked(schedules: Sequence[Schedule]) -> Schedule:
    """Return one schedule for R runs.

    Equal schedules stay as they are. If they differ in fields that may be arrays (see
    `Schedule.batched`), one call gives the values of all runs. Else, or where such a call differs
    from the runs' own in a single bit, each run's schedule is called by itself.
    """
    one = as_one(schedules)
    if one is schedules[0]:
        return one
    each = EachRun(tuple(schedules))
    return each if one is None or not _agree(one, each) else one


def as_one(schedules: Sequence[Schedule]) -> Schedule | None:
    """Return a schedule with arrays (R, 1) in the fields in which these differ.

    If they do not differ it is the first of them. If these fields take no arrays it is None.
    """
    first = schedules[0]
    if all(one is first or one == first for one in schedules):
        return first
    if not dataclasses.is_dataclass(first) or any(
        type(one) is not type(first) for one in schedules
    ):
        return None
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(first):
        values = [getattr(one, field.name) for one in schedules]
        if all(value == values[0] for value in values):
            continue
        numbers = all(type(value) in (int, float) for value in values)
        if field.name not in first.batched or not field.init:
            return None
        if numbers:
            changes[field.name] = np.array(values, np.float64)[:, None]
        elif all(isinstance(value, Schedule) for value in values):
            changes[field.name] = as_one(values)
        if changes.get(field.name) is None:
            return None
    return dataclasses.replace(first, **changes)


def _agree(one: Schedule, each: EachRun) -> bool:
    """Whether a schedule for all runs gives to the bit what the runs' own schedules give."""
    with np.errstate(all="ignore"):
        try:
            pairs: list[tuple[Any, Any]] = [(one(*at), each(*at)) for at in AT]
        except Exception:
            return False
    return all(
        isinstance(ours, np.ndarray)
        and ours.dtype == np.float64
        and ours.shape == theirs.shape
        and np.array_equal(ours, theirs, equal_nan=True)
        for ours, theirs in pairs
    )


def of_rows(schedule: Schedule, rows: Any) -> Schedule:
    """Return the schedule of these of the runs."""
    if isinstance(schedule, EachRun):
        return EachRun(tuple(schedule.schedules[row] for row in rows))
    changes: dict[str, Any] = {}
    for name in schedule.batched:
        value: Any = getattr(schedule, name, None)
        if isinstance(value, Schedule):
            changes[name] = of_rows(value, rows)
        elif getattr(value, "shape", ()):
            changes[name] = value[rows]
    return dataclasses.replace(schedule, **changes) if changes else schedule  # type: ignore[type-var]
