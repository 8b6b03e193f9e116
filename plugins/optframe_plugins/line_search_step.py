"""One step along a line, shared by the methods with a line search."""

import math
from dataclasses import replace
from typing import Any, NamedTuple

from optframe import Array, Oracle, Point, Search, inner, norm
from optframe.contracts.products import LEAST, MOST, unit
from optframe_plugins.theta_spacing import stays

__all__ = ["Aim", "Move", "Pair", "descend", "pair_of", "where"]


class Aim(NamedTuple):
    """The direction d that a method asks for, and what it knows about how far to go.

    ``before`` is the loss one step earlier. ``first`` is the t to try first. Where it is None, it
    is 2.02·(f − f₋)/(∇f·d), but not above ``most``, and not so much that θ moves by more than
    ``farthest``. The parabola with this slope that falls by as much as the loss did in the last
    step has its minimum at 2·(f − f₋)/(∇f·d); the 1% more is SciPy's. If the loss did not fall, t
    is the largest that is allowed, or what moves θ by one.
    """

    start: Point
    direction: Array
    before: float
    first: float | None = None
    most: float = math.inf
    farthest: float = math.inf


class Move(NamedTuple):
    """The result of a line search: the point, with its gradient, and the direction.

    ``restarted`` is true if the direction is −∇f instead of the one that was asked for.
    """

    point: Point
    direction: Array
    restarted: bool


class Pair(NamedTuple):
    """The changes s of θ and y of the gradient in a step, (P,), with y·s and y·y.

    Both are divided by one number where y·s or y·y would not be representable. That changes no
    quasi-Newton matrix, as it holds (s, y) in quotients of one degree.
    """

    s: Array
    y: Array
    ys: float
    yy: float


def where(theta: Array, known: Point, oracle: Oracle) -> Point:
    """Return θ with its loss and gradient; they are computed anew if a wrapper has moved θ."""
    if theta is known.theta or stays(theta, known.theta, oracle.xp):
        return known
    loss, gradient = oracle.loss_and_gradient(theta)
    return Point(theta, float(loss), gradient)


def descend(search: Search, aim: Aim, oracle: Oracle) -> Move | None:
    """Search along a direction and, if that fails, along −∇f; else stop the run, return None.

    Where ∇f is not finite, or a search fails because it met no finite value, θ becomes NaN: the run
    has diverged.
    """
    xp, start = oracle.xp, aim.start
    g: Array = start.gradient
    length = norm(g, xp)
    if length == 0:
        oracle.stop("the gradient is zero")
        return None
    lost = not math.isfinite(length)
    for restarted in () if lost else (False, True):
        if restarted:
            steepest = _steepest(aim, xp)
            if steepest is None:
                break
            aim = steepest
        direction = aim.direction
        d, scale, slope = direction, 1.0, float(g @ direction)
        if not LEAST < -slope < MOST:  # uphill, or d needs another unit
            power = unit(direction, xp)
            d, scale = direction / power, float(power[0])
            slope = inner(g, d, xp)
        if not slope < 0:
            continue  # uphill, or lost to rounding
        found = search.along(start, d, slope, _first(aim, d, scale, slope, xp), oracle)
        if found is None:
            continue
        if not math.isfinite(found.loss):
            lost = True
            continue
        if stays(found.theta, start.theta, xp):
            continue
        if found.gradient is None:
            found = replace(found, gradient=oracle.gradient(found.theta))
        return Move(found, direction, restarted)
    if lost:
        nowhere = xp.full_like(start.theta, math.nan)
        return Move(Point(nowhere, math.nan, nowhere), nowhere, restarted=True)
    oracle.stop("the line search found no better point")
    return None


def _steepest(aim: Aim, xp: Any) -> Aim | None:
    """Return the aim along −∇f, at first not farther than before; None if it is the same aim."""
    g: Array = aim.start.gradient
    direction = -g
    if bool(xp.all(direction == aim.direction)):
        return None
    farthest = min(aim.farthest, (aim.first or aim.most) * norm(aim.direction, xp) or math.inf)
    return Aim(aim.start, direction, aim.before, farthest=farthest)


def _first(aim: Aim, d: Array, scale: float, slope: float, xp: Any) -> float:
    """Return the t to try first along d, which is the aim's direction divided by ``scale``."""
    if aim.first is not None:
        return aim.first * scale
    most = aim.most * scale
    if aim.farthest < math.inf:
        most = min(most, aim.farthest / norm(d, xp))
    t = 2.02 * (aim.start.loss - aim.before) / slope
    if 0 < t < math.inf:
        return min(most, t)
    return most if most < math.inf else 1 / norm(d, xp)


def pair_of(before: Point, after: Point, oracle: Oracle) -> Pair | None:
    """Return the changes in a step, or None if y·s is not above rounding error.

    The rounding error of y·s is ε·‖y‖‖s‖, with ε that of a number: where y·s is below, its sign is
    chance. Dennis and Schnabel (1983), Numerical Methods for Unconstrained Optimization and
    Nonlinear Equations, algorithm A9.4.1, compare it with √ε·‖y‖‖s‖, which rejects the pairs of
    a quadratic of condition 4/ε.
    """
    assert before.gradient is not None, "a method knows the gradient at both ends of a step"
    s, y = after.theta - before.theta, after.gradient - before.gradient
    ys, yy = float(y @ s), float(y @ y)
    if not (LEAST < ys < MOST and LEAST < yy < MOST):
        power = unit(y, oracle.xp)
        s, y = s / power, y / power
        ys, yy = float(y @ s), float(y @ y)
    eps = oracle.xp.finfo(y.dtype).eps
    if not eps * math.sqrt(yy) * norm(s, oracle.xp) < ys < math.inf:
        return None
    return Pair(s, y, ys, yy)
