"""A record: the result of a trial, with its status and its curve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.columns import COUNT_COLUMNS, PATH_COLUMNS, PROFILE_COLUMNS, rises

if TYPE_CHECKING:
    from optframe.contracts.oracle import Counts
    from optframe.contracts.trial import Trial

__all__ = ["Landscape", "Record", "count_row", "now"]


def now(precision: str = "milliseconds") -> str:
    """Return the time in UTC, as stores hold it: ISO 8601."""
    return datetime.now(UTC).isoformat(timespec=precision)


# How a row is made is worked out once, since each checkpoint of each run makes one.
_GIVEN = ("step", "epoch", "seconds")
_COUNTED = tuple(name for name in COUNT_COLUMNS if name not in _GIVEN)
_counts_of = attrgetter(*_COUNTED)
_in_order = itemgetter(*map((*_GIVEN, *_COUNTED).index, COUNT_COLUMNS))


def count_row(k: int, epoch: float | None, counts: Counts, seconds: float) -> tuple[float, ...]:
    """Return the first values of a curve's row, in the order of `COUNT_COLUMNS`."""
    given = (k, np.nan if epoch is None else epoch, seconds)
    row: tuple[float, ...] = _in_order((*given, *_counts_of(counts)))
    return row


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
    window: int | None = None
    """The target was reached within this number of last steps; None if it was not reached."""
    load: float | None = None
    """The machine's load average over a minute when the run began; None if it is not known."""
    path: NDArray[np.float64] | None = None
    """Step, θ (P,) and gradient (P,) at each point of the path, if P ≤ 2; shape (points, 1 + 2P).

    See `optframe.trial.path`.
    """

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
        return self._last.get(column)

    @cached_property
    def _last(self) -> dict[str, float]:
        return (
            dict(zip(self.columns, self.curve[-1].tolist(), strict=True)) if len(self.curve) else {}
        )

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics in the curve."""
        names = self.columns[len(COUNT_COLUMNS) :]
        others = (*PROFILE_COLUMNS, *PATH_COLUMNS)
        return tuple(name for name in names if name not in others)

    @property
    def final(self) -> dict[str, float | None]:
        """The last value of each metric."""
        return {name: self.last(name) for name in self.metrics}

    @property
    def best(self) -> dict[str, float | None]:
        """The best value of each metric, of those that are finite."""
        found: dict[str, float | None] = {}
        for name in self.metrics:
            values = self.curve[:, self.columns.index(name)]
            values = values[np.isfinite(values)]
            best = values.max if rises(name) else values.min
            found[name] = float(best()) if len(values) else None
        return found


@dataclass(frozen=True)
class Landscape:
    """The loss on a grid around a run's path: ``axes`` (P arrays), ``loss`` (…)."""

    axes: tuple[NDArray[Any], ...]
    loss: NDArray[Any]
