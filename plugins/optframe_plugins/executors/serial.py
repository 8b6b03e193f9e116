"""One trial after another, in this process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from optframe import Executor, Record, Trial

__all__ = ["Serial"]


@dataclass(frozen=True)
class Serial(Executor):
    """Serial: one trial after another, in this process."""

    def run(
        self, run_trial: Callable[[Trial], Record], trials: Sequence[Trial]
    ) -> Iterator[Record]:
        """Run each trial when the one before is done."""
        for trial in trials:
            yield run_trial(trial)
