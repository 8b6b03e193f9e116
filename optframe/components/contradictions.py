"""Finds where what a `FunctionProblem` was given contradicts itself, at points near its start.

It costs some answers, each time that the problem is bound, and only where something was said that
can be compared: complex steps, ``quadratic=True``, a minimum, a loss beside residuals.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from optframe.components.derivation import on_device, on_host
from optframe.components.numerical_gradient import SHORT, at_complex_point
from optframe.errors import PluginError, UsageError, described

__all__ = ["refuse_contradictions"]


class _Points:
    """A bound problem, its start and points near it, and what it answers there."""

    def __init__(self, problem: Any) -> None:
        self.problem = problem
        random = np.random.default_rng(0)
        self.start = np.asarray(problem.start(random), problem.setting.dtype)
        self.scale = np.maximum(1, np.abs(self.start))
        self.eps = float(np.finfo(self.start.dtype).eps)
        self.a, self.b = self.start + self.scale * self.draw(random), self.start
        self.direction = self.scale * self.draw(random)

    def draw(self, random: np.random.Generator) -> Any:
        """Return numbers of N(0, 1), shape (P,)."""
        return random.standard_normal(self.start.size).astype(self.start.dtype)

    def ask(self, word: str, theta: Any, *arguments: Any) -> Any:
        """Return an answer in double precision."""
        points = [on_device(self.problem, point) for point in (theta, *arguments)]
        answer = getattr(self.problem, word)(*points)
        return np.asarray(on_host(self.problem, answer), float)

    def differ(self, one: Any, other: Any, size: Any = 0.0, share: float = 0.0) -> bool:
        """Whether answers differ by more than rounding, where terms of this size were added.

        ``share`` of the size may differ in any case. NaN says nothing: the run will end at it.
        """
        reach = max(np.abs(value).max() for value in (one, other, size))
        return bool(np.abs(one - other).max() > max(self.eps**0.5, share) * reach)


def refuse_contradictions(problem: Any) -> None:
    """Check a bound problem.

    Raises
    ------
    UsageError
        Where two things that the problem was given cannot both be true.
    """
    checks: list[Callable[[_Points], None]] = []
    if problem.numerical == "complex-step":
        checks.append(_check_complex_steps)
    if problem.from_residuals and "loss" in problem.given:
        checks.append(_check_residuals)
    if problem.quadratic:
        checks.append(_check_quadratic)
    if problem.minimum is not None:
        checks.append(_check_minimum)
    with np.errstate(all="ignore"):
        for check in checks:
            try:
                check(_Points(problem))
            except UsageError:
                raise
            except Exception:  # of a function: the run meets it again, and reports it
                continue


def _check_complex_steps(points: _Points) -> None:
    """Compare a slope by a complex step with central differences of two lengths."""
    x, d = 0.9 * points.start + 0.1 * points.a, points.direction
    h, t = SHORT[str(x.dtype)], points.eps ** (1 / 3)
    losses = [[points.ask("loss", x + k * s * d) for k in (1, -1)] for s in (t, t / 2)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are discarded
            slope = at_complex_point(points.problem, x, h * d).imag / h
    except PluginError as error:
        raise UsageError(str(error)) from error
    except Exception as error:
        raise UsageError(
            f'gradient="complex-step", but for a complex θ the loss raised {described(error)}; '
            f'write it with functions of complex numbers, or use gradient="differences"'
        ) from error
    wide, narrow = ((f[0] - f[1]) / (2 * s) for f, s in zip(losses, (t, t / 2), strict=True))
    rounding = points.eps * np.abs(losses).max() / t
    allowed = 10 * (abs(wide - narrow) + rounding) + 1e-4 * max(abs(slope), abs(narrow))
    if abs(slope - narrow) > allowed:
        raise UsageError(
            f"near the start the slope of the loss is {slope:.6g} by a complex step and "
            f"{narrow:.6g} by differences: abs, norms, conjugates and .real are not differentiated "
            f'by complex steps; write the loss without them, or use gradient="differences"'
        )


def _check_residuals(points: _Points) -> None:
    """Compare the loss with ½‖r‖², from whose derivatives the gradient is made."""
    loss = points.ask("loss", points.start)
    residuals = points.ask("residuals", points.start)
    half = np.sum(residuals * residuals) / 2
    if points.differ(loss, half):
        raise UsageError(
            f"at the start the loss is {loss:.6g} and half the sum of the squared residuals is "
            f"{half:.6g}; give a gradient, too, or leave the loss out"
        )


def _check_quadratic(points: _Points) -> None:
    """Compare gradients, losses and Hessians at two points and between them."""
    problem, a, b = points.problem, points.a, points.b
    step = (b - a).astype(float)
    slopes = [points.ask("gradient", x) for x in (a, b, (a + b) / 2)]
    size = np.abs(slopes).max()
    if points.differ(slopes[2], (slopes[0] + slopes[1]) / 2, size):
        raise UsageError(
            "quadratic=True, but between two points near the start the gradient is not an affine "
            "function of θ; leave quadratic out, or correct the gradient"
        )
    losses = [points.ask("loss", x) for x in (a, b)]
    found, expected = losses[1] - losses[0], slopes[2] @ step
    if points.differ(found, expected, [*losses, size * np.abs(step).max()]):
        raise UsageError(
            f"quadratic=True, but between two points near the start the loss changes by "
            f"{found:.6g}, and by its gradient it would by {expected:.6g}; leave quadratic out, or "
            f"correct the loss or the gradient"
        )
    if "hessian" in problem.given:
        hessians = [points.ask("hessian", x) for x in (a, b)]
        if points.differ(*hessians):
            raise UsageError(
                "quadratic=True, but the Hessian is not the same at two points near the start; "
                "leave quadratic out, or correct the Hessian"
            )
        product, name = hessians[0] @ step, "Hessian"
    elif "hvp" in problem.given:
        product, name = points.ask("hvp", a, b - a), "product with the Hessian"
    else:
        return
    if points.differ(product, slopes[1] - slopes[0], size):
        raise UsageError(
            f"the {name} is not the derivative of the gradient, which changes otherwise between "
            f"two points near the start; correct one of them"
        )


def _check_minimum(points: _Points) -> None:
    """Compare f* with the loss at the start, and at the minimizer; both may be rounded."""
    problem, least = points.problem, float(points.problem.minimum)
    start = float(points.ask("loss", points.start))
    if start < least and points.differ(start, least):
        raise UsageError(
            f"the minimum is {least:.10g}, but at the start the loss is {start:.10g}; give the "
            f"least possible loss, or leave it out"
        )
    if problem.minimizer is None:
        return
    there = float(points.ask("loss", np.asarray(problem.minimizer, points.start.dtype)))
    if points.differ(there, least, start, share=1e-4):
        raise UsageError(
            f"the minimum is {least:.6g}, but at the minimizer the loss is {there:.6g}; correct "
            f"one of them"
        )
