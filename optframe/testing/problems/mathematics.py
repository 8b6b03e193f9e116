"""Checks of a problem's mathematics: derivatives of the loss, and the declared minimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optframe.contracts import StochasticProblem
from optframe.testing.derivatives import Slope, slope
from optframe.testing.kit import NotApplicable, check, require
from optframe.testing.problems.subject import LARGEST_HESSIAN, Subject, close, some

MOST_RECORDS = 100_000


@check(since=1)
def gradient_is_the_slope_of_the_loss(subject: Subject) -> None:
    """∇f·d is the derivative of f along d: by complex steps, else by central differences."""
    loss, gradient = subject.word("loss"), subject.word("gradient")
    for _ in range(3):
        theta = subject.point()
        g = np.asarray(gradient(theta))
        slopes = [
            (slope(loss, theta, d), g @ d, np.abs(g) @ np.abs(d)) for d in subject.directions(theta)
        ]
        _compare_slopes(slopes, "the gradient along a direction")


@check(since=1)
def gradient_is_the_same_in_single_precision(subject: Subject) -> None:
    """The gradients in float32 and float64 agree to rounding."""
    theta = subject.point().astype(np.float32).astype(np.float64)
    exact = np.asarray(subject.word("gradient")(theta))
    single = subject.bound("float32")
    found = single.gradient(theta.astype(np.float32), *subject.batch_of(single))  # type: ignore[attr-defined]
    close(found, exact, 1e-3, "the gradient in float32 differs from that in float64")


@check(since=1)
def hessian_is_the_slope_of_the_gradient(subject: Subject) -> None:
    """∇²f is symmetric, and ∇²f·d is the derivative of ∇f along d."""
    hessian, gradient = subject.word("hessian"), subject.word("gradient")
    if subject.problem.size > LARGEST_HESSIAN:
        raise NotApplicable(f"P = {subject.problem.size} is too large to check a Hessian")
    theta = subject.point()
    h = np.asarray(hessian(theta))
    require(h.shape == theta.shape * 2, f"the Hessian has shape {h.shape}")
    close(h, h.T, 1e-12, "the Hessian is not symmetric")
    for d in subject.directions(theta):
        w = subject.random.standard_normal(d.shape)
        size = np.abs(w) @ np.abs(h) @ np.abs(d)
        found = (_slope_of(gradient, theta, d, w), w @ h @ d, size)
        _compare_slopes([found], "the Hessian along a direction")


@check(since=1)
def hvp_is_the_hessian_times_v(subject: Subject) -> None:
    """∇²f·v is the derivative of ∇f along v."""
    hvp, gradient = subject.word("hvp"), subject.word("gradient")
    theta = subject.point()
    for d in subject.directions(theta):
        product = np.asarray(hvp(theta, d))
        w = subject.random.standard_normal(d.shape)
        size = np.abs(w) @ np.abs(product)
        found = (_slope_of(gradient, theta, d, w), w @ product, size)
        _compare_slopes([found], "hvp along a direction")


@check(since=1)
def jacobian_is_the_slope_of_the_residuals(subject: Subject) -> None:
    """J·d is the derivative of the residuals along d, and ∇f is a positive multiple of Jᵀr."""
    residuals, jacobian = subject.word("residuals"), subject.word("jacobian")
    theta = subject.point()
    r, j = np.asarray(residuals(theta)), np.asarray(jacobian(theta))
    require(j.shape == (*r.shape, *theta.shape), f"the Jacobian has shape {j.shape}")
    for d in subject.directions(theta):
        w = subject.random.standard_normal(r.shape)
        size = np.abs(w) @ np.abs(j) @ np.abs(d)
        found = (_slope_of(residuals, theta, d, w), w @ j @ d, size)
        _compare_slopes([found], "the Jacobian along a direction")
    pulled, gradient = r @ j, np.asarray(subject.word("gradient")(theta))
    factor = np.sum(pulled * gradient) / np.sum(pulled * pulled)
    require(factor > 0, f"the gradient is {factor:.6g} times the Jacobian's product with r")
    close(gradient, factor * pulled, 1e-9, "the gradient is no multiple of Jᵀr")
    points = theta, subject.point()
    ratios = [float(subject.word("loss")(x)) / np.sum(residuals(x) ** 2) for x in points]
    close(ratios[1], ratios[0], 1e-9, "the loss is no multiple of the sum of squared residuals")


@check(since=1)
def partials_are_the_gradients_entries(subject: Subject) -> None:
    """∂f/∂θᵢ is entry i of the gradient."""
    partial = subject.word("partial")
    theta = subject.point()
    g = np.asarray(subject.word("gradient")(theta))
    for i in some(subject, theta.shape[0]):
        off = abs(float(partial(theta, i)) - g[i])
        require(
            off <= 1e-9 * np.abs(g).max(), f"partial({i}) differs from the gradient by {off:.2g}"
        )


@check(since=1)
def coordinate_minimum_is_a_minimum(subject: Subject) -> None:
    """At the returned θᵢ the partial derivative is zero, and the loss is not larger than before."""
    minimum, gradient = subject.word("coordinate_minimum"), subject.word("gradient")
    loss = subject.word("loss")
    theta = subject.point()
    slopes = np.abs(np.asarray(gradient(theta)))
    for i in some(subject, theta.shape[0]):
        there = np.array(theta)
        there[i] = float(minimum(theta, i))
        left = abs(np.asarray(gradient(there))[i])
        require(
            left <= 1e-6 * max(slopes.max(), 1e-300) and loss(there) <= loss(theta) * (1 + 1e-12),
            f"at coordinate_minimum({i}) the partial derivative is {left:.2g}",
        )


@check(since=1)
def minibatches_average_to_the_whole(subject: Subject) -> None:
    """The mean of minibatch gradients, weighted by size, is the gradient of all records."""
    problem = subject.problem
    if not isinstance(problem, StochasticProblem) or not problem.records:
        raise NotApplicable("it has no records")
    if problem.records > MOST_RECORDS:
        raise NotApplicable(f"{problem.records} records are too many for this check")
    if not problem.deterministic:
        raise NotApplicable("its batches have additional noise")
    theta = subject.point()
    order = subject.random.permutation(problem.records)
    parts = np.array_split(order, min(7, problem.records))
    whole = np.asarray(problem.gradient(theta, problem.draw(slice(None), None)))
    pieces = [np.asarray(problem.gradient(theta, problem.draw(part, None))) for part in parts]
    mean = sum(len(part) * piece for part, piece in zip(parts, pieces, strict=True)) / len(order)
    close(mean, whole, 1e-8, "minibatch gradients do not average to the full gradient")
    loss = float(problem.loss(theta, problem.draw(slice(None), None)))
    close(problem.metrics(theta)["loss"], loss, 1e-8, "the metric loss is not that of all records")


@check(since=1)
def gradients_per_sample_average_to_the_gradient(subject: Subject) -> None:
    """The mean of `per_sample` is the batch's gradient."""
    theta = subject.point()
    each = np.asarray(subject.word("per_sample")(theta))
    gradient = np.asarray(subject.word("gradient")(theta))
    close(each.mean(axis=-2), gradient, 1e-9, "the mean of per_sample is not the gradient")


