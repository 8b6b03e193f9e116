"""The checks of solvers: code that owns its loop."""

from __future__ import annotations

import pickle

import numpy as np

from optframe.contracts import Problem
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints
from optframe.testing.imports import check_imports
from optframe.testing.kit import NotApplicable, check, require
from optframe.testing.optimizers.subject import Subject
from optframe.testing.standard_problems import Lines
from optframe.testing.stepping import PLAIN, bound, watched
from optframe.trial.run import Run, Setup


def solved(subject: Subject, problem: Problem, steps: int = 100, dtype: str = "float64") -> Run:
    """Let the solver minimize a standard problem by the loop; its exceptions are raised."""
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
    """Return the standard problems without data that serve it."""
    found = [p for p in subject.problems(**size) if not isinstance(p, Lines)]
    if not found:
        raise NotApplicable("no standard problem without data offers all that it needs")
    return found


@check(since=1)
def keeps_shape_and_precision(subject: Subject) -> None:
    """What it reports and returns has the shape and precision of θ."""
    for problem in functions(subject):
        for dtype in ("float64", "float32"):
            solved(subject, problem, dtype=dtype)


@check(since=1)
def works_with_one_parameter(subject: Subject) -> None:
    """P = 1 is a problem like any other."""
    for problem in functions(subject, size=1):
        run = solved(subject, problem)
        require(np.isfinite(run.theta).all(), "θ is not finite with P = 1")


@check(since=1)
def ends_when_report_says_so(subject: Subject) -> None:
    """When report returns False it returns (or raises StopIteration), and asks nothing more."""
    for problem in functions(subject):
        whole = solved(subject, problem)
        if whole.k < 2:
            raise NotApplicable("it reports only once on an easy problem")
        half = max(1, whole.k // 2)
        run = solved(subject, problem, steps=half)
        require(run.k == half, f"it went on for {run.k} reports with a budget of {half}")
        measured = dict(zip(run.columns, run.rows[-1], strict=True))
        require(
            run.counts.gradients == measured["gradients"],
            "it asks for gradients after report has returned False",
        )


@check(since=1)
def repeats_to_the_bit(subject: Subject) -> None:
    """The same run twice gives the same bits."""
    for problem in functions(subject):
        first, second = solved(subject, problem), solved(subject, problem)
        require(
            np.array_equal(np.array(first.iterates), np.array(second.iterates)),
            "the same run twice gives different iterates; draw from oracle.random alone",
        )


@check(since=1)
def asks_only_what_it_needs(subject: Subject) -> None:
    """All words that it asks are in ``needs``, and the answers stay as they were."""
    for problem in functions(subject):
        seen, words, answers = watched(bound(problem), PLAIN, None)
        solved(subject, seen)
        asked = words - {"loss_and_gradient"}
        beyond = ", ".join(sorted(asked - subject.optimizer.requires()))
        require(not beyond, f"it asks for {beyond}, which its needs do not name")
        spoiled = {word for word, array, kept in answers if not np.array_equal(array, kept)}
        require(not spoiled, f"it overwrites the oracle's answers to {', '.join(sorted(spoiled))}")


@check(since=1)
def pickles(subject: Subject) -> None:
    """It can be sent to a worker."""
    again = pickle.loads(pickle.dumps(subject.optimizer))
    require(again == subject.optimizer, "pickled and restored, it is another")


@check(since=1)
def imports_nothing_heavy(subject: Subject) -> None:
    """Importing it does not import what only its runs need."""
    check_imports(type(subject.optimizer))


@check(since=1)
def lowers_the_loss(subject: Subject) -> None:
    """It gets closer to the minimum of easy problems."""
    for problem in functions(subject):
        run = solved(subject, problem, steps=1000)
        losses = run.curve[:, run.columns.index("loss")]
        require(
            losses[-1] <= 0.9 * losses[0],
            f"the loss of {type(problem).__name__} goes from {losses[0]:.3g} to {losses[-1]:.3g}",
        )
