"""The one loop: an optimizer on a problem, measured at checkpoints with the clock stopped."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np

from optframe.contracts import Array, Optimizer, Solver
from optframe.contracts.columns import COUNT_COLUMNS, PROFILE_COLUMNS
from optframe.contracts.oracle import Counts, Oracle
from optframe.contracts.record import count_row
from optframe.errors import one_line
from optframe.rules import computing_with
from optframe.trial.checkpoints import marks
from optframe.trial.checks import check_metrics, check_start, check_step, check_theta
from optframe.trial.clock import Clock
from optframe.trial.metrics import Measures
from optframe.trial.minibatches import Batches
from optframe.trial.profiling import Profile, peak_bytes
from optframe.trial.schedules import Slots
from optframe.trial.setup import Setup
from optframe.trial.termination import Endings

__all__ = ["Run", "Setup"]

Watch = Callable[[int, Array, Any], bool]
"""Called after a step with (steps done, θ, state): whether the run ends here."""

Show = Callable[[int, Oracle], int]
"""Lets the oracle see the batch of a step; returns how many records are in it."""


class Run:
    """One run in progress: `execute` takes it to its end, whatever that is."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.problem = setup.problem
        self.theta = self._start()
        self._kind = (self.theta.shape, self.theta.dtype)
        self.state: Any = None
        self.k = 0
        self.status: str | None = None
        self.reason: str | None = None
        self.error: BaseException | None = None
        self.compile_seconds = 0.0
        self.counts = Counts()
        self.clock = Clock(setup.backend.synchronize)
        self.metrics: tuple[str, ...] = ()
        self.rows: list[tuple[float, ...]] = []
        self.iterates: list[Any] = []
        self.slots = Slots()
        self.optimizer = self.slots.own(setup.optimizer)
        self.batches = Batches(setup.problem, setup.sampler, setup.seeds)
        self.ahead = Batches(setup.problem, setup.sampler, setup.seeds)
        """The same batches, for looking ahead without loading an epoch for the steps."""
        self.measures = Measures(setup.measure, setup.problem, self.ahead)
        self.endings = Endings(setup.problem, setup.budget, setup.backend.xp, self.theta)
        self.oracle = self._oracle(self.counts)
        self.total = self.batches.steps_in(setup.budget)
        """The number of steps in the budget, where it can be known."""
        self.mark = 0
        """After how many steps the run is measured next."""
        self.profile: Profile | None = None
        self._show = self.batches.show
        if setup.profile:
            self.profile = Profile(setup.backend.synchronize)
            self.oracle.watch(self.profile.oracle.timed)
            if self.batches.drawing:
                self._show = self.profile.sampling.timed(self.batches.show)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the curve's columns."""
        shares = PROFILE_COLUMNS if self.setup.profile else ()
        path = [f"theta_{i}" for i in range(self.problem.size)] if self.problem.size <= 2 else []
        return (*COUNT_COLUMNS, *shares, *self.metrics, *path)

    @property
    def curve(self) -> Any:
        """The rows measured so far, shape (checkpoints, columns)."""
        return np.array(self.rows, np.float64).reshape(len(self.rows), len(self.columns))

    def solution(self) -> Array:
        """Return what the run has found so far."""
        if isinstance(self.optimizer, Optimizer) and self.k:
            return self.optimizer.solution(self.theta, self.state)
        return self.theta

    def execute(self) -> None:
        """Run to the end; the status says how it ended, and nothing that was measured is lost."""
        with computing_with(self.setup.backend), np.errstate(all="ignore"):
            try:
                self._measure(self.theta)
                if isinstance(self.optimizer, Solver):
                    self._solve(self.optimizer)
                elif self.status is None:
                    self._warm_up(self.optimizer)
                    self._iterate(self.optimizer)
            except (Exception, SystemExit) as error:
                self.clock.stop()
                self.status, self.error = "failed", error
                self.reason = one_line(f"{type(error).__name__}: {error}")

    def _start(self) -> Array:
        start = np.array(self.setup.start)
        check_start(self.problem, start)
        return self.setup.backend.asarray(start, self.setup.dtype)

    def _oracle(self, counts: Counts) -> Oracle:
        seeds = self.setup.seeds
        return Oracle(
            self.problem,
            self.setup.backend,
            counts,
            lambda step: seeds.generator("optimizer", step),
        )

    def _warm_up(self, optimizer: Optimizer) -> None:
        """Do one step on copies, off the clock, so that compilation is no part of the times.

        In a run that is profiled another one says how much memory it takes.
        """
        began = perf_counter()
        oracle, theta = self._oracle(Counts()), self._start()
        state = self._begin(optimizer, theta, oracle, self.batches.show)
        check_step(optimizer, optimizer.step(theta, state, oracle), *self._kind)
        self.setup.backend.synchronize()
        self.compile_seconds = perf_counter() - began
        if self.profile is not None:
            self.profile.step_bytes = self._step_bytes(optimizer)

    def _step_bytes(self, optimizer: Optimizer) -> int:
        """Return the most bytes that the first step allocates, its batch included, on copies."""
        oracle, theta = self._oracle(Counts()), self._start()
        state = self._begin(optimizer, theta, oracle, self.batches.show)

        def step() -> None:
            self.batches.show(0, oracle)
            optimizer.step(theta, state, oracle)

        return peak_bytes(step)

    def _begin(self, optimizer: Optimizer, theta: Array, oracle: Oracle, show: Show) -> Any:
        """Return the state before the first step, which sees the first batch."""
        show(0, oracle)
        self.slots.set(0, 0.0, self._progress)
        return optimizer.init(theta, oracle)

    def _iterate(self, optimizer: Optimizer) -> None:
        watch, upcoming = self._watch(), self._marks()
        saved = self.setup.saved
        self.clock.start()
        self.state = self._begin(optimizer, self.theta, self.oracle, self._show)
        if saved is not None:
            self.clock.stop()
            saved.restore(self)
            self.clock.start()
        while self.status is None:
            self.mark = next(mark for mark in upcoming if mark > self.k)
            while saved is not None and (until := self.k + saved.piece(self)) < self.mark:
                if self._advance(optimizer, watch, until):
                    break
                self.clock.stop()
                saved.keep(self)
                self.clock.start()
            else:
                self._advance(optimizer, watch, self.mark)
            self.clock.stop()
            self._measure(self.solution())
            if self.status is None:
                if saved is not None:
                    saved.keep(self)
                self.clock.start()
        if self.status == "diverged":
            self._find_divergence()

    def _advance(self, optimizer: Optimizer, watch: Watch | None, until: int) -> bool:
        """Do so many steps in all; return whether the run ends before the next checkpoint."""
        oracle, step, show, ended = self.oracle, optimizer.step, self._show, False
        drawing, scheduled = self.batches.drawing, bool(self.slots)
        theta, state, k = self.theta, self.state, self.k
        try:
            for k in range(self.k, until):
                oracle.step = k
                if drawing:
                    self.counts.samples += show(k, oracle)
                if scheduled:
                    self.slots.set(k, self.batches.epoch(k) or 0.0, self._progress)
                theta, state = step(theta, state, oracle)
                if (watch and watch(k + 1, theta, state)) or oracle.stopped is not None:
                    until, ended = k + 1, True
                    break
            k = until
        finally:
            self.k, self.theta, self.state = k, theta, state
        return ended

    def _solve(self, solver: Solver) -> None:
        """Let the solver own the loop; a step lasts from one report to the next."""
        watch, upcoming = self._watch(), self._marks()
        self.mark = next(upcoming)

        def report(theta: Array) -> bool:
            if self.status is not None:
                return False
            self.k += 1
            self.theta = theta = self.setup.backend.xp.asarray(theta, copy=True)
            ended = watch is not None and watch(self.k, theta, None)
            if ended or self.oracle.stopped is not None or self.k >= self.mark:
                self.clock.stop()
                self._measure(theta)
                self.mark = next(upcoming)
                self.clock.start()
            if self.status is None:
                self.oracle.step = self.k
                self.counts.samples += self._show(self.k, self.oracle)
            return self.status is None

        if self.status is not None:
            return
        self.clock.start()
        self.counts.samples += self._show(0, self.oracle)
        theta = None
        with contextlib.suppress(StopIteration):
            theta = solver.minimize(self.theta, self.oracle, report)
        self.clock.stop()
        if self.status is None:
            self.theta = self.theta if theta is None else theta
            if self.k and self.rows[-1][0] == self.k:
                self.rows.pop()  # the same step, measured before it was known to be the last
            self.oracle.stop(self.oracle.stopped or "the solver ended by itself")
            self._measure(self.theta)

    def _watch(self) -> Watch | None:
        """Return what has to be looked at after each step as one function, or None.

        At a checkpoint the run is judged anyway, so targets are tested between them.
        """
        budget, endings, counts = self.setup.budget, self.endings, self.counts
        keeps, tests, every = self.setup.iterates, endings.tests_steps, endings.every
        gradients, seconds, now = budget.gradients, budget.seconds, self.clock.now
        if not (keeps or tests or gradients is not None or seconds is not None):
            return None

        def watch(k: int, theta: Array, state: Any) -> bool:
            if keeps:
                self._keep(theta)
            if gradients is not None and counts.gradients >= gradients:
                return True
            if seconds is not None and now() >= seconds:
                return True
            return tests and k < self.mark and k % every == 0 and self._ends(theta, state)

        return watch

    def _keep(self, theta: Array) -> None:
        """Keep an iterate."""
        self.iterates.append(np.array(self.setup.backend.to_numpy(theta)))

    def _ends(self, theta: Array, state: Any) -> bool:
        """Whether a target is reached or the run has diverged; the clock stands still."""
        self.clock.stop()
        optimizer = self.optimizer
        solution = optimizer.solution(theta, state) if isinstance(optimizer, Optimizer) else theta
        ended = self.endings.ends(solution, theta)
        self.clock.start()
        return ended

    def _measure(self, solution: Array) -> None:
        """Add a row to the curve and judge whether the run has ended."""
        values = self.problem.metrics(solution)
        measured = self.measures(self.k, solution, self.setup.backend.xp)
        counts = self.counts
        if self.rows:
            check_theta(self.optimizer, self.theta, *self._kind)
        else:
            check_metrics(self.problem, values)
            self.metrics = (*values, *measured)
            if self.setup.iterates:
                self._keep(solution)
        numbers = {**values, **measured}
        path = self.setup.backend.to_numpy(solution).tolist() if self.problem.size <= 2 else ()
        self.rows.append(
            (
                *count_row(self.k, self.batches.epoch(self.k), counts, self.clock.seconds),
                *(() if self.profile is None else self.profile.row),
                *[float(numbers[name]) for name in self.metrics],
                *path,
            )
        )
        loss = float(values["loss"])
        if self.endings.diverged(loss, self.theta):
            self.status, self.reason = "diverged", f"at step {self.k}"
        elif (target := self.endings.reached(values, solution)) is not None:
            self.status, self.reason = "converged", target
        elif self.oracle.stopped is not None:
            self.status, self.reason = "stopped", self.oracle.stopped
        elif self.k and self.endings.spent(self.k, self.total, counts, self.clock.seconds):
            self.status = "finished"
        elif self.k and self.k == self.batches.end:
            self.status, self.reason = "stopped", f"the stream ended after {counts.samples} records"
        elif (stale := self.endings.impatient(loss)) is not None:
            self.status, self.reason = "stopped", stale

    def _find_divergence(self) -> None:
        """Run again up to here, looking at every step, and say where it happened.

        It costs nothing to runs that do not diverge, which are most.
        """
        again = Run(dataclasses.replace(self.setup, iterates=False, profile=False))
        optimizer = again.optimizer
        assert isinstance(optimizer, Optimizer)

        fine = int(self.rows[-2][0]) if len(self.rows) > 1 else 0

        def gone(k: int, theta: Array, state: Any) -> bool:
            if k <= fine:
                return False
            values = self.problem.metrics(optimizer.solution(theta, state))
            return self.endings.diverged(float(values["loss"]), theta)

        again.state = again._begin(optimizer, again.theta, again.oracle, again.batches.show)
        again._advance(optimizer, gone, self.k)
        self.reason = f"at step {again.k}"

    def _progress(self, k: int, epoch: float) -> float:
        return self.endings.progress(k, epoch, self.counts, self.clock.now)

    def _marks(self) -> Iterator[int]:
        total, end, per_epoch = self.total, self.batches.end, self.batches.per_epoch
        if end is None:
            return marks(self.setup.checkpoints, total, per_epoch)
        known = None if total is None else min(total, end)
        return (min(mark, end) for mark in marks(self.setup.checkpoints, known, per_epoch))
