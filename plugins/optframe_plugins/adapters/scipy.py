"""SciPy: ``scipy.optimize.minimize`` with its methods, and ``scipy.optimize.least_squares``."""

from __future__ import annotations

import inspect
import sys
from typing import Any, ClassVar

from optframe import Adapter

__all__ = ["Scipy"]


class Scipy(Adapter):
    """Makes solvers of SciPy's minimize, with all its methods, and of its least_squares."""

    modules: ClassVar[tuple[str, ...]] = ("scipy.optimize",)
    extra: ClassVar[str | None] = None

    def recognizes(self, found: object) -> str | None:
        """Return ``optimizers`` for the two functions of SciPy; None for anything else."""
        optimize: Any = sys.modules.get("scipy.optimize")
        if optimize is None or not callable(found):
            return None
        return "optimizers" if found in (optimize.minimize, optimize.least_squares) else None

    def base(self, found: object, kind: str) -> type:
        """Return the base class, with a field for each option of the methods."""
        if getattr(found, "__name__", "") == "least_squares":
            from optframe_plugins.scipy_solver.least_squares import LeastSquares

            return LeastSquares
        from optframe_plugins.scipy_solver.minimize import with_options

        return with_options()

    def leaves_out(self, found: object) -> frozenset[str]:
        """Return all names in the signature: what can be set is in the base class."""
        return frozenset(inspect.signature(found).parameters)  # type: ignore[arg-type]
