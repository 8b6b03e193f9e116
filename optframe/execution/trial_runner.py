"""Runs a trial or a batch: makes its components by their names, runs the loop, makes records."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from threadpoolctl import threadpool_limits

from optframe.components.binder import Binder
from optframe.components.building import make_wrapped
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry
from optframe.contracts import Dataset, Sampler, StochasticProblem
from optframe.contracts.record import Landscape, Record, now
from optframe.contracts.trial import NO_SAMPLER, Trial
from optframe.errors import described, printable, shortened
from optframe.execution.environment import machine_load
from optframe.execution.recipe import Recipe, by_name
from optframe.execution.surroundings import restored
from optframe.trial.landscape import landscape
from optframe.trial.resume import SavedRuns
from optframe.trial.run import Run, Setup
from optframe.trial.stacking import NotTogether, merged
from optframe.trial.vectorized import VectorizedRuns

__all__ = ["Batch", "TrialRunner"]

Batch = tuple[Trial, ...]
"""Trials that advance together."""


class TrialRunner:
    """Runs trials in this process, and shares bound problems between them.

    Its pickle holds the names of its plugins. A process that receives it makes the runner once, and
    raises if the code of a plugin differs (`optframe.execution.recipe.Recipe`). Trials fail there
    if the records of their data set differ.
    """

    def __init__(
        self,
        registry: Registry,
        binder: Binder | None = None,
        backend: str = "numpy",
        threads: int = 1,
        saved: SavedRuns | None = None,
    ) -> None:
        self.registry = registry
        self.binder = binder or Binder(registry)
        self._backend = backend
        self._threads = threads
        self._saved = saved
        self._hurried = False
        self.stops_by_hurry = False
        """Whether `hurry` is called before work is interrupted, as `execute` does."""
        self.brings_data = False
        """Whether its pickle holds the data sets that are loaded."""
        self._limits = contextlib.ExitStack()
        self._within: contextlib.ExitStack | None = None
        self._modules = 0
        """The number of modules when the threads of their libraries were limited."""

    def __reduce__(self) -> tuple[Callable[..., TrialRunner], tuple[Any, ...]]:
        how = (Recipe.of(self.registry), self._backend, self._threads, self._saved)
        loaded = self.binder.datasets
        digests = {notation: dataset.digest for notation, dataset in loaded.items()}
        return _made_here, (how, loaded if self.brings_data else {}, digests)

    def hurry(self) -> None:
        """Let runs whose state can be saved do so soon, and end by `KeyboardInterrupt`."""
        self._hurried = True

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """Limit the number of threads inside the block, also of libraries that are loaded in it."""
        backend, before = self.binder.backend(self._backend), self._within
        with contextlib.ExitStack() as limits, backend.limit_threads(self._threads):
            self._within, self._modules = limits, 0
            self._limit_what_is_loaded()
            try:
                yield
            finally:
                self._within = before

    def _limit_what_is_loaded(self) -> None:
        """Limit the libraries' threads; a component may have imported one that has its own."""
        if self._within is not None and len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            self._within.enter_context(threadpool_limits(limits=self._threads))

    def limit(self) -> None:
        """Limit the number of threads from now on."""
        self._limits.enter_context(self.limited())

    def split(self, batches: Sequence[Batch]) -> tuple[list[Batch], list[Batch]]:
        """Return the batches that another process can make from their names, and the others.

        Objects that were made in Python have no name, and some classes cannot be imported.
        """
        entries = [entry for kind in KINDS for entry in self.registry.entries(kind)]
        stuck = {e.name for e in entries if e.owner == "this process" and by_name(e) is None}
        if not stuck:
            return list(batches), []
        away: list[Batch] = []
        here: list[Batch] = []
        for batch in batches:
            (away if stuck.isdisjoint(_names(batch[0])) else here).append(batch)
        return away, here

    def __call__(self, trials: Sequence[Trial]) -> list[Record]:
        """Run trials to their ends, as one batch if there are several.

        An exception in a plugin becomes a record with the status ``failed``. If the trials cannot
        run as a batch, each runs alone, so that each has its own record of what is wrong. What
        plugins change in this process is restored (`optframe.execution.surroundings`).
        """
        if len(trials) > 1:
            try:
                with restored():
                    return self._together(trials)
            except BaseException as error:
                self._pass_stop(error)
                known = isinstance(error, NotTogether)
                why = str(error) if known else described(error)
                print(
                    f"optframe: {len(trials)} runs like {trials[0].pair} run one at a time: {why}",
                    file=sys.stderr,
                )
        records = []
        for trial in trials:
            with restored():
                records.append(self._alone(trial))
        return records

    def _pass_stop(self, error: BaseException) -> None:
        """Raise an interruption of the study again; one that a plugin raises is a trial's failure.

        When a study is to end, `hurry` has been called before any interruption; where nothing
        calls it (``stops_by_hurry``), an interruption is Ctrl-C.
        """
        is_stop = self._hurried or not self.stops_by_hurry
        if isinstance(error, KeyboardInterrupt) and is_stop:
            raise error

    def _together(self, trials: Sequence[Trial]) -> list[Record]:
        started, load = now(), machine_load()
        runs: list[Run] = []
        starts: dict[Any, Any] = {}  # of the seeds so far; each run copies its own
        for trial in trials:
            seed = trial.stage, trial.study, trial.seed
            setup = self._recorded(trial, starts.get(seed))
            starts[seed] = setup.start
            runs.append(Run(setup))
        optimizers = [run.setup.optimizer for run in runs]
        batch = VectorizedRuns(runs, merged(optimizers, runs[0].setup.backend))  # type: ignore[arg-type]
        batch.execute()
        shared: dict[str, Any] = {
            "started": started,
            "load": load,
            "together": len(runs),
            "compile_seconds": batch.compile_seconds,
            "state_bytes": batch.state_bytes,
        }
        records = [_record(t, run, **shared) for t, run in zip(trials, runs, strict=True)]
        # Runs of one problem have one landscape, so only the first record holds it.
        return [dataclasses.replace(records[0], landscape=self._landscape(runs[0])), *records[1:]]

    def _alone(self, trial: Trial) -> Record:
        started, load = now(), machine_load()
        try:
            run = Run(self._recorded(trial))
            run.execute()
            record = _record(
                trial,
                run,
                started=started,
                load=load,
                compile_seconds=run.compile_seconds,
                state_bytes=run.state_bytes,
            )
        except BaseException as error:
            self._pass_stop(error)
            failed = Record.without_run(trial, "failed", described(error), started, _trace(error))
            return dataclasses.replace(failed, load=load)
        return dataclasses.replace(record, landscape=self._landscape(run))

    def _landscape(self, run: Run) -> Landscape | None:
        """Return the run's landscape; None also if the loss cannot be computed around the path."""
        try:
            return landscape(run)
        except BaseException as error:
            self._pass_stop(error)
            return None

    def _recorded(self, trial: Trial, theta0: Any = None) -> Setup:
        """Return the objects of a trial whose record is kept, with its path; see `setup`."""
        return dataclasses.replace(self.setup(trial, theta0), path=True)

    def setup(self, trial: Trial, theta0: Any = None) -> Setup:
        """Return the objects of a trial, made from their names; ``theta0`` replaces its start."""
        seeds, saved = trial.seeds, self._saved
        problem = self.binder.problem(trial.problem, trial.backend, trial.dtype, seeds)
        asked = trial.optimizer
        table = {"name": asked.name, **asked.values}
        optimizer = make_wrapped(self.registry, "optimizers", table, asked.label)
        sampler: Sampler | None = None
        if isinstance(problem, StochasticProblem) and trial.sampler != NO_SAMPLER:
            made: Sampler = self.registry.make("samplers", trial.sampler.name, trial.sampler.values)
            sampler = made.bind(problem.groups)
        if theta0 is None:
            start = problem.random_start if trial.start == "random" else problem.start
            theta0 = start(seeds.generator("start"))
        self._limit_what_is_loaded()
        return Setup(
            problem=problem,
            backend=self.binder.backend(trial.backend),
            optimizer=optimizer,
            sampler=sampler,
            budget=trial.budget,
            checkpoints=trial.checkpoints,
            seeds=seeds,
            start=theta0,
            dtype=trial.dtype,
            profile=trial.profile,
            measure=trial.measure,
            saved=None if saved is None else saved.of(trial.key, optimizer, lambda: self._hurried),
        )


