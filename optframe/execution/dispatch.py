"""From batches of trials to their records, wherever an executor runs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from optframe.contracts import Executor, Lost, Stop
from optframe.contracts.record import Record, now
from optframe.contracts.trial import Trial
from optframe.execution.signals import stoppable
from optframe.execution.trial_runner import TrialRunner

__all__ = ["execute"]

Batch = tuple[Trial, ...]


def execute(
    executor: Executor, runner: TrialRunner, batches: Sequence[Batch], stop: Stop
) -> Iterator[list[Record]]:
    """Yield the records of batches as they come, until all are done or ``stop`` is requested.

    What other processes cannot make runs in this one. A batch that is lost is none of its trials'
    fault but one's: they run again, each alone. A lone trial that is lost is recorded as such.
    """
    stop.then.append(runner.hurry)
    here = stoppable(runner, stop)
    stuck: list[Batch] = []
    if executor.elsewhere:
        batches, stuck = runner.split(batches)
        runner.brings_data = executor.near
    if stuck:
        pairs = dict.fromkeys(batch[0].pair for batch in stuck)
        print(
            f"optframe: {sum(map(len, stuck))} trials run in this process, one after another, "
            f"since they hold objects made here, which have no module:name ({next(iter(pairs))}"
            f"{', ...' if len(pairs) > 1 else ''})",
            file=sys.stderr,
        )
    while batches:
        alone: list[Batch] = []
        for done in executor.run(runner if executor.elsewhere else here, batches, stop):
            if not isinstance(done, Lost):
                yield done
            elif len(done.item) > 1:
                alone += [(trial,) for trial in done.item]
                print(
                    f"optframe: {len(done.item)} runs like {done.item[0].pair} advance one at a "
                    f"time: together, {done.reason}",
                    file=sys.stderr,
                )
            else:
                yield [_lost(done.item[0], done)]
        batches = [] if stop.requested else alone
    for batch in stuck:
        yield here(batch)


def _lost(trial: Trial, lost: Lost[Batch]) -> Record:
    return Record.without_run(trial, lost.status, lost.reason, now(), lost.traceback)
