"""The line search of Moré and Thuente, for the strong Wolfe conditions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from optframe import Array, Count, Fraction, Oracle, Point, Search, Space, inner
from optframe_plugins.theta_spacing import lengthened, stays

__all__ = ["StrongWolfe"]

LARGEST = 1e10
"""The longest step, as a multiple of the first trial's."""


@dataclass(frozen=True)
class Trial:
    """φ and its slope at t, with φ(t) = f(θ + t·d)."""

    t: float
    value: float
    slope: float

    def tilted(self, slope: float) -> "Trial":
        """Return the value and slope of φ(t) − slope·t."""
        return Trial(self.t, self.value - slope * self.t, self.slope - slope)


@dataclass(frozen=True)
class StrongWolfe(Search):
    """Strong Wolfe: find a step with enough decrease of the loss and a small enough slope.

    ::

        φ(t) ≤ φ(0) + c₁·t·φ'(0),    |φ'(t)| ≤ c₂·|φ'(0)|,    φ(t) = f(θ + t·d)

    It keeps an interval that contains such a t. The next trial is the minimizer of a cubic or
    quadratic that interpolates known values and slopes.

    Parameters
    ----------
    decrease
        c₁, in [0, 1): the fraction of the predicted decrease that is required. MINPACK's and
        SciPy's 1e-4.
    curvature
        c₂, in [0, 1), above c₁: the fraction of the slope that may remain. 0.9 suits quasi-Newton
        methods, 0.1 conjugate gradients.
    evaluations
        The largest number of points to try, ≥ 1.

    References
    ----------
    Moré, J. J., and Thuente, D. J. (1994), Line search algorithms with guaranteed sufficient
    decrease, ACM Trans. Math. Softw. 20, 286–307; the program is MINPACK-2's dcsrch.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("beale", "lbfgs:search=strong-wolfe", steps=50).loss < 1e-12
    True
    """

    decrease: Fraction = 1e-4
    curvature: Fraction = 0.9
    evaluations: Count = 40

    spaces: ClassVar[Mapping[str, Space]] = {
        "curvature": Space(
            0.1,
            0.9,
            "linear",
            source="Nocedal and Wright (2006), Numerical Optimization, section 3.1: 0.9 for "
            "quasi-Newton methods, 0.1 for conjugate gradients",
        ),
    }

    def __post_init__(self) -> None:
        if self.curvature <= self.decrease:
            raise ValueError(
                f"curvature is {self.curvature}; expected it above decrease, {self.decrease}"
            )

    def along(
        self, start: Point, direction: Array, slope: float, first: float, oracle: Oracle
    ) -> Point | None:
        """Return a point that meets both conditions, else the best one with enough decrease."""
        if not slope < 0:
            return None
        xp = oracle.xp
        best = worst = Trial(0.0, start.loss, slope)
        asked = self.decrease * slope
        bracketed, modified = False, True
        longest = LARGEST * first
        width, before = longest, 2 * longest
        low, high, t = 0.0, 5 * first, first
        finite_below = math.inf
        tried = {start.loss: 0.0}
        good: Point | None = None
        lost: Point | None = None  # a point with a value that is not finite
        finite = False  # whether any trial had finite values
        for number in range(self.evaluations):
            theta = start.theta + t * direction
            loss, gradient = oracle.loss_and_gradient(theta)
            point = Point(theta, float(loss), gradient)
            same = tried.get(point.loss)
            if same is not None and stays(theta, start.theta + same * direction, xp):
                # A known point: t has come closer to another t than the spacing of θ.
                if number:
                    break
                longer = lengthened(start.theta, direction, t, xp)
                return self.along(start, direction, slope, longer, oracle)
            trial = Trial(t, point.loss, inner(gradient, direction, xp))
            if not (math.isfinite(trial.value) and math.isfinite(trial.slope)):
                # There is nothing to interpolate: back off towards the best point.
                lost = Point(theta, math.nan, gradient)
                finite_below = min(finite_below, t)
                t = best.t + 0.1 * (t - best.t)
                if stays(start.theta + t * direction, start.theta, xp):
                    break
                continue
            tried[point.loss], finite = t, True
            enough = trial.value <= start.loss + asked * t
            if enough and abs(trial.slope) <= self.curvature * -slope:
                return point
            if enough and (good is None or point.loss <= good.loss):
                good = point
            if t == longest and enough and trial.slope <= asked:
                return good
            # Until a trial has enough decrease and rises, φ(t) − c₁·φ'(0)·t is what is minimized.
            modified = modified and not (enough and trial.slope >= 0)
            tilt = asked if modified and trial.value <= best.value and not enough else 0.0
            try:
                nearest, other, t, bracketed = _next(
                    best.tilted(tilt), worst.tilted(tilt), trial.tilted(tilt), bracketed, low, high
                )
            except ZeroDivisionError:  # the trials differ by less than rounding
                return good
            best, worst = nearest.tilted(-tilt), other.tilted(-tilt)
            if bracketed:
                span = abs(worst.t - best.t)
                if span >= 0.66 * before:
                    t = best.t + 0.5 * (worst.t - best.t)
                before, width = width, span
                low, high = min(best.t, worst.t), max(best.t, worst.t)
                if not low < t < high or high - low <= 1e-14 * high:
                    return good
            else:
                low, high = t + 1.1 * (t - best.t), t + 4 * (t - best.t)
                t = min(max(t, 0.0), longest)
                if t >= finite_below:
                    t = best.t + 0.5 * (finite_below - best.t)
        return good if finite else lost


