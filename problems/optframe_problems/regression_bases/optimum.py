"""f* of a convex model, by Newton's method, to about 1e-13 of its value."""

import dataclasses
import hashlib
import inspect
import math
from pathlib import Path
from typing import Any

import numpy as np

from optframe import Array
from optframe_problems.cache import kept_number
from optframe_problems.learning import Batch, LearningProblem
from optframe_problems.regression_bases.twice_differentiable import TwiceDifferentiable

__all__ = ["known_least_loss", "least_loss", "within_reach"]

STEPS = 200
"""Newton steps, at most; they are damped, so that far from the minimum many may be needed."""

LARGEST_MATRIX = 700
"""Up to so many parameters the Hessian is built and decomposed; beyond, only its products are."""

LARGEST_WORK = 2e7
"""Multiplications of a Hessian–vector product beyond which f* is not computed."""

CLOSE = 1e-14
"""Newton's method ends where its model predicts a decrease by less than this fraction of f."""

CLOSE_ENOUGH = 1e-12
"""Where rounding ends it before, f* is known if the prediction was less than this fraction."""


def within_reach(problem: TwiceDifferentiable) -> bool:
    """Whether f* can be computed in reasonable time, by the data set's size alone."""
    inputs = problem.dataset.train.inputs
    numbers = getattr(inputs, "nnz", inputs.size)
    return bool(numbers * problem.outputs <= LARGEST_WORK)


def known_least_loss(problem: TwiceDifferentiable) -> float | None:
    """Return f*, from the cache where it has been computed before."""
    try:
        key = _content(problem)
    except (OSError, TypeError):  # a class without a file: its code cannot be hashed
        return least_loss(problem)
    return kept_number("minima", key, lambda: least_loss(problem))


def least_loss(problem: TwiceDifferentiable) -> float | None:
    """Return f* by damped Newton steps in float64, or None where they do not get there.

    ::

        ∇²f(θ) d = −∇f(θ),    λ² = −∇f(θ)·d,    θ ← θ + t d

    with t the first of 1, ½, ¼, ... for which f(θ + t d) ≤ f(θ) − 10⁻⁴ t λ². Near the minimum
    f(θ) − f* ≈ ½λ², which is what ends the iteration.

    References
    ----------
    S. Boyd, L. Vandenberghe, "Convex Optimization" (2004), section 9.5.
    """
    setting = problem.setting
    if setting is not None and setting.dtype != "float64":
        problem = problem.bind(dataclasses.replace(setting, dtype="float64"))
    theta, loss = problem.asarray(np.zeros(problem.size)), None
    for stage in problem.stages():
        theta, loss = _newton(stage, theta)
    return loss


def _newton(problem: TwiceDifferentiable, theta: Array) -> tuple[Array, float | None]:
    """Return the θ at which the steps end, and f*, or None where they have not found it."""
    batch = problem.training
    first, steepest = float(problem.loss(0 * theta, batch)), 0.0
    for _ in range(STEPS):
        loss, gradient = problem.loss_and_gradient(theta, batch)
        now = float(loss)
        steep = float(problem.xp.sum(gradient * gradient))
        steepest = max(steep, steepest)
        if problem.size <= LARGEST_MATRIX:
            direction = _solved(problem.xp, problem.hessian(theta, batch), -gradient)
        else:
            loose = min(0.01, (steep / steepest) ** 0.5) if steep else 0.01
            direction = _conjugated(problem, theta, -gradient, batch, loose)
        squared = -float(problem.xp.sum(gradient * direction))
        # A loss that is rounding error beside f(0), as after an exact fit, counts as zero.
        promised = 0.5 * squared / max(abs(now), 1e-16 * abs(first), 1e-300)
        if promised <= CLOSE:
            return theta, min(now, float(problem.loss(theta + direction, batch)))
        t = 1.0
        while not float(problem.loss(theta + t * direction, batch)) <= now - 1e-4 * t * squared:
            t /= 2
            if t < 1e-9:
                return theta, now if promised <= CLOSE_ENOUGH else None
        theta = theta + t * direction
    return theta, None


def _solved(xp: Any, hessian: Array, b: Array) -> Array:
    """Return the d with Hd = b, 0 along H's null space (softmax has one).

    H is decomposed after its diagonal is scaled to 1, so that units of the features do not matter.
    """
    diagonal = xp.linalg.diagonal(hessian)
    scale = 1 / xp.sqrt(xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal)))
    values, vectors = xp.linalg.eigh(hessian * scale[:, None] * scale)
    floor = xp.finfo(values.dtype).eps * values.shape[0] * xp.max(values)
    along = xp.matmul(vectors.mT, scale * b)
    ones = xp.ones_like(values)
    solved = xp.where(values > floor, along / xp.where(values > floor, values, ones), 0 * ones)
    return scale * xp.matmul(vectors, solved)


def _conjugated(
    problem: TwiceDifferentiable, theta: Array, b: Array, batch: Batch, loose: float
) -> Array:
    """Return the d with Hd = b by conjugate gradients, to |Hd − b|² ≤ loose·|b|²."""
    xp = problem.xp
    d, r, p = 0 * b, b, b
    rr = limit = float(xp.sum(b * b))
    for _ in range(2 * problem.size):
        if rr <= loose * limit:
            break
        hp = problem.hvp(theta, p, batch)
        curvature = float(xp.sum(p * hp))
        if not (curvature > 0 and math.isfinite(curvature)):
            break
        d, r = d + rr / curvature * p, r - rr / curvature * hp
        before, rr = rr, float(xp.sum(r * r))
        p = r + rr / before * p
    return d


def _content(problem: TwiceDifferentiable) -> str:
    """Return the hash of all that f* depends on: the formulas, their parameters and the records.

    Raises OSError or TypeError where the model's class has no file.
    """
    digest = hashlib.sha256()
    kinds = [kind for kind in type(problem).__mro__ if issubclass(kind, LearningProblem)]
    own = [Path(inspect.getfile(kind)) for kind in kinds]
    for path in sorted({*own, *Path(__file__).parent.glob("*.py")}):
        digest.update(path.read_bytes())
    given = {f.name: getattr(problem, f.name) for f in dataclasses.fields(problem)}  # type: ignore[arg-type]
    del given["data"]
    words = (type(problem).__qualname__, given, problem.dataset.classes, problem.dataset.digest)
    digest.update(repr(words).encode())
    return digest.hexdigest()
