"""Repeats the steps of runs to find where something happened between two tests.

A target on problems with data is tested every `target_every` steps. If a test succeeds, the run
goes back to a copy of the test before and repeats the steps with a test after each. So the step at
which a target is reached depends neither on the checkpoints nor on the copies. A run that has
diverged is repeated from its start. ``run`` is a `optframe.trial.run.Run`, and ``batch`` is a
`optframe.trial.vectorized.VectorizedRuns`.
"""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from optframe.contracts import Array, Optimizer, Solver
from optframe.contracts.columns import COUNT_COLUMNS
from optframe.contracts.optimizer import all_of
from optframe.contracts.oracle import Counts
from optframe.errors import described
from optframe.trial.loop import Loop
from optframe.trial.stacking import some_runs

__all__ = [
    "Kept",
    "Reach",
    "divergence",
    "divergences",
    "first_reaches",
    "is_resumable",
    "remember",
    "step_back",
]

_SECONDS = COUNT_COLUMNS.index("seconds")


class Kept:
    """A copy of a run, or of a batch of runs, after ``k`` steps; k is -1 before the first copy."""

    def __init__(self) -> None:
        self.k = -1
        self.theta: Array = None
        self.state: Any = None
        self.counts = Counts()
        self.seconds = 0.0

    def keep(self, loop: Loop, k: int, theta: Array, state: Any) -> None:
        """Copy θ, the state as plain data, the counts and the clock after k steps."""
        self.theta, self.state = copy.deepcopy((theta, loop.optimizer.dump(state)))
        _set_counts(self.counts, loop.oracle.counts)
        self.k, self.seconds = k, loop.clock.seconds

    def give(self, loop: Loop) -> None:
        """Set a loop to the copy, which it may overwrite: it can be given once."""
        loop.k, loop.theta = self.k, self.theta
        loop.state = loop.optimizer.load(loop.theta, self.state, loop.oracle)
        _set_counts(loop.oracle.counts, self.counts)

    def select(self, taken: Callable[[Any], Any]) -> None:
        """Keep some runs of the batch; ``taken`` takes their rows from arrays."""
        self.theta, self.state = taken(self.theta), taken(self.state)


class Reach(NamedTuple):
    """Where a run of a batch reaches its target, and what is measured there.

    ``window`` is the number of last steps within which that is; 1 is exactly the last step.
    """

    k: int
    counts: Counts
    seconds: float
    window: int
    values: dict[str, float]
    solution: Array
    row: list[float]


def is_resumable(optimizer: Optimizer | Solver) -> bool:
    """Return whether the state of an optimizer can be restored, those of inner ones included."""
    return isinstance(optimizer, Optimizer) and all(one.resumable for one in all_of(optimizer))


def remember(run: Any, k: int, theta: Array, state: Any) -> None:
    """Keep a copy of a run, or of a batch, at a test of targets, unless each step is tested.

    If the state cannot be copied, one line is printed, and the run has no more copies.
    """
    if run.kept is None or not run.termination.repeats_from(k):
        return
    try:
        run.kept.keep(run.loop, k, theta, state)
    except Exception as error:  # of `dump`, or of what the state contains
        run.kept = None
        print(
            f"optframe: the state of a run with {type(run.loop.optimizer).__name__} is not copied: "
            f"{described(error)}; the step at which it reaches its target is not exact",
            file=sys.stderr,
        )


def step_back(run: Any) -> int:
    """Set a run to the first step since the last test at which it reaches its target.

    Return the number of last steps within which it was reached: 1 if it is exactly the last. The
    clock is stopped, and its seconds are interpolated between the two tests.
    """
    loop, kept = run.loop, run.kept
    steps: int = run.termination.window(run.k)
    if steps <= 1 or kept is None or run.solves:
        return steps
    began, after = run.k - steps, run.clock.seconds
    again = run.rehearsal()
    if kept.k == began:
        before = kept.seconds
        kept.give(again)
    else:  # the run was resumed after the test, so the steps before it are done again
        before = max(row[_SECONDS] for row in run.rows if row[0] <= began)
        again.begin()
        again.advance(began)
    if not again.advance(run.k, run.reaches):
        return steps  # steps that depend on the time come out differently
    run.clock.seconds = _seconds_at(again.k, run.rows, (began, before), (run.k, after))
    if run.profile is not None and after:
        run.profile.shorten(run.clock.seconds / after)
    loop.k, loop.theta, loop.state = again.k, again.theta, again.state
    _set_counts(run.counts, again.oracle.counts)
    while run.rows[-1][0] >= loop.k:
        run.rows.pop()
    del run.iterates[loop.k + 1 :]
    if run.path is not None:
        run.path.cut(loop.k + 1)
    return 1