def _next(
    best: Trial, worst: Trial, trial: Trial, bracketed: bool, low: float, high: float
) -> tuple[Trial, Trial, float, bool]:
    """Return the new ends of the interval, the next t, and whether the interval is closed.

    The four cases are those of the paper's section 4.
    """
    turned = trial.slope * math.copysign(1.0, best.slope)
    if trial.value > best.value:
        # 1: a higher value, so the minimum is bracketed.
        cubic, quadratic = _cubic(best, trial), _quadratic(best, trial)
        nearer = abs(cubic - best.t) <= abs(quadratic - best.t)
        t = cubic if nearer else cubic + (quadratic - cubic) / 2
        bracketed = True
    elif turned < 0:
        # 2: a lower value and a slope of the other sign, so the minimum is bracketed.
        cubic, secant = _cubic(trial, best), _secant(trial, best)
        t = cubic if abs(cubic - trial.t) > abs(secant - trial.t) else secant
        bracketed = True
    elif abs(trial.slope) < abs(best.slope):
        # 3: a lower value, the same sign, and the slope decreases.
        cubic, secant = _cubic_beyond(best, trial, low, high), _secant(trial, best)
        if bracketed:
            t = cubic if abs(cubic - trial.t) < abs(secant - trial.t) else secant
            limit = trial.t + 0.66 * (worst.t - trial.t)
            t = min(limit, t) if trial.t > best.t else max(limit, t)
        else:
            t = cubic if abs(cubic - trial.t) > abs(secant - trial.t) else secant
            t = min(max(t, low), high)
    elif bracketed:
        # 4: a lower value, the same sign, and the slope does not decrease.
        t = _cubic(trial, worst)
    else:
        t = high if trial.t > best.t else low
    if trial.value > best.value:
        return best, trial, t, bracketed
    return trial, best if turned < 0 else worst, t, bracketed


def _cubic(a: Trial, b: Trial) -> float:
    """Where the cubic through a and b, with their slopes, is least."""
    theta = 3 * (a.value - b.value) / (b.t - a.t) + a.slope + b.slope
    scale = max(abs(theta), abs(a.slope), abs(b.slope))
    root = scale * math.sqrt(max(0.0, (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)))
    gamma = root if b.t > a.t else -root
    ratio = (gamma - a.slope + theta) / (2 * gamma - a.slope + b.slope)
    return a.t + ratio * (b.t - a.t)


def _cubic_beyond(best: Trial, trial: Trial, low: float, high: float) -> float:
    """Where the cubic is least beyond the trial; an end of the interval if it has no minimum."""
    theta = 3 * (best.value - trial.value) / (trial.t - best.t) + best.slope + trial.slope
    scale = max(abs(theta), abs(best.slope), abs(trial.slope))
    root = scale * math.sqrt(
        max(0.0, (theta / scale) ** 2 - (best.slope / scale) * (trial.slope / scale))
    )
    gamma = -root if trial.t > best.t else root
    ratio = (gamma - trial.slope + theta) / ((gamma + (best.slope - trial.slope)) + gamma)
    if ratio < 0 and gamma != 0:
        return trial.t + ratio * (best.t - trial.t)
    return high if trial.t > best.t else low


def _quadratic(a: Trial, b: Trial) -> float:
    """Where the quadratic through a and b, with a's slope, is least."""
    return a.t + a.slope / ((a.value - b.value) / (b.t - a.t) + a.slope) / 2 * (b.t - a.t)


def _secant(a: Trial, b: Trial) -> float:
    """Where the line through the slopes of a and b is zero."""
    return a.t + a.slope / (a.slope - b.slope) * (b.t - a.t)
