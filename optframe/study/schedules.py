"""Checks the values of an optimizer's schedules before a study runs, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from optframe.components.scheduled import schedules_in
from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.contracts.trial import Budget
from optframe.errors import UsageError

__all__ = ["mistakes_of_schedules"]

MOST = 256
"""The largest number of values of a schedule that are checked; the run checks all."""


def mistakes_of_schedules(
    optimizer: Any, budget: Budget, problem: Problem, sampler: Sampler | None
) -> list[str]:
    """Return a line for each scheduled field that has a value beyond its bounds, or no data.

    The values are those at the first step and, if the budget limits steps and epochs alone, at up
    to `MOST` steps up to the last one.
    """
    mistakes: list[str] = []
    records = problem.records if isinstance(problem, StochasticProblem) else None
    for field in schedules_in(optimizer):
        if not records and field.schedule.counts_epochs:
            mistakes.append(
                f"{type(field.component).__name__}: {field.field.name} counts epochs by its "
                f"schedule {type(field.schedule).__name__}, but {type(problem).__name__} has no "
                "data; give its length in steps, or as a share of the budget"
            )
            continue
        try:
            for k, epoch, progress in _steps(budget, problem, sampler):
                field.checked(field.schedule(k, epoch, progress), k)
        except UsageError as error:
            mistakes += error.mistakes
        except Exception:  # the run reports what is wrong, with its traceback
            continue
    return mistakes


def _steps(
    budget: Budget, problem: Problem, sampler: Sampler | None
) -> Iterator[tuple[int, float, float]]:
    """Yield steps with their epoch and their share of the budget."""
    if not budget.table.keys().isdisjoint({"gradients", "work", "seconds"}):
        yield 0, 0.0, 0.0  # how much of the budget later steps have spent is not known
        return
    per_epoch, end = None, inf
    records = problem.records if isinstance(problem, StochasticProblem) else None
    if sampler is not None and records:
        per_epoch = sampler.bind(problem.groups).steps_per_epoch(records)  # type: ignore[attr-defined]
        end = inf if sampler.epochs is None else sampler.epochs * per_epoch
    total = int(min(budget.steps_in(per_epoch) or 1, end))
    for i in range(min(total, MOST)):
        k = i * (total - 1) // max(1, min(total, MOST) - 1)
        epoch = k / per_epoch if per_epoch else 0.0
        shares = [k / budget.steps if budget.steps else 0.0]
        shares += [epoch / budget.epochs] if budget.epochs else []
        yield k, epoch, min(1.0, max(shares))
