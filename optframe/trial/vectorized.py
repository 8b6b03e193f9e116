"""Runs a batch of runs of one problem at once, along the leading axis of θ.

Runs that differ only in seed and numeric hyperparameters do the same arithmetic. A batch of R runs
has θ of shape (R, P) and hyperparameters of shape (R, 1). A run that ends leaves the batch, which
does not change the others. Curves equal those of the runs alone: to the bit if every operation is
elementwise, a sum over the last axis or a product per run, and up to rounding otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from optframe.contracts import Array, Optimizer
from optframe.contracts.oracle import Counts, Oracle
from optframe.contracts.record import count_row
from optframe.contracts.seeds import StackedGenerator
from optframe.errors import described
from optframe.rules import computing_with
from optframe.trial.checkpoints import marks
from optframe.trial.checks import check_metrics, check_step
from optframe.trial.clock import Clock
from optframe.trial.loop import Loop, Watch
from optframe.trial.metrics import Measures
from optframe.trial.path import Paths
from optframe.trial.profiling import state_bytes
from optframe.trial.repeats import Kept, Reach, divergences, first_reaches, is_resumable, remember
from optframe.trial.run import Run
from optframe.trial.schedules import ScheduledFields
from optframe.trial.stacking import (
    NotTogether,
    Rehearsal,
    StackedMinibatches,
    shapes_of,
    some_runs,
    taken_from,
)
from optframe.trial.termination import Termination

__all__ = ["VectorizedRuns"]


class _Judged(NamedTuple):
    """The measurements of all runs in the batch at a step, and which of them end there."""

    solution: Array
    values: dict[str, Any]
    diverged: Any
    reached: Any


class VectorizedRuns:
    """A batch of runs; `execute` runs them until all have ended.

    Each `Run` has its own start, seeds, rows and status; its own loop does no steps. ``optimizer``
    has the hyperparameters of all runs (see `optframe.trial.stacking.merged`). ``alive`` are the
    indices in ``runs`` of those that have not ended: row r of θ belongs to ``runs[alive[r]]``.
    """

    def __init__(self, runs: Sequence[Run], optimizer: Optimizer) -> None:
        self.runs = list(runs)
        self.setup = runs[0].setup
        self.problem = self.setup.problem
        self.backend = self.setup.backend
        self.xp = self.backend.xp
        self.counts = Counts()
        self.clock = Clock(self.backend.synchronize)
        self.compile_seconds, self.state_bytes = 0.0, 0
        self.judged: _Judged | None = None
        """The measurements at a step between two checkpoints where some runs end; else None."""
        self.kept = Kept() if is_resumable(optimizer) else None
        """The batch at its last test of targets; None if a step cannot be repeated."""
        parts = self._parts(np.arange(len(runs)), optimizer)
        theta = self.xp.stack([run.theta for run in runs])
        self.loop = Loop(theta, *parts, self.clock, self._progress)
        self.paths = Paths(self)

    def execute(self) -> None:
        """Run until all runs have ended.

        Exceptions of the problem and of the optimizer are raised unchanged.

        Raises
        ------
        NotTogether
            If the problem or the optimizer turns out to support one run at a time only.
        """
        given = self.given
        with computing_with(self.backend), np.errstate(all="ignore"):
            # The first rows, at the starts. All runs may end there, for example at their target.
            if not self._measure():
                return
            self._rehearse()
            # The optimizer's `init` and its minibatch are work of the runs: the clock runs.
            self.clock.start()
            self.loop.begin()
            self.clock.stop()
            remember(self, 0, self.loop.theta, self.loop.state)
            total, per_epoch = self.runs[0].total, self.loop.minibatches.per_epoch
            upcoming, watch = marks(self.setup.checkpoints, total, per_epoch), self._watch()
            self.loop.iterate(upcoming, self._measure, watch, None, self.paths.first(watch))
            lost = [i for i, run in enumerate(self.runs) if run.status == "diverged" and run.k]
            for i, k in divergences(self, lost, given) if lost else ():
                self.runs[i].reason = f"at step {k}"

    def _parts(
        self, alive: Any, optimizer: Optimizer
    ) -> tuple[Optimizer, ScheduledFields, Oracle, StackedMinibatches]:
        """Make the objects that these runs share; return those that are attributes of the loop."""
        self.alive = alive
        self.given = optimizer
        living = [self.runs[i] for i in alive]
        seeds = [run.setup.seeds for run in living]
        limits = np.array([run.termination.limit for run in living])
        self.termination = Termination(self.problem, self.setup.budget, self.backend, limits)
        self.ahead = StackedMinibatches([run.ahead for run in living], self.setup.sampler)
        self.measures = Measures(self.setup.measure, self.problem, self.ahead)

        def random(step: int) -> Any:
            return StackedGenerator([one.generator("optimizer", step) for one in seeds])

        self._random = random
        fields = ScheduledFields(lambda column: self.backend.asarray(column, "float64"))
        minibatches = StackedMinibatches([run.minibatches for run in living], self.setup.sampler)
        return fields.own(optimizer), fields, self._oracle(self.counts), minibatches

    def _oracle(self, counts: Counts) -> Oracle:
        return Oracle(self.problem, self.backend, counts, self._random, run_axes=1)

    def _progress(self, k: int, epoch: float) -> float:
        return self.termination.progress(k, epoch, self.counts, self.clock.now)

    def _rehearse(self) -> None:
        """Do one step on copies, without the clock, and compare some rows with the runs alone.

        Here each run has a different start. So the comparison detects a problem or an optimizer
        that does not support leading axes, before it spoils any curve.
        """
        began = perf_counter()
        host = np.array(self.backend.to_numpy(self.loop.theta))
        shift = np.arange(len(host))[:, None] % 7 + 1
        apart = (host + 0.01 * shift * np.maximum(1, np.abs(host))).astype(host.dtype)
        together = Loop(
            self.backend.asarray(apart.copy()),
            self.loop.optimizer,
            self.loop.fields,
            self._oracle(Counts()),
            self.loop.minibatches,
            self.clock,
            self._progress,
        )
        whole = self._first_step(together)
        for row in {0, len(self.alive) // 2, len(self.alive) - 1}:
            alone = self.runs[self.alive[row]].rehearsal()
            alone.theta = self.backend.asarray(apart[row].copy())
            whole.compare(self._first_step(alone), row)
        self.state_bytes = whole.state_bytes // len(self.runs)
        self.backend.synchronize()
        self.compile_seconds = perf_counter() - began

    def _first_step(self, loop: Loop) -> Rehearsal:
        """Return the results of a first step, of the batch or of one run alone."""
        to_numpy, theta, oracle = self.backend.to_numpy, loop.theta, loop.oracle
        before, kind = np.array(to_numpy(theta)), (tuple(theta.shape), theta.dtype)
        loop.show(0)
        gradient = np.array(to_numpy(oracle.gradient(theta)))
        metrics = {n: np.array(to_numpy(v)) for n, v in self.problem.metrics(theta).items()}
        loop.begin()
        try:
            plain = loop.optimizer.dump(loop.state)
        except Exception as error:
            raise NotTogether(f"its dump raised {described(error)}") from error
        shapes, size = shapes_of(plain), state_bytes(plain)
        returned = loop.optimizer.step(theta, loop.state, oracle)
        check_step(loop.optimizer, returned, *kind)
        self._refuse_stops(oracle)
        solution = np.array(to_numpy(loop.optimizer.solution(*returned)))
        moved = np.array(to_numpy(returned[0])) - before
        return Rehearsal(before, gradient, metrics, moved, solution - before, shapes, size)

    def _refuse_stops(self, oracle: Oracle) -> None:
        if oracle.stopped is not None:
            raise NotTogether(f"the optimizer ends runs by itself ({oracle.stopped})")

    def _watch(self) -> Watch | None:
        """Return one function with all tests after a step; None if there are none.

        At a checkpoint `_measure` tests all ends, so that targets are tested here between
        checkpoints only.
        """
        termination, counts = self.termination, self.counts
        tests, answers = termination.tests_steps, termination.limits_answers
        every = termination.every
        if not (tests or answers):
            return None

        def watch(k: int, theta: Array, state: Any) -> bool:
            if answers and termination.answered(counts):
                return True
            tested = tests and k < self.loop.mark and k % every == 0
            return tested and self._some_end(k, theta, state)

        return watch

    def _some_end(self, k: int, theta: Array, state: Any) -> bool:
        """Return whether some runs end at this step; if so, keep the measurements."""
        # The test is no work of the optimizer: the clock is stopped during it.
        self.clock.stop()
        judged = self.judge(k, theta, state)
        ended = bool((judged.diverged | judged.reached).any())
        self.judged = judged if ended else None
        if not ended:
            remember(self, k, theta, state)
        self.clock.start()
        return ended

    def judge(self, k: int, theta: Array, state: Any, test: bool = True) -> _Judged:
        """Measure all runs in the batch, and return which of them end; ``test`` tests targets."""
        solution = self.loop.optimizer.solution(theta, state) if k else theta
        values = self._values(solution)
        diverged = self.termination.diverged(values["loss"], theta)
        found = test and self.termination.reached(values, solution)
        reached = np.broadcast_to(found, diverged.shape)
        return _Judged(solution, values, diverged, reached)

    def _values(self, solution: Array) -> dict[str, Any]:
        """Return all metrics of all runs in the batch, on the host; each has shape (R,)."""
        to_numpy, shape = self.backend.to_numpy, (len(self.alive),)
        found = {n: to_numpy(value) for n, value in self.problem.metrics(solution).items()}
        for name, value in found.items():
            if np.shape(value) != shape:
                raise NotTogether(f"its {name} has shape {np.shape(value)} for {shape[0]} runs")
        return found

    def _measure(self) -> bool:
        """Add rows to curves and remove the runs that end; return whether any runs are left.

        At a checkpoint all runs in the batch get a row; between two, only those that end there. The
        clock is stopped when this is called.
        """
        loop, judged, termination = self.loop, self.judged, self.termination
        self._refuse_stops(loop.oracle)
        spent = termination.spent(loop.k, self.runs[0].total, self.counts, 0.0)
        may_end = spent or self.setup.budget.patience is not None
        # `judged` is set if `watch` has left the loop between two checkpoints. If not, targets are
        # tested at fixed steps and at the end, so that checkpoints do not change where they are
        # reached.
        if judged is None:
            test = spent or loop.k % termination.every == 0
            judged = self.judge(loop.k, loop.theta, loop.state, test)
            which = np.arange(len(self.alive))
        else:
            which = np.flatnonzero(judged.diverged | judged.reached)
        self.judged = None
        self.paths.add(loop.k, judged.solution, which)
        values, measured = judged.values, self.measured(loop.k, judged)
        lost, there = judged.diverged.tolist(), judged.reached.tolist()
        watched = values.get("validation_loss", values["loss"]).tolist()
        table = self.table(measured, judged.solution)
        found = first_reaches(self, np.flatnonzero(judged.reached)) if any(there) else {}
        epoch = loop.minibatches.epoch(loop.k)
        counts = count_row(loop.k, epoch, self.counts, self.clock.seconds)
        if not loop.k:
            check_metrics(self.problem, values)
        living = np.ones(len(self.alive), bool)
        for i in which.tolist():
            run = self.runs[self.alive[i]]
            k, seconds, row, target = loop.k, self.clock.seconds, (*counts, *table[i]), None
            if there[i]:
                reach = found.get(i) or self._reach(i, judged, table[i])
                k, seconds = reach.k, reach.seconds
                epoch = loop.minibatches.epoch(k)
                row = (*count_row(k, epoch, reach.counts, seconds), *reach.row)
                while run.rows and run.rows[-1][0] >= k:
                    run.rows.pop()
                target, met = run.termination.target(reach.values, reach.solution)
                run.window = reach.window if met else None
                self.paths.end(run, k, reach.solution)
            run.loop.k = k
            run.metrics = run.metrics or tuple(measured)
            run.rows.append(row)
            if lost[i] or there[i] or may_end:
                run.status, run.reason = run.termination.verdict(
                    k, {"loss": watched[i]}, target=target, diverged=lost[i], spent=spent
                )
            if run.status is not None:
                living[i] = False
                run.clock.seconds = seconds
        if not living.all():
            self.keep(np.flatnonzero(living))
        if loop.k:  # at the start there is no state yet
            remember(self, loop.k, loop.theta, loop.state)
        return bool(len(self.alive))

    def _reach(self, i: int, judged: _Judged, row: list[float]) -> Reach:
        """Return the last step as the one at which run i reaches its target."""
        k, seconds = self.loop.k, self.clock.seconds
        values = {name: float(value[i]) for name, value in judged.values.items()}
        window = self.termination.window(k)
        return Reach(k, self.counts, seconds, window, values, judged.solution[i, ...], row)

    def measured(self, k: int, judged: _Judged) -> dict[str, Any]:
        """Return the metrics of all runs, those of `[run] measure` included."""
        measured = self.measures(k, judged.solution, self.xp)
        return judged.values | {n: self.backend.to_numpy(value) for n, value in measured.items()}

    def table(self, values: dict[str, Any], solution: Array) -> list[list[float]]:
        """Return the values for the curves of all runs in the batch: metrics, and θ if P ≤ 2."""
        columns = list(values.values())
        if self.problem.size <= 2:
            columns += list(self.backend.to_numpy(solution).T)
        table: list[list[float]] = np.column_stack(columns).astype(np.float64).tolist()
        return table

    def keep(self, rows: Any) -> None:
        """Continue with these rows of the batch only."""
        loop, taken = self.loop, self.rows(rows, len(self.alive))
        # Nothing is left to run: θ and state stay as they are, since no step follows.
        if not len(rows):
            self.alive = self.alive[rows]
            return
        # The oracle, minibatches and limits are made anew for the runs left. Counts, clock and
        # step number are those of the whole batch, and stay.
        step, plain = loop.oracle.step, None
        loop.theta = taken(loop.theta)
        if loop.state is not None:  # at the start there is no state yet
            plain = taken(loop.optimizer.dump(loop.state))
        if self.kept is not None:
            self.kept.select(taken)
        parts = self._parts(self.alive[rows], some_runs(self.given, rows, taken))
        loop.optimizer, loop.fields, loop.oracle, loop.minibatches = parts
        loop.draw, loop.oracle.step = loop.minibatches.draw, step
        if loop.state is not None:
            loop.state = loop.optimizer.load(loop.theta, plain, loop.oracle)

    def rows(self, rows: Any, size: int) -> Callable[[Any], Any]:
        """Return a function that takes these rows of each array in a value.

        Only arrays whose first axis has the length ``size``, the number of runs, are changed.
        """
        there = self.backend.asarray(rows, "int64")
        return partial(taken_from, self.xp, there, size)
