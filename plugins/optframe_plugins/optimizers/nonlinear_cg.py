"""Nonlinear conjugate gradients."""

from dataclasses import dataclass
from typing import Literal

from optframe import Array, Optimizer, Oracle, Point, Search
from optframe_plugins.line_search_step import descend, first_length, inner, where
from optframe_plugins.searches.strong_wolfe import StrongWolfe

__all__ = ["NonlinearCG"]


@dataclass
class Direction:
    """State; all change at every step.

    theta (P,) with its loss and gradient (P,); before, the loss one step earlier; direction (P,),
    the next one.
    """

    theta: Array
    loss: float
    gradient: Array
    before: float
    direction: Array


@dataclass(frozen=True)
class NonlinearCG(Optimizer):
    """Nonlinear conjugate gradients: bend the steepest descent by the last direction.

    ::

        θ ← θ + t·d,    d ← −g' + β·d,    y = g' − g

        fr:   β = g'·g' / g·g              (Fletcher and Reeves)
        pr+:  β = max(0, g'·y / g·g)       (Polak and Ribière, without negative values)
        hs:   β = g'·y / d·y               (Hestenes and Stiefel)
        dy:   β = g'·g' / d·y              (Dai and Yuan)

    On a quadratic, with exact searches, all four are linear conjugate gradients. Where d is no
    direction of descent, or the search along it fails, the steepest descent takes its place; when
    that fails too, the run stops.

    Parameters
    ----------
    formula
        β's. The default forgets the past by itself after a short step, where fr gets stuck.
    search
        How far to go. The default is the strong Wolfe search with the curvature condition 0.1,
        Nocedal and Wright's for conjugate gradients; its first trial is SciPy's.

    References
    ----------
    Nocedal, J., and Wright, S. J. (2006), Numerical Optimization, section 5.2. Gilbert, J. C., and
    Nocedal, J. (1992), Global convergence properties of conjugate gradient methods, SIAM J. Optim.
    2, 21–42 (pr+). Dai, Y. H., and Yuan, Y. (1999), SIAM J. Optim. 10, 177–182.
    """

    formula: Literal["fr", "pr+", "hs", "dy"] = "pr+"
    search: Search = StrongWolfe(curvature=0.1)

    needs = frozenset({"loss", "gradient", "deterministic"})
    vectorized = False

    def init(self, theta: Array, oracle: Oracle) -> Direction:
        """Start along the steepest descent, with a first step of length about one."""
        loss, g = oracle.loss_and_gradient(theta)
        before = float(loss) + 0.5 * inner(g, g) ** 0.5
        return Direction(theta, float(loss), g, before, -g)

    def step(self, theta: Array, state: Direction, oracle: Oracle) -> tuple[Array, Direction]:
        """Do one step."""
        start = where(theta, Point(state.theta, state.loss, state.gradient), oracle)
        first = first_length(start, state.direction, state.before)
        move = descend(self.search, start, state.direction, first, oracle)
        if move is None:
            return theta, state
        new, point = move.point.gradient, move.point
        direction = self._beta(new, start.gradient, move.direction) * move.direction - new
        return point.theta, Direction(point.theta, point.loss, new, start.loss, direction)

    def invariances(self) -> frozenset[str]:
        """Return rotation: inner products are all that it computes."""
        return frozenset({"rotation"})

    def _beta(self, new: Array, g: Array, d: Array) -> float:
        """Return β; 0, a restart, where its denominator is."""
        y = new - g
        above = inner(new, new if self.formula in ("fr", "dy") else y)
        below = inner(g, g) if self.formula in ("fr", "pr+") else inner(d, y)
        beta = above / below if below else 0.0
        return max(0.0, beta) if self.formula == "pr+" else beta
