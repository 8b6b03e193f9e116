"""The runner: plan, minus what is finished, executed and saved as it comes."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from optframe.binding import Binder
from optframe.companions import companions
from optframe.contracts import Executor
from optframe.environment import describe
from optframe.parameters import parameters
from optframe.plan import plan
from optframe.record import Record, Results
from optframe.registry import Registry
from optframe.store import Store
from optframe.store_file import STORE_NAME
from optframe.study import RunSettings, Study, Trial
from optframe.trial_runner import TrialRunner

__all__ = ["Outcome", "run_study"]


@dataclass(frozen=True)
class Outcome:
    """What a run of a study came to.

    So many trials ran now, so many were found in the store, and so many were asked for twice.
    """

    results: Results
    ran: int
    found: int
    repeated: int
    counts: Mapping[str, int]


def run_study(study: Study, folder: Path, registry: Registry, take_over: bool = False) -> Outcome:
    """Run the trials of a study that its store does not hold yet.

    ``take_over`` ignores the lock of another process, which is known to be gone.

    Raises
    ------
    UsageError
        With one line per mistake in the study.
    StoreError
        Where the folder cannot be used.
    """
    binder = Binder(registry)
    asked = plan(study, registry, binder)
    trials = list({trial.key: trial for trial in asked}.values())
    with Store(folder, take_over) as store:
        missing = store.plan(trials, _description(study, trials))
        pending = [trial for trial in trials if trial.key in missing]
        backend = binder.backend(trials[0].backend)
        where = Path(study.where).resolve().parent if study.where else Path.cwd()
        environment = describe(registry, backend, study.run.threads, where)
        _tell(registry, "study_started", name=study.name, planned=len(trials), missing=len(pending))
        counts: Counter[str] = Counter()

        by_key = {trial.key: trial for trial in pending}

        def keep(records: list[Record]) -> None:
            store.save(records, environment)
            for record in records:
                counts[record.status] += 1
                _tell(registry, "trial_finished", trial=by_key[record.key], record=record)

        for trial in pending:
            if trial.skip is not None:
                keep([Record.without_run(trial, "skipped", trial.skip, _now())])
        runnable = [trial for trial in pending if trial.skip is None]
        executor = _executor(registry, study.run)
        threads = study.run.threads
        with threadpool_limits(limits=threads), backend.limit_threads(threads):
            runner = TrialRunner(registry, binder)
            batches: list[tuple[Trial, ...]] = [(trial,) for trial in runnable]
            if study.run.together:
                batches = companions(runnable, runner, study.run.memory)
            for records in executor.run(runner, batches):
                keep(records)
        _tell(registry, "study_finished", name=study.name, counts=dict(counts))
    results = Results(folder / STORE_NAME)
    repeated = len(asked) - len(trials)
    return Outcome(results, len(pending), len(trials) - len(pending), repeated, dict(counts))


def _executor(registry: Registry, settings: RunSettings) -> Executor:
    """Make the executor; one that takes jobs has a field of that name."""
    name = settings.executor
    takes_jobs = "jobs" in parameters(registry.load("executors", name))
    given = {"jobs": settings.jobs} if takes_jobs and settings.jobs is not None else {}
    made: Executor = registry.make("executors", name, given, f"[run] executor {name}")
    return made


def _tell(registry: Registry, event: str, **what: Any) -> None:
    """Let each observer see an event; one that raises is named and changes nothing."""
    observers = registry.manager.get_plugins()
    for observer in observers:
        others = observers - {observer}
        hook = registry.manager.subset_hook_caller(f"optframe_{event}", others)
        try:
            hook(**what)
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            print(
                f"optframe: plugin {registry.manager.get_name(observer)!r} raised "
                f"{type(error).__name__} when it saw {event}: {error} "
                f"({line.filename}:{line.lineno}); the study goes on",
                file=sys.stderr,
            )


def _description(study: Study, trials: list[Trial]) -> dict[str, Any]:
    budgets = dict.fromkeys(str(trial.budget) for trial in trials)
    return {
        "name": study.name,
        "seed": study.seed,
        "seeds": study.seeds,
        "budget": "; ".join(budgets),
        "start": study.start,
        "run": dataclasses.asdict(study.run),
        "file": study.where,
        "when": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
