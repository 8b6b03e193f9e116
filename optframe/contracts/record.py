"""A record: the result of a trial, with its status and its curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.columns import COUNT_COLUMNS, PROFILE_COLUMNS

if TYPE_CHECKING:
    from optframe.contracts.oracle import Counts
    from optframe.contracts.trial import Trial

__all__ = ["Landscape", "Record", "count_row"]


def count_row(k: int, epoch: float | None, counts: Counts, seconds: float) -> tuple[float, ...]:
    """Return the first values of a curve's row, in the order of `COUNT_COLUMNS`."""
    return (
        k,
        np.nan if epoch is None else epoch,
        counts.samples,
        counts.losses,
        counts.gradients,
        counts.hessians,
        counts.hvps,
        seconds,
    )


@dataclass(frozen=True)
class Record:
    """The result of a trial: its status and its curve.

    ``curve`` has shape (checkpoints, columns), and ``columns`` names its columns. ``status`` is how
    the trial ended, and ``reason`` gives the details in one line. Times are in seconds.
    """

    key: str
    status: str
    reason: str | None
    traceback: str | None
    started: str
    derived_seed: int
    seconds: float
    compile_seconds: float
    state_bytes: int
    size: int | None
    minimum: float | None
    columns: tuple[str, ...]
    curve: NDArray[np.float64]
    landscape: Landscape | None = None
    together: int = 1
    """The number of runs in the batch; they share its seconds."""
    step_bytes: int | None = None
    """The most bytes that a step allocates; None if the run was not profiled."""

    @classmethod
    def without_run(
        cls, trial: Trial, status: str, reason: str, started: str, trace: str | None = None
    ) -> Record:
        """Return the record of a trial without a curve, which was skipped, failed or crashed."""
        return cls(
            key=trial.key,
            status=status,
            reason=reason,
            traceback=trace,
            started=started,
            derived_seed=0,
            seconds=0.0,
            compile_seconds=0.0,
            state_bytes=0,
            size=None,
            minimum=None,
            columns=COUNT_COLUMNS,
            curve=np.empty((0, len(COUNT_COLUMNS))),
        )

    def last(self, column: str) -> float | None:
        """Return a column's last value; None if the curve has no such column or no rows."""
        if column not in self.columns or not len(self.curve):
            return None
        return float(self.curve[-1, self.columns.index(column)])

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics in the curve."""
        names = self.columns[len(COUNT_COLUMNS) :]
        others = (*PROFILE_COLUMNS, "theta_0", "theta_1")
        return tuple(name for name in names if name not in others)


@dataclass(frozen=True)
class Landscape:
    """The loss on a grid around a run's path: ``axes`` (P arrays), ``loss`` (…)."""

    axes: tuple[NDArray[Any], ...]
    loss: NDArray[Any]
