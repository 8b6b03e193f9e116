"""The one loop: an optimizer on a problem, measured at checkpoints with the clock stopped."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import numpy as np

from optframe.binding import Binder, wrap
from optframe.checkpoints import landscape, marks
from optframe.clock import Clock
from optframe.contracts import (
    Array,
    Backend,
    Optimizer,
    Problem,
    Sampler,
    Schedule,
    Solver,
    StochasticProblem,
)
from optframe.errors import PluginError
from optframe.oracle import Counts, Oracle
from optframe.record import COUNT_COLUMNS, Record
from optframe.registry import Registry
from optframe.rules import computing_with
from optframe.seeds import SamplerSeeds, Seeds
from optframe.study import Budget, Checkpoints, Trial

__all__ = ["DIVERGED", "Run", "Setup", "TrialRunner"]

DIVERGED = 1e10
"""A run has diverged when |θ| exceeds this many times max(1, |θ₀|), or is not finite."""


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
        self.budget = setup.budget
        self.theta: Array = setup.backend.asarray(np.array(setup.start), setup.dtype)
        self.state: Any = None
        self.k = 0
        self.status: str | None = None
        self.reason: str | None = None
        self.error: BaseException | None = None
        self.compile_seconds = 0.0
        self.counts = Counts()
        self.clock = Clock(setup.backend.synchronize)
        self.rows: list[tuple[float, ...]] = []
        self.metrics: tuple[str, ...] = ()
        self.iterates: list[Any] = []
        self.optimizer, self._slots = _with_slots(setup.optimizer)
        self.oracle = self._oracle(self.counts)
        records = self.problem.records if isinstance(self.problem, StochasticProblem) else None
        self.records = records if setup.sampler is not None else None
        self.per_epoch = (
            setup.sampler.steps_per_epoch(records) if setup.sampler and records else None
        )
        self._epoch: tuple[int, list[Any], list[int]] = (-1, [], [])
        self._limit = DIVERGED * max(1.0, self._norm(self.theta))
        self._best, self._stale = np.inf, 0

    @property
    def total(self) -> int | None:
        """The number of steps in the budget, where it can be known."""
        limits = [] if self.budget.steps is None else [self.budget.steps]
        if self.budget.epochs is not None and self.per_epoch is not None:
            limits.append(int(np.ceil(self.budget.epochs * self.per_epoch)))
        return min(limits, default=None)

    @property
    def epoch(self) -> float:
        """Passes over the data so far; NaN where there is none."""
        return self.k / self.per_epoch if self.per_epoch else float("nan")

    def execute(self) -> None:
        """Run to the end; the status says how it ended, and nothing that was measured is lost."""
        with computing_with(self.setup.backend), np.errstate(all="ignore"):
            try:
                if isinstance(self.optimizer, Solver):
                    self._solve(self.optimizer)
                else:
                    self._iterate(self.optimizer)
            except (Exception, SystemExit) as error:
                self.clock.stop()
                self.status = "failed"
                self.reason = " ".join(f"{type(error).__name__}: {error}".split())
                self.error = error

    def solution(self) -> Array:
        """Return what the run has found so far."""
        if isinstance(self.optimizer, Optimizer) and self.k:
            return self.optimizer.solution(self.theta, self.state)
        return self.theta

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
        self._draw(0, oracle)
        self._set_schedules(0)
        theta = self.setup.backend.asarray(np.array(self.setup.start), self.setup.dtype)
        shape, dtype = theta.shape, theta.dtype
        theta, _ = optimizer.step(theta, optimizer.init(theta, oracle), oracle)
        if getattr(theta, "shape", None) != shape or theta.dtype != dtype:
            found = f"{getattr(theta, 'dtype', type(theta).__name__)} {getattr(theta, 'shape', '')}"
            raise PluginError(
                f"{type(optimizer).__name__}.step returned θ as {found}; expected {dtype} {shape}"
            )
        self.setup.backend.synchronize()
        self.compile_seconds = perf_counter() - began

    def _iterate(self, optimizer: Optimizer) -> None:
        self._measure(self.theta)
        if self.status is None:
            self._warm_up(optimizer)
        watch = self._watch()
        upcoming = self._marks()
        self.clock.start()
        self._draw(0, self.oracle)
        self._set_schedules(0)
        self.state = optimizer.init(self.theta, self.oracle)
        while self.status is None:
            self._advance(optimizer, next(upcoming), watch)
            self.clock.stop()
            self._measure(optimizer.solution(self.theta, self.state))
            if self.status == "diverged":
                self._find_divergence(optimizer)
            self.clock.start()
        self.clock.stop()

    def _advance(
        self, optimizer: Optimizer, until: int, watch: Callable[[int, Array, Any], bool] | None
    ) -> None:
        """Step until so many steps are done, or until the run ends."""
        oracle, step, slots = self.oracle, optimizer.step, self._slots
        drawing = isinstance(self.problem, StochasticProblem)
        keep = self.iterates if self.setup.iterates else None
        theta, state = self.theta, self.state
        for k in range(self.k, until):
            if drawing:
                self.counts.samples += self._draw(k, oracle)
            oracle.step = self.k = k
            if slots:
                self._set_schedules(k)
            theta, state = step(theta, state, oracle)
            if keep is not None:
                keep.append(self.setup.backend.to_numpy(theta).copy())
            if oracle.stopped is not None or (watch is not None and watch(k + 1, theta, state)):
                until = k + 1
                break
        self.k, self.theta, self.state = until, theta, state

    def _solve(self, solver: Solver) -> None:
        """Let the solver own the loop; a step lasts from one report to the next."""
        self._measure(self.theta)
        watch = self._watch()
        upcoming = self._marks()
        mark = next(upcoming)

        def report(theta: Array) -> bool:
            nonlocal mark
            if self.status is not None:
                return False
            self.k += 1
            self.theta = theta
            if self.setup.iterates:
                self.iterates.append(np.array(self.setup.backend.to_numpy(theta)))
            ended = self.oracle.stopped is not None
            ended = (watch is not None and watch(self.k, theta, None)) or ended
            if ended or self.k >= mark:
                self.clock.stop()
                self._measure(theta)
                mark = next(upcoming, self.k + 1)
                self.clock.start()
            self.oracle.step = self.k
            self.counts.samples += self._draw(self.k, self.oracle)
            return self.status is None

        self.counts.samples += self._draw(0, self.oracle)
        self.clock.start()
        with contextlib.suppress(StopIteration):
            self.theta = solver.minimize(self.theta, self.oracle, report)
        self.clock.stop()
        if self.status is None:
            self.oracle.stop(self.oracle.stopped or "the solver ended by itself")
            self._measure(self.theta)

    def _draw(self, k: int, oracle: Oracle) -> int:
        """Let the oracle see the batch of step k; return how many records are in it."""
        if not isinstance(self.problem, StochasticProblem):
            return 0
        indices, size = None, 0
        if self.per_epoch is not None and self.setup.sampler is not None:
            epoch, position = divmod(k, self.per_epoch)
            if self._epoch[0] != epoch:
                seeds = SamplerSeeds(self.setup.seeds)
                batches = list(self.setup.sampler.epoch(epoch, self.records or 0, seeds))
                self._epoch = (epoch, batches, [_length(b, self.records or 0) for b in batches])
            indices, size = self._epoch[1][position], self._epoch[2][position]
        noise = None if self.problem.deterministic else self.setup.seeds.generator("noise", k)
        oracle.see(self.problem.draw(indices, noise))
        return size

    def _set_schedules(self, k: int) -> None:
        if not self._slots:
            return
        epoch = k / self.per_epoch if self.per_epoch else 0.0
        progress = self._progress(k, epoch)
        for holder, name, schedule in self._slots:
            object.__setattr__(holder, name, schedule(k, epoch, progress))

    def _progress(self, k: int, epoch: float) -> float:
        """The largest share of any budget that is used up."""
        used = (
            (k, self.budget.steps),
            (epoch, self.budget.epochs),
            (self.counts.gradients, self.budget.gradients),
            (self.clock.now(), self.budget.seconds),
        )
        return min(1.0, max((u / limit for u, limit in used if limit is not None), default=0.0))

    def _watch(self) -> Callable[[int, Array, Any], bool] | None:
        """What has to be tested between checkpoints, as one function, or None."""
        tests: list[Callable[[int, Array, Any], bool]] = []
        budget = self.budget
        if budget.goal is not None or budget.gradient_norm is not None:
            every = budget.target_every if isinstance(self.problem, StochasticProblem) else 1
            tests.append(lambda k, theta, state: k % every == 0 and self._reached(theta, state))
        if budget.gradients is not None:
            gradients = budget.gradients
            tests.append(lambda k, theta, state: self.counts.gradients >= gradients)
        if budget.seconds is not None:
            seconds = budget.seconds
            tests.append(lambda k, theta, state: self.clock.now() >= seconds)
        if not tests:
            return None
        if len(tests) == 1:
            return tests[0]
        return lambda k, theta, state: any(test(k, theta, state) for test in tests)

    def _reached(self, theta: Array, state: Any) -> bool:
        """Whether a target is reached or the loss is no number; the clock stands still."""
        self.clock.stop()
        solution = theta
        if isinstance(self.optimizer, Optimizer):
            solution = self.optimizer.solution(theta, state)
        values = self.problem.metrics(solution)
        met = self._meets(values, solution) or not np.isfinite(float(values["loss"]))
        self.clock.start()
        return met

    def _meets(self, values: Any, solution: Array) -> bool:
        goal, norm = self.budget.goal, self.budget.gradient_norm
        if goal is not None:
            metric, value = goal
            if metric not in values:
                raise PluginError(
                    f"target: {type(self.problem).__name__} measures no {metric!r}; "
                    f"it measures {', '.join(values)}"
                )
            rising: frozenset[str] = getattr(self.problem, "higher_is_better", frozenset())
            found = float(values[metric])
            if found >= value if metric in rising else found <= value:
                self.reason = f"{metric} {found:.6g} reached {value:g}"
                return True
        if norm is not None:
            found = self._norm(self._full_gradient(solution))
            if found <= norm:
                self.reason = f"gradient norm {found:.6g} reached {norm:g}"
                return True
        return False

    def _full_gradient(self, theta: Array) -> Array:
        if isinstance(self.problem, StochasticProblem):
            whole = slice(None) if self.problem.records is not None else None
            return self.problem.gradient(theta, self.problem.draw(whole, None))
        return self.problem.gradient(theta)  # type: ignore[attr-defined]

    def _measure(self, solution: Array) -> None:
        """Add a row to the curve and judge whether the run has ended."""
        values = self.problem.metrics(solution)
        if not self.rows:
            self.metrics = tuple(values)
            if self.setup.iterates:
                self.iterates.append(self.setup.backend.to_numpy(solution).copy())
        counts = self.counts
        row = (
            self.k,
            self.epoch,
            counts.samples,
            counts.losses,
            counts.gradients,
            counts.hessians,
            counts.hvps,
            self.clock.seconds,
            *(float(values[name]) for name in self.metrics),
        )
        if self.problem.size <= 2:
            row += tuple(self.setup.backend.to_numpy(solution).tolist())
        self.rows.append(row)
        self._judge(values, solution)

    def _judge(self, values: Any, solution: Array) -> None:
        loss, budget = float(values["loss"]), self.budget
        if not (np.isfinite(loss) and self._norm(self.theta) <= self._limit):
            self.status, self.reason = "diverged", f"seen at step {self.k}"
        elif self._meets(values, solution):
            self.status = "converged"
        elif self.oracle.stopped is not None:
            self.status, self.reason = "stopped", self.oracle.stopped
        elif self.k and (
            (self.total is not None and self.k >= self.total)
            or (budget.gradients is not None and self.counts.gradients >= budget.gradients)
            or (budget.seconds is not None and self.clock.seconds >= budget.seconds)
        ):
            self.status = "finished"
        elif budget.patience is not None:
            self._stale = 0 if loss < self._best else self._stale + 1
            self._best = min(loss, self._best)
            if self._stale >= budget.patience:
                self.status = "stopped"
                self.reason = f"no better loss in {budget.patience} checkpoints"

    def _find_divergence(self, optimizer: Optimizer) -> None:
        """Run again up to here, looking at every step, and say where it happened.

        It costs nothing to runs that do not diverge, which are most.
        """
        again = Run(dataclasses.replace(self.setup, iterates=False))

        def gone(k: int, theta: Array, state: Any) -> bool:
            loss = float(self.problem.metrics(optimizer.solution(theta, state))["loss"])
            return not (np.isfinite(loss) and self._norm(theta) <= self._limit)

        replayed = again.optimizer
        if isinstance(replayed, Optimizer):
            again._draw(0, again.oracle)
            again._set_schedules(0)
            again.state = replayed.init(again.theta, again.oracle)
            again._advance(replayed, self.k, gone)
        self.reason = f"at step {again.k}"

    def _norm(self, vector: Array) -> float:
        xp = self.setup.backend.xp
        return float(xp.sqrt(xp.sum(vector * vector)))

    def _marks(self) -> Iterator[int]:
        return marks(self.setup.checkpoints, self.total, self.per_epoch)


def _length(indices: Any, records: int) -> int:
    if isinstance(indices, slice):
        return len(range(*indices.indices(records)))
    return int(indices.shape[-1])


def _with_slots(
    optimizer: Optimizer | Solver,
) -> tuple[Optimizer | Solver, list[tuple[Any, str, Schedule]]]:
    """Return the run's own copy of an optimizer, and the fields in it that are schedules."""
    own = copy.copy(optimizer)
    fields = dict(vars(own))
    slots: list[tuple[Any, str, Schedule]] = []
    for name, value in fields.items():
        if isinstance(value, Schedule):
            slots.append((own, name, value))
        elif isinstance(value, Optimizer):
            inner, inner_slots = _with_slots(value)
            object.__setattr__(own, name, inner)
            slots += inner_slots
    return own, slots


