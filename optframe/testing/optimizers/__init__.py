"""Checks of the contract and mathematics of optimizers, wrappers and solvers."""

from __future__ import annotations

from optframe.contracts import Optimizer, Solver
from optframe.testing.kit import Checks, Suite
from optframe.testing.making import made
from optframe.testing.optimizers import contract, mathematics, solvers
from optframe.testing.optimizers.subject import Subject

__all__ = ["check_optimizer"]

OPTIMIZERS = Suite((contract, mathematics), least=10)
SOLVERS = Suite((solvers,), least=6)


def check_optimizer(
    optimizer: Optimizer | Solver | type, *, seed: int | None = 0, strict: bool = False
) -> Checks:
    """Return the checks of an optimizer, a wrapper around one, or a solver.

    Parameters
    ----------
    optimizer
        An object, or a class whose fields have defaults. An author can declare known failures on
        the class, ``known_failures = {"check": "reason"}``. If such a check passes, it is reported
        as a failure.
    seed
        The seed of the checks' random numbers. With None, it is different each time, and printed.
    strict
        Whether checks that are new in this version of the kit fail instead of warning.

    Raises
    ------
    UsageError
        If it is not an optimizer, cannot be made without parameters, or expects a failure of a
        check that does not exist.
    """
    component = made(optimizer, "optimizers", "check_optimizer")
    suite = SOLVERS if isinstance(component, Solver) else OPTIMIZERS
    return Checks(suite, component, lambda random: Subject(component, random), seed, strict)
