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

    Parameters
    ----------
    problem
        An object, or a class whose fields have defaults.
    dataset
        Loads a data set by its name; by default from the installed plugins.
    seed, strict
        As for `check_optimizer`, and ``known_failures`` likewise.

    Raises
    ------
    UsageError
        If it is not a problem, cannot be made without parameters, or expects a failure of a check
        that does not exist.
    """
    component = made(problem, "problems", "check_problem")
    loader = dataset or Binder(load_plugins()).dataset
    return Checks(
        PROBLEMS, component, lambda random: Subject(component, loader, random), seed, strict
    )
