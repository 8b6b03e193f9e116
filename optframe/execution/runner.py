"""Runs a study: plans its trials, runs those that the store lacks, and saves each result."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from optframe.components.binder import Binder
from optframe.components.importing import staying
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Backend, Executor
from optframe.contracts.record import Record, now
from optframe.contracts.trial import Trial
from optframe.errors import encodable, one_line
from optframe.execution.dispatch import execute
from optframe.execution.environment import describe
from optframe.execution.grouping import companions
from optframe.execution.order import interleaved
from optframe.execution.signals import stopping
from optframe.execution.trial_runner import Batch, TrialRunner
from optframe.store.file import STORE_NAME
from optframe.store.results import Results
from optframe.store.writer import Store
from optframe.study.settings import RunSettings, seconds
from optframe.study.study import Study, plan
from optframe.trial.resume import SavedRuns

__all__ = ["Outcome", "run_study"]

PATIENCE = 0.25
"""Seconds of work that may be lost if the power fails; nothing is lost if a process dies."""


AGAIN = ("crashed", "timeout")
"""The statuses of trials that resume from their saved state when the study runs again."""


@dataclass(frozen=True)
class Outcome:
    """The result of running a study.

    ``ran`` is the number of trials that ran now, ``found`` of those that the store had already,
    ``repeated`` of those that the study lists twice, and ``left`` of those still to be run.
    ``stopped`` is the signal that ended it early, if one did.
    """

    results: Results
    ran: int
    found: int
    repeated: int
    counts: Mapping[str, int]
    stopped: int | None = None
    left: int = 0


def run_study(study: Study, folder: Path, registry: Registry, take_over: bool = False) -> Outcome:
    """Run the trials of a study that its store does not have yet.

    ``take_over`` ignores the lock of another process, which must have ended. A `UsageError` has one
    line per mistake in the study.
    """
    registry.check_named()
    with registry.importing(study.imports), staying():
        return _run(study, folder, registry, take_over)


def _run(study: Study, folder: Path, registry: Registry, take_over: bool) -> Outcome:
    binder = Binder(registry)
    with staying():  # so that the folder is the one that was meant
        asked = plan(study, registry, binder)
    trials = list({trial.key: trial for trial in asked}.values())
    with Store(folder, take_over) as store:
        missing = store.plan(trials, _description(study, trials))
        pending = [trial for trial in trials if trial.key in missing]
        backend = binder.backend(trials[0].backend)
        where = Path(study.where).resolve().parent if study.where else Path.cwd()
        environment = describe(registry, backend, study.run.threads, where)
        sizes = {"planned": len(trials), "missing": len(pending)}
        _notify(registry, "study_started", name=study.name, **sizes)
        counts: Counter[str] = Counter()
        by_key = {trial.key: trial for trial in pending}
        every = seconds(study.run.save_every)
        saved = SavedRuns((folder / "saved").absolute(), every) if every is not None else None

        def finished(record: Record) -> None:
            counts[record.status] += 1
            if saved is not None and record.status not in AGAIN:
                saved.forget(record.key)
            _notify(registry, "trial_finished", trial=by_key[record.key], record=record)

        with stopping() as stop:
            saver = _Saver(store, environment, finished)
            for trial in pending:
                if trial.skip is not None:
                    saver.add([Record.without_run(trial, "skipped", trial.skip, now("seconds"))])
            runnable = [trial for trial in pending if trial.skip is None]
            executor = _executor(registry, study.run, backend)
            threads = study.run.threads
            runner = TrialRunner(registry, binder, trials[0].backend, threads, saved)
            with runner.limited():
                batches: list[Batch] = [(trial,) for trial in runnable]
                if study.run.together:
                    batches = companions(runnable, runner, study.run.memory)
                batches = interleaved(batches, trials)
                try:
                    for records in execute(executor, runner, batches, stop):
                        saver.add(records)
                except KeyboardInterrupt:
                    # After a signal, this is how work in this process ends; what is saved stays.
                    if not stop.requested:
                        raise
            stopped = stop.signal
        if saved is not None:
            saved.tidy()
        _notify(registry, "study_finished", name=study.name, counts=dict(counts))
    return Outcome(
        results=Results(folder / STORE_NAME),
        ran=counts.total(),
        found=len(trials) - len(pending),
        repeated=len(asked) - len(trials),
        counts=dict(counts),
        stopped=stopped,
        left=len(pending) - counts.total(),
    )


class _Saver:
    """Saves records as they arrive, and calls ``notify`` for each one when it is saved.

    Waiting for the disk takes longer than many short trials. So it is done after a long trial, and
    otherwise at most every `PATIENCE` seconds. Records that are saved in between survive if the
    process dies, but perhaps not a power failure.
    """

    def __init__(
        self, store: Store, environment: Mapping[str, Any], notify: Callable[[Record], None]
    ) -> None:
        self._store = store
        self._environment = environment
        self._notify = notify
        self._synced = perf_counter()

    def add(self, records: Sequence[Record]) -> None:
        """Save these records in one transaction, then notify of each."""
        late = perf_counter() - self._synced >= PATIENCE
        sync = late or any(record.seconds >= PATIENCE for record in records)
        self._store.save(records, self._environment, sync)
        if sync:
            self._synced = perf_counter()
        for record in records:
            self._notify(record)


def _executor(registry: Registry, settings: RunSettings, backend: Backend) -> Executor:
    """Make the executor, with those of the study's settings that it has fields for."""
    fields = parameters(registry.load("executors", settings.runs_by))
    given = {
        "jobs": settings.jobs,
        "scheduler": settings.scheduler,
        "timeout": seconds(settings.timeout),
        "retries": settings.retries,
        "threads": settings.threads,
        "environments": [dict(one) for one in backend.environments()] or None,
    }
    known = {name: value for name, value in given.items() if name in fields and value is not None}
    where = f"[run] executor {settings.runs_by}"
    made: Executor = registry.make("executors", settings.runs_by, known, where)
    return made


def _notify(registry: Registry, event: str, **what: Any) -> None:
    """Call each observer's hook for an event; an exception in one is printed, and not raised."""
    observers = registry.manager.get_plugins()
    for observer in observers:
        others = observers - {observer}
        hook = registry.manager.subset_hook_caller(f"optframe_{event}", others)
        try:
            with staying():
                hook(**what)
        except (Exception, SystemExit) as error:
            if isinstance(error.__context__, BrokenPipeError):  # of standard output: the end
                raise
            line = traceback.extract_tb(error.__traceback__)[-1]
            print(
                f"optframe: plugin {registry.manager.get_name(observer)!r} raised "
                f"{type(error).__name__} at {event}: {one_line(error)} "
                f"({line.filename}:{line.lineno}); the study continues",
                file=sys.stderr,
            )


def _description(study: Study, trials: list[Trial]) -> dict[str, Any]:
    budgets = dict.fromkeys(trial.budget for trial in trials)
    return {
        "name": encodable(study.name),
        "seed": study.seed,
        "seeds": study.seeds,
        "budget": "; ".join(map(str, budgets)),
        "start": study.start,
        "cost": study.cost,
        "metric": study.metric,
        "run": dataclasses.asdict(study.run),
        "file": encodable(study.where),
        "when": now("seconds"),
    }
