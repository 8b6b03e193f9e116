"""Checks of an optimizer's contract: shapes, batches, randomness, state, imports."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import io
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts import Optimizer, Problem, Schedule, Wrapper
from optframe.contracts.optimizer import all_of
from optframe.testing import shared
from optframe.testing.kit import (
    CheckFailed,
    NotApplicable,
    available,
    check,
    require,
    require_declared,
)
from optframe.testing.optimizers.sealed import Sealed
from optframe.testing.optimizers.subject import STEPS, Subject, same
from optframe.testing.probe_backends import OverwritingBackend, StrictBackend
from optframe.testing.standard_problems import Lines
from optframe.testing.stepping import PLAIN, walk
from optframe.trial.packing import PLAIN as SAVABLE
from optframe.trial.packing import Packing, Unsavable, classes_in
from optframe.trial.repeats import is_resumable


@check(since=1)
def keeps_shape_and_precision(subject: Subject) -> None:
    """A step returns (θ, state), and does not change the shape and precision of θ."""
    for problem in subject.problems():
        for dtype in ("float64", "float32"):
            walk(subject.optimizer, problem, STEPS, dtype=dtype)


@check(since=1)
def works_with_one_parameter(subject: Subject) -> None:
    """It works on a problem with P = 1."""
    for problem in subject.problems(size=1):
        iterates = walk(subject.optimizer, problem, STEPS).iterates
        require(np.isfinite(iterates).all(), "θ is not finite after a few steps with P = 1")


@check(since=1)
def runs_together_are_runs_alone(subject: Subject) -> None:
    """With leading axes, each run of the batch takes the same steps as alone."""
    problem, starts = subject.batch()
    size = problem.size
    for shape in ((size, size), (size, 1, size)):
        found = walk(subject.optimizer, problem, STEPS, starts.reshape(shape))
        for run, start in enumerate(starts):
            alone = walk(subject.optimizer, problem, STEPS, start)
            same(found.iterates.reshape(-1, size, size)[:, run], alone, "in a batch of runs", 1e-9)


@check(since=1)
def hyperparameters_broadcast(subject: Subject) -> None:
    """A hyperparameter of shape (..., 1) gives each run its own value."""
    problem, starts = subject.batch()
    numbers = subject.numbers()
    for name, value in numbers.items():
        values = value * subject.random.uniform(0.5, 1, (problem.size, 1))
        together = subject.changed(name, values)
        found = walk(together, problem, STEPS, starts)
        for run, start in enumerate(starts):
            one = subject.changed(name, float(values[run, 0]))
            alone = walk(one, problem, STEPS, start)
            same(found.iterates[:, run], alone, f"with {name} as an array of shape (R, 1)", 1e-9)


@check(since=1)
def hyperparameters_may_be_schedules(subject: Subject) -> None:
    """A constant schedule gives the same steps as the number."""
    numbers = subject.numbers()
    problem = subject.problem()
    plain = walk(subject.optimizer, problem, STEPS)
    for name, value in numbers.items():
        scheduled = subject.changed(name, _Always(float(value)))
        found = walk(scheduled, problem, STEPS).iterates
        same(found, plain, f"with {name} as a schedule that stays at {value:g}", 1e-12)


@check(since=1)
def leaves_what_it_is_given(subject: Subject) -> None:
    """It modifies neither the arrays that the oracle returns nor its own fields."""
    before = copy.deepcopy(subject.optimizer)
    for problem in subject.problems():
        found = walk(subject.optimizer, problem, STEPS)
        spoiled = ", ".join(sorted(found.spoiled))
        require(not spoiled, f"it overwrites arrays that the oracle returned for {spoiled}")
        require(_same_fields(found.optimizer, before), "a step has changed the optimizer's fields")


@check(since=1)
def needs_no_theta_that_a_rule_overwrote(subject: Subject) -> None:
    """It does not use θ or state after passing them to an update rule, which may overwrite them."""
    for problem in subject.problems():
        plain = walk(subject.optimizer, problem, STEPS)
        found = walk(subject.optimizer, problem, STEPS, backend=OverwritingBackend())
        same(found.iterates, plain, "with update rules that overwrite their arguments", 1e-12)


@check(since=1)
def computes_with_the_array_standard(subject: Subject) -> None:
    """It uses the functions of oracle.xp, and works on every device."""
    strict = available(StrictBackend())
    for problem in subject.problems():
        plain = walk(subject.optimizer, problem, STEPS)
        found = walk(subject.optimizer, problem, STEPS, backend=strict)
        same(found.iterates, plain, "on another device", 1e-9)


@check(since=1)
def repeats_to_the_bit(subject: Subject) -> None:
    """The same run twice gives equal bits, so all random numbers come from oracle.random."""
    for problem in subject.problems():
        first = walk(subject.optimizer, problem, STEPS)
        np.random.seed(int(subject.random.integers(2**31)))
        require(
            np.array_equal(walk(subject.optimizer, problem, STEPS).iterates, first.iterates),
            "the same run twice gives different iterates; draw only from oracle.random",
        )


@check(since=1)
def says_whether_it_draws(subject: Subject) -> None:
    """Its ``random`` is true if and only if another seed changes its steps."""
    problem = next((p for p in subject.problems() if not isinstance(p, Lines)), None)
    if problem is None:
        raise NotApplicable("every problem that supports it draws minibatches, too")
    theta = problem.start(subject.random)
    runs = [walk(subject.optimizer, problem, STEPS, theta, seed=seed) for seed in range(4)]
    differ = any(not np.array_equal(run.iterates, runs[0].iterates) for run in runs)
    draws = next((one for one in all_of(subject.optimizer) if one.random), subject.optimizer)
    require_declared(draws, "random", differ, "its steps")


@check(since=1)
def goes_on_from_a_saved_state(subject: Subject) -> None:
    """Restored from what `dump` returns, saved after some steps, it takes the same steps."""
    _check_resumable(subject)
    _check_going_on(subject.optimizer, subject.problems())
    if isinstance(subject.optimizer, Wrapper):
        # The inner state may be an object that only its own `dump` makes plain data of.
        sealed = subject.changed("optimizer", Sealed(subject.optimizer.optimizer))
        _check_going_on(sealed, subject.problems())


@check(since=1)
def state_is_numbers_and_arrays(subject: Subject) -> None:
    """What `dump` makes of its state, by default the state, can be saved."""
    _check_resumable(subject)
    for problem in subject.problems():
        half = walk(subject.optimizer, problem, 2)
        try:
            Packing(PLAIN).pack_state(half.optimizer, half.state)
        except Unsavable as error:
            raise CheckFailed(
                f"{error}; expected {SAVABLE} of these: define dump and load, or declare "
                "resumable = False"
            ) from error


@check(since=1)
def pickles(subject: Subject) -> None:
    """It can be sent to a worker."""
    again = pickle.loads(pickle.dumps(subject.optimizer))
    require(_same_fields(again, subject.optimizer), "pickled and restored, it is another")


@check(since=1)
def asks_only_what_it_needs(subject: Subject) -> None:
    """All oracle methods that it calls are in ``needs``."""
    needs = subject.optimizer.requires()
    for problem in subject.problems():
        asked = set(walk(subject.optimizer, problem, STEPS).words)
        if "loss_and_gradient" in asked:
            asked = asked - {"loss_and_gradient"} | {"loss", "gradient"}
        beyond = ", ".join(sorted(asked - needs - {"layout"}))
        require(not beyond, f"it calls the oracle's {beyond}, which its needs do not contain")


@check(since=1)
def prints_nothing(subject: Subject) -> None:
    """A step neither prints nor logs."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        walk(subject.optimizer, subject.problem(), STEPS)
    require(not printed.getvalue(), f"a step prints {printed.getvalue()[:60]!r}")


