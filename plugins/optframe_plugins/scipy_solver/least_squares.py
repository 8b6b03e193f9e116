"""``scipy.optimize.least_squares`` as a solver, for problems with residuals."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optframe import Array, Count, NonNegative, Oracle, Solver
from optframe_plugins.scipy_solver.evaluations import Evaluations
from optframe_plugins.scipy_solver.methods import UNLIMITED

__all__ = ["LeastSquares"]

EPS = float(np.finfo(float).eps)
"""The least tolerance that SciPy accepts."""


@dataclass(frozen=True, kw_only=True)
class LeastSquares(Solver):
    """Minimizes ½‖r(θ)‖² with the residuals r and their Jacobian.

    An iterate is a point at which SciPy asks for the Jacobian. The run's budget ends the method:
    tolerances are the least that SciPy accepts, unless they are given.

    Parameters
    ----------
    method
        ``"trf"``, ``"dogbox"`` or ``"lm"`` (MINPACK).
    ftol, xtol, gtol
        SciPy's tolerances.
    tr_solver
        How ``trf`` and ``dogbox`` solve for a step; SciPy chooses by default.
    x_scale
        One scale for all parameters, or ``"jac"``.
    max_nfev
        The most evaluations.
    """

    method: Literal["trf", "dogbox", "lm"] = "trf"
    ftol: NonNegative | None = None
    xtol: NonNegative | None = None
    gtol: NonNegative | None = None
    tr_solver: Literal["exact", "lsmr"] | None = None
    x_scale: float | Literal["jac"] | None = None
    max_nfev: Count | None = None

    def __post_init__(self) -> None:
        if self.method == "lm" and self.tr_solver is not None:
            raise ValueError("lm has no tr_solver; leave it out")
        if isinstance(self.x_scale, float) and not self.x_scale > 0:
            raise ValueError(f"x_scale: expected a number > 0 or 'jac', found {self.x_scale}")

    needs = frozenset({"residuals", "jacobian", "deterministic"})

    def minimize(self, theta: Array, oracle: Oracle, report: Callable[[Array], bool]) -> Array:
        """Call SciPy; its message is the run's reason if it ends by itself."""
        from scipy import optimize

        asked = Evaluations(theta, oracle, report)
        begun = False

        def jacobian(x: Any) -> Any:
            nonlocal begun
            if begun:
                asked.iterate(x)
            begun = True
            return asked.jacobian(x)

        # Without tolerances, trf and dogbox shorten a step that is lost in rounding for ever.
        given = {
            "ftol": EPS if self.ftol is None else self.ftol,
            "xtol": EPS if self.xtol is None else self.xtol,
            "gtol": EPS if self.gtol is None else self.gtol,
            "tr_solver": self.tr_solver,
            "x_scale": self.x_scale,
        }
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"scipy\.optimize")
            result = optimize.least_squares(
                asked.residuals,
                asked.start,
                jacobian,
                method=self.method,
                max_nfev=self.max_nfev or UNLIMITED,
                **{name: value for name, value in given.items() if value is not None},
            )
        oracle.stop(str(result.message))
        return asked.theta(result.x)
