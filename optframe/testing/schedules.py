"""Checks of a schedule's contract."""

from __future__ import annotations

import dataclasses
import math
import numbers
import pickle
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts import Schedule
from optframe.testing import shared
from optframe.testing.kit import Checks, NotApplicable, Suite, check, require
from optframe.testing.making import made
from optframe.trial.stacked_schedules import as_one

__all__ = ["check_schedule"]

STEPS = 1000
PER_EPOCH = 40
FACTORS = (1.0, 0.97, 0.9, 0.71, 0.63)
"""By these the numbers of the runs of a batch differ; less than 1, so that fractions stay so."""


def check_schedule(
    schedule: Schedule | type, *, seed: int | None = 0, strict: bool = False
) -> Checks:
    """Return the checks of a schedule.

    Arguments, ``known_failures`` and exceptions are as for `check_optimizer`.
    """
    component = made(schedule, "schedules", "check_schedule")
    suite = Suite((sys.modules[__name__],), least=5)
    return Checks(suite, component, lambda random: Subject(component, random), seed, strict)


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the schedule, and a random generator for the check."""

    component: Schedule
    random: np.random.Generator

    def values(self) -> list[float]:
        """Return its values at the steps of a run with data."""
        return [self.component(k, k / PER_EPOCH, k / STEPS) for k in range(STEPS + 1)]


@check(since=1)
def gives_numbers(subject: Subject) -> None:
    """Every value is a finite real number, from the first step on."""
    for k, value in enumerate(subject.values()):
        require(
            isinstance(value, numbers.Real) and not isinstance(value, bool),
            f"at step {k} it is {value!r}, a {type(value).__name__}; expected a float",
        )
        require(math.isfinite(value), f"at step {k} it is {value}")


@check(since=1)
def works_without_data(subject: Subject) -> None:
    """It works on a problem without data, where the epoch is 0 at every step."""
    for k in (0, 1, STEPS):
        value = subject.component(k, 0.0, k / STEPS)
        require(math.isfinite(value), f"at step {k} without data it is {value}")


@check(since=1)
def goes_on_beyond_its_end(subject: Subject) -> None:
    """Long after its end, its value is still a finite number."""
    for k in (10**6, 10**9):
        value = subject.component(k, k / PER_EPOCH, 1.0)
        require(math.isfinite(value), f"at step {k} it is {value}")


@check(since=1)
def remembers_nothing(subject: Subject) -> None:
    """The value of a step does not depend on the steps that were requested before."""
    expected = subject.values()
    again = pickle.loads(pickle.dumps(subject.component))
    for k in subject.random.permutation(STEPS + 1).tolist():
        value = again(k, k / PER_EPOCH, k / STEPS)
        require(value == expected[k], f"requested in another order, step {k} is {value}")


@check(since=1)
def has_the_bits_of_lone_runs_in_a_batch(subject: Subject) -> None:
    """In a batch of runs that differ in its `batched` fields, every run has its own bits."""
    component = subject.component
    if not component.batched:
        raise NotApplicable("it does not say that it takes arrays")
    unknown = component.batched - {field.name for field in dataclasses.fields(component)}  # type: ignore[arg-type]
    require(not unknown, f"batched names {min(unknown, default=None)!r}, which is no field of it")
    lone = [varied(component, factor) for factor in FACTORS]
    together = as_one(lone)
    if together is lone[0]:
        raise NotApplicable("the numbers that may be arrays are all 0")
    require(together is not None, f"its fields {', '.join(sorted(component.batched))} do not merge")
    for k in range(STEPS + 1):
        at = k, k / PER_EPOCH, k / STEPS
        values: Any = together(*at)  # type: ignore[misc]
        alone = np.array([[one(*at)] for one in lone], np.float64)
        require(
            np.shape(values) == alone.shape,
            f"at step {k} of {len(lone)} runs its shape is {np.shape(values)}; expected "
            f"{alone.shape}",
        )
        require(
            np.array_equal(values, alone),
            f"at step {k} it is {np.ravel(values).tolist()} in a batch and "
            f"{alone.ravel().tolist()} alone",
        )


def varied(schedule: Any, factor: float) -> Any:
    """Return a schedule with other numbers in its `batched` fields, also of those inside."""
    changes = {}
    for name in schedule.batched:
        value = getattr(schedule, name)
        if isinstance(value, Schedule):
            changes[name] = varied(value, factor)
        elif isinstance(value, (int, float)):
            changes[name] = value * factor
    return dataclasses.replace(schedule, **changes)


pickles = shared.pickles
imports_nothing_heavy = shared.imports_nothing_heavy
spaces_fit_their_fields = shared.spaces_fit_their_fields