imports_nothing_heavy = shared.imports_nothing_heavy
spaces_fit_their_fields = shared.spaces_fit_their_fields


def _check_resumable(subject: Subject) -> None:
    if not is_resumable(subject.optimizer):
        raise NotApplicable("it declares resumable = False")


def _check_going_on(optimizer: Optimizer, problems: Sequence[Problem]) -> None:
    middle = STEPS // 2
    for problem in problems:
        whole = walk(optimizer, problem, STEPS)
        half = walk(optimizer, problem, middle)
        if half.stopped is not None:
            continue
        saved = Packing(PLAIN)
        packed = [saved.pack(half.theta), saved.pack_state(half.optimizer, half.state)]
        text = json.dumps(packed)
        file = {f"array_{i}": array.copy() for i, array in enumerate(saved.packed)}
        # What it keeps anywhere else is lost: a new run overwrites it.
        fresh = walk(optimizer, problem, 1)
        classes = classes_in(fresh.optimizer.dump(fresh.state))
        theta, plain = Packing(PLAIN, file).unpack({"list": json.loads(text)}, classes)
        rest = walk(optimizer, problem, STEPS - middle, theta, plain=plain, first=middle)
        require(
            np.array_equal(rest.iterates, whole.iterates[middle:]),
            "restored from its state, it takes other steps; keep everything in state",
        )


@dataclass(frozen=True)
class _Always(Schedule):
    value: float

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        return self.value


def _same_fields(found: Any, expected: Any) -> bool:
    """Whether two components have the same fields, without schedules, which a run replaces."""
    if isinstance(expected, Schedule):
        return True
    if not dataclasses.is_dataclass(expected):
        return repr(found) == repr(expected)
    fields = [field.name for field in dataclasses.fields(expected)]
    return type(found) is type(expected) and all(
        _same_fields(getattr(found, name), getattr(expected, name)) for name in fields
    )
