"""The base class of the components that are learning-rate schedulers of torch."""

from __future__ import annotations

import inspect
import warnings
from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from optframe import Number, Schedule, UsageError

__all__ = ["TorchSchedule", "TorchScheduleFrom", "refused"]

MOST = 10**6
"""The most steps that a scheduler is driven, one after the other."""


@dataclass(frozen=True, kw_only=True)
class TorchSchedule(Schedule):
    """A scheduler of ``torch.optim.lr_scheduler``, for any hyperparameter.

    It drives the learning rate of an optimizer that has nothing else, one step after the other,
    and each value is kept. So the value of step k depends on k alone. After a million steps it
    stays.

    Parameters
    ----------
    each
        Whether the scheduler takes a step at each ``"step"``, or once an ``"epoch"``.

    Raises
    ------
    ValueError
        If the scheduler needs more than the number of steps, or torch refuses its parameters.
    """

    each: Literal["step", "epoch"] = "step"

    target: ClassVar[Any]
    path: ClassVar[str]
    given: ClassVar[Any]

    def __post_init__(self) -> None:
        reason = refused(self.target)
        if reason is not None:
            raise ValueError(f"{self.path} {reason}")
        try:
            _ = self._driven
        except TypeError as error:
            raise ValueError(f"{self.path}: {error}") from error

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the learning rate after k steps, or after the whole epochs so far."""
        i, (values, group, step) = int(epoch) if self.each == "epoch" else k, self._driven
        i = min(i, MOST)
        if len(values) <= i:
            # What torch warns of is the order of calls, and an optimizer has done no steps here.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    while len(values) <= i:
                        step()
                        values.append(float(group["lr"]))
                except ValueError as error:  # it has an end, such as OneCycleLR
                    raise UsageError(f"{self.path}: {error}") from error
        return values[i]

    @property
    def counts_epochs(self) -> bool:
        """Whether its scheduler takes a step once an epoch."""
        return self.each == "epoch"

    @property
    def _first(self) -> float:
        """The learning rate before the first step."""
        return 1.0

    @cached_property
    def _driven(self) -> tuple[array[float], dict[str, Any], Any]:
        """The values so far, the group that is driven, and what drives it by one step."""
        import torch  # late: this module is imported for its class alone

        parameter = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([parameter], lr=self._first, momentum=0.9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler = self.target(optimizer, **self.given)
        optimizer.step()  # the order that torch expects
        (group,) = optimizer.param_groups

        return array("d", [float(group["lr"])]), group, scheduler.step

    def __getstate__(self) -> dict[str, Any]:
        """Leave the scheduler out; it is made again."""
        return {k: v for k, v in vars(self).items() if k != "_driven"}


@dataclass(frozen=True, kw_only=True)
class TorchScheduleFrom(TorchSchedule):
    """A scheduler that changes the value that a hyperparameter would have without it.

    Parameters
    ----------
    start
        That value, which torch's scheduler finds in the optimizer.
    """

    start: Number

    @property
    def _first(self) -> float:
        return self.start


def refused(target: Any) -> str | None:
    """Return why a scheduler is no schedule, or None."""
    names = inspect.signature(target).parameters
    if "metrics" in inspect.signature(target.step).parameters:
        return "looks at metrics, and a schedule sees the step, the epoch and the budget alone"
    if "schedulers" in names:
        return "takes schedulers that are made already; write a schedule of your own instead"
    if "lr_lambda" in names:
        return "takes a function; write a schedule of your own instead"
    return None
