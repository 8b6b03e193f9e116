"""A schedule: the value of a hyperparameter as a function of the step."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Schedule"]


class Schedule(ABC):
    """Returns the value of a hyperparameter at each step; a frozen dataclass of parameters.

    Any numeric hyperparameter may be a schedule. In a study it is a table:
    ``lr = { schedule = "linear", start = 1e-3, ... }``.
    """

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
