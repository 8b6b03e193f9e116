"""The one loop: an optimizer on a problem, measured at checkpoints with the clock stopped."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from optframe.batches import Batches
from optframe.checkpoints import marks
from optframe.checks import check_metrics, check_start, check_step, check_theta
from optframe.clock import Clock
from optframe.contracts import Array, Backend, Optimizer, Problem, Sampler, Solver
from optframe.endings import Endings
from optframe.oracle import Counts, Oracle
from optframe.record import COUNT_COLUMNS
from optframe.rules import computing_with
from optframe.seeds import Seeds
from optframe.slots import Slots
from optframe.study import Budget, Checkpoints

__all__ = ["Run", "Setup", "count_row", "state_bytes"]

Watch = Callable[[int, Array, Any], bool]
"""Called after a step with (steps done, θ, state): whether the run ends here."""


@dataclass(frozen=True)
class Setup:
    """What one run consists of, all of it made and bound."""

    problem: Problem
    backend: Backend
    optimizer: Optimizer | Solver
    sampler: Sampler | None
    budget: Budget
    checkpoints: Checkpoints
    seeds: Seeds
    start: Any
    dtype: str
    iterates: bool = False


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
        self.endings = Endings(setup.problem, setup.budget, setup.backend.xp, self.theta)
        self.oracle = self._oracle(self.counts)

    @property
    def total(self) -> int | None:
        """The number of steps in the budget, where it can be known."""
        budget = self.setup.budget
        limits = [] if budget.steps is None else [budget.steps]
        if budget.epochs is not None and self.batches.per_epoch is not None:
            limits.append(int(np.ceil(round(budget.epochs * self.batches.per_epoch, 9))))
        return min(limits, default=None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the curve's columns."""
        path = [f"theta_{i}" for i in range(self.problem.size)] if self.problem.size <= 2 else []
        return (*COUNT_COLUMNS, *self.metrics, *path)

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
                self.reason = " ".join(f"{type(error).__name__}: {error}".split())

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
        """Do one step on copies, off the clock, so that compilation is no part of the times."""
        oracle = self._oracle(Counts())
        began = perf_counter()
        theta = self._start()
        state = self._begin(optimizer, theta, oracle)
        check_step(optimizer, optimizer.step(theta, state, oracle), *self._kind)
        self.setup.backend.synchronize()
        self.compile_seconds = perf_counter() - began

    def _begin(self, optimizer: Optimizer, theta: Array, oracle: Oracle) -> Any:
        """Return the state before the first step, which sees the first batch."""
        self.batches.show(0, oracle)
        self.slots.set(0, 0.0, self._progress)
        return optimizer.init(theta, oracle)

    def _iterate(self, optimizer: Optimizer) -> None:
        watch = self._watch()
        upcoming = self._marks()
        self.clock.start()
        self.state = self._begin(optimizer, self.theta, self.oracle)
        while self.status is None:
            self._advance(optimizer, next(upcoming), watch)
            self.clock.stop()
            self._measure(self.solution())
            if self.status is None:
                self.clock.start()
        if self.status == "diverged":
            self._find_divergence()

    def _advance(self, optimizer: Optimizer, until: int, watch: Watch | None) -> None:
        """Step until so many steps are done, or until the run ends."""
        oracle, step, show = self.oracle, optimizer.step, self.batches.show
        drawing, scheduled = self.batches.drawing, bool(self.slots)
        theta, state, k = self.theta, self.state, self.k
        try:
            for k in range(self.k, until):
                if drawing:
                    self.counts.samples += show(k, oracle)
                oracle.step = k
                if scheduled:
                    self.slots.set(k, self.batches.epoch(k) or 0.0, self._progress)
                theta, state = step(theta, state, oracle)
                if (watch and watch(k + 1, theta, state)) or oracle.stopped is not None:
                    until = k + 1
                    break
            k = until
        finally:
            self.k, self.theta, self.state = k, theta, state

    def _solve(self, solver: Solver) -> None:
        """Let the solver own the loop; a step lasts from one report to the next."""
        watch = self._watch()
        upcoming = self._marks()
        mark = next(upcoming)

        def report(theta: Array) -> bool:
            nonlocal mark
            if self.status is not None:
                return False
            self.k += 1
            self.theta = theta = self.setup.backend.xp.asarray(theta, copy=True)
            ended = watch is not None and watch(self.k, theta, None)
            if ended or self.oracle.stopped is not None or self.k >= mark:
                self.clock.stop()
                self._measure(theta)
                mark = next(upcoming)
                self.clock.start()
            if self.status is None:
                self.oracle.step = self.k
                self.counts.samples += self.batches.show(self.k, self.oracle)
            return self.status is None

        if self.status is not None:
            return
        self.clock.start()
        self.counts.samples += self.batches.show(0, self.oracle)
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
        """Return what has to be tested after each step as one function, or None."""
        budget, endings = self.setup.budget, self.endings
        tests: list[Watch] = []
        if endings.tests_steps:
            tests.append(
                lambda k, theta, state: k % endings.every == 0 and self._reached(theta, state)
            )
        if budget.gradients is not None or budget.seconds is not None:
            tests.append(
                lambda k, theta, state: endings.spent(k, None, self.counts, self.clock.now())
            )
        if self.setup.iterates:
            tests.insert(0, lambda k, theta, state: self._keep(theta))
        if len(tests) < 2:
            return tests[0] if tests else None
        return lambda k, theta, state: any(test(k, theta, state) for test in tests)

    def _keep(self, theta: Array) -> bool:
        """Keep an iterate; it ends nothing."""
        self.iterates.append(np.array(self.setup.backend.to_numpy(theta)))
        return False

    def _reached(self, theta: Array, state: Any) -> bool:
        """Whether a target is reached or the run has diverged; the clock stands still."""
        self.clock.stop()
        optimizer = self.optimizer
        solution = optimizer.solution(theta, state) if isinstance(optimizer, Optimizer) else theta
        values = self.problem.metrics(solution)
        ended = self.endings.diverged(float(values["loss"]), theta)
        ended = ended or self.endings.reached(values, solution) is not None
        self.clock.start()
        return ended

    def _measure(self, solution: Array) -> None:
        """Add a row to the curve and judge whether the run has ended."""
        values = self.problem.metrics(solution)
        to_numpy, counts = self.setup.backend.to_numpy, self.counts
        if self.rows:
            check_theta(self.optimizer, self.theta, *self._kind)
        else:
            check_metrics(self.problem, values)
            self.metrics = tuple(values)
            if self.setup.iterates:
                self._keep(solution)
        row = (
            *count_row(self.k, self.batches.epoch(self.k), counts, self.clock.seconds),
            *[float(values[name]) for name in self.metrics],
        )
        path = to_numpy(solution).tolist() if self.problem.size <= 2 else ()
        self.rows.append((*row, *path))
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
        again = Run(dataclasses.replace(self.setup, iterates=False))
        optimizer = again.optimizer
        assert isinstance(optimizer, Optimizer)

        fine = int(self.rows[-2][0]) if len(self.rows) > 1 else 0

        def gone(k: int, theta: Array, state: Any) -> bool:
            if k <= fine:
                return False
            values = self.problem.metrics(optimizer.solution(theta, state))
            return self.endings.diverged(float(values["loss"]), theta)

        again.state = again._begin(optimizer, again.theta, again.oracle)
        again._advance(optimizer, self.k, gone)
        self.reason = f"at step {again.k}"

    def _progress(self, k: int, epoch: float) -> float:
        return self.endings.progress(k, epoch, self.counts, self.clock.now())

    def _marks(self) -> Iterator[int]:
        total, end, per_epoch = self.total, self.batches.end, self.batches.per_epoch
        if end is None:
            return marks(self.setup.checkpoints, total, per_epoch)
        known = None if total is None else min(total, end)
        return (min(mark, end) for mark in marks(self.setup.checkpoints, known, per_epoch))


def count_row(k: int, epoch: float | None, counts: Counts, seconds: float) -> tuple[float, ...]:
    """Return what a curve's row begins with, in the order of `COUNT_COLUMNS`."""
    return (
        k,
        np.nan if epoch is None else epoch,
        counts.samples,
        counts.losses,
        counts.gradients,
        counts.hessians,
        counts.hvps,
        seconds,
    )


def state_bytes(state: Any) -> int:
    """Return how many bytes the arrays of an optimizer's state take."""
    if dataclasses.is_dataclass(state):
        return sum(state_bytes(getattr(state, f.name)) for f in dataclasses.fields(state))
    if isinstance(state, (list, tuple)):
        return sum(state_bytes(item) for item in state)
    return int(getattr(state, "nbytes", 0))
