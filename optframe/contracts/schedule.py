"""A schedule: the value of a hyperparameter as a function of the step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from optframe.contracts.space import Space

__all__ = ["Schedule"]


class Schedule(ABC):
    """Returns the value of a hyperparameter at each step; a frozen dataclass of parameters.

    Any numeric hyperparameter may be a schedule. In a study it is a table:
    ``lr = { schedule = "linear", start = 1e-3, ... }``. A field of the type ``Schedule`` holds
    another schedule.
    """

    batched: ClassVar[frozenset[str]] = frozenset()
    """The names of the fields that may be arrays in a batch of runs.

    They are numbers or schedules. In a batch of R runs that differ in them alone, one call gives
    the values of all runs: numbers are arrays of shape (R, 1), and so is the value, to the bit what
    each run alone would have. Else each run's schedule is called by itself.
    """

    spaces: ClassVar[Mapping[str, Space]] = {}
    """The usual space of its fields, by the fields' names in a study, with its source (see
    `optframe.Space`). The order is that in which they are tuned."""

    @abstractmethod
    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the value for step k; called once before each step.

        Parameters
        ----------
        k
            The number of steps done: 0 at the first step.
        epoch
            The number of passes over the data so far; 0 for problems without data.
        progress
            The share of the budget that is spent, in [0, 1].
        """

    @property
    def counts_epochs(self) -> bool:
        """Whether its values depend on the epoch, so that they need a problem with data.

        By default: whether it has a field ``epochs`` that is given, or holds such a schedule.
        """
        inside = [value for value in vars(self).values() if isinstance(value, Schedule)]
        return getattr(self, "epochs", None) is not None or any(s.counts_epochs for s in inside)
