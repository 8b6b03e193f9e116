"""L-BFGS: BFGS that stores the last few pairs (s, y) instead of a matrix."""

from dataclasses import dataclass

from optframe import Array, Count, Optimizer, Oracle, Point, Search
from optframe_plugins.line_search_step import descend, inner, where
from optframe_plugins.searches.strong_wolfe import StrongWolfe

__all__ = ["LBFGS"]


@dataclass
class History:
    """State; all change at every step.

    theta (P,) with its loss and gradient (P,); s and y, the pairs, of shape (memory, P); pairs,
    how many have been stored since the start or a restart: number k lies in row k modulo memory.
    """

    theta: Array
    loss: float
    gradient: Array
    s: Array
    y: Array
    pairs: int = 0


@dataclass(frozen=True)
class LBFGS(Optimizer):
    """L-BFGS: BFGS from the last m pairs, at a cost of 4·m·P per step.

    With s = θ' − θ, y = g' − g, ρ = 1 / (yᵀs) and γ = yᵀs / yᵀy of the last pair, d = −r from ::

        q = g;    newest to oldest:  α = ρ·sᵀq,  q ← q − α·y
        r = γ·q;  oldest to newest:  β = ρ·yᵀr,  r ← r + (α − β)·s

    A pair whose yᵀs is not above rounding error is skipped. As long as no pair has been dropped,
    and with γ = 1, the steps are those of BFGS.

    Parameters
    ----------
    memory
        m, how many pairs are kept, ≥ 1. SciPy's 10; Nocedal and Wright suggest 3 to 20.
    scale
        Whether r starts from γ·q, as is usual, or from q.
    search
        The line search. The default is the strong Wolfe search with c₂ = 0.9. Its first trial step
        is 1; before there are pairs it is min(1, 1/‖g‖), as in L-BFGS-B.

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

    memory: Count = 10
    scale: bool = True
    search: Search = StrongWolfe()

    needs = frozenset({"loss", "gradient", "deterministic"})
    vectorized = False

    def init(self, theta: Array, oracle: Oracle) -> History:
        """Start without pairs."""
        loss, g = oracle.loss_and_gradient(theta)
        shape = (self.memory, theta.shape[0])
        rows = [oracle.xp.zeros_like(theta) for _ in range(2 * self.memory)]
        s, y = oracle.xp.stack(rows[: shape[0]]), oracle.xp.stack(rows[shape[0] :])
        return History(theta, float(loss), g, s, y)

    def step(self, theta: Array, state: History, oracle: Oracle) -> tuple[Array, History]:
        """Do one step."""
        start = where(theta, Point(state.theta, state.loss, state.gradient), oracle)
        g: Array = start.gradient
        direction = self._direction(g, state)
        length = 1.0 if state.pairs else 1 / max(1.0, inner(g, g) ** 0.5)
        move = descend(self.search, start, direction, length, oracle)
        if move is None:
            return theta, state
        if move.restarted:
            state.pairs = 0
        point = move.point
        s, y = point.theta - theta, point.gradient - g
        if inner(y, s) > oracle.xp.finfo(theta.dtype).eps * inner(y, y):
            row = state.pairs % self.memory
            state.s[row, :], state.y[row, :] = s, y
            state.pairs += 1
        state.theta, state.loss, state.gradient = point.theta, point.loss, point.gradient
        return point.theta, state

    def invariances(self) -> frozenset[str]:
        """Return rotation: inner products are all that it computes."""
        return frozenset({"rotation"})

    def _direction(self, g: Array, state: History) -> Array:
        """Return −Hg by the two loops."""
        oldest = max(0, state.pairs - self.memory)
        rows = [k % self.memory for k in range(oldest, state.pairs)]
        pairs = [(state.s[row, :], state.y[row, :]) for row in rows]
        q, shares = g, []
        for s, y in reversed(pairs):
            ys = inner(y, s)
            alpha = inner(s, q) / ys
            q = q - alpha * y
            shares.append((alpha, ys))
        if pairs and self.scale:
            y = pairs[-1][1]
            q = (shares[0][1] / inner(y, y)) * q
        for (s, y), (alpha, ys) in zip(pairs, reversed(shares), strict=True):
            q = q + (alpha - inner(y, q) / ys) * s
        return -q
