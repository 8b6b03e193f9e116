"""Nonlinear conjugate gradients."""

import math
from dataclasses import dataclass
from typing import Literal

from optframe import Array, Optimizer, Oracle, Point, Search, norm
from optframe.contracts.products import LEAST, MOST, unit
from optframe_plugins.line_search_step import Aim, descend, where
from optframe_plugins.searches.strong_wolfe import StrongWolfe

__all__ = ["NonlinearCG"]

FARTHER = 10.0
"""How much farther than the last step the first trial of a search may go."""


@dataclass
class Direction:
    """State; all change at every step.

    theta (P,) with its loss and gradient (P,); before, the loss one step earlier; direction (P,),
    the next one; moved, the length of the last step.
    """

    theta: Array
    loss: float
    gradient: Array
    before: float
    direction: Array
    moved: float = math.inf


@dataclass(frozen=True)
class NonlinearCG(Optimizer):
    """Nonlinear conjugate gradients: combine the steepest descent with the last direction.

    ::

        θ ← θ + t·d,    d ← −g' + β·d,    y = g' − g

        fr:   β = g'·g' / g·g              (Fletcher and Reeves)
        pr+:  β = max(0, g'·y / g·g)       (Polak and Ribière, without negative values)
        hs:   β = g'·y / d·y               (Hestenes and Stiefel)
        dy:   β = g'·g' / d·y              (Dai and Yuan)

    On a quadratic, with exact searches, all four are linear conjugate gradients. Where d is not a
    descent direction, or the search along it fails, the search is done along −g. If that fails,
    too, the run stops.

    Parameters
    ----------
    formula
        The formula of β. After a very short step, where ``fr`` can stall, the default's β is near
        0, which restarts from the steepest descent.
    search
        The line search. The default is the strong Wolfe search with c₂ = 0.1, Nocedal and Wright's
        value for conjugate gradients. Its first trial step is SciPy's without the limit t ≤ 1,
        which has the unit of θ²/f: instead it goes at most ten times as far as the last step.

    References
    ----------
    Nocedal, J., and Wright, S. J. (2006), Numerical Optimization, section 5.2. Gilbert, J. C., and
    Nocedal, J. (1992), Global convergence properties of conjugate gradient methods, SIAM J. Optim.
    2, 21–42 (pr+). Dai, Y. H., and Yuan, Y. (1999), SIAM J. Optim. 10, 177–182.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("rosenbrock", "nonlinear-cg", steps=50).loss < 1e-12
    True
    """

    formula: Literal["fr", "pr+", "hs", "dy"] = "pr+"
    search: Search = StrongWolfe(curvature=0.1)

    needs = frozenset({"loss", "gradient", "deterministic"})
    vectorized = False

    def init(self, theta: Array, oracle: Oracle) -> Direction:
        """Start along the steepest descent, with a first step of length about one."""
        loss, g = oracle.loss_and_gradient(theta)
        before = float(loss) + 0.5 * norm(g, oracle.xp)
        return Direction(theta, float(loss), g, before, -g)

    def step(self, theta: Array, state: Direction, oracle: Oracle) -> tuple[Array, Direction]:
        """Do one step."""
        start = where(theta, Point(state.theta, state.loss, state.gradient), oracle)
        aim = Aim(start, state.direction, state.before, farthest=FARTHER * state.moved)
        move = descend(self.search, aim, oracle)
        if move is None:
            return theta, state
        new, point = move.point.gradient, move.point
        beta = self._beta(new, start.gradient, move.direction, oracle)
        direction = beta * move.direction - new
        moved = norm(point.theta - theta, oracle.xp)
        return point.theta, Direction(point.theta, point.loss, new, start.loss, direction, moved)

    def invariances(self) -> frozenset[str]:
        """Return rotation and loss scale: all lengths are quotients of inner products."""
        return frozenset({"rotation", "loss scale"})

    def _beta(self, new: Array, g: Array, d: Array, oracle: Oracle) -> float:
        """Return β; 0, which is a restart, where its denominator is 0."""
        y = new - g
        above = new, new if self.formula in ("fr", "dy") else y
        below = (g, g) if self.formula in ("fr", "pr+") else (d, y)
        beta = _quotient(*above, *below, oracle)
        return max(0.0, beta) if self.formula == "pr+" else beta


def _quotient(a: Array, b: Array, c: Array, d: Array, oracle: Oracle) -> float:
    """Return a·b / c·d; 0 if c·d is 0."""
    above, below = float(a @ b), float(c @ d)
    if LEAST < abs(above) < MOST and LEAST < abs(below) < MOST:
        return above / below
    units = [unit(vector, oracle.xp) for vector in (a, b, c, d)]
    below = float((c / units[2]) @ (d / units[3]))
    if below == 0:
        return 0.0
    above = float((a / units[0]) @ (b / units[1]))
    over_a, over_b, under_c, under_d = (float(power[0]) for power in units)
    return above / below * (over_a / under_c) * (over_b / under_d)