def _made_here(
    how: tuple[Any, ...], datasets: Mapping[str, Dataset], digests: Mapping[str, str]
) -> TrialRunner:
    """Return this process's runner, which is made once, and add the data sets that were sent.

    A data set that this process loads itself must have the digest that it has in the sender.
    """
    runner = _made_once(*how)
    runner.binder.have(datasets)
    runner.binder.expect(digests)
    return runner


@lru_cache(maxsize=1)
def _made_once(recipe: Recipe, backend: str, threads: int, saved: SavedRuns | None) -> TrialRunner:
    """Make a runner from a recipe, and limit this process's threads from now on."""
    runner = TrialRunner(recipe.make(), None, backend, threads, saved)
    runner.limit()
    runner.stops_by_hurry = True
    return runner


def _names(trial: Trial) -> Iterator[str]:
    """Yield the names of all components of a trial."""
    pending: list[Any] = [trial.optimizer.values, trial.problem.values, trial.sampler.values]
    yield from (trial.optimizer.name, trial.problem.name, trial.sampler.name)
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            yield from (value[key] for key in ("name", "schedule") if key in value)
            pending += value.values()
        elif isinstance(value, (list, tuple)):
            pending += value


def _record(trial: Trial, run: Run, **measured: Any) -> Record:
    return Record(
        key=trial.key,
        status=str(run.status),
        reason=run.reason,
        traceback=_trace(run.error),
        derived_seed=run.setup.seeds.derived(),
        seconds=run.clock.seconds,
        size=run.problem.size,
        minimum=run.problem.minimum,
        columns=run.columns,
        curve=run.curve,
        step_bytes=None if run.profile is None else run.profile.step_bytes,
        window=run.window,
        path=run.path.table if run.path is not None and run.path.rows else None,
        **measured,
    )


MOST = 20_000
"""The characters of a traceback that are stored."""


def _trace(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return printable(shortened("".join(traceback.format_exception(error)), MOST))
