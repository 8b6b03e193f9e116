"""Backtracking until the loss has decreased enough."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Lt

from optframe import Array, Count, Oracle, Point, Search

__all__ = ["Armijo"]


@dataclass(frozen=True)
class Armijo(Search):
    """Armijo: shorten the step until it brings a share of the decrease that the slope promises.

    ::

        t ← ρ·t  until  f(θ + t·d) ≤ f(θ) + c₁·t·∇f(θ)·d

    Only losses are asked for. Nothing keeps the step from being too short, so that a
    quasi-Newton method may find no curvature to learn from.

    Parameters
    ----------
    decrease
        c₁, in (0, 1): the share of the promised decrease that is asked for. Nocedal and Wright's
        1e-4.
    shrink
        ρ, in (0, 1): what a step that fails is multiplied by. The usual ½.
    evaluations
        The most points to try, ≥ 1; the last of the default 50 is at 2⁻⁴⁹ of the first.

    References
    ----------
    Armijo, L. (1966), Minimization of functions having Lipschitz continuous first partial
    derivatives, Pacific J. Math. 16, 1–3; Nocedal, J., and Wright, S. J. (2006), Numerical
    Optimization, algorithm 3.1.
    """

    decrease: Annotated[float, Gt(0), Lt(1)] = 1e-4
    shrink: Annotated[float, Gt(0), Lt(1)] = 0.5
    evaluations: Count = 50

    needs = frozenset({"loss", "deterministic"})

    def along(
        self, start: Point, direction: Array, slope: float, first: float, oracle: Oracle
    ) -> Point | None:
        """Return the first point with enough decrease."""
        t = first
        for _ in range(self.evaluations):
            theta = start.theta + t * direction
            loss = float(oracle.loss(theta))
            if loss <= start.loss + self.decrease * t * slope:
                return Point(theta, loss, None)
            t *= self.shrink
        return None
