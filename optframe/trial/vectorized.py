"""Many runs of one problem advancing at once, along the leading axis of θ.

Runs that differ only in their seed and in numeric hyperparameters do the same arithmetic. A batch
of R runs has θ of shape (R, P) and hyperparameters of shape (R, 1); a run that ends leaves it, and
the others do not notice. Curves are those of the runs alone: to the bit where every operation is
elementwise, a sum over the last axis or a product per run, and to rounding elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from optframe.contracts import Array, Optimizer
from optframe.contracts.columns import rises
from optframe.contracts.oracle import Counts, Oracle
from optframe.contracts.record import count_row
from optframe.contracts.seeds import StackedGenerator
from optframe.rules import computing_with
from optframe.trial.checkpoints import marks
from optframe.trial.checks import check_metrics, check_step
from optframe.trial.clock import Clock
from optframe.trial.metrics import Measures
from optframe.trial.profiling import state_bytes
from optframe.trial.run import Run
from optframe.trial.schedules import Slots
from optframe.trial.stacking import NotTogether, Rehearsal, StackedBatches, shapes_of, some_runs
from optframe.trial.termination import within

__all__ = ["Together"]


class _Judged(NamedTuple):
    """What is measured of the living runs at a step, and which of them end there."""

    solution: Array
    values: dict[str, Any]
    diverged: Any
    reached: Any


class Together:
    """A batch of runs in progress; `execute` takes all of them to their ends.

    Each `Run` keeps what is its own (start, seeds, rows, status); its loop is not used.
    ``optimizer`` has the hyperparameters of all of them: see `optframe.trial.stacking.merged`. With
    ``sound``, the step up to which each is known to be fine, it looks for divergences alone.
    """

    def __init__(
        self, runs: Sequence[Run], optimizer: Optimizer, sound: Sequence[int] | None = None
    ) -> None:
        self.runs = list(runs)
        self.setup = runs[0].setup
        self.problem = self.setup.problem
        self.backend = self.setup.backend
        self.xp = self.backend.xp
        self.k = 0
        self.counts = Counts()
        self.clock = Clock(self.backend.synchronize)
        self.given = optimizer
        self.locating = sound is not None
        self.sound = np.full(len(runs), -1) if sound is None else np.array(sound)
        self.compile_seconds, self.state_bytes = 0.0, 0
        self.theta: Array = self.xp.stack([run.theta for run in runs])
        self.state: Any = None
        self._gather(np.arange(len(runs)))

    def execute(self) -> None:
        """Run all to their ends.

        Raises
        ------
        NotTogether
            Where the problem or the optimizer turn out to take one run at a time.

        What they raise themselves is raised as it is.
        """
        given = self.given
        with computing_with(self.backend), np.errstate(all="ignore"):
            self._measure(self._judge())
            if len(self.alive):
                if not self.locating:
                    self._rehearse()
                self._iterate()
            lost = [i for i, run in enumerate(self.runs) if run.status == "diverged"]
            if lost and not self.locating:
                self._locate(lost, given)

    def _gather(self, alive: Any) -> None:
        """Make what belongs to the living runs together."""
        self.alive = alive
        living = [self.runs[i] for i in alive]
        seeds = [run.setup.seeds for run in living]
        self.limits = np.array([run.endings.limit for run in living])
        sampler = self.setup.sampler
        self.batches = StackedBatches([run.batches for run in living], sampler)
        ahead = StackedBatches([run.ahead for run in living], sampler)
        self.measures = Measures(self.setup.measure, self.problem, ahead)
        self.slots = Slots()
        self.optimizer = self.slots.own(self.given)

        def random(step: int) -> Any:
            return StackedGenerator([one.generator("optimizer", step) for one in seeds])

        self._random = random
        self.oracle = self._oracle(self.counts)

    def _oracle(self, counts: Counts) -> Oracle:
        return Oracle(self.problem, self.backend, counts, self._random, run_axes=1)

    def _rehearse(self) -> None:
        """Do one step on copies, off the clock, and compare what some runs get with that alone.

        Runs start at points of their own here: a problem or an optimizer that has not thought of
        leading axes is found out, and not by its curves.
        """
        began = perf_counter()
        host = np.array(self.backend.to_numpy(self.theta))
        shift = np.arange(len(host))[:, None] % 7 + 1
        apart = (host + 0.01 * shift * np.maximum(1, np.abs(host))).astype(host.dtype)
        whole = self._trial_step(
            self.backend.asarray(apart.copy()), self.optimizer, self.slots, None
        )
        for row in {0, len(self.alive) // 2, len(self.alive) - 1}:
            run, slots = self.runs[self.alive[row]], Slots()
            lone = slots.own(run.setup.optimizer)
            one = self._trial_step(self.backend.asarray(apart[row].copy()), lone, slots, run)
            whole.compare(one, row)
        self.state_bytes = whole.state_bytes // len(self.runs)
        self.backend.synchronize()
        self.compile_seconds = perf_counter() - began

    def _trial_step(self, theta: Array, optimizer: Any, slots: Slots, run: Run | None) -> Rehearsal:
        """Return what a first step gives, of all runs or of one alone."""
        to_numpy, before = self.backend.to_numpy, np.array(self.backend.to_numpy(theta))
        batches = self.batches if run is None else run.batches
        oracle = self._oracle(Counts()) if run is None else run._oracle(Counts())
        batches.show(0, oracle)
        slots.set(0, 0.0, self._progress)
        gradient = np.array(to_numpy(oracle.gradient(theta)))
        metrics = {n: np.array(to_numpy(v)) for n, v in self.problem.metrics(theta).items()}
        kind = (tuple(theta.shape), theta.dtype)
        state = optimizer.init(theta, oracle)
        shapes = shapes_of(state)
        size = state_bytes(state)
        returned = optimizer.step(theta, state, oracle)
        check_step(optimizer, returned, *kind)
        self._refuse_stops(oracle)
        solution = np.array(to_numpy(optimizer.solution(*returned)))
        moved = np.array(to_numpy(returned[0])) - before
        return Rehearsal(before, gradient, metrics, moved, solution - before, shapes, size)

    def _begin(self, theta: Array, oracle: Oracle) -> Any:
        """Return the state before the first step, which sees the first batch."""
        self.batches.show(0, oracle)
        self.slots.set(0, 0.0, self._progress)
        return self.optimizer.init(theta, oracle)

    def _iterate(self) -> None:
        run = self.runs[0]
        upcoming = marks(self.setup.checkpoints, run.total, self.batches.per_epoch)
        self.clock.start()
        self.state = self._begin(self.theta, self.oracle)
        while len(self.alive):
            until = next(upcoming)
            while len(self.alive) and self.k < until:
                self._advance(until)
                if self._spent():
                    break
            self.clock.stop()
            if len(self.alive):
                self._measure(self._judge())
            self.clock.start()
        self.clock.stop()

    def _advance(self, until: int) -> None:
        """Step until so many steps are done, or until some run has ended or the budget has."""
        endings, gradients = self.runs[0].endings, self.setup.budget.gradients
        watching = self.locating or endings.tests_steps
        every = 1 if self.locating else endings.every
        oracle, step, show = self.oracle, self.optimizer.step, self.batches.show
        drawing, scheduled = self.batches.drawing, bool(self.slots)
        theta, state = self.theta, self.state
        for k in range(self.k, until):
            oracle.step = k
            if drawing:
                self.counts.samples += show(k, oracle)
            if scheduled:
                self.slots.set(k, self.batches.epoch(k) or 0.0, self._progress)
            theta, state = step(theta, state, oracle)
            if oracle.stopped is not None:
                self._refuse_stops(oracle)
            if gradients is not None and self.counts.gradients >= gradients:
                until = k + 1
                break
            if watching and k + 1 < until and (k + 1) % every == 0:
                self.k, self.theta, self.state = k + 1, theta, state
                if self._some_end():
                    return
        self.k, self.theta, self.state = until, theta, state

    def _refuse_stops(self, oracle: Oracle) -> None:
        if oracle.stopped is not None:
            raise NotTogether(f"the optimizer ends runs by itself ({oracle.stopped})")

    def _some_end(self) -> bool:
        """Measure the runs that end at this step, with the clock stopped."""
        self.clock.stop()
        judged = self._judge()
        ended = judged.diverged | judged.reached
        if ended.any():
            self._measure(judged, ended)
        self.clock.start()
        return bool(ended.any())

    def _judge(self) -> _Judged:
        """Measure all living runs, and say which of them end."""
        solution = self.optimizer.solution(self.theta, self.state) if self.k else self.theta
        values = self._values(solution)
        diverged, reached = self._diverged(values["loss"]), self._reached(values, solution)
        return _Judged(solution, values, diverged, reached)

    def _measure(self, judged: _Judged, which: Any = None) -> None:
        """Add a row to the curves of these living runs, and let go of those that have ended."""
        solution, values, diverged, reached = judged
        spent = bool(self.k) and self._spent()
        which = np.ones(len(self.alive), bool) if which is None else which
        kept = np.ones(len(self.alive), bool)
        counts = count_row(self.k, self.batches.epoch(self.k), self.counts, self.clock.seconds)
        measured = self.measures(self.k, solution, self.xp)
        numbers = values | {n: self.backend.to_numpy(value) for n, value in measured.items()}
        table = self._table(numbers, solution)
        if not self.k:
            check_metrics(self.problem, values)
        for i in np.flatnonzero(which).tolist():
            run = self.runs[self.alive[i]]
            run.k = self.k
            run.metrics = run.metrics or tuple(numbers)
            run.rows.append((*counts, *table[i]))
            if diverged[i]:
                run.status, run.reason = "diverged", f"at step {self.k}"
            elif reached[i]:
                one = {name: value[i] for name, value in values.items()}
                run.status = "converged"
                run.reason = run.endings.reached(one, solution[i, ...])
            elif spent:
                run.status = "finished"
            elif (stale := self._stale(run, values["loss"][i])) is not None:
                run.status, run.reason = "stopped", stale
            if run.status is not None:
                kept[i] = False
                run.clock.seconds = self.clock.seconds
        if not kept.all():
            self._keep(np.flatnonzero(kept))

    def _stale(self, run: Run, loss: Any) -> str | None:
        return None if self.locating else run.endings.impatient(float(loss))

    def _table(self, values: dict[str, Any], solution: Array) -> list[list[float]]:
        """Return what curves keep of every living run: its metrics, and θ for P ≤ 2."""
        columns = list(values.values())
        if self.problem.size <= 2:
            columns += list(self.backend.to_numpy(solution).T)
        table: list[list[float]] = np.column_stack(columns).astype(np.float64).tolist()
        return table

    def _keep(self, rows: Any) -> None:
        """Go on with these rows of the batch alone."""
        taken = self._rows(rows, len(self.alive))
        self.theta, self.state = taken(self.theta), taken(self.state)
        self.given = some_runs(self.given, taken)
        step = self.oracle.step
        self._gather(self.alive[rows])
        self.oracle.step = step

    def _rows(self, rows: Any, size: int) -> Callable[[Any], Any]:
        """Return a function that takes these rows of all arrays of so many runs in a value."""
        there = self.backend.asarray(rows, "int64")

        def taken(value: Any) -> Any:
            if dataclasses.is_dataclass(value) and not isinstance(value, type):
                fields = [field.name for field in dataclasses.fields(value)]
                return dataclasses.replace(value, **{f: taken(getattr(value, f)) for f in fields})
            if isinstance(value, (list, tuple)):
                return type(value)(taken(item) for item in value)
            shape = getattr(value, "shape", ())
            return self.xp.take(value, there, axis=0) if shape and shape[0] == size else value

        return taken

    def _values(self, solution: Array) -> dict[str, Any]:
        """Return every metric of every living run, on the host."""
        to_numpy, shape = self.backend.to_numpy, (len(self.alive),)
        found = {n: to_numpy(value) for n, value in self.problem.metrics(solution).items()}
        for name, value in found.items():
            if np.shape(value) != shape:
                raise NotTogether(f"its {name} has shape {np.shape(value)} for {shape[0]} runs")
        return found

    def _diverged(self, loss: Any) -> Any:
        """Return which of the living runs have diverged, as `Endings.diverged` says of each."""
        gone = ~np.isfinite(loss)
        # Where all of θ at once is within half of the smallest limit, every run is within its own.
        if not within(self.xp.reshape(self.theta, (-1,)), 0.5 * self.limits.min(), self.xp):
            gone |= ~(self._norms(self.theta) <= self.limits)
        return gone & (self.k > self.sound[self.alive]) if self.locating else gone

    def _reached(self, values: dict[str, Any], solution: Array) -> Any:
        """Return which of the living runs have reached a target."""
        budget, endings = self.setup.budget, self.runs[0].endings
        reached = np.zeros(len(self.alive), bool)
        if self.locating:  # where runs diverge, and nothing else
            return reached
        if budget.goal is not None:
            metric, target = budget.goal
            if metric not in values:
                endings.reached(values, solution)  # which says what there is
            reached |= values[metric] >= target if rises(metric) else values[metric] <= target
        if budget.gradient_norm is not None:
            reached |= self._norms(endings.full_gradient(solution)) <= budget.gradient_norm
        return reached

    def _norms(self, vectors: Array) -> Any:
        return np.sqrt(self.backend.to_numpy(self.xp.sum(vectors * vectors, axis=-1)))

    def _spent(self) -> bool:
        run = self.runs[0]
        return run.endings.spent(self.k, run.total, self.counts, 0.0)

    def _progress(self, k: int, epoch: float) -> float:
        return self.runs[0].endings.progress(k, epoch, self.counts, self.clock.now)

    def _locate(self, lost: list[int], given: Optimizer) -> None:
        """Run again those that have diverged, looking at every step, to say where it happened."""
        again = [Run(self.runs[i].setup) for i in lost]
        sound = [int(self.runs[i].rows[-2][0]) if len(self.runs[i].rows) > 1 else -1 for i in lost]
        theirs = some_runs(given, self._rows(np.array(lost), len(self.runs)))
        Together(again, theirs, sound).execute()
        for i, run in zip(lost, again, strict=True):
            self.runs[i].reason = f"at step {run.k}"
