"""Backtracking until the loss has decreased enough."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Gt, Lt

from optframe import Array, Count, Oracle, Point, Search, Space
from optframe_plugins.theta_spacing import lengthened, stays

__all__ = ["Armijo"]


@dataclass(frozen=True)
class Armijo(Search):
    """Armijo: shorten the step until the loss falls by a fraction of what the slope predicts.

    ::

        t ← ρ·t  until  f(θ + t·d) ≤ f(θ) + c₁·t·∇f(θ)·d

    It asks for losses only. It has no curvature condition: after a short step a quasi-Newton method
    may have to skip its update.

    Parameters
    ----------
    decrease
        c₁, in (0, 1): the fraction of the predicted decrease that is required. Nocedal and Wright's
        1e-4.
    shrink
        ρ, in (0, 1): the factor by which a rejected step is shortened. The usual ½.
    evaluations
        The largest number of points to try, ≥ 1. With the defaults, the last one is at 2⁻⁴⁹ of the
        first step.

    References
    ----------
    Armijo, L. (1966), Minimization of functions having Lipschitz continuous first partial
    derivatives, Pacific J. Math. 16, 1–3; Nocedal, J., and Wright, S. J. (2006), Numerical
    Optimization, algorithm 3.1.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("rosenbrock", "bfgs:search=armijo", steps=60).loss < 1e-12
    True
    """

    decrease: Annotated[float, Gt(0), Lt(1)] = 1e-4
    shrink: Annotated[float, Gt(0), Lt(1)] = 0.5
    evaluations: Count = 50

    spaces: ClassVar[Mapping[str, Space]] = {
        "shrink": Space(
            0.1,
            0.8,
            "linear",
            source="Boyd and Vandenberghe (2004), Convex Optimization, section 9.2",
        ),
        "decrease": Space(
            1e-4,
            0.3,
            "log",
            source="from Nocedal and Wright's 1e-4 to the largest usual value of Boyd and "
            "Vandenberghe (2004), Convex Optimization, section 9.2",
        ),
    }

    needs = frozenset({"loss", "deterministic"})

    def along(
        self, start: Point, direction: Array, slope: float, first: float, oracle: Oracle
    ) -> Point | None:
        """Return the first point with enough decrease."""
        xp, t, finite = oracle.xp, first, False
        for tried in range(self.evaluations):
            theta = start.theta + t * direction
            loss = float(oracle.loss(theta))
            if loss == start.loss and stays(theta, start.theta, xp):
                if tried:
                    break  # shorter steps do not move θ either
                return self.along(
                    start, direction, slope, lengthened(start.theta, direction, t, xp), oracle
                )
            if loss <= start.loss + self.decrease * t * slope:
                return Point(theta, loss, None)
            t *= self.shrink
            if math.isfinite(loss):
                finite = True
            elif stays(start.theta + t * direction, start.theta, xp):
                break
        return None if finite else Point(theta, math.nan, None)
