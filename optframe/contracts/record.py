"""A record: what a trial left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.columns import COUNT_COLUMNS, PATH_COLUMNS, PROFILE_COLUMNS

if TYPE_CHECKING:
    from optframe.contracts.oracle import Counts
    from optframe.contracts.trial import Trial

__all__ = ["Landscape", "Record", "count_row", "now"]


def now(precision: str = "milliseconds") -> str:
    """Return the time in UTC, as stores hold it: ISO 8601."""
    return datetime.now(UTC).isoformat(timespec=precision)


def count_row(k: int, epoch: float | None, counts: Counts, seconds: float) -> tuple[float, ...]:
    """Return what a curve's row begins with, in the order of `COUNT_COLUMNS`."""
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
    """What a trial left: how it ended, and its curve of shape (checkpoints, columns)."""

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
    """How many runs shared the batch, and its seconds."""
    step_bytes: int | None = None
    """The most bytes that a step allocates, where the run was profiled."""

    @classmethod
    def without_run(
        cls, trial: Trial, status: str, reason: str, started: str, trace: str | None = None
    ) -> Record:
        """Return the record of a trial that has no curve: skipped, failed, crashed."""
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
        """Return a column's last value, or None where there is none."""
        if column not in self.columns or not len(self.curve):
            return None
        return float(self.curve[-1, self.columns.index(column)])

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics in the curve."""
        names = self.columns[len(COUNT_COLUMNS) :]
        return tuple(name for name in names if name not in (*PROFILE_COLUMNS, *PATH_COLUMNS))


@dataclass(frozen=True)
class Landscape:
    """The loss on a grid around a run's path: ``axes`` (P arrays), ``loss`` (…)."""

    axes: tuple[NDArray[Any], ...]
    loss: NDArray[Any]
