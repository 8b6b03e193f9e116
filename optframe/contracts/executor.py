"""An executor: where trials run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optframe.record import Record
    from optframe.study import Trial

__all__ = ["Executor"]


class Executor(ABC):
    """A frozen dataclass that runs trials and yields their records as they come, unordered."""

    @abstractmethod
    def run(
        self, run_trial: Callable[[Trial], Record], trials: Sequence[Trial]
    ) -> Iterator[Record]:
        """Run every trial once and yield each record as soon as it is there."""
