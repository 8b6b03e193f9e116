"""A run: one optimizer on one problem, measured at checkpoints while the clock is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from optframe.components.answers import checked
from optframe.contracts import Array, Solver
from optframe.contracts.columns import COUNT_COLUMNS, PATH_COLUMNS, PROFILE_COLUMNS
from optframe.contracts.oracle import Counts, Oracle
from optframe.contracts.record import count_row
from optframe.errors import described
from optframe.rules import computing_with
from optframe.trial.checkpoints import marks
from optframe.trial.checks import (
    check_metrics,
    check_minimizer,
    check_start,
    check_step,
    check_theta,
)
from optframe.trial.clock import Clock
from optframe.trial.limited import LimitedOracle
from optframe.trial.loop import Loop, Watch
from optframe.trial.metrics import Measures, is_blind
from optframe.trial.minibatches import Minibatches
from optframe.trial.path import path_of
from optframe.trial.profiling import Profile, bytes_of, peak_bytes
from optframe.trial.repeats import Kept, divergence, is_resumable, remember, step_back
from optframe.trial.schedules import ScheduledFields
from optframe.trial.setup import SavedState, Setup
from optframe.trial.solving import solve
from optframe.trial.termination import Termination, limit_of

__all__ = ["Run", "Setup"]


class Run:
    """One run; `execute` runs it until it ends.

    After that ``status`` and ``reason`` say how it ended, ``rows`` are the rows of its curve, and
    ``error`` is the exception of a failed run.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.problem = setup.problem
        theta = self._start()
        self._kind = (theta.shape, theta.dtype)
        self.status: str | None = None
        self.reason: str | None = None
        self.error: BaseException | None = None
        self.compile_seconds = 0.0
        self.counts = Counts()
        self.clock = Clock(setup.backend.synchronize)
        self.metrics: tuple[str, ...] = ()
        self.rows: list[tuple[float, ...]] = []
        self.iterates: list[Any] = []
        self.window: int | None = None
        """The target was reached within this number of last steps; None if it was not reached."""
        self.fields = ScheduledFields()
        self.optimizer = self.fields.own(setup.optimizer)
        self.solves = isinstance(setup.optimizer, Solver)
        """Whether the optimizer has its own loop."""
        self.kept = Kept() if is_resumable(setup.optimizer) else None
        """The run at its last test of the target; None if a step cannot be repeated."""
        self.minibatches = Minibatches(setup.problem, setup.sampler, setup.seeds)
        self.ahead = Minibatches(setup.problem, setup.sampler, setup.seeds)
        """The same minibatches for looking ahead, so that the steps' epoch stays loaded."""
        self.measures = Measures(setup.measure, setup.problem, self.ahead)
        self.path = path_of(self)
        limit = limit_of(theta, setup.backend.xp)
        self.termination = Termination(setup.problem, setup.budget, setup.backend, limit)
        self.total = setup.budget.steps_in(self.minibatches.per_epoch)
        """The number of steps in the budget; None if it is not known in advance."""
        self.loop = self._loop(theta, self.counts)
        self.oracle = self.loop.oracle
        self.profile: Profile | None = None
        if setup.profile:
            self.profile = Profile(setup.backend.synchronize)
            timed = self.profile.oracle.timed
            self.oracle.watch(lambda word, method: timed(method), self.profile.oracle)
            self.loop.draw = self.profile.sampling.timed(self.minibatches.draw)

    @property
    def k(self) -> int:
        """The number of steps done."""
        return self.loop.k

    @property
    def theta(self) -> Array:
        """θ after the last step, shape (P,)."""
        return self.loop.theta

    @property
    def state(self) -> Any:
        """The optimizer's state after the last step."""
        return self.loop.state

    @property
    def state_bytes(self) -> int:
        """The number of bytes in the arrays of the optimizer's state."""
        return bytes_of(self.optimizer, self.state)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the curve's columns."""
        shares = PROFILE_COLUMNS if self.setup.profile else ()
        size = self.problem.size
        path = PATH_COLUMNS[:size] if size <= len(PATH_COLUMNS) else ()
        return (*COUNT_COLUMNS, *shares, *self.metrics, *path)

    @property
    def curve(self) -> Any:
        """The rows measured so far, shape (checkpoints, columns)."""
        return np.array(self.rows, np.float64).reshape(len(self.rows), len(self.columns))

    def execute(self) -> None:
        """Run to the end and set the status; an exception makes it ``failed`` and is not raised.

        `KeyboardInterrupt` is raised. Rows that were measured before an exception stay.
        """
        with computing_with(self.setup.backend), np.errstate(all="ignore"):
            try:
                # The first row, at the start. A run may end there, for example at its target.
                if not self.measure():
                    return
                if self.solves:
                    solve(self)
                else:
                    self._iterate()
            except (Exception, SystemExit) as error:
                self.clock.stop()
                self.status, self.error = "failed", error
                self.reason = described(error)
                if self.path is not None:
                    self.path.complete()

    def rehearsal(self) -> Loop:
        """Return a loop on a copy of the start with counts of its own, which checks answers."""
        loop = self._loop(self._start(), Counts())
        loop.oracle.watch(checked(self.problem))
        return loop

    def warm_up(self) -> None:
        """Do a first step on copies, so that the run's times do not include compilation."""
        loop = self.rehearsal()
        loop.begin()
        returned = loop.optimizer.step(loop.theta, loop.state, loop.oracle)
        check_step(self.optimizer, returned, *self._kind)
        solution = loop.optimizer.solution(*returned)
        check_theta(self.optimizer, solution, *self._kind, "solution returned")

    def _start(self) -> Array:
        start = np.array(self.setup.start)
        check_start(self.problem, start)
        if self.setup.path and self.problem.size <= len(PATH_COLUMNS):
            check_minimizer(self.problem)  # for the run's landscape
        return self.setup.backend.asarray(start, self.setup.dtype)

    def _loop(self, theta: Array, counts: Counts) -> Loop:
        seeds, backend, clock = self.setup.seeds, self.setup.backend, self.clock
        progress, termination = self.termination.progress, self.termination
        limited = self.solves and termination.limits_evaluations
        kind = (
            partial(LimitedOracle, lambda: termination.used_up(counts, clock.now))
            if limited
            else Oracle
        )
        return Loop(
            theta,
            self.optimizer,
            self.fields,
            kind(self.problem, backend, counts, lambda k: seeds.generator("optimizer", k)),
            self.minibatches,
            clock,
            lambda k, epoch: progress(k, epoch, counts, clock.now),
        )

    def _iterate(self) -> None:
        began = perf_counter()
        self.warm_up()
        self.setup.backend.synchronize()
        self.compile_seconds = perf_counter() - began
        if self.profile is not None:
            self.profile.step_bytes = self._step_bytes()
        saved = self.setup.saved
        # The optimizer's `init` and its minibatch are work of the run: the clock includes them.
        self.clock.start()
        self.loop.begin()
        self.clock.stop()
        # A saved run is resumed after `begin`, whose state shows which classes the file may have.
        # `restore` replaces everything that `begin` has changed, the clock and the counts included.
        if saved is not None:
            saved.restore(self)
        remember(self, self.k, self.theta, self.state)
        pause = None if saved is None else partial(self._pause, saved)
        watch = self.watch()
        first = (watch, 0) if self.path is None else self.path.first(watch)
        self.loop.iterate(self.marks(), self.measure, watch, pause, first)
        if self.status == "diverged":
            self.reason = f"at step {divergence(self)}"

    def _pause(self, saved: SavedState) -> int:
        """Save the run if it is time to; return the number of steps before the next call."""
        saved.keep(self)
        return saved.piece(self)

    def _step_bytes(self) -> int:
        """Return the largest number of bytes that the first step and its minibatch allocate."""
        loop = self._loop(self._start(), Counts())
        loop.begin()
        return peak_bytes(lambda: loop.advance(1))

    def watch(self) -> Watch | None:
        """Return one function with all tests after a step; None if there are none.

        At a checkpoint `measure` tests all ends, so that targets are tested here between
        checkpoints only.
        """
        termination, counts, limit = self.termination, self.counts, self.setup.budget.seconds
        keeps, tests, every = self.setup.iterates, termination.tests_steps, termination.every
        answers, now, loop = termination.limits_answers, self.clock.now, self.loop
        if not (keeps or tests or answers or limit is not None):
            return None

        def watch(k: int, theta: Array, state: Any) -> bool:
            if keeps:
                self._keep(theta)
            if answers and termination.answered(counts):
                return True
            if limit is not None and now() >= limit:
                return True
            return tests and k < loop.mark and k % every == 0 and self._ends(k, theta, state)

        return watch

    def _keep(self, theta: Array) -> None:
        """Store a copy of an iterate."""
        self.iterates.append(np.array(self.setup.backend.to_numpy(theta)))

    def solution(self) -> Array:
        """Return the optimizer's solution after the last step, shape (P,)."""
        return self._solution(self.k, self.theta, self.state)

    def _ends(self, k: int, theta: Array, state: Any) -> bool:
        """Return whether a target is reached or the run has diverged."""
        # The test is no work of the optimizer: the clock is stopped during it.
        self.clock.stop()
        solution = self._solution(k, theta, state)
        values = self._values(solution)
        ended = bool(self.termination.reached(values, solution))
        ended = ended or self.termination.diverged(values["loss"], theta)
        if not ended:
            remember(self, k, theta, state)
        self.clock.start()
        return ended

    def reaches(self, k: int, theta: Array, state: Any) -> bool:
        """Return whether the target is reached at this step."""
        solution = self._solution(k, theta, state)
        return bool(self.termination.reached(self._values(solution), solution))

    def diverged(self, k: int, theta: Array, state: Any) -> bool:
        """Return whether the run has diverged at this step."""
        values = self._values(self._solution(k, theta, state))
        return bool(self.termination.diverged(values["loss"], theta))

    def _solution(self, k: int, theta: Array, state: Any) -> Array:
        """Return the optimizer's solution after k steps; the start if k is 0."""
        optimizer: Any = self.optimizer
        return optimizer.solution(theta, state) if k and not self.solves else theta

    def _values(self, solution: Array) -> dict[str, float]:
        """Return the problem's metrics on the host."""
        return {name: float(value) for name, value in self.problem.metrics(solution).items()}

    def measure(self) -> bool:
        """Add a row to the curve and set the status; return whether the run continues.

        The clock is stopped when this is called.
        """
        loop, counts, termination = self.loop, self.counts, self.termination
        k, theta = loop.k, loop.theta
        solution = self._solution(k, theta, loop.state)
        # `_values`, without a further call: a checkpoint takes some microseconds.
        values = {name: float(value) for name, value in self.problem.metrics(solution).items()}
        if self.rows:
            check_theta(self.optimizer, theta, *self._kind)
        else:
            check_metrics(self.problem, values)
        stopped, target = self.oracle.stopped, None
        spent = termination.spent(k, self.total, counts, self.clock.seconds)
        exhausted = k and k == self.minibatches.end
        # Targets are tested at fixed steps and where the run ends, so that checkpoints between
        # these do not change at which step a target is reached.
        ending = spent or exhausted or stopped is not None
        if termination.tests_steps and (ending or k % termination.every == 0):
            if termination.reached(values, solution):
                window = step_back(self)
                k, theta = loop.k, loop.theta
                solution = self._solution(k, theta, loop.state)
                values = self._values(solution)
                target, met = termination.target(values, solution)
                self.window = window if met else None
            elif k:  # at the start there is no state yet
                remember(self, k, theta, loop.state)
        measured = self.measures(k, solution, self.setup.backend.xp)
        if self.path is not None:
            self.path.add(k, solution)
        if not self.rows:
            self.metrics = (*values, *measured)
            if self.setup.iterates:
                self._keep(solution)
        numbers = {**values, **{n: float(v) for n, v in measured.items()}} if measured else values
        path = self.setup.backend.to_numpy(solution).tolist() if self.problem.size <= 2 else ()
        self.rows.append(
            (
                *count_row(k, self.minibatches.epoch(k), counts, self.clock.seconds),
                *(() if self.profile is None else self.profile.row),
                *[numbers[name] for name in self.metrics],
                *path,
            )
        )
        self.status, self.reason = termination.verdict(
            k,
            values,
            target=target,
            diverged=termination.diverged(values["loss"], theta)
            or (stopped is not None and is_blind(self.optimizer, self.problem, theta)),
            spent=spent,
            stopped=stopped,
            exhausted=f"the stream ended after {counts.samples} records" if exhausted else None,
        )
        return self.status is None

    def marks(self) -> Iterator[int]:
        """Yield the steps of the checkpoints; they end with the records of a stream."""
        total, end, per_epoch = self.total, self.minibatches.end, self.minibatches.per_epoch
        if end is None:
            return marks(self.setup.checkpoints, total, per_epoch)
        known = None if total is None else min(total, end)
        return (min(mark, end) for mark in marks(self.setup.checkpoints, known, per_epoch))
