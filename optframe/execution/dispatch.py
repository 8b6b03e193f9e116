"""Gives batches of trials to an executor, and yields their records."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from optframe.contracts import Executor, Lost, Stop
from optframe.contracts.record import Record, now
from optframe.execution.signals import stoppable
from optframe.execution.trial_runner import Batch, TrialRunner

__all__ = ["execute"]


def execute(
    executor: Executor, runner: TrialRunner, batches: Sequence[Batch], stop: Stop
) -> Iterator[list[Record]]:
    """Yield the records of batches as they arrive, until all are done or ``stop`` is requested.

    Batches whose components other processes cannot make run in this process. If a batch is lost
    (its process died or timed out), its trials run again, each alone, since usually one of them is
    the cause. If a lone trial is lost, its record has the status ``crashed`` or ``timeout``.
    """
    stop.then.append(runner.hurry)
    runner.stops_by_hurry = True
    here = stoppable(runner, stop)
    stuck: list[Batch] = []
    if executor.elsewhere:
        batches, stuck = runner.split(batches)
        runner.brings_data = executor.near
    if stuck:
        pairs = dict.fromkeys(batch[0].pair for batch in stuck)
        print(
            f"optframe: {sum(map(len, stuck))} trials run in this process, one after another, "
            "since they use objects made in Python, which other processes cannot import "
            f"({next(iter(pairs))}{', ...' if len(pairs) > 1 else ''})",
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
                    f"optframe: {len(done.item)} runs like {done.item[0].pair} run one at a time: "
                    f"as a batch, {done.reason}",
                    file=sys.stderr,
                )
            else:
                trial = done.item[0]
                yield [Record.without_run(trial, done.status, done.reason, now(), done.traceback)]
        batches = [] if stop.requested else alone
    for batch in stuck:
        yield here(batch)
