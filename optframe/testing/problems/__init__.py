"""Checks of the contract and mathematics of problems and transforms."""

from __future__ import annotations

from collections.abc import Callable

from optframe.components.binder import Binder
from optframe.components.loading import load_plugins
from optframe.contracts import Dataset, Problem
from optframe.testing.kit import Checks, Suite
from optframe.testing.making import made
from optframe.testing.problems import contract, mathematics
from optframe.testing.problems.subject import Subject

__all__ = ["check_problem"]

PROBLEMS = Suite((contract, mathematics), least=10)


def check_problem(
    problem: Problem | type,
    *,
    dataset: Callable[[str], Dataset] | None = None,
    seed: int | None = 0,
    strict: bool = False,
) -> Checks:
    """Return the checks of a problem.

    Arguments, ``known_failures`` and exceptions are as for `check_optimizer`. ``dataset`` loads a
    data set by its name; by default from the installed plugins.
    """
    component = made(problem, "problems", "check_problem")
    loader = dataset or Binder(load_plugins()).dataset
    return Checks(
        PROBLEMS, component, lambda random: Subject(component, loader, random), seed, strict
    )