def first_reaches(batch: Any, rows: Any) -> dict[int, Reach]:
    """Find the first step since the last test at which each of these runs reaches its target.

    ``rows`` are rows of θ, shape (r,). Return the result by row; it lacks runs that cannot be
    repeated, and all of them if each step is tested.
    """
    loop, kept, steps = batch.loop, batch.kept, batch.termination.window(batch.loop.k)
    if steps <= 1 or kept is None or kept.k != loop.k - steps:
        return {}
    again, taken = _some(batch, [batch.runs[i] for i in batch.alive[rows]], batch.given, rows)
    # The batch itself goes on, so that the copy stays as it is: what is given are rows of it.
    some = copy.copy(kept)
    some.select(taken)
    some.give(again.loop)
    found: dict[int, Reach] = {}
    judged: Any = None

    def reaches(k: int, theta: Array, state: Any) -> bool:
        nonlocal judged
        judged = again.judge(k, theta, state)
        return bool(judged.reached.any())

    while len(again.alive) and again.loop.advance(loop.k, reaches):
        k, counts = again.loop.k, dataclasses.replace(again.counts)
        ends = (kept.k, kept.seconds), (loop.k, batch.clock.seconds)
        table = again.table(again.measured(k, judged), judged.solution)
        for i in np.flatnonzero(judged.reached).tolist():
            values = {name: float(value[i]) for name, value in judged.values.items()}
            row = int(rows[again.alive[i]])
            seconds = _seconds_at(k, batch.runs[batch.alive[row]].rows, *ends)
            reach = Reach(k, counts, seconds, 1, values, judged.solution[i, ...], table[i])
            found[row] = reach
        again.keep(np.flatnonzero(~judged.reached))
    return found


def _seconds_at(
    k: int, rows: Sequence[Sequence[float]], before: tuple[int, float], after: tuple[int, float]
) -> float:
    """Return the seconds at a step, interpolated between the rows and the two tests around it."""
    inside = [(row[0], row[_SECONDS]) for row in rows if before[0] < row[0] < after[0]]
    steps, seconds = zip(before, *inside, after, strict=True)
    return float(np.interp(k, steps, seconds))


def divergence(run: Any) -> int:
    """Return the step at which a diverged run has diverged.

    Runs that do not diverge, which are most, need no test after each step.
    """
    again = type(run)(dataclasses.replace(run.setup, iterates=False, profile=False, path=False))
    # At the last checkpoint but one the run had not diverged, so tests begin after it.
    fine = int(run.rows[-2][0]) if len(run.rows) > 1 else 0

    def gone(k: int, theta: Array, state: Any) -> bool:
        return k > fine and again.diverged(k, theta, state)

    again.loop.begin()
    again.loop.advance(run.k, gone)
    return int(again.k)


def divergences(batch: Any, lost: Sequence[int], given: Optimizer) -> Iterator[tuple[int, int]]:
    """Yield (run, step) for runs that have diverged; ``given`` is the optimizer of all runs."""
    runs = [batch.runs[i] for i in lost]
    again, _ = _some(batch, runs, given, np.array(lost), len(batch.runs))
    # At its last row but one a run had not diverged, so that tests begin after that step.
    sound = np.array([run.rows[-2][0] for run in runs])
    gone_now = np.zeros(len(runs), bool)

    def gone(k: int, theta: Array, state: Any) -> bool:
        nonlocal gone_now
        gone_now = again.judge(k, theta, state, test=False).diverged & (k > sound[again.alive])
        return bool(gone_now.any())

    again.loop.begin()
    # `advance` returns True if `gone` has found runs, whose rows are then in `gone_now`. They are
    # removed, and the others continue. It returns False at the last step.
    last = max(run.k for run in runs)
    while len(again.alive) and again.loop.advance(last, gone):
        for i in again.alive[gone_now].tolist():
            yield lost[i], again.loop.k
        again.keep(np.flatnonzero(~gone_now))


def _some(
    batch: Any, runs: Sequence[Any], given: Optimizer, rows: Any, size: int = 0
) -> tuple[Any, Any]:
    """Return a new batch of some runs, and a function that takes their rows from arrays."""
    taken = batch.rows(rows, size or len(batch.alive))
    again = [type(run)(run.setup) for run in runs]
    return type(batch)(again, some_runs(given, rows, taken)), taken


def _set_counts(target: Counts, source: Counts) -> None:
    for field in dataclasses.fields(Counts):
        setattr(target, field.name, getattr(source, field.name))
