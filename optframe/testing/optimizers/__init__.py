"""The checks of optimizers, wrappers and solvers."""

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
        An object, or a class whose fields have defaults. A failure that its author knows is
        declared on the class, ``known_failures = {"check": "reason"}``; when the check passes
        after all, it fails.
    seed
        Of what the checks draw; None draws afresh, and prints the seed.
    strict
        Whether checks that are new in this version of the kit fail at once instead of warning.

    Raises
    ------
    UsageError
        Where it is no optimizer, cannot be made without parameters, or expects a failure of a
        check that does not exist.
    """
    component = made(optimizer, "optimizers", "check_optimizer")
    suite = SOLVERS if isinstance(component, Solver) else OPTIMIZERS
    return Checks(suite, component, lambda random: Subject(component, random), seed, strict)
