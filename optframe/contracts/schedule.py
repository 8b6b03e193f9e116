"""A schedule: the value of a hyperparameter as a function of the step."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Schedule"]


class Schedule(ABC):
    """A frozen dataclass that is called once before each step.

    Any numeric hyperparameter may be one: ``lr = { schedule = "linear", start = 1e-3, ... }``.
    """

    @abstractmethod
    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the value for step k.

        Parameters
        ----------
        k
            Steps done so far: 0 at the first step.
        epoch
            Passes over the data done so far (0 for problems without data).
        progress
            The share of the budget that is used up, in [0, 1].
        """
