"""The length of a schedule: in steps, in a share of the budget, or in epochs.

A schedule with a length has the fields ``steps``, ``share`` and ``epochs``, of which one is given.
"""

from __future__ import annotations

from typing import Annotated, Protocol

from annotated_types import Gt, Le

__all__ = ["Lengthy", "Share", "check_length", "reached", "whole"]

Share = Annotated[float, Gt(0), Le(1)]
"""A share of the budget, in (0, 1]."""

CLOSE = 1e-12
"""A number of lengths that is so close to a whole one is meant to be it: 0.3/0.1 is 2.999...

After k steps a length in steps has no number of lengths so close to another one, while k < 10¹²."""


class Lengthy(Protocol):
    """A schedule that has a length."""

    @property
    def steps(self) -> int | None:
        """The length in steps."""

    @property
    def share(self) -> float | None:
        """The length as a share of the budget."""

    @property
    def epochs(self) -> float | None:
        """The length in epochs."""


def check_length(schedule: Lengthy) -> None:
    """Raise `ValueError` unless exactly one length is given."""
    given = [name for name in ("steps", "share", "epochs") if getattr(schedule, name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        raise ValueError(f"expected one of steps, share and epochs, found {found}")


def reached(schedule: Lengthy, k: int, epoch: float, progress: float) -> tuple[float, float]:
    """Return how far a run has come and how long the schedule is, in the unit of its length."""
    if schedule.steps is not None:
        return k, schedule.steps
    if schedule.share is not None:
        return progress, schedule.share
    return epoch, schedule.epochs  # type: ignore[return-value]  # one of them is given


def whole(lengths: float) -> int:
    """Return how many whole lengths a number of lengths has, rounding aside."""
    return int(lengths * (1 + CLOSE))
