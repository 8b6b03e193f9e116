"""L-BFGS: BFGS that stores the last few pairs (s, y) instead of a matrix."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le

from optframe import Array, Optimizer, Oracle, Point, Search, Space, inner
from optframe_plugins.line_search_step import Aim, descend, pair_of, where
from optframe_plugins.searches.strong_wolfe import StrongWolfe

__all__ = ["LBFGS"]


@dataclass
class History:
    """State; all change at every step.

    theta (P,) with its loss and gradient (P,); before, the loss one step earlier; s and y, the
    pairs, of shape (memory, P), and ys, (memory,), their products y·s; pairs, how many have been
    stored since the start or a restart: number k lies in row k modulo memory.
    """

    theta: Array
    loss: float
    gradient: Array
    before: float
    s: Array
    y: Array
    ys: Array
    pairs: int = 0


@dataclass(frozen=True)
class LBFGS(Optimizer):
    """L-BFGS: BFGS from the last m pairs, at a cost of 4·m·P per step.

    With s = θ' − θ, y = g' − g, ρ = 1 / (yᵀs) and γ = yᵀs / yᵀy of the last pair, d = −r from ::

        q = g;    newest to oldest:  α = ρ·sᵀq,  q ← q − α·y
        r = γ·q;  oldest to newest:  β = ρ·yᵀr,  r ← r + (α − β)·s

    A pair whose yᵀs is not above its rounding error, ε·‖y‖‖s‖, is skipped. As long as no pair has
    been dropped, and with γ = 1, the steps are those of BFGS.

    Parameters
    ----------
    memory
        m, how many pairs are kept, 1 to 10,000. SciPy's 10; Nocedal and Wright suggest 3 to 20.
    scale
        Whether r starts from γ·q, as is usual, or from q.
    search
        The line search. The default is the strong Wolfe search with c₂ = 0.9. Its first trial step
        is 1. Before there are pairs it is 1/‖g‖, as in Nocedal's program; the limit of L-BFGS-B,
        min(1, 1/‖g‖), has a unit.

    References
    ----------
    Nocedal, J. (1980), Updating quasi-Newton matrices with limited storage, Math. Comp. 35,
    773–782; Nocedal, J., and Wright, S. J. (2006), Numerical Optimization, algorithms 7.4 and 7.5.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("rosenbrock-extended:size=1000", "lbfgs", steps=60).loss < 1e-12
    True
    """

    memory: Annotated[int, Ge(1), Le(10_000)] = 10
    scale: bool = True
    search: Search = StrongWolfe()

    spaces: ClassVar[Mapping[str, Space]] = {
        "memory": Space(
            3,
            20,
            "linear",
            whole=True,
            source="Nocedal and Wright (2006), Numerical Optimization, section 7.2",
        ),
    }

    needs = frozenset({"loss", "gradient", "deterministic"})
    vectorized = False

    def init(self, theta: Array, oracle: Oracle) -> History:
        """Start without pairs."""
        loss, g = oracle.loss_and_gradient(theta)
        shape = (self.memory, theta.shape[0])
        rows = [oracle.xp.zeros_like(theta) for _ in range(2 * self.memory)]
        s, y = oracle.xp.stack(rows[: shape[0]]), oracle.xp.stack(rows[shape[0] :])
        return History(theta, float(loss), g, math.inf, s, y, oracle.xp.zeros_like(s[:, 0]))

    def step(self, theta: Array, state: History, oracle: Oracle) -> tuple[Array, History]:
        """Do one step."""
        start = where(theta, Point(state.theta, state.loss, state.gradient), oracle)
        g: Array = start.gradient
        direction = self._direction(g, state, oracle)
        aim = Aim(start, direction, state.before, first=1.0 if state.pairs else None)
        move = descend(self.search, aim, oracle)
        if move is None:
            return theta, state
        if move.restarted:
            state.pairs = 0
        point = move.point
        pair = pair_of(start, point, oracle)
        if pair is not None:
            row = state.pairs % self.memory
            state.s[row, :], state.y[row, :] = pair.s, pair.y
            state.ys[row] = pair.ys
            state.pairs += 1
        state.before = start.loss
        state.theta, state.loss, state.gradient = point.theta, point.loss, point.gradient
        return point.theta, state

    def invariances(self) -> frozenset[str]:
        """Return rotation, and loss scale if r starts from γ·q: all else is inner products."""
        return frozenset({"rotation", "loss scale"} if self.scale else {"rotation"})

    def _direction(self, g: Array, state: History, oracle: Oracle) -> Array:
        """Return −Hg by the two loops."""
        xp, oldest = oracle.xp, max(0, state.pairs - self.memory)
        rows = [k % self.memory for k in range(oldest, state.pairs)]
        pairs = [(state.s[row, :], state.y[row, :], float(state.ys[row])) for row in rows]
        q, alphas = g, []
        for s, y, ys in reversed(pairs):
            alpha = inner(s, q, xp) / ys
            q = q - alpha * y
            alphas.append(alpha)
        if pairs and self.scale:
            _, y, ys = pairs[-1]
            q = (ys / inner(y, y, xp)) * q
        for (s, y, ys), alpha in zip(pairs, reversed(alphas), strict=True):
            q = q + (alpha - inner(y, q, xp) / ys) * s
        return -q
