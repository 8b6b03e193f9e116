"""Checks of an optimizer's mathematics: it lowers the loss, and its declarations hold."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts import Problem
from optframe.testing.kit import NotApplicable, check, require
from optframe.testing.optimizers.declared import (
    INVARIANCES,
    displacement,
    invariances,
    on_scaled_loss,
)
from optframe.testing.optimizers.subject import STEPS, Subject, same
from optframe.testing.standard_problems import Bowl, Lines, Slope, Trough
from optframe.testing.stepping import serves, walk

FEW = 5
"""Steps after which rounding has not yet decided which way a line search goes."""


@check(since=1)
def stays_at_a_zero_gradient(subject: Subject) -> None:
    """It does not move from θ = 0 if the gradient is zero from the start."""
    for problem in subject.problems():
        zeros = np.zeros(problem.size)
        flat = dataclasses.replace(problem, center=zeros)  # type: ignore[type-var]
        theta = walk(subject.optimizer, flat, STEPS, zeros).iterates
        require(np.isfinite(theta).all(), "θ is not finite after steps with a zero gradient")
        require(not theta.any(), "θ changes although every gradient is zero")


@check(since=1)
def does_not_hide_a_gradient_that_is_no_number(subject: Subject) -> None:
    """After a NaN gradient it stops, or θ becomes NaN; it neither raises nor continues.

    The losses are NaN, too, or they are not. A run that stops where its gradient is NaN has
    diverged.
    """
    for problem in subject.problems():
        for vectors in (False, True):
            change = SpoiledAfter(6, vectors)
            nan = walk(subject.optimizer, problem, 2 * STEPS, change=change)
            ended = nan.stopped is not None or not np.isfinite(nan.iterates[-1]).all()
            require(
                ended or not change.met,
                "its gradients are NaN, but θ is finite and the run continues",
            )


@dataclass
class SpoiledAfter:
    """A change to NaN of all answers after the first ones, or of vectors alone."""

    answers: int
    vectors: bool
    met: bool = False
    """Whether any answer has been changed."""

    def __call__(self, before: int, answer: Any) -> Any:
        """Return the answer, or NaN."""
        if before < self.answers or (self.vectors and not answer.shape):
            return answer
        self.met = True
        return answer * math.nan


@check(since=1)
def lowers_the_loss(subject: Subject) -> None:
    """With its given hyperparameters it lowers the loss of easy problems."""
    for problem in subject.problems():
        found = walk(subject.optimizer, problem, 3000)
        solution = np.asarray(found.solution)
        before = float(problem.metrics(found.iterates[0])["loss"])
        after = float(problem.metrics(solution)["loss"])
        require(
            after <= 0.9 * before,
            f"the loss of {type(problem).__name__} goes from {before:.3g} to {after:.3g} in "
            f"{len(found.iterates) - 1} steps",
        )


@check(since=1)
def is_invariant_as_declared(subject: Subject) -> None:
    """It has the invariances that `invariances` declares."""
    declared = invariances(subject.optimizer)
    require(isinstance(declared, frozenset), f"invariances() is {declared!r}; expected a frozenset")
    require(
        declared <= INVARIANCES,
        f"it declares {', '.join(sorted(declared - INVARIANCES))}; "
        f"expected of {', '.join(sorted(INVARIANCES))}",
    )
    if not declared:
        raise NotApplicable("invariances() names none for these hyperparameters")
    bowl = subject.problem()
    if not isinstance(bowl, Bowl):
        raise NotApplicable("no quadratic problem supports what it needs")
    start = bowl.start(subject.random)
    plain = walk(subject.optimizer, bowl, FEW, start)
    # Where a formula divides by almost 0, rounding grows from step to step. A start that differs
    # by far more than rounding shows how much; an optimizer that is stable gains nothing by it.
    shaken = walk(subject.optimizer, bowl, FEW, start * (1 + 1e-10)).iterates
    few = min(len(shaken), len(plain.iterates))
    grown = float(np.abs(shaken[:few] - plain.iterates[:few]).max())
    tolerance = 1e-6 + 10 * grown / float(np.abs(start).max())
    size = bowl.size
    scales = subject.random.uniform(0.5, 2, size)
    turn, _ = np.linalg.qr(subject.random.standard_normal((size, size)))
    changes = {
        "rotation": (turn, 1.0),
        "loss scale": (np.eye(size), float(scales[0]) * 10),
        "parameter scale": (np.diag(scales), 1.0),
    }
    for word in sorted(declared):
        matrix, factor = changes[word]  # θ = matrix · φ
        inverse = np.linalg.inv(matrix)
        a, center = factor * matrix.T @ bowl.a @ matrix, inverse @ bowl.center
        other = Bowl(a, center, blocks=bowl.blocks)
        found = walk(subject.optimizer, other, FEW, inverse @ start).iterates @ matrix.T
        both = min(len(found), len(plain.iterates))  # the step at which it ends depends on rounding
        same(found[:both], plain, f"after a change of {word}", tolerance)


@check(since=1)
def takes_the_same_steps_on_a_scaled_loss(subject: Subject) -> None:
    """On the loss times a power of two, its steps are the same to the bit, in both precisions.

    A power of two changes no digit of a number. Where digits differ, a number has the wrong unit,
    or a square has left the range of the numbers.
    """
    on_scaled_loss(subject.optimizer, 1.0)  # whether it applies
    for dtype, exponent in (("float64", 60), ("float32", 30)):
        for problem in subject.problems():
            plain = walk(subject.optimizer, problem, STEPS, dtype=dtype)
            for factor in (2.0**-exponent, 2.0**exponent):
                optimizer = on_scaled_loss(subject.optimizer, factor)
                found = walk(optimizer, _scaled(problem, factor), STEPS, dtype=dtype)
                both = min(len(found.iterates), len(plain.iterates))
                differ = found.iterates[:both] != plain.iterates[:both]
                require(
                    not differ.any() and found.stopped == plain.stopped,
                    f"with the loss times {factor:.2g} it takes other steps in {dtype}: "
                    f"{found.stopped or 'another θ'} after {len(found.iterates) - 1} steps, "
                    f"and {plain.stopped or 'no end'} after {len(plain.iterates) - 1} without",
                )


def _scaled(problem: Problem, factor: float) -> Problem:
    """Return a standard problem with its loss multiplied by an even power of two."""
    if isinstance(problem, Bowl):
        return dataclasses.replace(problem, a=factor * problem.a)
    if isinstance(problem, Trough):
        return dataclasses.replace(problem, scales=factor * problem.scales)
    assert isinstance(problem, Lines)
    return dataclasses.replace(problem, x=math.sqrt(factor) * problem.x)


@check(since=1)
def moves_by_its_formula_on_a_constant_gradient(subject: Subject) -> None:
    """With a constant gradient, θₖ − θ₀ is what `displacement` returns."""
    layout = subject.layouts()[0]
    signs = subject.random.choice([-1, 1], layout.size)
    gradient = subject.random.uniform(0.5, 2, layout.size) * signs
    slope = Slope(gradient, layout)
    if not serves(slope, subject.optimizer.requires()):
        raise NotApplicable("a linear loss does not support what it needs")
    formula = displacement(subject.optimizer)
    if formula(gradient, 1) is None:
        raise NotApplicable("displacement() has no formula for these hyperparameters")
    iterates = walk(subject.optimizer, slope, 50, np.zeros(layout.size)).iterates
    for k in (1, 2, 3, 50):
        expected = np.asarray(formula(gradient, k))
        require(
            np.allclose(iterates[k], expected, rtol=1e-9, atol=1e-300),
            f"after {k} steps it has moved by {iterates[k][0]:.12g}; displacement returns "
            f"{expected[0]:.12g}",
        )
