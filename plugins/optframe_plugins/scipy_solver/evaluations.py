"""What SciPy asks at a point x, answered and counted by an oracle.

SciPy computes in float64 and goes on writing to the x that it passes. So x is copied, and rounded
to the run's precision, before the oracle sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optframe import Array, Oracle

__all__ = ["Evaluations"]


class Evaluations:
    """The functions that are passed to SciPy, for a run whose θ has the type of ``theta``."""

    def __init__(self, theta: Array, oracle: Oracle, report: Callable[[Array], bool]) -> None:
        self.oracle = oracle
        self.report = report
        self.dtype = str(theta.dtype).rpartition(".")[2]
        self.plain = oracle.xp is np and self.dtype == "float64"
        """Whether x has the run's type already, and lies where the run's arrays do."""
        self.start = self.host(theta)

    def theta(self, x: Any) -> Array:
        """Return x as a new array of the run's type, on its device."""
        return x.copy() if self.plain else self.oracle.backend.asarray(np.array(x), self.dtype)

    def host(self, array: Any) -> Any:
        """Return an answer as float64 in memory of its own, which SciPy may write to."""
        there = array if self.plain else self.oracle.backend.to_numpy(array)
        return np.array(there, np.float64)

    def loss(self, x: Any) -> float:
        """Return f(x)."""
        return float(self.oracle.loss(self.theta(x)))

    def loss_and_gradient(self, x: Any) -> tuple[float, Any]:
        """Return f(x) and ∇f(x)."""
        loss, gradient = self.oracle.loss_and_gradient(self.theta(x))
        return float(loss), self.host(gradient)

    def hessian(self, x: Any) -> Any:
        """Return ∇²f(x), shape (P, P)."""
        return self.host(self.oracle.hessian(self.theta(x)))

    def hvp(self, x: Any, p: Any) -> Any:
        """Return ∇²f(x)·p; end where p is not finite, as at the minimum to the last bit."""
        if not np.isfinite(p).all():
            self.oracle.stop("SciPy divides 0 by 0, since nothing is left to gain")
            raise StopIteration
        return self.host(self.oracle.hvp(self.theta(x), self.theta(p)))

    def residuals(self, x: Any) -> Any:
        """Return r(x), shape (m,)."""
        return self.host(self.oracle.ask("residuals", self.theta(x)))

    def jacobian(self, x: Any) -> Any:
        """Return the derivatives of the residuals, shape (m, P)."""
        return self.host(self.oracle.ask("jacobian", self.theta(x)))

    def iterate(self, x: Any, *_: Any) -> None:
        """Report an iterate; end SciPy's loop if the run ends here."""
        if not self.report(x if self.plain else self.theta(x)):  # which copies it
            raise StopIteration
