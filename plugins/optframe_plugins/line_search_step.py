"""One step along a line, shared by the methods with a line search."""

from dataclasses import dataclass, replace

from optframe import Array, Oracle, Point, Search

__all__ = ["Move", "descend", "first_length", "inner", "where"]


@dataclass(frozen=True)
class Move:
    """The result of a line search: the point, with its gradient, and the direction.

    ``restarted`` is true if the direction is −∇f instead of the one that was asked for.
    """

    point: Point
    direction: Array
    restarted: bool


def where(theta: Array, known: Point, oracle: Oracle) -> Point:
    """Return θ with its loss and gradient; they are computed anew if a wrapper has moved θ."""
    if theta is known.theta or bool(oracle.xp.all(theta == known.theta)):
        return known
    loss, gradient = oracle.loss_and_gradient(theta)
    return Point(theta, float(loss), gradient)


def descend(
    search: Search, start: Point, direction: Array, first: float, oracle: Oracle
) -> Move | None:
    """Search along a direction and, if that fails, along −∇f; else stop the run, return None.

    ``first`` is the length to try first; along −∇f it is the one that moves θ by about one.
    """
    g = start.gradient
    assert g is not None, "a method knows the gradient where it starts"
    squared = inner(g, g)
    if squared == 0:
        oracle.stop("the gradient is zero")
        return None
    for d, length, restarted in ((direction, first, False), (-g, 1 / max(1.0, squared**0.5), True)):
        slope = inner(g, d)
        if not slope < 0:
            continue  # uphill, or lost to rounding
        found = search.along(start, d, slope, length, oracle)
        if found is None or bool(oracle.xp.all(found.theta == start.theta)):
            continue
        if found.gradient is None:
            found = replace(found, gradient=oracle.gradient(found.theta))
        return Move(found, d, restarted)
    oracle.stop("the line search found no better point")
    return None


def first_length(start: Point, direction: Array, before: float) -> float:
    """Return min(1, 2.02·(f − f₋)/(∇f·d)), with f₋ the loss before the last step.

    The parabola with this slope that falls by as much as the loss did in the last step has its
    minimum at 2·(f − f₋)/(∇f·d). The 1% more is SciPy's.
    """
    slope = inner(start.gradient, direction)
    t = 2.02 * (start.loss - before) / slope if slope else 1.0
    return min(1.0, t) if t > 0 else 1.0


def inner(a: Array, b: Array) -> float:
    """Return a·b as a number."""
    return float(a @ b)
