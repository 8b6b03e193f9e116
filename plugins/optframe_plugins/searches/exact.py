"""The minimum along a line, of a quadratic."""

import math
from dataclasses import dataclass

from optframe import Array, Oracle, Point, Search, inner

__all__ = ["Exact"]


@dataclass(frozen=True)
class Exact(Search):
    """Exact: step to the minimum along the line, which has a closed form for a quadratic.

    ::

        t = −∇f(θ)·d / (dᵀHd),    f(θ + t·d) = f(θ) + ½·t·∇f(θ)·d

    It costs one Hessian–vector product. Where the curvature dᵀHd is not positive there is no
    minimum, and the search fails.

    References
    ----------
    Nocedal, J., and Wright, S. J. (2006), Numerical Optimization, equation 3.55.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("quadratic:size=8", "nonlinear-cg:search=exact", steps=8).loss < 1e-9
    True
    """

    needs = frozenset({"hvp", "quadratic"})

    def along(
        self, start: Point, direction: Array, slope: float, first: float, oracle: Oracle
    ) -> Point | None:
        """Return the minimum along the line."""
        product = oracle.hvp(start.theta, direction)
        curvature = inner(direction, product, oracle.xp)
        if curvature <= 0:
            return None
        t = -slope / curvature if math.isfinite(curvature) else math.nan
        return Point(start.theta + t * direction, start.loss + 0.5 * t * slope, None)