@check(since=1)
def minimum_is_what_it_claims(subject: Subject) -> None:
    """The minimizer's loss is f*, its gradient is zero, and no nearby loss is lower."""
    problem = subject.problem
    known = problem.minimum is not None
    require(problem.knows_minimum == known, f"knows_minimum is {problem.knows_minimum}")
    if problem.minimum is None:
        raise NotApplicable("it declares no minimum")
    start = subject.start()

    def loss(theta: Any) -> float:
        return float(problem.metrics(theta)["loss"])

    spread = max(abs(loss(start) - problem.minimum), abs(problem.minimum), 1e-300)
    for scale in (1e-3, 0.1, 1.0, 3.0):
        noise = subject.random.standard_normal((20, problem.size))
        lowest = min(loss(start + scale * row) for row in noise)
        require(
            lowest >= problem.minimum - 1e-9 * spread,
            f"it declares the minimum {problem.minimum:.12g}, but near the start the loss is "
            f"{lowest:.12g}",
        )
    if problem.minimizer is None:
        return
    best = np.asarray(problem.minimizer, np.float64)
    require(best.shape == start.shape, f"its minimizer has shape {best.shape}")
    off = abs(loss(best) - problem.minimum)
    require(
        off <= 1e-9 * spread, f"at its minimizer the loss differs from the minimum by {off:.2g}"
    )
    for scale in (1e-6, 1e-3):
        noise = subject.random.standard_normal((20, problem.size)) * np.maximum(1, np.abs(best))
        lowest = min(loss(best + scale * row) for row in noise)
        require(
            lowest >= problem.minimum - 1e-9 * spread,
            f"near its minimizer the loss is {lowest:.12g}",
        )
    if not problem.draws_batch:
        gradient = subject.word("gradient")
        left = np.abs(np.asarray(gradient(best))).max()
        usual = np.abs(np.asarray(gradient(start))).max()
        require(left <= 1e-6 * max(usual, 1.0), f"at its minimizer the gradient is {left:.2g}")


@check(since=1)
def is_quadratic_as_declared(subject: Subject) -> None:
    """If it declares quadratic = True, its gradient is an affine function."""
    if not subject.problem.quadratic:
        raise NotApplicable("it declares quadratic = False")
    gradient = subject.word("gradient")
    a, b = subject.point(), subject.point()
    middle = np.asarray(gradient((a + b) / 2))
    mean = (np.asarray(gradient(a)) + np.asarray(gradient(b))) / 2
    close(middle, mean, 1e-9, "it declares quadratic = True, but its gradient is not affine")


@check(since=1)
def projects_once_and_for_all(subject: Subject) -> None:
    """A projected point is projected to itself."""
    project = subject.word("project")
    once = np.asarray(project(3 * subject.point()))
    close(project(once), once, 1e-12, "a second projection moves a projected point")


def _slope_of(vectors: Callable[[Any], Any], theta: Any, d: Any, w: Any) -> Slope:
    """Return the derivative of w·∇f, or of w·r, along d."""
    return slope(lambda point: vectors(point) @ w, theta, d)


def _compare_slopes(slopes: list[tuple[Slope, float, float]], what: str) -> None:
    """Fail if a derivative differs from the numerical one by more than the estimated error."""
    for numerical, found, size in slopes:
        off = abs(found - numerical.value)
        allowed = 10 * numerical.error + 1e-7 * abs(numerical.value) + 1e-12 * size
        require(
            off <= allowed and np.isfinite(found),
            f"{what} is {found:.10g}, {numerical.how} give {numerical.value:.10g}",
        )
    sure = [s for s, _, size in slopes if s.error <= 1e-3 * max(abs(s.value), 1e-3 * size)]
    require(
        sure, f"{what}: the differences are too inaccurate for a check; the loss may not be smooth"
    )