@dataclass(frozen=True)
class MinimizeResult:
    """What `optframe.minimize` returns.

    ``theta`` (P,), ``loss``, ``curve`` (a DataFrame, one row per checkpoint), ``status`` and its
    ``reason``, ``counts`` (evaluations by kind), ``iterates`` (steps + 1, P) if asked for.
    """

    theta: Any
    loss: float
    status: str
    reason: str | None
    counts: Counts
    seconds: float
    columns: tuple[str, ...]
    rows: Any = field(repr=False)
    iterates: Any = field(default=None, repr=False)

    @property
    def curve(self) -> Any:
        """One row per checkpoint, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.columns))


class TrialRunner:
    """Runs trials in this process: names become objects, the loop runs, a record comes back."""

    def __init__(self, registry: Registry, binder: Binder | None = None) -> None:
        self.registry = registry
        self.binder = binder or Binder(registry)

    def __call__(self, trial: Trial) -> Record:
        """Run one trial to its end; nothing that a plugin raises gets out."""
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        seeds = Seeds(trial.study_seed, trial.seed)
        try:
            run = Run(self._setup(trial, seeds))
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Record.without_run(trial, "failed", reason, started, traceback.format_exc())
        run.execute()
        return Record(
            key=trial.key,
            status=str(run.status),
            reason=run.reason,
            traceback=_trace(run.error),
            started=started,
            derived_seed=seeds.derived(),
            seconds=run.clock.seconds,
            compile_seconds=run.compile_seconds,
            state_bytes=_state_bytes(run.state),
            size=run.problem.size,
            minimum=run.problem.minimum,
            columns=columns(run),
            curve=np.array(run.rows, np.float64).reshape(len(run.rows), -1),
            landscape=landscape(run),
        )

    def _setup(self, trial: Trial, seeds: Seeds) -> Setup:
        problem = self.binder.problem(trial.problem, trial.backend, trial.dtype, seeds)
        values = trial.optimizer.values
        wrappers = values.pop("wrap", [])
        optimizer = self.registry.make("optimizers", trial.optimizer.name, values)
        optimizer, _ = wrap(self.registry, optimizer, wrappers, trial.optimizer.label)
        sampler = None
        if trial.sampler.name != "none":
            sampler = self.registry.make("samplers", trial.sampler.name, trial.sampler.values)
        random = seeds.generator("start")
        start = problem.random_start if trial.start == "random" else problem.start
        return Setup(
            problem=problem,
            backend=self.binder.backend(trial.backend),
            optimizer=optimizer,
            sampler=sampler,
            budget=trial.budget,
            checkpoints=trial.checkpoints,
            seeds=seeds,
            start=start(random),
            dtype=trial.dtype,
        )


def columns(run: Run) -> tuple[str, ...]:
    """Return the names of a curve's columns."""
    path = [f"theta_{i}" for i in range(run.problem.size)] if run.problem.size <= 2 else []
    return (*COUNT_COLUMNS, *run.metrics, *path)


def _trace(error: BaseException | None) -> str | None:
    return None if error is None else "".join(traceback.format_exception(error))


def _state_bytes(state: Any) -> int:
    if dataclasses.is_dataclass(state):
        return sum(_state_bytes(getattr(state, f.name)) for f in dataclasses.fields(state))
    if isinstance(state, (list, tuple)):
        return sum(_state_bytes(item) for item in state)
    return int(getattr(state, "nbytes", 0))
