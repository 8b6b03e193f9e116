"""Checks of solvers, which own their loop."""

from __future__ import annotations

import numpy as np

from optframe.contracts import Problem
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints
from optframe.testing import shared
from optframe.testing.kit import NotApplicable, check, require
from optframe.testing.optimizers.subject import Subject
from optframe.testing.standard_problems import Lines
from optframe.testing.stepping import PLAIN, bound, watched
from optframe.trial.run import Run, Setup


def solved(subject: Subject, problem: Problem, steps: int = 100, dtype: str = "float64") -> Run:
    """Run the solver on a standard problem; its exceptions are raised."""
    run = Run(
        Setup(
            problem=problem if problem.setting else bound(problem, PLAIN, dtype),
            backend=PLAIN,
            optimizer=subject.optimizer,
            sampler=None,
            budget=Budget(steps=steps),
            checkpoints=Checkpoints(every_steps=1),
            seeds=Seeds(0, 0),
            start=problem.start(np.random.default_rng(0)),
            dtype=dtype,
            iterates=True,
        )
    )
    run.execute()
    if run.error is not None:
        raise run.error
    return run


def functions(subject: Subject, **size: int) -> list[Problem]:
    """Return the standard problems without data that support what it needs."""
    found = [p for p in subject.problems(**size) if not isinstance(p, Lines)]
    if not found:
        raise NotApplicable("no standard problem without data supports all that it needs")
    return found


@check(since=1)
def keeps_shape_and_precision(subject: Subject) -> None:
    """The θ that it reports and returns has the right shape and precision."""
    for problem in functions(subject):
        for dtype in ("float64", "float32"):
            solved(subject, problem, dtype=dtype)


@check(since=1)
def works_with_one_parameter(subject: Subject) -> None:
    """It works on a problem with P = 1."""
    for problem in functions(subject, size=1):
        run = solved(subject, problem)
        require(np.isfinite(run.theta).all(), "θ is not finite with P = 1")


@check(since=1)
def ends_when_report_says_so(subject: Subject) -> None:
    """When report returns False, it returns (or raises StopIteration) without oracle calls."""
    for problem in functions(subject):
        whole = solved(subject, problem)
        if whole.k < 2:
            raise NotApplicable("it reports only once on an easy problem")
        half = max(1, whole.k // 2)
        run = solved(subject, problem, steps=half)
        require(run.k == half, f"it continued for {run.k} reports with a budget of {half}")
        measured = dict(zip(run.columns, run.rows[-1], strict=True))
        require(
            run.counts.gradients == measured["gradients"],
            "it computes gradients after report has returned False",
        )


@check(since=1)
def repeats_to_the_bit(subject: Subject) -> None:
    """The same run twice gives equal bits."""
    for problem in functions(subject):
        first, second = solved(subject, problem), solved(subject, problem)
        require(
            np.array_equal(np.array(first.iterates), np.array(second.iterates)),
            "the same run twice gives different iterates; draw only from oracle.random",
        )


@check(since=1)
def asks_only_what_it_needs(subject: Subject) -> None:
    """All oracle methods that it calls are in ``needs``, and it does not modify their results."""
    for problem in functions(subject):
        seen, words, answers = watched(bound(problem), PLAIN, None)
        solved(subject, seen)
        asked = words - {"loss_and_gradient", "layout"}
        beyond = ", ".join(sorted(asked - subject.optimizer.requires()))
        require(not beyond, f"it calls the oracle's {beyond}, which its needs do not contain")
        spoiled = {word for word, array, kept in answers if not np.array_equal(array, kept)}
        require(
            not spoiled,
            f"it overwrites arrays that the oracle returned for {', '.join(sorted(spoiled))}",
        )


pickles = shared.pickles
imports_nothing_heavy = shared.imports_nothing_heavy
spaces_fit_their_fields = shared.spaces_fit_their_fields


@check(since=1)
def lowers_the_loss(subject: Subject) -> None:
    """It lowers the loss of easy problems."""
    for problem in functions(subject):
        run = solved(subject, problem, steps=1000)
        losses = run.curve[:, run.columns.index("loss")]
        require(
            losses[-1] <= 0.9 * losses[0],
            f"the loss of {type(problem).__name__} goes from {losses[0]:.3g} to {losses[-1]:.3g}",
        )
