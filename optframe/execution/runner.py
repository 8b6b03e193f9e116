"""Runs a study: plans its trials, runs those that the store lacks, and saves each result."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from optframe.components.binder import Binder
from optframe.components.importing import staying
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Backend, Executor, Stop
from optframe.contracts.record import Record, now
from optframe.contracts.trial import Trial
from optframe.errors import encodable, one_line
from optframe.execution.dispatch import execute
from optframe.execution.environment import describe
from optframe.execution.grouping import companions
from optframe.execution.order import interleaved
from optframe.execution.preview import Preview, previewed
from optframe.execution.signals import stopping
from optframe.execution.trial_runner import Batch, TrialRunner
from optframe.store.file import STORE_NAME
from optframe.store.results import Results
from optframe.store.writer import Store
from optframe.study.settings import RunSettings, seconds
from optframe.study.study import Study, plan
from optframe.trial.resume import SavedRuns
from optframe.tuning.stages import Round, Stages

__all__ = ["Outcome", "run_study"]

PATIENCE = 0.25
"""Seconds of work that may be lost if the power fails; nothing is lost if a process dies."""


AGAIN = ("crashed", "timeout")
"""The statuses of trials that resume from their saved state when the study runs again."""


@dataclass(frozen=True)
class Outcome:
    """The result of running a study.

    ``ran`` is the number of trials that ran now, ``found`` of those that the store had already,
    ``repeated`` of those that the study lists twice, and ``left`` of those still to be run: while a
    study tunes, the most that there can be. ``stopped`` is the signal that ended it early, if one
    did. Of a study that tunes, ``tuned`` is the number of trials that searched, of those that ran
    now, ``lost`` has a line for each contender none of whose settings could be chosen, and
    ``untuned`` the contenders with nothing to tune.
    """

    results: Results
    ran: int
    found: int
    repeated: int
    counts: Mapping[str, int]
    stopped: int | None = None
    left: int = 0
    tuned: int = 0
    lost: tuple[str, ...] = ()
    untuned: tuple[str, ...] = ()


def run_study(
    study: Study,
    folder: Path,
    registry: Registry,
    take_over: bool = False,
    retry: bool = False,
    foresee: Callable[[Preview], None] | None = None,
) -> Outcome:
    """Run the trials of a study that its store does not have yet.

    ``take_over`` ignores the lock of another process, which must have ended. ``retry`` runs tuning
    trials again that broke, also where a winner has been chosen. Of a study that tunes, ``foresee``
    is called with its size and an estimate of its time before the first trial runs. A `UsageError`
    has one line per mistake in the study.
    """
    registry.check_named()
    with registry.importing(study.imports), staying():
        return _run(study, folder, registry, take_over, retry, foresee)


def _run(
    study: Study,
    folder: Path,
    registry: Registry,
    take_over: bool,
    retry: bool,
    foresee: Callable[[Preview], None] | None,
) -> Outcome:
    binder = Binder(registry)
    with staying():  # so that the folder is the one that was meant
        stages = Stages(study, registry, binder) if study.tune is not None else None
        asked = plan(study, registry, binder) if stages is None else stages.first()
    with Store(folder, take_over) as store:
        about = _description(study, asked)
        if stages is None:
            rounds = _at_once(asked, store, about)
        else:
            rounds = stages.rounds(store, about, retry)
        backend = asked[0].backend if stages is None else stages.planner.backend
        running = _Running(study, folder, registry, binder, store, backend)
        running.run(rounds, stages, foresee)
        counts = running.counts
        _notify(registry, "study_finished", name=study.name, counts=dict(counts))
    return Outcome(
        results=Results(folder / STORE_NAME),
        ran=counts.total(),
        found=running.planned - running.missing,
        repeated=running.repeated,
        counts=dict(counts),
        stopped=running.stopped,
        left=running.left,
        tuned=running.tuned,
        lost=() if stages is None else tuple(stages.lost),
        untuned=() if stages is None else tuple(stages.untuned),
    )


def _at_once(asked: Sequence[Trial], store: Store, about: Mapping[str, Any]) -> Iterator[Round]:
    """Yield the one round of a study that does not tune."""
    trials = list({trial.key: trial for trial in asked}.values())
    yield Round(trials, store.plan(trials, about), len(asked) - len(trials))


class _Running:
    """Runs the trials of a study, round by round, and counts them."""

    def __init__(
        self,
        study: Study,
        folder: Path,
        registry: Registry,
        binder: Binder,
        store: Store,
        backend: str,
    ) -> None:
        self.planned = self.missing = self.repeated = self.tuned = 0
        self.stopped: int | None = None
        self.left = 0
        self.counts: Counter[str] = Counter()
        self._stages: Counter[str] = Counter()
        self._study = study
        self._registry = registry
        self._store = store
        self._by_key: dict[str, Trial] = {}
        every = seconds(study.run.save_every)
        self._saved = SavedRuns((folder / "saved").absolute(), every) if every is not None else None
        made, threads = binder.backend(backend), study.run.threads
        where = Path(study.where).resolve().parent if study.where else Path.cwd()
        environment = describe(registry, made, threads, where)
        self._saver = _Saver(store, environment, self._finished)
        self._executor = _executor(registry, study.run, made)
        self._runner = TrialRunner(registry, binder, backend, threads, self._saved)
        self._unsaved = TrialRunner(registry, binder, backend, threads)

    def run(
        self,
        rounds: Iterator[Round],
        stages: Stages | None = None,
        foresee: Callable[[Preview], None] | None = None,
    ) -> None:
        """Run all rounds, until the study is to stop."""
        started = False
        with stopping() as stop, self._runner.limited(), self._executor.open() as executor:
            for one in rounds:
                self.planned += len(one.trials)
                self._stages.update(trial.stage for trial in one.trials)
                self.missing += len(one.missing)
                self.repeated += one.repeated
                if one.missing and not started:
                    started = self._start(stages, foresee)
                if one.missing:
                    self._tell_round(one)
                self._run(one, executor, stop)
                if stop.requested:
                    rounds.close()  # type: ignore[attr-defined]
                    break
            self.stopped = stop.signal
        later = 0
        if stages is not None and self.stopped is not None:
            later = stages.extent.trials - self.planned
        self.left = self.missing - self.counts.total() + max(0, later)
        if not started:
            self._start(None)
        if self._saved is not None:
            self._saved.tidy()

    def _start(
        self, stages: Stages | None, foresee: Callable[[Preview], None] | None = None
    ) -> bool:
        """Tell observers how many trials there are, and how many run now."""
        planned, missing = self.planned, self.missing
        if stages is not None:
            planned = max(stages.extent.trials, planned)
            missing += planned - self.planned
            if foresee is not None:
                foresee(previewed(self._study, stages, self._unsaved, missing))
        name = self._study.name
        _notify(self._registry, "study_started", name=name, planned=planned, missing=missing)
        return True

    def _tell_round(self, one: Round) -> None:
        """Tell observers of a round; its stage's trials so far are counted with it."""
        stage = one.trials[0].stage
        planned, missing = self._stages[stage], len(one.missing)
        _notify(self._registry, "round_started", stage=stage, planned=planned, missing=missing)

    def _run(self, one: Round, executor: Executor, stop: Stop) -> None:
        pending = [trial for trial in one.trials if trial.key in one.missing]
        self._by_key = {trial.key: trial for trial in pending}
        for trial in pending:
            if trial.skip is not None:
                skipped = Record.without_run(trial, "skipped", trial.skip, now("seconds"))
                self._saver.add([skipped])
        runnable = [trial for trial in pending if trial.skip is None]
        batches: list[Batch] = [(trial,) for trial in runnable]
        if self._study.run.together:
            batches = companions(runnable, self._runner, self._study.run.memory)
        try:
            for records in execute(executor, self._runner, interleaved(batches, one.trials), stop):
                self._saver.add(records)
        except KeyboardInterrupt:
            # After a signal, this is how work in this process ends; what is saved stays.
            if not stop.requested:
                raise

    def _finished(self, record: Record) -> None:
        trial = self._by_key[record.key]
        self.counts[record.status] += 1
        self.tuned += trial.stage == "tune"
        if self._saved is not None and record.status not in AGAIN:
            self._saved.forget(record.key)
        _notify(self._registry, "trial_finished", trial=trial, record=record)


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
    plugins, name = registry.manager.get_plugins(), f"optframe_{event}"
    for observer in {one.plugin for one in getattr(registry.hook, name).get_hookimpls()}:
        hook = registry.manager.subset_hook_caller(name, plugins - {observer})
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
        "tune": None if study.tuning is None else dataclasses.asdict(study.tuning),
        "file": encodable(study.where),
        "changed": list(study.changed),
        "when": now("seconds"),
    }
