"""Checks of a schedule's contract."""

from __future__ import annotations

import math
import numbers
import pickle
import sys
from dataclasses import dataclass

import numpy as np

from optframe.contracts import Schedule
from optframe.testing import shared
from optframe.testing.kit import Checks, Suite, check, require
from optframe.testing.making import made

__all__ = ["check_schedule"]

STEPS = 1000
PER_EPOCH = 40


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


pickles = shared.pickles
imports_nothing_heavy = shared.imports_nothing_heavy
spaces_fit_their_fields = shared.spaces_fit_their_fields
