"""The one loop: an optimizer's steps on θ of shape (..., P), from checkpoint to checkpoint.

A lone run has θ (P,), a batch of R runs has θ (R, P), and the steps are the same. Who owns the loop
says with functions what is done between steps: ``watch`` looks at a run after a step, ``measure``
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
"""Called after a step with (steps done, θ, state): whether to leave the loop here."""


class Shown(Protocol):
    """The minibatches that steps see, of one run or of several."""

    drawing: bool
    """Whether steps see different minibatches or noise."""

    per_epoch: int | None
    """How many steps make an epoch, where there is data."""

    def epoch(self, k: int) -> float | None:
        """Return how many passes over the data k steps are; None where there is no data."""

    def draw(self, k: int) -> tuple[Any, int]:
        """Return the minibatch of step k, and the number of records in it (of each run)."""


class Loop:
    """The steps of one optimizer on θ (..., P); ``theta`` and ``state`` are those after step ``k``.

    ``fields`` sets the optimizer's scheduled hyperparameters, and ``progress`` (k, epoch) returns
    the share of the budget that schedules see. The clock runs during steps and sampling alone.
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
        """The number of steps after which the next checkpoint lies."""

    def begin(self) -> None:
        """Make the state before the first step, from the first minibatch."""
        self.show(0)
        self.fields.set(0, 0.0, self.progress)
        self.state = self.optimizer.init(self.theta, self.oracle)

    def show(self, k: int) -> int:
        """Let the oracle see the minibatch of step k; return the number of records in it."""
        self.oracle.step = k
        if not self.minibatches.drawing:
            return 0
        minibatch, records = self.draw(k)
        self.oracle.see(minibatch)
        return records

    def iterate(
        self,
        marks: Iterator[int],
        measure: Callable[[], bool],
        watch: Watch | None = None,
        pause: Callable[[], int] | None = None,
    ) -> None:
        """Step from checkpoint to checkpoint while ``measure`` returns that steps are left to do.

        ``pause`` is called with the clock stopped, before the first step and after as many steps
        as it returned the last time.
        """
        going = True
        while going:
            # The same checkpoint as before where some runs of a batch have ended on the way to it;
            # one of the next ones where a saved run has been taken up.
            while self.mark <= self.k:
                self.mark = next(marks)
            left = False
            while self.k < self.mark and not left:
                until = self.mark if pause is None else min(self.mark, self.k + pause())
                self.clock.start()
                left = self.advance(until, watch)
                self.clock.stop()
            going = measure()

    def advance(self, until: int, watch: Watch | None = None) -> bool:
        """Step until ``until`` steps are done; return whether ``watch`` or the optimizer left."""
        oracle, step, draw, fields = self.oracle, self.optimizer.step, self.draw, self.fields
        drawing, scheduled, counts = self.minibatches.drawing, bool(fields), oracle.counts
        theta, state, k, left = self.theta, self.state, self.k, False
        try:
            for k in range(self.k, until):
                oracle.step = k
                if drawing:  # `show`, without a further call in every step
                    minibatch, records = draw(k)
                    oracle.see(minibatch)
                    counts.samples += records
                if scheduled:
                    fields.set(k, self.minibatches.epoch(k) or 0.0, self.progress)
                theta, state = step(theta, state, oracle)
                if (watch and watch(k + 1, theta, state)) or oracle.stopped is not None:
                    until, left = k + 1, True
                    break
            k = until
        finally:
            # Where a step raises, the run is what it was before that step.
            self.k, self.theta, self.state = k, theta, state
        return left
