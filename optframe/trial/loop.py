"""The loop: does an optimizer's steps on θ of shape (..., P), from checkpoint to checkpoint.

A lone run has θ (P,) and a batch of R runs has θ (R, P); the steps are the same. The caller gives
functions for the work between steps: ``watch`` tests after a step whether the run ends, ``measure``
adds rows to curves at a checkpoint, and ``pause`` may save a run's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from optframe.contracts import Array
from optframe.contracts.oracle import Oracle
from optframe.trial.clock import Clock
from optframe.trial.schedules import ScheduledFields

__all__ = ["Loop", "Shown", "Watch"]

Watch = Callable[[int, Array, Any], bool]
"""Called after a step with (number of steps, θ, state); returns whether to leave the loop here."""


class Shown(Protocol):
    """The minibatches that the loop's steps use, of one run or of a batch of runs."""

    drawing: bool
    """Whether steps see different minibatches or noise."""

    per_epoch: int | None
    """The number of steps in an epoch; None if there is no data."""

    def epoch(self, k: int) -> float | None:
        """Return the number of passes over the data in k steps; None if there is no data."""

    def draw(self, k: int) -> tuple[Any, int]:
        """Return the minibatch of step k, and the number of records in it (of each run)."""


class Loop:
    """Does the steps of one optimizer; ``theta`` and ``state`` are those after ``k`` steps.

    θ has shape (..., P). ``fields`` sets the optimizer's scheduled hyperparameters, and
    ``progress(k, epoch)`` returns the share of the budget that is spent, for schedules. The clock
    runs during steps and sampling only.
    """

    def __init__(
        self,
        theta: Array,
        optimizer: Any,
        fields: ScheduledFields,
        oracle: Oracle,
        minibatches: Shown,
        clock: Clock,
        progress: Callable[[int, float], float],
    ) -> None:
        self.theta = theta
        self.optimizer = optimizer
        self.fields = fields
        self.oracle = oracle
        self.minibatches = minibatches
        self.clock = clock
        self.progress = progress
        self.draw = minibatches.draw
        self.state: Any = None
        self.k = 0
        """The number of steps done."""
        self.mark = 0
        """The number of steps at the next checkpoint."""

    def begin(self) -> None:
        """Initialize the optimizer's state with the first minibatch."""
        self.show(0)
        self.fields.set(0, 0.0, self.progress)
        self.state = self.optimizer.init(self.theta, self.oracle)

    def show(self, k: int) -> int:
        """Give the minibatch of step k to the oracle; return the number of records in it."""
        self.oracle.step = k
        if not self.minibatches.drawing:
            return 0
        minibatch, records = self.draw(k)
        self.oracle.see(minibatch, records)
        return records

    def iterate(
        self,
        marks: Iterator[int],
        measure: Callable[[], bool],
        watch: Watch | None = None,
        pause: Callable[[], int] | None = None,
        first: tuple[Watch | None, int] = (None, 0),
    ) -> None:
        """Do steps from checkpoint to checkpoint as long as ``measure`` returns True.

        ``first`` is another watch, which replaces ``watch`` up to a step. ``pause`` returns a
        number of steps. It is called with the clock stopped: before the first step, and again after
        that number of steps.
        """
        going = True
        while going:
            # Here the clock is stopped. If some runs of a batch have ended before the checkpoint,
            # the others continue to the same checkpoint. If a saved run is resumed, the checkpoints
            # up to its step are skipped.
            while self.mark <= self.k:
                self.mark = next(marks)
            left = False
            # Two exits: the checkpoint is reached, or `watch` or the optimizer has left the steps.
            # In both cases `measure` looks at the runs after step k.
            while self.k < self.mark and not left:
                # `pause` may write a file, so it is called before the clock starts.
                until = self.mark if pause is None else min(self.mark, self.k + pause())
                test = watch
                if self.k < first[1]:
                    test, until = first[0], min(until, first[1])
                self.clock.start()
                left = self.advance(until, test)
                self.clock.stop()
            going = measure()

    def advance(self, until: int, watch: Watch | None = None) -> bool:
        """Do steps until ``until`` are done, or until ``watch`` or the optimizer ends them.

        Return whether they were ended. An exception in a step leaves k, θ and state as they were
        before that step, apart from arrays that the step overwrote.
        """
        # Local names: a look-up of an attribute would take time in every step.
        oracle, step, draw, fields = self.oracle, self.optimizer.step, self.draw, self.fields
        drawing, scheduled, counts = self.minibatches.drawing, fields.there, oracle.counts
        theta, state, k, left = self.theta, self.state, self.k, False
        try:
            for k in range(self.k, until):
                oracle.step = k
                if drawing:  # as in `show`, without a further call in every step
                    minibatch, records = draw(k)
                    oracle.see(minibatch, records)
                    counts.samples += records
                if scheduled:
                    fields.set(k, self.minibatches.epoch(k) or 0.0, self.progress)
                theta, state = step(theta, state, oracle)
                if (watch and watch(k + 1, theta, state)) or oracle.stopped is not None:
                    until, left = k + 1, True
                    break
            # After the last step and after a break, `until` is the number of steps done.
            k = until
        finally:
            # If a step has raised, k is the number of steps before it, and θ and state are theirs.
            self.k, self.theta, self.state = k, theta, state
        return left
