"""BFGS: a quasi-Newton method that estimates the inverse Hessian from gradients."""

import math
from dataclasses import dataclass
from typing import Any

from optframe import Array, Optimizer, Oracle, Point, Search, norm
from optframe_plugins.line_search_step import Aim, Pair, descend, pair_of, where
from optframe_plugins.searches.strong_wolfe import StrongWolfe

__all__ = ["BFGS"]


@dataclass
class Model:
    """State; all change at every step.

    theta (P,) with its loss and gradient (P,); before, the loss one step earlier; inverse, H, shape
    (P, P); updates, the number of pairs (s, y) in H.
    """

    theta: Array
    loss: float
    gradient: Array
    before: float
    inverse: Array
    updates: int = 0


@dataclass(frozen=True)
class BFGS(Optimizer):
    """BFGS: Newton's method with an inverse Hessian estimated from gradient differences.

    ::

        θ' = θ − t·Hg,    s = θ' − θ,    y = g' − g,    ρ = 1 / (yᵀs)
        H ← (I − ρ·syᵀ) H (I − ρ·ysᵀ) + ρ·ssᵀ

    from H = I. The new H maps y to s and is the nearest to the old one that does. It stays positive
    definite if yᵀs > 0, which a search with a curvature condition ensures. Where yᵀs is not above
    its rounding error, ε·‖y‖‖s‖, the update is skipped. On a quadratic with exact searches the
    iterates are those of conjugate gradients, and after P steps H is the inverse Hessian.

    Parameters
    ----------
    search
        The line search. The default is the strong Wolfe search with SciPy's constants and first
        trial step; only, the first trial of the run goes a distance of about one where g is short,
        too. If a search fails, one along −g follows, with H = I; if that fails, the run stops.
    scale_first
        Whether H is (yᵀs / yᵀy)·I before its first update, whatever the unit of the loss. SciPy
        does not do so. Without it H = I, but at most 1/√ε times (yᵀs / yᵀy)·I and at least √ε
        times that: the first update subtracts what is too much, and rounding would leave nothing.

    References
    ----------
    Broyden, C. G.; Fletcher, R.; Goldfarb, D.; Shanno, D. F. (1970), independently. Nocedal, J.,
    and Wright, S. J. (2006), Numerical Optimization, algorithm 6.1, equations 6.17 and 6.20.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("rosenbrock", "bfgs", steps=50).loss < 1e-12
    True
    """

    search: Search = StrongWolfe()
    scale_first: bool = False

    needs = frozenset({"loss", "gradient", "deterministic"})
    vectorized = False

    def init(self, theta: Array, oracle: Oracle) -> Model:
        """Start with H = I, and a first step of length about one."""
        loss, g = oracle.loss_and_gradient(theta)
        before = float(loss) + 0.5 * norm(g, oracle.xp)
        return Model(theta, float(loss), g, before, _identity(theta, oracle))

    def step(self, theta: Array, state: Model, oracle: Oracle) -> tuple[Array, Model]:
        """Do one step."""
        start = where(theta, Point(state.theta, state.loss, state.gradient), oracle)
        g: Array = start.gradient
        # H = I has no unit: before the first update t = 1 means nothing.
        most = 1.0 if state.updates else math.inf
        aim = Aim(start, -(state.inverse @ g), state.before, most=most)
        move = descend(self.search, aim, oracle)
        if move is None:
            return theta, state
        inverse, updates = state.inverse, state.updates
        if move.restarted:
            inverse, updates = _identity(theta, oracle), 0
        new, point = move.point.gradient, move.point
        pair = pair_of(start, point, oracle)
        if pair is not None:
            if updates == 0:
                inverse = self._scale(pair, oracle.xp) * inverse
            inverse, updates = _updated(inverse, pair), updates + 1
        return point.theta, Model(point.theta, point.loss, new, start.loss, inverse, updates)

    def _scale(self, pair: Pair, xp: Any) -> float:
        """Return the factor of I before the first update."""
        scale = pair.ys / pair.yy
        if self.scale_first:
            return scale
        root = math.sqrt(xp.finfo(pair.y.dtype).eps)
        return min(max(1.0, scale * root), scale / root)

    def invariances(self) -> frozenset[str]:
        """Return rotation, and loss scale unless H starts from I, which has the unit of θ²/f."""
        return frozenset({"rotation", "loss scale"} if self.scale_first else {"rotation"})


def _updated(inverse: Array, pair: Pair) -> Array:
    """Return (I − ρ·syᵀ) H (I − ρ·ysᵀ) + ρ·ssᵀ, multiplied out."""
    hy = inverse @ pair.y
    u = pair.s / pair.ys
    rank_one = (pair.ys + (pair.y @ hy)) * u[:, None] * u
    return inverse - u[:, None] * hy - hy[:, None] * u + rank_one


def _identity(theta: Array, oracle: Oracle) -> Array:
    return oracle.xp.eye(theta.shape[0], dtype=theta.dtype, device=theta.device)
